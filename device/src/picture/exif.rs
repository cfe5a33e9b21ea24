//! What the camera noted in the file: when. Nothing else is looked at.

use std::io::Cursor;

use chrono::{NaiveDate, TimeDelta};
use domain::world::Millis;
use exif::{DateTime, Exif, In, Reader, Tag, Value};

/// Minutes east of Greenwich where the camera does not say: China.
const CHINA_MINUTES: i64 = 8 * 60;

/// When the picture was taken, as far as the notes can be read.
pub(super) fn taken_at(bytes: &[u8]) -> Option<Millis> {
    let noted = Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(bytes))
        .or_else(|error| error.distill_partial_result(|_| ()));
    let noted = &noted.ok()?;
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
