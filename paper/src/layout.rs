//! Where everything stands: blocks become marks at places of pages.

use crate::text::{lines, printable, width};
use crate::{Bar, Block, FactRow, Orientation, Sheet, Table};

/// Text of forms, in points.
const SIZE: f32 = 11.0;
const SIZE_TITLE: f32 = 18.0;
const SIZE_HEADING: f32 = 13.0;
const SIZE_SMALL: f32 = 9.0;
/// From one line of text to the next.
const LEADING: f32 = 17.0;
const MARGIN: f32 = 56.0;
/// Between a border and the words beside it.
const PAD: f32 = 5.0;
/// A row of at most so many lines is not cut in two at the end of a page.
const WHOLE_LINES: usize = 8;

/// A page, from the lower left corner, in points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) marks: Vec<Mark>,
}

/// Something on a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    /// A line of text: where its baseline begins.
    Text { x: f32, y: f32, size: f32, bold: bool, text: String },
    /// A straight line.
    Line { from: (f32, f32), to: (f32, f32) },
    /// A pale field behind a label.
    Shade { x: f32, y: f32, width: f32, height: f32 },
    /// A bar of a chart.
    Bar { x: f32, y: f32, width: f32, height: f32 },
}

/// All pages of a sheet, numbered.
pub(crate) fn pages(sheet: &Sheet) -> Vec<Page> {
    let mut writer = Writer::new(sheet.orientation);
    for (index, block) in sheet.blocks.iter().enumerate() {
        if let Block::Heading(_) = block {
            writer.need_with_heading(sheet.blocks.get(index + 1));
        }
        writer.block(block);
    }
    writer.finish()
}

struct Writer {
    width: f32,
    height: f32,
    done: Vec<Page>,
    marks: Vec<Mark>,
    /// The upper edge of what comes next.
    y: f32,
}

/// A cell of a row: its left edge, its width, its lines.
struct Cell {
    x: f32,
    width: f32,
    lines: Vec<String>,
    label: bool,
}

impl Writer {
    fn new(orientation: Orientation) -> Self {
        const A4: (f32, f32) = (595.0, 842.0);
        let (width, height) = match orientation {
            Orientation::Portrait => A4,
            Orientation::Landscape => (A4.1, A4.0),
        };
        Self { width, height, done: Vec::new(), marks: Vec::new(), y: height - MARGIN }
    }

    fn room(&self) -> f32 {
        self.width - 2.0 * MARGIN
    }

    fn new_page(&mut self) {
        let marks = std::mem::take(&mut self.marks);
        self.done.push(Page { width: self.width, height: self.height, marks });
        self.y = self.height - MARGIN;
    }

    /// Begins a new page when less than this is left of the present one.
    fn need(&mut self, height: f32) {
        if self.y - height < MARGIN && !self.marks.is_empty() {
            self.new_page();
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Title(text) => self.title(text),
            Block::Aside(text) => self.aside(text),
            Block::Heading(text) => self.heading(text),
            Block::Paragraph(text) => self.paragraph(text, 2.0),
            Block::Plain(text) => self.paragraph(text, 0.0),
            Block::Lines(count) => self.ruled(*count),
            Block::Facts(rows) => self.facts(rows),
            Block::Table(table) => self.table(table),
            Block::Bars(bars) => self.bars(bars),
            Block::Signatures(names) => self.signatures(names),
            Block::Space(lines) => self.y -= lines * LEADING,
            Block::PageBreak => {
                if !self.marks.is_empty() {
                    self.new_page();
                }
            }
        }
    }

    fn text(&mut self, x: f32, y: f32, size: f32, bold: bool, text: String) {
        if !text.trim().is_empty() {
            self.marks.push(Mark::Text { x, y, size, bold, text });
        }
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32)) {
        self.marks.push(Mark::Line { from, to });
    }

    fn title(&mut self, text: &str) {
        for line in lines(text, self.room() / SIZE_TITLE, 0.0) {
            self.need(SIZE_TITLE * 2.0);
            let x = (self.width - width(&line) * SIZE_TITLE) / 2.0;
            let y = self.y - SIZE_TITLE;
            self.text(x, y, SIZE_TITLE, true, line);
            self.y -= SIZE_TITLE * 1.5;
        }
        self.y -= 6.0;
    }

    fn aside(&mut self, text: &str) {
        self.need(LEADING);
        let text = printable(text);
        let x = self.width - MARGIN - width(&text) * SIZE;
        let y = self.y - SIZE;
        self.text(x, y, SIZE, false, text);
        self.y -= LEADING;
    }

    /// A heading at the very end of a page would stand there without its words, or without the table that it is of.
    fn need_with_heading(&mut self, next: Option<&Block>) {
        let begins = match next {
            Some(Block::Table(table)) => self.beginning_of(table),
            _ => 3.0 * LEADING,
        };
        self.need(6.0 + SIZE_HEADING * 1.6 + begins);
    }

    fn heading(&mut self, text: &str) {
        self.y -= 6.0;
        for line in lines(text, self.room() / SIZE_HEADING, 0.0) {
            let y = self.y - SIZE_HEADING;
            self.text(MARGIN, y, SIZE_HEADING, true, line);
            self.y -= SIZE_HEADING * 1.6;
        }
    }

    fn paragraph(&mut self, text: &str, indent: f32) {
        for line in lines(text, self.room() / SIZE, indent) {
            self.need(LEADING);
            let y = self.y - SIZE;
            self.text(MARGIN, y, SIZE, false, line);
            self.y -= LEADING;
        }
    }

    fn ruled(&mut self, count: usize) {
        for _ in 0..count {
            self.need(LEADING * 1.4);
            self.y -= LEADING * 1.4;
            let y = self.y;
            self.line((MARGIN, y), (self.width - MARGIN, y));
        }
        self.y -= 4.0;
    }

    fn facts(&mut self, rows: &[FactRow]) {
        self.y -= 4.0;
        for row in rows {
            let share = self.room() / row.pairs.len().max(1) as f32;
            // Labels are as wide as six characters, or less where there is little room.
            let label_width = (6.0 * SIZE + 2.0 * PAD).min(share * 0.4);
            let mut cells = Vec::with_capacity(2 * row.pairs.len());
            for (index, (label, value)) in row.pairs.iter().enumerate() {
                let x = MARGIN + share * index as f32;
                cells.push(Cell::new(x, label_width, label, true));
                cells.push(Cell::new(x + label_width, share - label_width, value, false));
            }
            self.row(&cells, row.lines, None);
        }
        self.y -= 4.0;
    }

    fn table(&mut self, table: &Table) {
        if total_of(table) <= 0.0 {
            return;
        }
        let head = self.cells_of(table, &table.head, true);
        // The head alone at the end of a page says nothing.
        self.need(self.beginning_of(table));
        self.y -= 4.0;
        self.row(&head, 1, None);
        for row in &table.rows {
            self.row(&self.cells_of(table, row, false), 1, Some(&head));
        }
        self.y -= 4.0;
    }

    /// The height of a table's head with its first row, or with as much of it as is not cut.
    fn beginning_of(&self, table: &Table) -> f32 {
        let first = table.rows.first().map_or(0, |row| lines_of(&self.cells_of(table, row, false), 1));
        4.0 + row_height(lines_of(&self.cells_of(table, &table.head, true), 1)) + row_height(first.min(WHOLE_LINES))
    }

    fn cells_of(&self, table: &Table, words: &[String], label: bool) -> Vec<Cell> {
        let total = total_of(table);
        let mut x = MARGIN;
        let mut cells = Vec::with_capacity(table.head.len());
        for index in 0..table.head.len() {
            let wide = self.room() * share_of(table, index) / total;
            cells.push(Cell::new(x, wide, words.get(index).map_or("", String::as_str), label));
            x += wide;
        }
        cells
    }

    /// A bordered row. A short one goes to the next page whole; a long one is cut between two lines. A table's head comes first there.
    fn row(&mut self, cells: &[Cell], least: usize, head: Option<&[Cell]>) {
        let count = lines_of(cells, least);
        let mut from = 0;
        while from < count {
            let fits = ((self.y - MARGIN - 2.0 * PAD) / LEADING).floor().max(0.0) as usize;
            let left = count - from;
            let whole = left <= WHOLE_LINES;
            if fits < left && (whole || fits < 3) && !self.marks.is_empty() && self.y < self.height - MARGIN {
                self.new_page();
                if let Some(head) = head {
                    self.part(head, 0, lines_of(head, 1));
                }
                continue;
            }
            let take = left.min(fits.max(1));
            self.part(cells, from, take);
            from += take;
        }
    }

    /// So many lines of a row, from that line on, with their borders.
    fn part(&mut self, cells: &[Cell], from: usize, take: usize) {
        let height = row_height(take);
        let (top, bottom) = (self.y, self.y - height);
        let (left, right) = (MARGIN, self.width - MARGIN);
        for cell in cells.iter().filter(|cell| cell.label) {
            self.marks.push(Mark::Shade { x: cell.x, y: bottom, width: cell.width, height });
        }
        for cell in cells {
            for (index, line) in cell.lines.iter().skip(from).take(take).enumerate() {
                let y = top - PAD - LEADING * (index as f32 + 0.76);
                self.text(cell.x + PAD, y, SIZE, false, line.clone());
            }
            self.line((cell.x, top), (cell.x, bottom));
        }
        self.line((right, top), (right, bottom));
        self.line((left, top), (right, top));
        self.line((left, bottom), (right, bottom));
        self.y = bottom;
    }

    fn bars(&mut self, bars: &[Bar]) {
        let label_width = self.room() * 0.3;
        // Room for the longest value behind the longest bar.
        let value_width =
            bars.iter().map(|bar| width(&printable(&bar.value)) * SIZE_SMALL).fold(0.0, f32::max) + 2.0 * PAD;
        let longest = (self.room() - label_width - value_width).max(1.0);
        self.y -= 2.0;
        for bar in bars {
            self.need(LEADING);
            let (baseline, left) = (self.y - SIZE, MARGIN + label_width);
            let label = lines(&bar.label, (label_width - PAD) / SIZE_SMALL, 0.0).into_iter().next().unwrap_or_default();
            self.text(MARGIN, baseline, SIZE_SMALL, false, label);
            let wide = longest * if bar.share.is_finite() { bar.share.clamp(0.0, 1.0) } else { 0.0 };
            if wide > 0.0 {
                self.marks.push(Mark::Bar { x: left, y: baseline - 2.0, width: wide, height: SIZE_SMALL + 1.0 });
            }
            self.text(left + wide + PAD, baseline, SIZE_SMALL, false, printable(&bar.value));
            self.y -= LEADING;
        }
        self.y -= 4.0;
    }

    fn signatures(&mut self, names: &[String]) {
        self.y -= 10.0;
        for name in names {
            self.need(LEADING * 2.0);
            let baseline = self.y - SIZE;
            let label = format!("{}：", printable(name));
            let from = MARGIN + width(&label) * SIZE;
            let day = "年    月    日";
            let day_at = self.width - MARGIN - width(day) * SIZE;
            self.text(MARGIN, baseline, SIZE, false, label);
            self.line((from, baseline - 3.0), (day_at - 40.0, baseline - 3.0));
            self.text(day_at, baseline, SIZE, false, day.to_owned());
            self.y -= LEADING * 2.0;
        }
    }

    fn finish(mut self) -> Vec<Page> {
        if !self.marks.is_empty() || self.done.is_empty() {
            self.new_page();
        }
        let count = self.done.len();
        for (index, page) in self.done.iter_mut().enumerate() {
            let text = format!("第 {} 页  共 {count} 页", index + 1);
            let x = (page.width - width(&text) * SIZE_SMALL) / 2.0;
            page.marks.push(Mark::Text { x, y: MARGIN / 2.0, size: SIZE_SMALL, bold: false, text });
        }
        self.done
    }
}

impl Cell {
    fn new(x: f32, width: f32, text: &str, label: bool) -> Self {
        Self { x, width, lines: lines(text, ((width - 2.0 * PAD) / SIZE).max(1.0), 0.0), label }
    }
}

/// How much of the width a column takes, in parts of [`total_of`].
fn share_of(table: &Table, column: usize) -> f32 {
    table.shares.get(column).copied().unwrap_or(1.0)
}

fn total_of(table: &Table) -> f32 {
    (0..table.head.len()).map(|column| share_of(table, column)).sum()
}

fn lines_of(cells: &[Cell], least: usize) -> usize {
    cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0).max(least).max(1)
}

fn row_height(lines: usize) -> f32 {
    LEADING * lines as f32 + 2.0 * PAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(page: &Page) -> impl Iterator<Item = &str> {
        page.marks.iter().filter_map(|mark| match mark {
            Mark::Text { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    #[test]
    fn the_head_of_a_table_is_on_every_page() {
        let rows = (0..100).map(|n| vec![n.to_string(), "居民".to_owned()]).collect();
        let table = Table { head: vec!["序号".into(), "姓名".into()], shares: vec![1.0, 4.0], rows };
        let pages = pages(&Sheet { blocks: vec![Block::Table(table)], ..Sheet::default() });
        assert!(pages.len() >= 3);
        for page in &pages {
            assert!(texts(page).any(|text| text == "姓名"));
        }
        let all: Vec<&str> = pages.iter().flat_map(texts).collect();
        assert!((0..100).all(|n| all.contains(&n.to_string().as_str())));
        assert!(all.contains(&format!("第 1 页  共 {} 页", pages.len()).as_str()));
    }

    #[test]
    fn a_heading_goes_to_the_next_page_with_its_table() {
        let rows = vec![vec!["一".to_owned(), "老人行动不便，需要人背或轮椅".repeat(2)]; 3];
        let table = Table { head: vec!["序号".into(), "备注".into()], shares: vec![3.0, 1.0], rows };
        for above in 0..60 {
            let words = std::iter::repeat_n(Block::Plain("字".into()), above);
            let end = [Block::Heading("全部人员".into()), Block::Table(table.clone())];
            let pages = pages(&Sheet { blocks: words.chain(end).collect(), ..Sheet::default() });
            let page = pages.iter().find(|page| texts(page).any(|text| text == "全部人员")).unwrap();
            assert!(texts(page).any(|text| text == "一"), "behind {above} lines");
        }
    }

    #[test]
    fn a_value_longer_than_a_page_goes_on_on_the_next() {
        let facts = vec![FactRow::one("纠纷事实", "事".repeat(4000))];
        let pages = pages(&Sheet { blocks: vec![Block::Facts(facts)], ..Sheet::default() });
        assert!(pages.len() > 2);
        let written: usize = pages.iter().flat_map(texts).map(|text| text.matches('事').count()).sum();
        assert_eq!(written, 4000 + 1, "the label has one of its own");
    }

    #[test]
    fn nothing_stands_outside_the_page() {
        let blocks = vec![
            Block::Title("人民调解协议书".repeat(8)),
            Block::Paragraph("文".repeat(3000)),
            Block::Lines(60),
            Block::Signatures(vec!["当事人".into(); 40]),
        ];
        for orientation in [Orientation::Portrait, Orientation::Landscape] {
            let sheet = Sheet { orientation, blocks: blocks.clone(), ..Sheet::default() };
            for page in pages(&sheet) {
                for mark in &page.marks {
                    if let Mark::Text { x, y, size, text, .. } = mark {
                        assert!(*x >= 0.0 && *y > 0.0 && x + width(text) * size <= page.width, "{mark:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_its_value_stands_behind_it_within_the_page() {
        let bar = |share: f32| Bar { label: "物业管理纠纷".repeat(4), value: "7072300.00 元".into(), share };
        let bars: Vec<Bar> = [0.0, 0.5, 1.0, 7.0, f32::NAN].into_iter().map(bar).collect();
        let pages = pages(&Sheet { blocks: vec![Block::Bars(bars)], ..Sheet::default() });
        let drawn: Vec<f32> = pages[0]
            .marks
            .iter()
            .filter_map(|mark| match mark {
                Mark::Bar { width, .. } => Some(*width),
                _ => None,
            })
            .collect();
        assert_eq!(drawn.len(), 3, "nothing has no bar");
        assert!((drawn[1] - 2.0 * drawn[0]).abs() < 0.1 && (drawn[2] - drawn[1]).abs() < 0.1);
        for mark in &pages[0].marks {
            if let Mark::Text { x, size, text, .. } = mark {
                assert!(x + width(text) * size <= pages[0].width - MARGIN + 1.0, "{text}");
            }
        }
    }

    #[test]
    fn an_empty_sheet_is_one_page() {
        assert_eq!(pages(&Sheet::default()).len(), 1);
    }
}
