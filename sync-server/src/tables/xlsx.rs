//! XLSX: the first sheet that has something in it. A packed file may unpack to anything, so that is measured first; cells are read
//! one by one, so that one cell far out does not fill the memory.

use std::io::{Cursor, Read, copy, sink};

use calamine::{DataRef, Reader, Xlsx, XlsxError};
use domain::ProblemCode;
use domain::import::serial_date;

use super::{Raw, UNPACKED_BYTES_MAX, fault};
use crate::hub::HubError;

pub(super) fn rows(bytes: &[u8]) -> Result<Raw, HubError> {
    measure(bytes)?;
    let broken = |_: XlsxError| fault(ProblemCode::NotATable, None);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    for name in book.sheet_names() {
        let mut raw = Raw::default();
        // Sheets of charts have no cells.
        let Ok(mut cells) = book.worksheet_cells_reader(&name) else { continue };
        while let Some(cell) = cells.next_cell().map_err(broken)? {
            let (row, column) = cell.get_position();
            raw.put(row as usize, column as usize, &text(cell.get_value()))?;
        }
        drop(cells);
        if raw.rows.is_empty() {
            continue;
        }
        let regions = book.merge_cells_by_sheet_name(&name).map_err(broken)?;
        raw.merged = regions.iter().map(|area| area.end.0 as usize).collect();
        raw.merged.sort_unstable();
        return Ok(raw);
    }
    Err(fault(ProblemCode::EmptyTable, None))
}

/// Unpacks everything into nothing, up to a bound: the sizes that a packed file announces may be made up.
fn measure(bytes: &[u8]) -> Result<(), HubError> {
    let broken = |_| fault(ProblemCode::NotATable, None);
    let mut packed = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if packed.index_for_name("xl/workbook.xml").is_none() {
        return Err(fault(ProblemCode::NotATable, None));
    }
    let mut left = UNPACKED_BYTES_MAX;
    for index in 0..packed.len() {
        let file = packed.by_index(index).map_err(broken)?;
        let size = copy(&mut file.take(left + 1), &mut sink()).map_err(|_| fault(ProblemCode::NotATable, None))?;
        left = left
            .checked_sub(size)
            .ok_or_else(|| fault(ProblemCode::TooManyBytes, Some(UNPACKED_BYTES_MAX as usize)))?;
    }
    Ok(())
}

/// A cell as somebody would type it: whole numbers without decimals, days as days. A formula is what it last came to.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(yes) => if *yes { "是" } else { "否" }.to_owned(),
        DataRef::DateTime(moment) => {
            let days = moment.as_f64();
            let day = if days >= 1.0 { serial_date(days as u64) } else { None };
            day.map_or_else(|| days.to_string(), |day| day.to_string())
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}
