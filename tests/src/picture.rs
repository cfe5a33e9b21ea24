//! Pictures: the photo that a test takes, and how to see whether another one shows the same, upright.

use std::io::Cursor;
use std::path::PathBuf;

use exif::{In, Reader, Tag};
use image::{DynamicImage, imageops::FilterType};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::program;
use crate::trouble::{Doing, Outcome, trouble};

/// A photo as a camera writes it: lying on its left side with EXIF saying so, and naming the place where it was taken.
pub fn turned_left_gps() -> PathBuf {
    program::root().join("tests/fixtures/turned_left_gps.jpg")
}

/// What that photo shows when it is looked at the right way up.
///
/// # Errors
/// When the fixture cannot be read, or is not what it should be.
pub fn upright() -> Outcome<DynamicImage> {
    let bytes = std::fs::read(turned_left_gps()).doing("reading the fixture")?;
    let exif = Reader::new().read_from_container(&mut Cursor::new(&bytes)).doing("reading the fixture's EXIF")?;
    let orientation = exif.get_field(Tag::Orientation, In::PRIMARY).and_then(|field| field.value.get_uint(0));
    let has_place = exif.get_field(Tag::GPSLatitude, In::PRIMARY).is_some();
    if (orientation, has_place) != (Some(6), true) {
        return trouble("The fixture must have orientation 6 and a place, or it shows nothing.");
    }
    // The decoder does not look at EXIF, so the turn is made here and nowhere else.
    Ok(image::load_from_memory(&bytes).doing("decoding the fixture")?.rotate90())
}

/// Insists that a stored picture is a JPEG without EXIF that shows the same as `expected`, upright and in its proportions.
///
/// # Errors
/// With the first thing that is not so.
pub fn shows(stored: &[u8], expected: &DynamicImage) -> Outcome {
    if has_app1(stored)? {
        return trouble("The stored photo still has an APP1 segment (EXIF or XMP).");
    }
    let picture = image::load_from_memory(stored).doing("decoding the stored photo")?;
    let (wide, high) = (f64::from(picture.width()), f64::from(picture.height()));
    let proportions = f64::from(expected.width()) / f64::from(expected.height());
    if (wide / high / proportions - 1.0).abs() > 0.02 {
        return trouble(format!("The stored photo is {wide}×{high}: it was turned or cut."));
    }
    let upright = difference(&picture, expected);
    let upside_down = difference(&picture.rotate180(), expected);
    if upright > 12.0 || upright * 2.0 > upside_down {
        return trouble(format!(
            "The stored photo differs from the upright one by {upright:.1} (upside down: {upside_down:.1})."
        ));
    }
    Ok(())
}

/// A picture of exactly so many bytes (10,000 at least) that no other seed gives: noise, filled up by comments, which no decoder
/// looks at.
pub fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut dice = StdRng::seed_from_u64(seed);
    let small = image::RgbImage::from_fn(64, 48, |_, _| image::Rgb(dice.random()));
    let mut jpeg = Cursor::new(Vec::new());
    let written = DynamicImage::from(small).write_to(&mut jpeg, image::ImageFormat::Jpeg);
    written.expect("writing into memory does not fail");
    let jpeg = jpeg.into_inner();
    let (start, rest) = jpeg.split_at(2);
    let mut out = Vec::with_capacity(bytes);
    out.extend_from_slice(start);
    let mut missing = bytes.saturating_sub(jpeg.len());
    while missing >= 4 {
        // A segment takes 4 bytes at least, so nothing smaller may be left.
        let piece = if missing <= 60_000 { missing } else { 60_000.min(missing - 4) };
        let length = u16::try_from(piece - 2).expect("60,000 fits");
        out.extend_from_slice(&[0xFF, 0xFE]);
        out.extend_from_slice(&length.to_be_bytes());
        let filled = out.len();
        out.resize(filled + piece - 4, 0);
        dice.fill(&mut out[filled..]);
        missing -= piece;
    }
    out.extend_from_slice(rest);
    out
}

/// How different two pictures are: the mean difference of their colours (0–255) over a coarse grid.
pub fn difference(one: &DynamicImage, other: &DynamicImage) -> f64 {
    let coarse = |picture: &DynamicImage| picture.resize_exact(16, 16, FilterType::Triangle).to_rgb8().into_raw();
    let (one, other) = (coarse(one), coarse(other));
    let sum: f64 = one.iter().zip(&other).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / one.len() as f64
}

/// Whether a JPEG has a segment APP1, where EXIF and XMP live.
fn has_app1(jpeg: &[u8]) -> Outcome<bool> {
    let mut rest = match jpeg {
        [0xFF, 0xD8, rest @ ..] => rest,
        _ => return trouble("The stored photo is no JPEG."),
    };
    loop {
        match rest {
            // The picture itself begins here; segments come before it.
            [0xFF, 0xDA, ..] => return Ok(false),
            [0xFF, 0xE1, ..] => return Ok(true),
            [0xFF, 0xFF, ..] => rest = &rest[1..],
            [0xFF, _, high, low, ..] => {
                let length = 2 + usize::from(u16::from_be_bytes([*high, *low]));
                rest = rest.get(length..).unwrap_or_default();
            }
            _ => return trouble("The stored photo's segments cannot be read."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_a_picture_of_the_size_that_was_asked_for() {
        for bytes in [10_000, 60_003, 120_001, 500_000] {
            let jpeg = noise(bytes as u64, bytes);
            assert_eq!(jpeg.len(), bytes);
            assert_eq!(image::load_from_memory(&jpeg).unwrap().width(), 64);
        }
        assert_ne!(noise(1, 10_000), noise(2, 10_000));
    }

    #[test]
    fn the_check_sees_exif_and_every_wrong_turn() {
        let original = std::fs::read(turned_left_gps()).unwrap();
        let expected = upright().unwrap();
        assert!(shows(&original, &expected).unwrap_err().0.contains("APP1"));
        let jpeg = |picture: &DynamicImage| {
            let mut bytes = Vec::new();
            picture.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
            bytes
        };
        shows(&jpeg(&expected), &expected).unwrap();
        shows(&jpeg(&expected.resize(600, 600, FilterType::Triangle)), &expected).unwrap();
        for turned in
            [expected.rotate90(), expected.rotate180(), expected.rotate270(), expected.fliph(), expected.flipv()]
        {
            shows(&jpeg(&turned), &expected).unwrap_err();
        }
    }
}
