//! Photos as they come from the camera, made into what is stored: upright, at most 1600 px, without a trace of the camera.
//!
//! Everything that the file says besides its pixels (position, device, owner) stays behind; only the time of taking is read
//! and becomes a field of the record, where it can be seen. Bytes from outside are hostile until decoded: limits first,
//! and a decoder that panics is an answer like any other.

mod exif;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::kinds::photo::{PHOTO_BYTES_MAX, PHOTO_EDGE_MAX, PHOTO_QUALITY, THUMBNAIL_EDGE};
use domain::world::Millis;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

/// A file larger than this is no photo of a phone.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// At most this many pixels are decoded: four times what phones take today.
const PIXELS_MAX: u64 = 100_000_000;

/// The longest edge that is decoded: a panorama, not an attack.
const EDGE_MAX: u32 = 30_000;

/// At most this much memory for decoding, bytes.
const DECODED_BYTES_MAX: u64 = 400 * 1024 * 1024;

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

/// Why some bytes do not become a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// No JPEG, PNG or WebP, or a broken one.
    #[error("not a picture that can be read")]
    NotAnImage,
    /// More bytes or pixels than any camera of a phone makes.
    #[error("the picture is too large")]
    TooLarge,
}

/// Makes a photo out of a file's bytes.
///
/// # Errors
/// [`PictureError`]; never panics, whatever the bytes are.
pub fn develop(bytes: &[u8]) -> Result<Picture, PictureError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(PictureError::TooLarge);
    }
    // The decoders hold no state that could be left behind half done.
    catch_unwind(AssertUnwindSafe(|| develop_or_panic(bytes))).unwrap_or(Err(PictureError::NotAnImage))
}

fn develop_or_panic(bytes: &[u8]) -> Result<Picture, PictureError> {
    let decoded = decode(bytes)?;
    let said = exif::read(bytes);
    // Smaller first: turning costs by the pixel.
    let mut image = DynamicImage::ImageRgb8(onto_white(shrink(decoded, PHOTO_EDGE_MAX)));
    image.apply_orientation(said.orientation);
    let full = encode(&image, PHOTO_QUALITY)?;
    if full.len() as i64 > PHOTO_BYTES_MAX {
        return Err(PictureError::TooLarge);
    }
    let (width, height) = (image.width(), image.height());
    let thumb = encode(&shrink(image, THUMBNAIL_EDGE), THUMBNAIL_QUALITY)?;
    Ok(Picture { full, thumb, width, height, taken_at: said.taken_at })
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let format = image::guess_format(bytes).map_err(|_| PictureError::NotAnImage)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(PictureError::NotAnImage);
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(EDGE_MAX);
    limits.max_image_height = Some(EDGE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(refusal)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(PictureError::NotAnImage);
    }
    if u64::from(width) * u64::from(height) > PIXELS_MAX || decoder.total_bytes() > DECODED_BYTES_MAX {
        return Err(PictureError::TooLarge);
    }
    DynamicImage::from_decoder(decoder).map_err(refusal)
}

fn refusal(error: image::ImageError) -> PictureError {
    match error {
        image::ImageError::Limits(_) => PictureError::TooLarge,
        _ => PictureError::NotAnImage,
    }
}

/// The picture with its longer edge at most `edge`, in its proportions; a smaller one is left as it is.
///
/// From far above, whole blocks of pixels are averaged first, so that the better filter works on few of them.
fn shrink(image: DynamicImage, edge: u32) -> DynamicImage {
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

fn encode(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, PictureError> {
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, quality);
    image.write_with_encoder(encoder).map_err(refusal)?;
    Ok(jpeg)
}

/// What a camera notes in a file, as far as anybody here wants to know.
struct Said {
    orientation: Orientation,
    taken_at: Option<Millis>,
}

#[cfg(test)]
mod tests;
