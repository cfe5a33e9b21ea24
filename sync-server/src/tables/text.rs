//! CSV: UTF-8 or GB18030, separated by commas, semicolons or tabs.

use domain::ProblemCode;
use encoding_rs::{GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::{Raw, fault};
use crate::hub::HubError;

pub(super) fn rows(bytes: &[u8]) -> Result<Raw, HubError> {
    let text = decoded(bytes)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator(&text))
        .from_reader(text.as_bytes());
    let mut raw = Raw::default();
    let mut record = csv::StringRecord::new();
    let mut line = 0;
    while reader.read_record(&mut record).map_err(|_| fault(ProblemCode::NotATable, None))? {
        for (column, cell) in record.iter().enumerate() {
            raw.put(line, column, cell)?;
        }
        line += 1;
    }
    Ok(raw)
}

/// The text, if it is one: a byte that no text has says that it is a program, a picture, anything else.
fn decoded(bytes: &[u8]) -> Result<String, HubError> {
    let with_mark = [UTF_8, UTF_16LE, UTF_16BE]
        .into_iter()
        .find(|encoding| encoding_rs::Encoding::for_bom(bytes).is_some_and(|(found, _)| found == *encoding));
    if with_mark.is_none() && bytes.contains(&0) {
        return Err(fault(ProblemCode::NotATable, None));
    }
    let encodings = match with_mark {
        Some(encoding) => vec![encoding],
        None => vec![UTF_8, GB18030],
    };
    for encoding in encodings {
        let (text, broken) = encoding.decode_with_bom_removal(bytes);
        if !broken {
            let stray = text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
            return if stray { Err(fault(ProblemCode::NotATable, None)) } else { Ok(text.into_owned()) };
        }
    }
    Err(fault(ProblemCode::UnreadableText, None))
}

/// What stands most often in the first lines, outside of quotes.
fn separator(text: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for c in text.lines().take(5).flat_map(str::bytes) {
        quoted ^= c == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == c && !quoted) {
            *count += 1;
        }
    }
    // The first of equals: a comma.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(separator, _)| *separator)
}
