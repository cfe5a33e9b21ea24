//! Photos: taking one in, showing one.

use domain::RecordId;
use domain::protocol::PhotoSize;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A photo at a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct PhotoLine {
    /// The photo.
    pub id: RecordId,
    /// Address and check of its bytes.
    pub sha256: String,
    /// Code of the kind.
    pub photo_kind: String,
    /// When it was taken.
    pub taken_at: i64,
    /// In words.
    pub note: Option<String>,
    /// Record and bytes are on the server.
    pub sent: bool,
    /// Pixels.
    pub width: i64,
    /// Pixels.
    pub height: i64,
}

/// Adds a photo to a record. The picture's bytes are the body of the call.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub struct AddPhotoArgs {
    /// The record it belongs to.
    pub subject: RecordId,
    /// That record's kind.
    pub subject_kind: String,
    /// Code of the photo's kind.
    pub photo_kind: String,
    /// In words.
    pub note: Option<String>,
}

/// Asks for a photo's bytes.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct PhotoArgs {
    /// The photo.
    pub id: RecordId,
    /// Which rendering.
    pub size: PhotoSize,
}
