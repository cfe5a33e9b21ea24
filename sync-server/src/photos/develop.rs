//! A picture that somebody brings at the desk, made into what is stored as a phone makes it.

use ::picture::{Bounds, PictureError};
use domain::Sha256Hex;
use domain::protocol::CallRefusal;
use sha2::{Digest as _, Sha256};

/// A file of more bytes is no photo.
pub const PICTURE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// What phones take at their finest. Less than a phone decodes for itself: it has one worker, and the server's memory is everybody's.
const BOUNDS: Bounds = Bounds { file_bytes: PICTURE_BYTES_MAX, pixels: 64_000_000, decoded_bytes: 256 * 1024 * 1024 };

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
    let developed = ::picture::develop(bytes, &BOUNDS).map_err(|error| match error {
        PictureError::NotAnImage => CallRefusal::NotAnImage,
        PictureError::TooLarge => CallRefusal::TooLarge,
    })?;
    let (width, height, full) = (developed.width(), developed.height(), developed.full);
    let hex: String = Sha256::digest(&full).iter().map(|byte| format!("{byte:02x}")).collect();
    let sha256 = Sha256Hex::new(&hex).expect("thirty-two bytes are 64 hexadecimal digits");
    Ok(Developed { sha256, width, height, full })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use domain::kinds::photo::PHOTO_EDGE_MAX;
    use image::{DynamicImage, ImageFormat};

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
