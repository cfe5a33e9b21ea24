//! A picture as somebody has it, made into what is stored: upright, at most 1600 px, JPEG, without a word of the camera. Only pixels
//! go over, so that nothing which the file says of a place, a device or an owner is ever kept.
//!
//! Bytes from outside are hostile until they are decoded: limits first, and a decoder that panics is an answer like any other.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::Sha256Hex;
use domain::kinds::photo::{PHOTO_BYTES_MAX, PHOTO_EDGE_MAX, PHOTO_QUALITY};
use domain::protocol::CallRefusal;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use sha2::{Digest as _, Sha256};

/// A file of more bytes is no photo.
pub const PICTURE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// At most this many pixels are decoded: what phones take at their finest. Fewer than a phone decodes for itself (it has one
/// worker; the server's memory is everybody's).
const PIXELS_MAX: u64 = 64_000_000;

/// The longest edge that is decoded: a panorama, not an attack.
const EDGE_MAX: u32 = 30_000;

/// At most this much memory for the decoded pixels, bytes.
const DECODED_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A picture ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Developed {
    /// The hash of `full`.
    pub sha256: Sha256Hex,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// JPEG, upright, without EXIF.
    pub full: Vec<u8>,
}

/// Makes a photo out of a file's bytes: JPEG, PNG or WebP, whatever its name.
///
/// # Errors
/// [`CallRefusal::NotAnImage`] for anything else and what is broken, [`CallRefusal::TooLarge`] for more bytes or pixels than a photo
/// has. Never panics, whatever the bytes are.
pub fn develop(bytes: &[u8]) -> Result<Developed, CallRefusal> {
    if bytes.len() > PICTURE_BYTES_MAX {
        return Err(CallRefusal::TooLarge);
    }
    // The decoders hold no state that could be left behind half done.
    catch_unwind(AssertUnwindSafe(|| developed(bytes))).unwrap_or(Err(CallRefusal::NotAnImage))
}

fn developed(bytes: &[u8]) -> Result<Developed, CallRefusal> {
    let (image, orientation) = decoded(bytes)?;
    // Smaller first: turning costs by the pixel.
    let mut image = DynamicImage::ImageRgb8(onto_white(shrunk(image)));
    image.apply_orientation(orientation);
    let mut full = Vec::new();
    image.write_with_encoder(JpegEncoder::new_with_quality(&mut full, PHOTO_QUALITY)).map_err(|e| refusal(&e))?;
    if full.len() as i64 > PHOTO_BYTES_MAX {
        return Err(CallRefusal::TooLarge);
    }
    let hex: String = Sha256::digest(&full).iter().map(|byte| format!("{byte:02x}")).collect();
    let sha256 = Sha256Hex::new(&hex).expect("thirty-two bytes are 64 hexadecimal digits");
    Ok(Developed { sha256, width: image.width(), height: image.height(), full })
}

fn decoded(bytes: &[u8]) -> Result<(DynamicImage, image::metadata::Orientation), CallRefusal> {
    let format = image::guess_format(bytes).map_err(|_| CallRefusal::NotAnImage)?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return Err(CallRefusal::NotAnImage);
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(EDGE_MAX);
    limits.max_image_height = Some(EDGE_MAX);
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| refusal(&error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(CallRefusal::NotAnImage);
    }
    if u64::from(width) * u64::from(height) > PIXELS_MAX || decoder.total_bytes() > DECODED_BYTES_MAX {
        return Err(CallRefusal::TooLarge);
    }
    // A damaged note costs itself only.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error))?, orientation))
}

fn refusal(error: &ImageError) -> CallRefusal {
    match error {
        ImageError::Limits(_) => CallRefusal::TooLarge,
        _ => CallRefusal::NotAnImage,
    }
}

/// In its proportions; a smaller one is left as it is. From far above, whole blocks of pixels are averaged first, so that the
/// better filter works on few of them.
fn shrunk(image: DynamicImage) -> DynamicImage {
    let longest = image.width().max(image.height());
    if longest <= PHOTO_EDGE_MAX {
        return image;
    }
    let twice = PHOTO_EDGE_MAX * 2;
    let image = if longest > PHOTO_EDGE_MAX * 3 { image.thumbnail(twice, twice) } else { image };
    image.resize(PHOTO_EDGE_MAX, PHOTO_EDGE_MAX, FilterType::Lanczos3)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> Vec<u8> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/photos");
        std::fs::read(folder.join(name)).unwrap()
    }

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_photo_with_a_position_becomes_one_that_says_nothing_of_where_it_was_taken() {
        let bytes = sample("starfish-gps.jpg");
        assert!(bytes.windows(4).any(|four| four == b"Exif"), "the sample has something to hide");
        let developed = develop(&bytes).unwrap();
        for word in [b"Exif".as_slice(), b"http://ns.adobe.com", b"Photoshop", b"ICC_PROFILE"] {
            assert!(!developed.full.windows(word.len()).any(|part| part == word), "{word:?}");
        }
        // No segment in which a camera or an editor could say anything.
        assert!(!developed.full.windows(2).any(|pair| pair[0] == 0xFF && (0xE1..=0xEF).contains(&pair[1])));
        assert!(developed.width.max(developed.height) <= PHOTO_EDGE_MAX);
        assert!(super::super::picture::thumbnail(&developed.full).is_some(), "the folder takes it");
    }

    #[test]
    fn a_turned_photo_stands_upright_and_a_damaged_note_costs_itself_only() {
        let upright = develop(&sample("starfish-gps.jpg")).unwrap();
        for number in [2, 3, 5, 6, 7] {
            let turned = develop(&sample(&format!("starfish-orientation-{number}.jpg"))).unwrap();
            assert_eq!(turned.width > turned.height, upright.width > upright.height, "{number}");
        }
        develop(&sample("broken-exif.jpg")).unwrap();
    }

    #[test]
    fn pictures_of_three_kinds_are_taken_whatever_their_size_and_what_is_clear_becomes_white() {
        let clear = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(2400, 40, image::Rgba([0, 0, 0, 0])));
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let developed = develop(&encoded(&clear, format)).unwrap();
            assert_eq!((developed.width, developed.height), (1600, 27));
            let pixel = image::load_from_memory(&developed.full).unwrap().to_rgb8().get_pixel(800, 13).0;
            assert!(pixel.iter().all(|channel| *channel > 250), "{pixel:?}");
        }
        let tiny = DynamicImage::ImageLuma8(image::GrayImage::new(1, 1));
        assert_eq!(develop(&encoded(&tiny, ImageFormat::Jpeg)).unwrap().width, 1);
    }

    #[test]
    fn what_is_no_picture_or_a_broken_one_is_refused_by_its_content() {
        let whole = encoded(&DynamicImage::new_rgb8(300, 200), ImageFormat::Png);
        let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        let gif = b"GIF89a\x01\0\x01\0\0\0\0;";
        for bytes in [&b""[..], b"MZ\x90\0\x03renamed.jpg", svg, gif, &whole[..whole.len() / 2], b"\xFF\xD8\xFF\xE0"] {
            assert_eq!(develop(bytes), Err(CallRefusal::NotAnImage), "{:?}", &bytes[..bytes.len().min(12)]);
        }
    }

    #[test]
    fn too_many_bytes_or_pixels_are_refused_before_memory_is_taken_for_them() {
        assert_eq!(develop(&vec![0xFF; PICTURE_BYTES_MAX + 1]), Err(CallRefusal::TooLarge));
        // A JPEG of 65,535 × 65,535 pixels and a PNG of 20,000 × 20,000, by their headers.
        let mut jpeg = encoded(&DynamicImage::new_rgb8(16, 16), ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
        assert_eq!(develop(&jpeg), Err(CallRefusal::TooLarge));
        let bomb = encoded(&DynamicImage::ImageLuma8(image::GrayImage::new(20_000, 20_000)), ImageFormat::Png);
        assert!(bomb.len() < 4_000_000, "{} bytes for 400 million pixels", bomb.len());
        assert_eq!(develop(&bomb), Err(CallRefusal::TooLarge));
    }
}
