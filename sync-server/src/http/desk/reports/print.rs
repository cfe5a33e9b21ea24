//! A report on paper: the figures with their rules, bars where there are codes to compare, and the places below.

use domain::codes::Lists;
use domain::report::FigureValue;
use paper::{Bar, Block, Orientation, Sheet, Table};

use super::ReportPage;
use super::words::{Line, figure, lines, made, period, reading, text, word};

/// At most so many bars of one chart: more would be a page that nobody reads.
const BARS_MAX: usize = 12;

/// The figures of the places below that fit side by side, in their order.
const SIDE_BY_SIDE: [&str; 8] =
    ["households", "residents", "visits", "care_rate", "incidents", "on_time_rate", "disputes", "hazards"];

/// The sheet to print.
pub(super) fn on_paper(page: &ReportPage, lists: &Lists, demo: bool) -> Sheet {
    let title = format!("{}{}", page.place.name, word("title"));
    let asides = [period(page), made(page), reading(page)].map(Block::Aside);
    let mut blocks: Vec<Block> = std::iter::once(Block::Title(title.clone())).chain(asides).collect();
    let all = lines(page, &page.place, lists);
    for section in all.chunk_by(|a, b| a.section == b.section) {
        blocks.push(Block::Heading(section.first().map(|line| line.section.clone()).unwrap_or_default()));
        blocks.push(Block::Table(table(section)));
        for chart in section.chunk_by(|a, b| a.name == b.name) {
            blocks.extend(bars(chart));
        }
    }
    if !page.below.is_empty() {
        blocks.push(Block::PageBreak);
        blocks.push(Block::Heading(word("sheet.places")));
        blocks.push(Block::Table(places(page)));
    }
    Sheet { name: title, orientation: Orientation::Portrait, mark: demo.then(|| word("demo")), blocks }
}

fn table(section: &[Line<'_>]) -> Table {
    let whole = section.iter().filter(|line| line.code.is_none());
    let row = |line: &Line<'_>| {
        let before = line.before.map_or_else(|| "—".to_owned(), text);
        vec![line.name.clone(), text(line.value), before, line.formula.clone()]
    };
    Table {
        head: ["figure", "now", "before", "formula"].map(|head| word(&format!("column.{head}"))).to_vec(),
        shares: vec![2.2, 2.0, 2.0, 5.0],
        rows: whole.map(row).collect(),
    }
}

/// A chart of a figure's codes, the largest first; none where there are not two.
fn bars(lines: &[Line<'_>]) -> Vec<Block> {
    let mut of_codes: Vec<(f64, &Line<'_>)> = lines
        .iter()
        .filter(|line| line.code.is_some())
        .map(|line| (size(line.value), line))
        .filter(|(size, _)| *size > 0.0)
        .collect();
    let Some(name) = lines.first().map(|line| line.name.clone()).filter(|_| of_codes.len() > 1) else {
        return Vec::new();
    };
    of_codes.sort_by(|a, b| b.0.total_cmp(&a.0));
    let longest = of_codes.first().map_or(1.0, |(size, _)| *size);
    let bar = |(size, line): &(f64, &Line<'_>)| Bar {
        label: line.code.clone().unwrap_or_default(),
        value: text(line.value),
        #[expect(clippy::cast_possible_truncation, reason = "a share of a length on paper")]
        share: (size / longest) as f32,
    };
    vec![Block::Plain(name), Block::Bars(of_codes.iter().take(BARS_MAX).map(bar).collect())]
}

#[expect(clippy::cast_precision_loss, reason = "the length of a bar")]
fn size(value: Option<&FigureValue>) -> f64 {
    match value {
        Some(FigureValue::Count { n }) => *n as f64,
        Some(FigureValue::Yuan { amount }) => amount.parse().unwrap_or(0.0),
        Some(FigureValue::Days { tenths }) => *tenths as f64,
        Some(FigureValue::Share { .. }) | None => 0.0,
    }
}

fn places(page: &ReportPage) -> Table {
    let shown: Vec<&str> =
        SIDE_BY_SIDE.into_iter().filter(|key| page.rules.iter().any(|rule| rule.key == *key)).collect();
    let short = |value: Option<&FigureValue>| match value {
        Some(FigureValue::Share { permille: Some(permille), .. }) => format!("{}.{} %", permille / 10, permille % 10),
        other => text(other),
    };
    let mut head = vec![word("column.place")];
    head.extend(shown.iter().map(|key| word(&format!("figure.{key}"))));
    let rows = page.below.iter().map(|place| {
        let mut row = vec![place.name.clone()];
        row.extend(shown.iter().map(|key| short(figure(&place.figures, key, None))));
        row
    });
    let mut shares = vec![1.8];
    shares.extend(shown.iter().map(|_| 1.0));
    Table { head, shares, rows: rows.collect() }
}
