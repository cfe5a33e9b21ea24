//! The demonstration's pictures: real photos, turned upright and freed of EXIF as a phone would have done.

use std::io::Cursor;

use domain::Sha256Hex;
use domain::kinds::photo::{PHOTO_EDGE_MAX, PHOTO_QUALITY};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader};
use sha2::{Digest as _, Sha256};

/// A picture ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The hash of `full`.
    pub sha256: Sha256Hex,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// JPEG, upright, without EXIF.
    pub full: Vec<u8>,
}

const ORIGINALS: [&[u8]; 5] = [
    include_bytes!("../../../tests/fixtures/photos/starfish-gps.jpg"),
    include_bytes!("../../../tests/fixtures/photos/flower.jpg"),
    include_bytes!("../../../tests/fixtures/photos/right-orientation-8.jpg"),
    include_bytes!("../../../tests/fixtures/photos/down-mirrored-orientation-4.jpg"),
    include_bytes!("../../../tests/fixtures/photos/starfish-orientation-6.jpg"),
];

/// The pictures that the demonstration's incidents show.
///
/// # Errors
/// [`ImageError`] when a picture cannot be decoded.
pub fn samples() -> Result<Vec<Sample>, ImageError> {
    ORIGINALS.into_iter().map(sample).collect()
}

fn sample(original: &[u8]) -> Result<Sample, ImageError> {
    let mut decoder = ImageReader::new(Cursor::new(original)).with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    if picture.width().max(picture.height()) > PHOTO_EDGE_MAX {
        picture = picture.resize(PHOTO_EDGE_MAX, PHOTO_EDGE_MAX, image::imageops::FilterType::Triangle);
    }
    let mut full = Vec::new();
    picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut full, PHOTO_QUALITY))?;
    let hex: String = Sha256::digest(&full).iter().map(|byte| format!("{byte:02x}")).collect();
    let sha256 = Sha256Hex::new(&hex).expect("thirty-two bytes are 64 hexadecimal digits");
    Ok(Sample { sha256, width: picture.width(), height: picture.height(), full })
}
