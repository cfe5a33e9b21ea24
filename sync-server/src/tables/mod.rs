//! Tables that people hand in: XLSX, and CSV in UTF-8 or GB18030. Read into texts, bounded at every step; what is no table is
//! refused with a code before anything else looks at it.

mod text;
mod xlsx;

use domain::{Problem, ProblemCode};

use crate::hub::HubError;

/// At most so many bytes of a file.
pub const FILE_BYTES_MAX: usize = 40 * 1024 * 1024;
/// At most so many bytes of what a packed file unpacks to.
const UNPACKED_BYTES_MAX: u64 = 600 * 1024 * 1024;
/// At most so many rows.
pub const ROWS_MAX: usize = 200_000;
/// At most so many columns.
const COLUMNS_MAX: usize = 100;
/// At most so many characters of a cell; the rest is nobody's name or address.
const CELL_CHARS_MAX: usize = 1_000;
/// The headings stand among so many first rows: above them may be a title.
const HEAD_ROWS: usize = 10;

/// A table: its headings, and below them its rows as texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The headings, from left to right.
    pub heads: Vec<String>,
    /// The number of the first row below the headings, as a spreadsheet counts: from 1.
    pub first: usize,
    /// The rows; each as long as the headings. Empty rows are kept, so that numbers fit.
    pub rows: Vec<Vec<String>>,
}

/// Reads a file by what is in it, whatever it is called.
///
/// # Errors
/// [`domain::protocol::CallRefusal::Invalid`] with a problem of `file`.
pub fn read(bytes: &[u8]) -> Result<Table, HubError> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(fault(ProblemCode::TooManyBytes, Some(FILE_BYTES_MAX)));
    }
    let raw = match bytes {
        [b'P', b'K', 3, 4, ..] => xlsx::rows(bytes)?,
        // The old binary format, and whatever else Office kept in it.
        [0xD0, 0xCF, 0x11, 0xE0, ..] => return Err(fault(ProblemCode::OldFormat, None)),
        _ => text::rows(bytes)?,
    };
    table(raw)
}

/// The rows of a file before it is known where its headings are, and the rows that merged cells touch.
#[derive(Default)]
struct Raw {
    rows: Vec<Vec<String>>,
    /// Rows (from 0) in which a merged cell lies.
    merged: Vec<usize>,
}

impl Raw {
    /// Puts a text into its place; whatever lies too far out ends the reading.
    fn put(&mut self, row: usize, column: usize, text: &str) -> Result<(), HubError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        if row > ROWS_MAX + HEAD_ROWS {
            return Err(fault(ProblemCode::TooLarge, Some(ROWS_MAX)));
        }
        if column >= COLUMNS_MAX {
            return Err(fault(ProblemCode::TooLong, Some(COLUMNS_MAX)));
        }
        if self.rows.len() <= row {
            self.rows.resize(row + 1, Vec::new());
        }
        let cells = &mut self.rows[row];
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = text.trim().chars().take(CELL_CHARS_MAX).collect();
        Ok(())
    }
}

fn table(raw: Raw) -> Result<Table, HubError> {
    let Raw { mut rows, merged } = raw;
    let head = head_row(&rows).ok_or_else(|| fault(ProblemCode::EmptyTable, None))?;
    if let Some(row) = merged.into_iter().find(|row| *row >= head) {
        return Err(fault(ProblemCode::MergedCells, Some(row + 1)));
    }
    let data = rows.split_off(head + 1);
    let heads = rows.pop().unwrap_or_default();
    if data.iter().all(Vec::is_empty) {
        return Err(fault(ProblemCode::EmptyTable, None));
    }
    if data.len() > ROWS_MAX {
        return Err(fault(ProblemCode::TooLarge, Some(ROWS_MAX)));
    }
    // A row that is longer than the headings has more to say than anybody asked for: the columns are named by their letters.
    let width = data.iter().map(Vec::len).max().unwrap_or(0).max(heads.len());
    let wide = |mut cells: Vec<String>| {
        cells.resize(width, String::new());
        cells
    };
    Ok(Table { heads: wide(heads), first: head + 2, rows: data.into_iter().map(wide).collect() })
}

/// The first row of which most cells are understood as headings; else the first that is not empty.
fn head_row(rows: &[Vec<String>]) -> Option<usize> {
    let understood = |row: &Vec<String>| row.iter().filter(|cell| domain::import::guess(cell).is_some()).count();
    let first = rows.iter().take(HEAD_ROWS).position(|row| understood(row) >= 2);
    first.or_else(|| rows.iter().position(|row| !row.is_empty()))
}

fn fault(code: ProblemCode, limit: Option<usize>) -> HubError {
    let limit = limit.and_then(|limit| i64::try_from(limit).ok());
    HubError::invalid(vec![Problem { field: "file".to_owned(), code, limit }])
}

#[cfg(test)]
mod tests;
