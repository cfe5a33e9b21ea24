//! 照片: a picture at a record. The record travels with the text; the bytes follow by their hash.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::codes::CodeList;
use crate::ids::{RecordId, Sha256Hex};
use crate::kinds::{Position, position, text};
use crate::record::Record;
use crate::spec::{FieldSpec, FieldType, optional, required};

/// At most this many photos at one record.
pub const PHOTOS_PER_RECORD_MAX: usize = 9;

/// The stored picture is at most this many bytes: what this phone makes (1600 px at quality 80) stays far below, other clients may
/// send better ones.
pub const PHOTO_BYTES_MAX: i64 = 20 * 1024 * 1024;

/// The longer edge of a stored picture, pixels.
pub const PHOTO_EDGE_MAX: u32 = 1600;

/// The longer edge of a thumbnail, pixels.
pub const THUMBNAIL_EDGE: u32 = 320;

/// JPEG quality of stored pictures.
pub const PHOTO_QUALITY: u8 = 80;

/// The fields of a photo.
pub const FIELDS: &[FieldSpec] = &[
    required("subject", FieldType::Ref),
    required("subject_kind", FieldType::Code { list: CodeList::SubjectKind }),
    required("sha256", FieldType::Sha256),
    required("width", FieldType::Int { min: 1, max: PHOTO_EDGE_MAX as i64 }),
    required("height", FieldType::Int { min: 1, max: PHOTO_EDGE_MAX as i64 }),
    required("bytes", FieldType::Int { min: 1, max: PHOTO_BYTES_MAX }),
    required("taken_at", FieldType::PastMoment),
    required("photo_kind", FieldType::Code { list: CodeList::PhotoKind }),
    required("by", FieldType::Account),
    optional("note", FieldType::Lines { max: 200 }),
    optional("position", FieldType::Position),
];

/// A photo, read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Photo {
    /// The record it belongs to.
    #[ts(type = "string | null")]
    pub subject: Option<RecordId>,
    /// Address and check of the bytes.
    pub sha256: Option<Sha256Hex>,
    /// Pixels.
    pub width: i64,
    /// Pixels.
    pub height: i64,
    /// Size of the stored picture.
    pub bytes: i64,
    /// When it was taken, from the camera if it said so.
    pub taken_at: i64,
    /// Code of the kind.
    pub photo_kind: Option<String>,
    /// In words.
    pub note: Option<String>,
    /// Where, if the worker asked for it.
    pub position: Option<Position>,
}

impl From<&Record> for Photo {
    fn from(record: &Record) -> Self {
        Self {
            subject: record.reference("subject"),
            sha256: record.text("sha256").and_then(|hash| Sha256Hex::new(hash).ok()),
            width: record.int("width").unwrap_or_default(),
            height: record.int("height").unwrap_or_default(),
            bytes: record.int("bytes").unwrap_or_default(),
            taken_at: record.int("taken_at").unwrap_or_default(),
            photo_kind: text(record, "photo_kind"),
            note: text(record, "note"),
            position: position(record, "position"),
        }
    }
}
