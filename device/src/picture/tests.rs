//! What becomes of real photos, of other files, and of files that mean harm.

use std::io::Cursor;
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat};
use proptest::prelude::*;

use super::*;

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/photos").join(name)).unwrap()
}

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/photos");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".jpg"))
        .collect();
    names.sort();
    assert!(names.len() >= 8, "the sample photos are there");
    names.into_iter().map(|name| (name.clone(), sample(&name))).collect()
}

#[test]
fn every_sample_photo_becomes_upright_small_and_says_nothing_of_its_camera() {
    for (name, bytes) in samples() {
        let picture = develop(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(picture.width.max(picture.height) <= 1600, "{name}");
        for jpeg in [&picture.full, &picture.thumb] {
            let said = ::exif::Reader::new().read_from_container(&mut Cursor::new(jpeg.as_slice()));
            assert!(said.is_err(), "{name} still carries EXIF");
            assert!(!jpeg.windows(4).any(|four| four == b"Exif"), "{name}");
        }
        let thumb = image::load_from_memory(&picture.thumb).unwrap();
        assert!(thumb.width().max(thumb.height()) <= 320, "{name}");
        assert!(picture.thumb.len() < 40_000, "{name}: {} bytes", picture.thumb.len());
        let full = image::load_from_memory(&picture.full).unwrap();
        assert_eq!((full.width(), full.height()), (picture.width, picture.height), "{name}");
    }
}

#[test]
fn a_turned_starfish_looks_like_the_upright_one() {
    let upright = image::load_from_memory(&develop(&sample("starfish-gps.jpg")).unwrap().thumb).unwrap();
    for orientation in [2, 3, 5, 6, 7] {
        let turned = develop(&sample(&format!("starfish-orientation-{orientation}.jpg"))).unwrap();
        let turned = image::load_from_memory(&turned.thumb).unwrap();
        assert_eq!(turned.width() > turned.height(), upright.width() > upright.height(), "{orientation}");
        let small = |image: &DynamicImage| image.resize_exact(16, 16, FilterType::Triangle).into_luma8();
        let pairs = small(&upright).into_raw().into_iter().zip(small(&turned).into_raw());
        let difference: u32 = pairs.map(|(one, other)| u32::from(one.abs_diff(other))).sum();
        assert!(difference / 256 < 12, "orientation {orientation}: mean difference {}", difference / 256);
    }
}

#[test]
fn the_time_of_taking_is_read_and_nothing_else() {
    let picture = develop(&sample("starfish-gps.jpg")).unwrap();
    let taken_at = picture.taken_at.expect("the sample says when it was taken");
    // The file says a day of 2012 or 2013 in local time; the exact moment depends on the zone it does not name.
    assert!((1_262_304_000_000..1_577_836_800_000).contains(&taken_at), "{taken_at}");
    let mut silent = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(20, 20).write_to(&mut silent, ImageFormat::Jpeg).unwrap();
    assert_eq!(develop(silent.get_ref()).unwrap().taken_at, None);
}

/// A small picture in each form that is taken; the JPEG with a note by its camera.
fn in_a_form(form: ImageFormat) -> Vec<u8> {
    if form == ImageFormat::Jpeg {
        return sample("broken-exif.jpg");
    }
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(40, 30).write_to(&mut bytes, form).unwrap();
    bytes.into_inner()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_damaged_file_costs_itself_only(
        form in prop::sample::select(vec![ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP]),
        damage in prop::collection::vec((0usize..4_000, any::<u8>()), 1..20),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let mut bytes = in_a_form(form);
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(picture) = develop(&bytes) {
            prop_assert!(picture.width <= 1600 && picture.height <= 1600);
        }
    }
}
