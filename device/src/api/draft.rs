//! Drafts: what stands in an unfinished form. Saved with every field change, so that a crash costs nothing.

use domain::{Problem, ProblemCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{Failure, Nothing};
use crate::outbox;
use crate::{Device, Open};

/// Keeps the content of an unfinished form.
///
/// The keys `report-stored:` and `inspection-stored:`, each with the id of a stored record, are the device's: their value names the photos
/// that the record is still to get, as a list or under `photos`, each by the key of the draft that keeps it (by itself or as `key`). These
/// photos count as waiting, a wipe waits for them, and so does leaving the record's cell.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct SaveDraftArgs {
    /// Names the form: at most 200 characters.
    pub key: String,
    /// What stands in it.
    #[ts(type = "unknown")]
    pub value: Value,
}

/// Names a draft.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfDraft {
    /// The form.
    pub key: String,
}

/// What stood in the form.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Draft {
    /// What stood in it.
    #[ts(type = "unknown")]
    pub value: Value,
}

/// A draft in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct DraftLine {
    /// The form.
    pub key: String,
    /// When it was last saved.
    pub saved_at: i64,
}

const KEY_CHARS_MAX: usize = 200;
const VALUE_BYTES_MAX: usize = 256 * 1024;

pub(super) fn save_draft(device: &Device, args: SaveDraftArgs) -> Result<Nothing, Failure> {
    let mut problems = Vec::new();
    if args.key.is_empty() {
        problems.push(Problem::new("key", ProblemCode::Required));
    }
    if args.key.chars().count() > KEY_CHARS_MAX {
        problems.push(Problem::with_limit("key", ProblemCode::TooLong, KEY_CHARS_MAX as i64));
    }
    if args.value.to_string().len() > VALUE_BYTES_MAX {
        problems.push(Problem::with_limit("value", ProblemCode::TooManyBytes, VALUE_BYTES_MAX as i64));
    }
    if !problems.is_empty() {
        return Err(Failure::invalid(problems));
    }
    device.with_open(|open: &mut Open| -> Result<Nothing, Failure> {
        if outbox::is_form_of_nobody(open.store().connection(), &args.key)? {
            // First: a note without the form does no harm.
            open.store.keep_text(|transaction| outbox::look_at_forms(transaction))?;
        }
        open.store().save_draft(&args.key, &args.value, open.now())?;
        Ok(Nothing {})
    })
}

pub(super) fn draft(device: &Device, args: OfDraft) -> Result<Option<Draft>, Failure> {
    device.with_open(|open: &mut Open| Ok(open.store().draft(&args.key)?.map(|value| Draft { value })))
}

pub(super) fn drop_draft(device: &Device, args: OfDraft) -> Result<Nothing, Failure> {
    device.with_open(|open: &mut Open| -> Result<Nothing, Failure> {
        open.store().drop_draft(&args.key)?;
        Ok(Nothing {})
    })
}

pub(super) fn drafts(device: &Device, _: Nothing) -> Result<Vec<DraftLine>, Failure> {
    device.with_open(|open: &mut Open| {
        let drafts = open.store().drafts()?;
        Ok(drafts.into_iter().map(|draft| DraftLine { key: draft.key, saved_at: draft.saved_at }).collect())
    })
}
