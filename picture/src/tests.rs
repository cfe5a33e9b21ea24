//! What becomes of pictures of every kind, of other files, and of files that mean harm.

use image::{GenericImageView, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds { file_bytes: 1024 * 1024, pixels: 100_000_000, decoded_bytes: 400 * 1024 * 1024 };

fn developed_of(bytes: &[u8]) -> Result<Developed, PictureError> {
    develop(bytes, &BOUNDS)
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A picture whose left half is red and whose right half is blue.
fn red_left(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 { Rgb([220, 0, 0]) } else { Rgb([0, 0, 220]) }
    }))
}

/// The same JPEG with an EXIF note of one orientation put in after its first marker.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff =
        [b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0]].concat();
    let note = [b"Exif\0\0".as_slice(), &tiff].concat();
    let length = u16::try_from(note.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, &note, &jpeg[2..]].concat()
}

fn is_red(pixel: Rgba<u8>) -> bool {
    pixel[0] > 150 && pixel[2] < 100
}

#[test]
fn each_of_the_eight_orientations_is_applied() {
    // Where the red half lies after turning: x and y of a point, in parts of ten.
    let red_at =
        [(1, (2, 5)), (2, (8, 5)), (3, (8, 5)), (4, (2, 5)), (5, (5, 2)), (6, (5, 2)), (7, (5, 8)), (8, (5, 8))];
    let jpeg = file(&red_left(120, 80), ImageFormat::Jpeg);
    for (orientation, (x, y)) in red_at {
        let picture = developed_of(&with_orientation(&jpeg, orientation)).unwrap();
        let sideways = orientation > 4;
        assert_eq!((picture.width(), picture.height()), if sideways { (80, 120) } else { (120, 80) }, "{orientation}");
        let image = image::load_from_memory(&picture.full).unwrap();
        let at = |x: u32, y: u32| image.get_pixel(image.width() * x / 10, image.height() * y / 10);
        assert!(is_red(at(x, y)) && !is_red(at(10 - x, 10 - y)), "{orientation}");
    }
}

#[test]
fn a_large_photo_is_made_small_and_a_small_one_stays() {
    let large = developed_of(&file(&red_left(4000, 3000), ImageFormat::Jpeg)).unwrap();
    assert_eq!((large.width(), large.height()), (1600, 1200));
    let small = developed_of(&file(&red_left(200, 100), ImageFormat::Jpeg)).unwrap();
    assert_eq!((small.width(), small.height()), (200, 100));
    let thin = developed_of(&file(&red_left(5000, 1), ImageFormat::Png)).unwrap();
    assert_eq!((thin.width(), thin.height()), (1600, 1));
}

#[test]
fn png_and_webp_are_taken_and_transparency_lies_on_white() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(30, 30, Rgba([0, 0, 0, 0])));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let picture = developed_of(&file(&clear, format)).unwrap();
        let pixel = image::load_from_memory(&picture.full).unwrap().get_pixel(15, 15);
        assert!(pixel.0[..3].iter().all(|channel| *channel > 250), "{format:?}");
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    let gif =
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><script>alert(1)</script></svg>";
    for bytes in [&b""[..], b"hello", b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", gif, svg] {
        assert_eq!(developed_of(bytes).err(), Some(PictureError::NotAnImage), "{:?}", &bytes[..bytes.len().min(8)]);
    }
    let jpeg = file(&red_left(50, 50), ImageFormat::Jpeg);
    assert_eq!(developed_of(&jpeg[..30]), Err(PictureError::NotAnImage));
}

/// The head of a PNG file that announces these dimensions.
fn announced_png(width: u32, height: u32) -> Vec<u8> {
    let mut png = file(&red_left(10, 10), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = png[12..29].iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    });
    png[29..33].copy_from_slice(&(!sum).to_be_bytes());
    png
}

#[test]
fn a_small_file_that_announces_a_huge_picture_is_refused_before_anything_is_allocated() {
    for (width, height) in [(29_000, 29_000), (60_000, 10), (u32::MAX >> 1, u32::MAX >> 1), (12_000, 9_000)] {
        assert_eq!(developed_of(&announced_png(width, height)), Err(PictureError::TooLarge), "{width} x {height}");
    }
    // The same head within the limits is only broken.
    assert_ne!(developed_of(&announced_png(11, 10)), Err(PictureError::TooLarge));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_damage_to_a_file_makes_a_panic(
        which in 0usize..4,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let image = red_left(40, 30);
        let mut bytes = match which {
            0 => file(&image, ImageFormat::Jpeg),
            1 => with_orientation(&file(&image, ImageFormat::Jpeg), 6),
            2 => file(&image, ImageFormat::Png),
            _ => file(&image, ImageFormat::WebP),
        };
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(picture) = developed_of(&bytes) {
            prop_assert!(picture.width() <= 1600 && picture.height() <= 1600);
        }
    }
}
