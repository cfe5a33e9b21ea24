//! A report as a workbook: every figure with its rule, then the places below side by side. Numbers are numbers; texts can start no
//! formula.

use domain::codes::Lists;
use domain::report::FigureValue;
use domain::sheet::defused;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::ReportPage;
use super::words::{figure, lines, made, period, reading, word};

/// The workbook's bytes.
pub(super) fn workbook(page: &ReportPage, lists: &Lists) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let looks = Looks::new();
    figures(book.add_worksheet(), page, lists, &looks)?;
    if !page.below.is_empty() {
        places(book.add_worksheet(), page, &looks)?;
    }
    book.save_to_buffer()
}

/// How numbers and heads look.
struct Looks {
    head: Format,
    share: Format,
    yuan: Format,
    days: Format,
}

impl Looks {
    fn new() -> Self {
        Self {
            head: Format::new().set_bold().set_text_wrap(),
            share: Format::new().set_num_format("0.0%"),
            yuan: Format::new().set_num_format("#,##0.00"),
            days: Format::new().set_num_format("0.0"),
        }
    }
}

/// A figure as a number where it is one.
fn put(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: Option<&FigureValue>,
    looks: &Looks,
) -> Result<(), XlsxError> {
    match value {
        None => sheet.write_number(row, column, 0)?,
        #[expect(clippy::cast_precision_loss, reason = "a workbook knows no other numbers, and counts are far below")]
        Some(FigureValue::Count { n }) => sheet.write_number(row, column, *n as f64)?,
        #[expect(clippy::cast_precision_loss, reason = "thousandths are at most a thousand")]
        Some(FigureValue::Share { permille: Some(permille), .. }) => {
            // From the frozen thousandths, not divided anew: Excel would round 9,999 of 10,000 up to all.
            sheet.write_number_with_format(row, column, *permille as f64 / 1000.0, &looks.share)?
        }
        Some(FigureValue::Share { part, whole, permille: None }) => {
            sheet.write_string(row, column, format!("{part}/{whole}"))?
        }
        Some(FigureValue::Yuan { amount }) => match amount.parse::<f64>() {
            Ok(number) => sheet.write_number_with_format(row, column, number, &looks.yuan)?,
            Err(_) => sheet.write_string(row, column, amount)?,
        },
        #[expect(clippy::cast_precision_loss, reason = "days of a report are few")]
        Some(FigureValue::Days { tenths }) => {
            sheet.write_number_with_format(row, column, *tenths as f64 / 10.0, &looks.days)?
        }
    };
    Ok(())
}

fn say(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    sheet.write_string(row, column, defused(text)).map(|_| ())
}

fn figures(sheet: &mut Worksheet, page: &ReportPage, lists: &Lists, looks: &Looks) -> Result<(), XlsxError> {
    sheet.set_name(word("sheet.figures"))?;
    say(sheet, 0, 0, &format!("{} {}", page.place.name, word("title")))?;
    say(sheet, 1, 0, &period(page))?;
    say(sheet, 2, 0, &made(page))?;
    say(sheet, 3, 0, &reading(page))?;
    for (column, head) in (0..).zip(["section", "figure", "code", "now", "before", "formula"]) {
        sheet.write_string_with_format(4, column, word(&format!("column.{head}")), &looks.head)?;
    }
    for (row, line) in (5..).zip(lines(page, &page.place, lists)) {
        say(sheet, row, 0, &line.section)?;
        say(sheet, row, 1, &line.name)?;
        say(sheet, row, 2, line.code.as_deref().unwrap_or_default())?;
        put(sheet, row, 3, line.value, looks)?;
        if let Some(before) = line.before {
            put(sheet, row, 4, before, looks)?;
        }
        say(sheet, row, 5, &line.formula)?;
    }
    for (column, width) in (0..).zip([14, 22, 22, 14, 14, 80]) {
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(5, 0).map(|_| ())
}

/// A row for each place, a column for each figure.
fn places(sheet: &mut Worksheet, page: &ReportPage, looks: &Looks) -> Result<(), XlsxError> {
    sheet.set_name(word("sheet.places"))?;
    sheet.write_string_with_format(0, 0, word("column.code_of_place"), &looks.head)?;
    sheet.write_string_with_format(0, 1, word("column.place"), &looks.head)?;
    for (column, rule) in (2..).zip(&page.rules) {
        sheet.write_string_with_format(0, column, word(&format!("figure.{}", rule.key)), &looks.head)?;
    }
    for (row, place) in (1..).zip(&page.below) {
        say(sheet, row, 0, place.place.as_str())?;
        say(sheet, row, 1, &place.name)?;
        for (column, rule) in (2..).zip(&page.rules) {
            put(sheet, row, column, figure(&place.figures, &rule.key, None), looks)?;
        }
    }
    sheet.set_column_width(0, 18)?;
    sheet.set_column_width(1, 18)?;
    sheet.set_freeze_panes(1, 2).map(|_| ())
}
