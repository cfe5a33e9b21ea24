//! Photos as they come from the camera, made into what the phone keeps: the photo, its thumbnail, and when it was taken.
//!
//! Everything else that the file says besides its pixels (position, device, owner) stays behind; the time of taking becomes a field
//! of the record, where it can be seen.

mod exif;

use std::panic::{AssertUnwindSafe, catch_unwind};

use ::picture::Bounds;
pub use ::picture::PictureError;
use domain::kinds::photo::THUMBNAIL_EDGE;
use domain::world::Millis;

/// A file larger than this is no photo of a phone.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Four times the pixels that phones take today.
const BOUNDS: Bounds = Bounds { file_bytes: FILE_BYTES_MAX, pixels: 100_000_000, decoded_bytes: 400 * 1024 * 1024 };

const THUMBNAIL_QUALITY: u8 = 75;

/// A photo as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The picture, JPEG.
    pub full: Vec<u8>,
    /// The thumbnail, JPEG.
    pub thumb: Vec<u8>,
    /// Of the picture, pixels.
    pub width: u32,
    /// Of the picture, pixels.
    pub height: u32,
    /// When it was taken, if the camera said so.
    pub taken_at: Option<Millis>,
}

/// Makes a photo out of a file's bytes.
///
/// # Errors
/// [`PictureError`]; never panics, whatever the bytes are.
pub fn develop(bytes: &[u8]) -> Result<Picture, PictureError> {
    let mut developed = ::picture::develop(bytes, &BOUNDS)?;
    let full = std::mem::take(&mut developed.full);
    let (width, height) = (developed.width(), developed.height());
    let thumb = developed.smaller(THUMBNAIL_EDGE, THUMBNAIL_QUALITY)?;
    // Whoever reads notes is trusted as little as whoever decodes.
    let taken_at = catch_unwind(AssertUnwindSafe(|| exif::taken_at(bytes))).unwrap_or(None);
    Ok(Picture { full, thumb, width, height, taken_at })
}

#[cfg(test)]
mod tests;
