//! Sheets: the own cell's records in the columns that another department asks for, as a file for Excel.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use domain::sheet::{Sheet, Source, belongs, decided_by, defused, field_text, moment_text};
use domain::{Digest, Kind, Record, RecordId};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Failure, Table};
use crate::read::{Places, Register};
use crate::store::Part;
use crate::{Device, DeviceError, Open};

/// A sheet in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[ts(export)]
pub struct SheetLine {
    /// Its name for programs.
    pub id: String,
    /// Simplified Chinese.
    pub title_zh: String,
    /// English.
    pub title_en: String,
    /// Rows that it has now.
    pub rows: usize,
    /// Rows that were not reported yet, or changed since.
    pub unreported: usize,
    /// When rows of it were last stamped as reported.
    pub reported_at: Option<i64>,
}

/// Which sheet, and how.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct SheetArgs {
    /// The sheet.
    pub id: String,
    /// The format of the file.
    pub format: SheetFormat,
    /// Only rows that were not reported yet, or changed since.
    pub unreported: bool,
}

/// The format of a file of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SheetFormat {
    /// Excel's own.
    Xlsx,
    /// Comma-separated, UTF-8 with a mark that makes Excel read Chinese.
    Csv,
}

/// Names a sheet.
#[derive(Debug, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct OfSheet {
    /// The sheet.
    pub id: String,
}

/// What was stamped as reported, by record: the version that was in the file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Reported {
    at: Option<i64>,
    versions: HashMap<RecordId, Digest>,
}

pub(super) fn sheets(device: &Device, _: super::Nothing) -> Result<Vec<SheetLine>, Failure> {
    device.with_open(|open: &mut Open| {
        let sheets = &open.lists().sheets;
        // Several sheets have rows of the same kind: it is read once.
        let mut kinds: Vec<(&Kind, Vec<Part>)> = Vec::new();
        for sheet in sheets {
            if kinds.iter().all(|(kind, _)| **kind != sheet.kind) {
                kinds.push((&sheet.kind, parts(open, &sheet.kind, sheets)?));
            }
        }
        let of = |sheet: &Sheet| kinds.iter().find(|(kind, _)| **kind == sheet.kind).map(|(_, parts)| parts.as_slice());
        sheets.iter().map(|sheet| Ok(line(open, sheet, of(sheet).unwrap_or_default())?)).collect()
    })
}

/// The records of a kind, with what decides in which of the sheets they belong.
fn parts(open: &Open, kind: &Kind, sheets: &[Sheet]) -> Result<Vec<Part>, DeviceError> {
    let of_kind = sheets.iter().filter(|sheet| sheet.kind == *kind);
    let fields: BTreeSet<&str> = of_kind.flat_map(decided_by).collect();
    let fields: Vec<&str> = fields.into_iter().collect();
    // As they lie in the file: in the order of the index by moment each page would be decrypted again and again.
    const PRESENT: &str = "rowid IN (SELECT rowid FROM record WHERE kind = ?1) AND deleted = 0";
    open.store().parts(PRESENT, (kind.as_str(),), &fields)
}

fn line(open: &Open, sheet: &Sheet, parts: &[Part]) -> Result<SheetLine, DeviceError> {
    let reported = reported(open, &sheet.id)?;
    let (mut rows, mut unreported) = (0, 0);
    for part in parts.iter().filter(|part| belongs(sheet, &part.record)) {
        rows += 1;
        unreported += usize::from(is_news(&reported, part.record.id, part.version));
    }
    let Sheet { id, title_zh, title_en, .. } = sheet.clone();
    Ok(SheetLine { id, title_zh, title_en, rows, unreported, reported_at: reported.at })
}

/// The file.
pub(super) fn export_sheet(device: &Device, args: SheetArgs) -> Result<Table, Failure> {
    device.with_open(|open: &mut Open| {
        let sheet = the_sheet(open, &args.id)?;
        let reported = reported(open, &sheet.id)?;
        let mut records = records(open, &sheet)?;
        records.retain(|record| !args.unreported || is_news(&reported, record.id, Digest::of(record)));
        let rows = rows(open, &sheet, &records)?;
        let heads: Vec<&str> = sheet.columns.iter().map(|column| column.head.as_str()).collect();
        match args.format {
            SheetFormat::Csv => Ok(Table::Csv(csv(&heads, &rows))),
            SheetFormat::Xlsx => Ok(Table::Xlsx(xlsx(&sheet.title_zh, &heads, &rows).map_err(unwritable)?)),
        }
    })
}

/// Stamps everything that stands in the sheet now as reported: the next file can leave it out.
pub(super) fn stamp_sheet(device: &Device, args: OfSheet) -> Result<SheetLine, Failure> {
    device.with_open(|open: &mut Open| {
        let sheet = the_sheet(open, &args.id)?;
        let parts = parts(open, &sheet.kind, std::slice::from_ref(&sheet))?;
        let inside = parts.iter().filter(|part| belongs(&sheet, &part.record));
        let versions = inside.map(|part| (part.record.id, part.version)).collect();
        open.store().remember(&key(&sheet.id), &Reported { at: Some(open.now()), versions })?;
        Ok(line(open, &sheet, &parts)?)
    })
}

fn the_sheet(open: &Open, id: &str) -> Result<Sheet, Failure> {
    open.lists().sheets.iter().find(|sheet| sheet.id == id).cloned().ok_or_else(Failure::not_found)
}

fn key(sheet: &str) -> String {
    format!("sheet.{sheet}")
}

fn reported(open: &Open, sheet: &str) -> Result<Reported, DeviceError> {
    Ok(open.store().remembered(&key(sheet))?.unwrap_or_default())
}

fn is_news(reported: &Reported, record: RecordId, version: Digest) -> bool {
    reported.versions.get(&record).is_none_or(|before| *before != version)
}

fn records(open: &Open, sheet: &Sheet) -> Result<Vec<Record>, DeviceError> {
    let mut records = open.store().of_kind(&sheet.kind, None)?;
    records.retain(|record| belongs(sheet, record));
    Ok(records)
}

/// The rows in the order in which somebody walks: by address, then by name; what has a moment by that, the latest first.
fn rows(open: &mut Open, sheet: &Sheet, records: &[Record]) -> Result<Vec<Vec<String>>, DeviceError> {
    let register = Register::whole(open)?;
    let mut places = Places::new(open.store());
    let mut keyed = Vec::new();
    for record in records {
        let address = address(&register, &mut places, record)?;
        let moment = sheet.kind.moment().and_then(|field| record.int(field));
        keyed.push(((moment.map(std::cmp::Reverse), crate::read::natural(&address), record.id), address, record));
    }
    keyed.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let mut rows = Vec::with_capacity(keyed.len());
    for (number, (_, address, record)) in keyed.iter().enumerate() {
        let mut row = Vec::with_capacity(sheet.columns.len());
        for column in &sheet.columns {
            row.push(match column.from {
                Source::Serial => (number + 1).to_string(),
                Source::Field => field_text(column, record, open.lists()),
                Source::Address => address.clone(),
                Source::Name => places.title(&record.kind, &record.fields)?,
                Source::People => {
                    household(&register, record).map(|facts| facts.people.to_string()).unwrap_or_default()
                }
                Source::LastMet => {
                    let met = household(&register, record).and_then(|facts| facts.history.last_met);
                    met.map(moment_text).unwrap_or_default()
                }
            });
        }
        rows.push(row);
    }
    Ok(rows)
}

fn household<'r>(register: &'r Arc<Register>, record: &Record) -> Option<&'r crate::read::HouseholdFacts> {
    register.household(record.id)
}

fn address(register: &Register, places: &mut Places<'_>, record: &Record) -> Result<String, DeviceError> {
    match record.kind {
        Kind::Household => Ok(register.household_address(record.id)),
        Kind::Person => {
            Ok(record.reference("household").map(|home| register.household_address(home)).unwrap_or_default())
        }
        _ => places.subtitle(record),
    }
}

fn csv(heads: &[&str], rows: &[Vec<String>]) -> Vec<u8> {
    // The mark at the beginning makes Excel read UTF-8; its lines end as Excel's do.
    let mut text = String::from("\u{FEFF}");
    let mut put = |cells: &mut dyn Iterator<Item = &str>| {
        let quoted: Vec<String> = cells.map(|cell| quoted(&defused(cell))).collect();
        text.push_str(&quoted.join(","));
        text.push_str("\r\n");
    };
    put(&mut heads.iter().copied());
    for row in rows {
        put(&mut row.iter().map(String::as_str));
    }
    text.into_bytes()
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// Everything is text: telephone and document numbers must not become rounded numbers, and nothing is calculated.
fn xlsx(title: &str, heads: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(title)?;
    let bold = Format::new().set_bold();
    for (column, head) in (0u16..).zip(heads) {
        sheet.write_string_with_format(0, column, *head, &bold)?;
        let widest = rows.iter().filter_map(|row| row.get(usize::from(column))).map(|text| wide(text)).max();
        sheet.set_column_width(column, widest.unwrap_or(0).max(wide(head)).clamp(6, 40) as f64 + 2.0)?;
    }
    for (number, row) in (1u32..).zip(rows) {
        for (column, text) in (0u16..).zip(row) {
            sheet.write_string(number, column, text)?;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    book.save_to_buffer()
}

/// The width of a text in half-width characters.
fn wide(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

fn unwritable(error: XlsxError) -> DeviceError {
    DeviceError::StorageBroken(format!("a sheet could not be written: {error}"))
}

#[cfg(test)]
mod tests {
    use domain::{CellCode, Stamp, Stamps};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_older_versions_stamped_as_reported_keeps_its_meaning() {
        let mut record = Record {
            id: "019a0000-0000-7000-8000-000000000001".parse().unwrap(),
            kind: Kind::Incident,
            cell: CellCode::new("610722001001001").unwrap(),
            fields: serde_json::from_value(json!({"title": "井盖破损"})).unwrap(),
            stamps: Stamps::all(Stamp::ZERO),
        };
        // As they wrote it: the whole record's version in hexadecimal digits.
        let stored = json!({"at": 5, "versions": {record.id.to_string(): record.version().as_str()}}).to_string();
        let reported: Reported = serde_json::from_str(&stored).unwrap();
        assert_eq!(serde_json::to_string(&reported).unwrap(), stored);
        assert!(!is_news(&reported, record.id, Digest::of(&record)));
        record.fields.insert("moved".into(), json!(1));
        assert!(is_news(&reported, record.id, Digest::of(&record)));
    }
}
