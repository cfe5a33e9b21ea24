//! Forms and lists on paper: blocks in, the bytes of a PDF out. No I/O, no clock; the same blocks give the same bytes.
//!
//! Chinese stands in the predefined font `STSong-Light` of Adobe-GB1, which every reader brings or replaces, and letters and digits
//! in Times: so nothing is embedded and a form is a few kilobytes. Its text can be searched and copied.

mod file;
mod layout;
mod text;

/// What goes onto the paper.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    /// The document's name in the reader's window.
    pub name: String,
    /// Wide or high.
    pub orientation: Orientation,
    /// Written large and pale across every page, such as 演示数据.
    pub mark: Option<String>,
    /// The content, from top to bottom.
    pub blocks: Vec<Block>,
}

/// How an A4 sheet lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// 210 × 297 mm.
    #[default]
    Portrait,
    /// 297 × 210 mm.
    Landscape,
}

/// A piece of the content.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// The title, large and in the middle.
    Title(String),
    /// A line at the right edge under the title, such as the number of the file.
    Aside(String),
    /// A heading.
    Heading(String),
    /// A text; each of its lines begins with two characters of space, as Chinese paragraphs do.
    Paragraph(String),
    /// A text without that space: salutations, lists.
    Plain(String),
    /// So many ruled lines to write on by hand.
    Lines(usize),
    /// A bordered form: labels with their values.
    Facts(Vec<FactRow>),
    /// A bordered table whose head is repeated on every page.
    Table(Table),
    /// Bars, one below the other: a chart that needs no colour.
    Bars(Vec<Bar>),
    /// Whoever signs: each with a line to sign on and the day.
    Signatures(Vec<String>),
    /// Empty space, in lines.
    Space(f32),
    /// What follows begins on a new page.
    PageBreak,
}

/// A row of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct FactRow {
    /// Label and value, side by side; all pairs of a row are of one width. An empty value leaves room to write.
    pub pairs: Vec<(String, String)>,
    /// At least so many lines high.
    pub lines: usize,
}

impl FactRow {
    /// A row of one line with one label.
    pub fn one(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { pairs: vec![(label.into(), value.into())], lines: 1 }
    }

    /// A row of one line with two labels.
    pub fn two(left: (&str, String), right: (&str, String)) -> Self {
        Self { pairs: vec![(left.0.into(), left.1), (right.0.into(), right.1)], lines: 1 }
    }

    /// The same row, at least so high.
    #[must_use]
    pub fn tall(mut self, lines: usize) -> Self {
        self.lines = lines;
        self
    }
}

/// A bar of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it is of, at its left.
    pub label: String,
    /// What it says, at its right end.
    pub value: String,
    /// How long it is, from 0 to 1 of the room for it.
    pub share: f32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Heads of the columns.
    pub head: Vec<String>,
    /// Shares of the width, one a column; equal shares where there are none.
    pub shares: Vec<f32>,
    /// The rows. A row that is too short is filled with empty cells.
    pub rows: Vec<Vec<String>>,
}

/// Writes the PDF.
pub fn pdf(sheet: &Sheet) -> Vec<u8> {
    file::written(sheet, layout::pages(sheet))
}
