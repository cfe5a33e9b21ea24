//! Handing in: unsent work of a phone that may not synchronise any more, sealed so that only the server can read it.
//!
//! A phone that was shut out, locked or is to be wiped may do this and read nothing. What it hands in lies unread until somebody
//! at the desk takes it in; then every change is judged like any other. The sealed content is [`HandInContent`] as JSON,
//! compressed with zstd, sealed with [`crate::seal`] for [`crate::seal::Purpose::HandIn`].

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::ids::{CellCode, RecordId, Sha256Hex};
use crate::record::{Fields, Kind};
use crate::stamp::Node;
use crate::world::Millis;

/// One piece is at most so large once it is sealed. A photo takes about its own size of it: in the content it is base64, which the
/// compression takes off again. So one as phones make it (1600 px at quality 80) fits, whatever it shows; one as large as a server takes by
/// the usual way ([`crate::kinds::photo::PHOTO_BYTES_MAX`], from another client) does not.
pub const PIECE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// A phone begins another piece when the content of this one passes so many bytes before compression.
pub const PIECE_CONTENT_BYTES: usize = 4 * 1024 * 1024;
/// At most so many pieces of one device lie on the server before they are taken in.
pub const PIECES_MAX: u32 = 64;
/// At most so many sealed bytes of one device lie on the server before they are taken in.
pub const PIECES_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The content of a piece, unpacked, is at most so large: the largest photo that fits into a piece, as base64, and room beside it.
pub const CONTENT_BYTES_MAX: usize = 24 * 1024 * 1024;

const _: () = assert!(CONTENT_BYTES_MAX >= PIECE_BYTES_MAX / 3 * 4 + PIECE_CONTENT_BYTES);

/// A sealed piece of unsent work. The counts are what the phone says is inside: nobody can look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandIn {
    /// The SHA-256 of the content before it was compressed and sealed: names the piece, so that repeating it does nothing twice.
    pub digest: Sha256Hex,
    /// How many changes are in it, refused words included.
    pub changes: u32,
    /// How many photos are in it.
    pub photos: u32,
    /// The sealed bytes, base64url without padding.
    pub sealed: String,
}

/// What is inside a piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandInContent {
    /// The stamp node of the phone's run.
    pub node: Node,
    /// What is unsent, with the stamps that its writer had seen; own values that were overtaken come last.
    pub changes: Vec<Change>,
    /// What the server had refused before, in the worker's own words.
    #[serde(default)]
    pub refused: Vec<RefusedWords>,
    /// Photos whose bytes the server does not have.
    #[serde(default)]
    pub photos: Vec<HandedPhoto>,
}

/// Words that the server had refused and that the worker has neither corrected nor discarded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusedWords {
    /// The record.
    pub id: RecordId,
    /// Its kind.
    pub kind: Kind,
    /// Its cell.
    pub cell: CellCode,
    /// The words.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub fields: Fields,
    /// When they were refused, by the corrected clock: the stamp that they get when they are taken in.
    pub at: Millis,
}

/// A photo's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandedPhoto {
    /// Its hash, as its record names it.
    pub sha256: Sha256Hex,
    /// The JPEG, base64url without padding.
    pub jpeg: String,
}
