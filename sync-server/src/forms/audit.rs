//! The audit log as a file: one entry a row, with its link, so that it can be compared with the log later.

use rust_xlsxwriter::{Workbook, XlsxError};

use super::moment;
use crate::http::desk::DeskAuditEntry;
use crate::hub::HubError;

const HEAD: [&str; 9] = ["seq", "time", "who", "name", "action", "subject", "reason", "fields", "link"];

/// The log as CSV, with the mark by which spreadsheet programs know that it is UTF-8.
pub(crate) fn csv(entries: &[DeskAuditEntry]) -> Result<Vec<u8>, HubError> {
    let mut writer = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let broken = |error: csv::Error| HubError::Broken(error.to_string());
    writer.write_record(HEAD).map_err(broken)?;
    for entry in entries {
        writer.write_record(row(entry).map(|text| harmless(&text))).map_err(broken)?;
    }
    writer.into_inner().map_err(|error| HubError::Broken(error.to_string()))
}

/// The log as a workbook.
pub(crate) fn xlsx(entries: &[DeskAuditEntry]) -> Result<Vec<u8>, HubError> {
    let write = || -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        for (column, title) in (0..).zip(HEAD) {
            sheet.write_string(0, column, title)?;
        }
        for (line, entry) in (1..).zip(entries) {
            // Written as texts, so that no cell is a formula.
            for (column, text) in (0..).zip(row(entry)) {
                sheet.write_string(line, column, text)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        sheet.autofit();
        book.save_to_buffer()
    };
    write().map_err(|error| HubError::Broken(error.to_string()))
}

fn row(entry: &DeskAuditEntry) -> [String; 9] {
    [
        entry.seq.to_string(),
        moment(entry.at),
        entry.who.clone(),
        entry.name.clone().unwrap_or_default(),
        entry.action.clone(),
        entry.subject.clone(),
        entry.reason.clone().unwrap_or_default(),
        entry.fields.join(" "),
        entry.link.clone(),
    ]
}

/// A text that a spreadsheet program would take for a formula, made one that it takes for a text.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> DeskAuditEntry {
        DeskAuditEntry {
            seq: 7,
            at: 1_795_312_800_000,
            who: "boss".into(),
            name: Some(name.into()),
            action: "look".into(),
            subject: "x".into(),
            reason: Some("request".into()),
            fields: vec!["name".into(), "phone".into()],
            link: "ab".into(),
        }
    }

    #[test]
    fn no_cell_of_an_export_is_a_formula() {
        let written = String::from_utf8(csv(&[entry("=HYPERLINK(1)")]).unwrap()).unwrap();
        assert!(written.starts_with('\u{feff}'));
        assert!(
            written.ends_with("7,2026-11-22 10:00,boss,'=HYPERLINK(1),look,x,request,name phone,ab\n"),
            "{written}"
        );
    }

    #[test]
    fn a_workbook_is_one() {
        assert!(xlsx(&[entry("王*")]).unwrap().starts_with(b"PK"));
    }
}
