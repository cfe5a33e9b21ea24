//! A picture as somebody has it, made into what is stored: upright, at most 1600 px, JPEG, without a word of the camera. Only pixels
//! go over, so that nothing which the file says of a place, a device or an owner is ever kept.
//!
//! Phone and server make the same of the same bytes. Bytes from outside are hostile until they are decoded: limits first, and a
//! decoder that panics is an answer like any other.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::kinds::photo::{PHOTO_BYTES_MAX, PHOTO_EDGE_MAX, PHOTO_QUALITY};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

/// The longest edge that is decoded: a panorama, not an attack.
const EDGE_MAX: u32 = 30_000;

/// How much somebody takes upon themselves for one picture.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// A file of more bytes is no photo.
    pub file_bytes: usize,
    /// At most this many pixels are decoded.
    pub pixels: u64,
    /// At most this much memory for the decoded pixels, bytes.
    pub decoded_bytes: u64,
}

/// Why some bytes do not become a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// No JPEG, PNG or WebP, or a broken one.
    #[error("not a picture that can be read")]
    NotAnImage,
    /// More bytes or pixels than a photo has.
    #[error("the picture is too large")]
    TooLarge,
}

/// A photo as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Developed {
    /// JPEG, upright, without EXIF.
    pub full: Vec<u8>,
    image: DynamicImage,
}

impl Developed {
    /// Pixels from left to right.
    pub fn width(&self) -> u32 {
        self.image.width()
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> u32 {
        self.image.height()
    }

    /// The same small, JPEG: its longer edge at most `edge` pixels, of a quality from 1 to 100.
    ///
    /// # Errors
    /// [`PictureError`] when it cannot be encoded; never panics.
    pub fn smaller(self, edge: u32, quality: u8) -> Result<Vec<u8>, PictureError> {
        unpanicked(|| encoded(&shrunk(self.image, edge), quality))
    }
}

/// Makes a photo out of a file's bytes: JPEG, PNG or WebP, whatever its name.
///
/// # Errors
/// [`PictureError`]; never panics, whatever the bytes are.
pub fn develop(bytes: &[u8], bounds: &Bounds) -> Result<Developed, PictureError> {
    if bytes.len() > bounds.file_bytes {
        return Err(PictureError::TooLarge);
    }
    unpanicked(|| developed(bytes, bounds))
}

/// Work in which a panic says that the bytes are no picture. Decoders hold no state that could be left behind half done.
fn unpanicked<T>(work: impl FnOnce() -> Result<T, PictureError>) -> Result<T, PictureError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(PictureError::NotAnImage))
}

fn developed(bytes: &[u8], bounds: &Bounds) -> Result<Developed, PictureError> {
    let (image, orientation) = decoded(bytes, bounds)?;
    // Smaller first: turning costs by the pixel.
    let mut image = DynamicImage::ImageRgb8(onto_white(shrunk(image, PHOTO_EDGE_MAX)));
    image.apply_orientation(orientation);
    let full = encoded(&image, PHOTO_QUALITY)?;
    if full.len() as i64 > PHOTO_BYTES_MAX {
        return Err(PictureError::TooLarge);
    }
    Ok(Developed { full, image })
}

fn decoded(bytes: &[u8], bounds: &Bounds) -> Result<(DynamicImage, Orientation), PictureError> {
    let format = image::guess_format(bytes).map_err(|_| PictureError::NotAnImage)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(PictureError::NotAnImage);
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(EDGE_MAX);
    limits.max_image_height = Some(EDGE_MAX);
    limits.max_alloc = Some(bounds.decoded_bytes);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(PictureError::NotAnImage);
    }
    if u64::from(width) * u64::from(height) > bounds.pixels || decoder.total_bytes() > bounds.decoded_bytes {
        return Err(PictureError::TooLarge);
    }
    // A damaged note costs itself only.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(refusal)?, orientation))
}

fn refusal(error: ImageError) -> PictureError {
    match error {
        ImageError::Limits(_) => PictureError::TooLarge,
        _ => PictureError::NotAnImage,
    }
}

/// The picture with its longer edge at most `edge`, in its proportions; a smaller one is left as it is.
///
/// From far above, whole blocks of pixels are averaged first, so that the better filter works on few of them.
fn shrunk(image: DynamicImage, edge: u32) -> DynamicImage {
    let longest = image.width().max(image.height());
    if longest <= edge {
        return image;
    }
    let image = if longest > edge * 3 { image.thumbnail(edge * 2, edge * 2) } else { image };
    image.resize(edge, edge, FilterType::Lanczos3)
}

/// Three channels; what was transparent lies on white, as on paper.
fn onto_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let image = image.into_rgba8();
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u32::from);
        let over = |channel: u32| ((channel * alpha + 255 * (255 - alpha)) / 255) as u8;
        Rgb([over(red), over(green), over(blue)])
    })
}

fn encoded(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut jpeg = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, quality)).map_err(refusal)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests;
