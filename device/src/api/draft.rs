//! Drafts: what stands in an unfinished form. Saved with every field change, so that a crash costs nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

/// Keeps the content of an unfinished form.
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
