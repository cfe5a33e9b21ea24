//! What the camera noted in the file: which way up, and when. Nothing else is looked at.

use std::io::Cursor;

use chrono::{NaiveDate, TimeDelta};
use domain::world::Millis;
use exif::{DateTime, Exif, In, Reader, Tag, Value};
use image::metadata::Orientation;

use super::Said;

/// Minutes east of Greenwich where the camera does not say: China.
const CHINA_MINUTES: i64 = 8 * 60;

/// Reads it, as far as it can be read: a damaged note costs itself only.
pub(super) fn read(bytes: &[u8]) -> Said {
    let noted = Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(bytes))
        .or_else(|error| error.distill_partial_result(|_| ()));
    let Ok(noted) = noted else { return Said { orientation: Orientation::NoTransforms, taken_at: None } };
    let orientation = noted.get_field(Tag::Orientation, In::PRIMARY).and_then(|field| field.value.get_uint(0));
    let orientation = orientation.and_then(|value| u8::try_from(value).ok()).and_then(Orientation::from_exif);
    Said { orientation: orientation.unwrap_or(Orientation::NoTransforms), taken_at: taken_at(&noted) }
}

fn taken_at(noted: &Exif) -> Option<Millis> {
    let mut time = DateTime::from_ascii(ascii(noted, Tag::DateTimeOriginal)?).ok()?;
    if let Some(offset) = ascii(noted, Tag::OffsetTimeOriginal) {
        // A damaged offset leaves the time as Chinese time.
        let _unreadable = time.parse_offset(offset);
    }
    let date = NaiveDate::from_ymd_opt(i32::from(time.year), u32::from(time.month), u32::from(time.day))?;
    let local = date.and_hms_opt(u32::from(time.hour), u32::from(time.minute), u32::from(time.second))?;
    let utc = local - TimeDelta::minutes(time.offset.map_or(CHINA_MINUTES, i64::from));
    Some(utc.and_utc().timestamp_millis()).filter(|at| *at > 0)
}

fn ascii(noted: &Exif, tag: Tag) -> Option<&[u8]> {
    match &noted.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => lines.first().map(Vec::as_slice),
        _ => None,
    }
}
