//! Whether bytes are a picture that this product stores, and its small rendering.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::kinds::photo::{PHOTO_EDGE_MAX, THUMBNAIL_EDGE};
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, ImageReader, Limits};

/// Quality of thumbnails: they are looked at small.
const THUMBNAIL_QUALITY: u8 = 75;

/// The thumbnail of a JPEG of allowed size; none when the bytes are anything else. A picture that claims to be huge is refused
/// before memory is taken for it. Never panics, whatever the bytes are.
pub(super) fn thumbnail(bytes: &[u8]) -> Option<Vec<u8>> {
    unpanicked(|| shrunk(bytes))
}

/// Work in which a panic says that the bytes are no picture: its phone would send them again and again. Decoders hold no state that
/// could be left behind half done.
fn unpanicked<T>(work: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(None)
}

fn shrunk(bytes: &[u8]) -> Option<Vec<u8>> {
    let reader = || ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    let (width, height) = reader().into_dimensions().ok()?;
    if width == 0 || height == 0 || width > PHOTO_EDGE_MAX || height > PHOTO_EDGE_MAX {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(PHOTO_EDGE_MAX);
    limits.max_image_height = Some(PHOTO_EDGE_MAX);
    limits.max_alloc = Some(64 * 1024 * 1024);
    let mut decoder = reader();
    decoder.limits(limits);
    let picture = decoder.decode().ok()?;
    // A picture that is small already is not blown up: that costs time and room, and shows no more.
    let is_small = width.max(height) <= THUMBNAIL_EDGE;
    let small = if is_small { picture } else { picture.thumbnail(THUMBNAIL_EDGE, THUMBNAIL_EDGE) };
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, THUMBNAIL_QUALITY).encode_image(&small.into_rgb8()).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, 90]));
        JpegEncoder::new_with_quality(&mut out, 80).encode_image(&picture).unwrap();
        out
    }

    #[test]
    fn a_thumbnail_keeps_the_shape_and_is_small() {
        let small = thumbnail(&jpeg(1200, 600)).unwrap();
        let (width, height) =
            ImageReader::with_format(Cursor::new(small), ImageFormat::Jpeg).into_dimensions().unwrap();
        assert_eq!((width, height), (320, 160));
    }

    #[test]
    fn a_picture_that_is_small_already_is_not_blown_up() {
        let size =
            |bytes: Vec<u8>| ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg).into_dimensions().unwrap();
        assert_eq!(size(thumbnail(&jpeg(16, 10)).unwrap()), (16, 10));
        assert_eq!(size(thumbnail(&jpeg(320, 320)).unwrap()), (320, 320));
        assert_eq!(size(thumbnail(&jpeg(321, 160)).unwrap()).0, 320);
    }

    #[test]
    fn bytes_at_which_a_decoder_panics_are_no_picture() {
        assert_eq!(unpanicked(|| -> Option<()> { panic!("on purpose") }), None);
        assert_eq!(unpanicked(|| Some(7)), Some(7));
    }

    #[test]
    fn what_is_no_jpeg_of_allowed_size_is_no_photo() {
        let whole = jpeg(100, 100);
        assert!(thumbnail(b"GIF89a....").is_none());
        assert!(thumbnail(&[]).is_none());
        assert!(thumbnail(&whole[..200]).is_none());
        assert!(thumbnail(&jpeg(1601, 10)).is_none());
        // The header of a picture of 65,535 × 65,535 pixels in 200 bytes.
        let mut bomb = whole;
        let frame = bomb.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        bomb[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
        assert!(thumbnail(&bomb).is_none());
    }
}
