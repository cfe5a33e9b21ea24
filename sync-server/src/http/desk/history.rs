//! What became of a record: every change with its writer, the values that lost, and what supervisors said.

use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::review::Review;
use domain::world::Millis;
use domain::{AccountId, Change, Fields, Record, Stamp, Version};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::titles::Surroundings;
use crate::store::{self, Reading, StoreError, StoredRecord};

/// One line of a record's history.
#[derive(Debug, Clone, PartialEq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct HistoryEntry {
    /// When the server took it.
    pub at: Millis,
    /// Who, by the name shown.
    pub by: String,
    /// From which phone, by its name; none: at the desk.
    pub device: Option<String>,
    /// The values.
    #[ts(type = "{ [field in string]: unknown }")]
    #[schema(value_type = Object)]
    pub fields: Fields,
    /// These values lost against others: somebody wrote the same fields without knowing of this.
    pub lost: bool,
    /// Of a review: `approved` or `returned`.
    pub verdict: Option<String>,
    /// Of a review: remarks on single fields.
    pub remarks: BTreeMap<String, String>,
    /// Of a review: a remark on the whole.
    pub note: Option<String>,
}

/// The lines of a record's history, oldest first.
pub(super) fn lines(
    reading: &dyn Reading,
    around: &mut Surroundings<'_>,
    stored: &StoredRecord,
    entries: &[store::HistoryEntry],
    reviews: &[Record],
) -> Result<Vec<HistoryEntry>, StoreError> {
    let lost: BTreeSet<(&str, Stamp)> =
        entries.iter().flat_map(|entry| &entry.lost).map(|lost| (lost.field.as_str(), lost.stamp)).collect();
    let mut lines = Vec::new();
    for entry in entries {
        let by = around.person(&entry.by)?;
        let device = match entry.device {
            Some(id) => reading.device(id)?.map(|device| device.name),
            None => None,
        };
        let (gone, kept): (Fields, Fields) = entry
            .fields
            .clone()
            .into_iter()
            .partition(|(field, _)| lost.contains(&(field.as_str(), entry.stamps.of(field))));
        for (fields, lost) in [(kept, false), (gone, true)] {
            if !fields.is_empty() {
                lines.push(written(entry.at, by.clone(), device.clone(), fields, lost));
            }
        }
    }
    if entries.is_empty() {
        // Loaded in bulk, without a past: it was written once, by whom the record says.
        let by = around.person(&stored.changed_by)?;
        lines.push(written(stored.changed_at, by, None, stored.record.fields.clone(), false));
    }
    for review in reviews.iter().map(Review::from) {
        let by = match review.by.as_deref().map(AccountId::new) {
            Some(Ok(account)) => around.person(&account)?,
            _ => String::new(),
        };
        let verdict = if review.approved { "approved" } else { "returned" };
        lines.push(HistoryEntry {
            verdict: Some(verdict.to_owned()),
            remarks: review.remarks,
            note: review.note,
            ..written(review.at, by, None, Fields::new(), false)
        });
    }
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

fn written(at: Millis, by: String, device: Option<String>, fields: Fields, lost: bool) -> HistoryEntry {
    HistoryEntry { at, by, device, fields, lost, verdict: None, remarks: BTreeMap::new(), note: None }
}

/// The record's values at the versions named, as far as its history reaches back: all changes are merged once more, in the order
/// in which the server took them.
pub(super) fn fields_at(record: &Record, entries: &[store::HistoryEntry], version: &Version) -> Option<Fields> {
    let mut standing: Option<Record> = None;
    let mut found = None;
    for entry in entries {
        let change = Change {
            id: record.id,
            kind: record.kind.clone(),
            cell: record.cell.clone(),
            fields: entry.fields.clone(),
            stamps: entry.stamps.clone(),
            base: entry.base.clone(),
        };
        let merged = domain::merge::merge(standing.as_ref(), &change).ok()?;
        if merged.record.version() == *version {
            found = Some(merged.record.fields.clone());
        }
        standing = Some(merged.record);
    }
    found
}
