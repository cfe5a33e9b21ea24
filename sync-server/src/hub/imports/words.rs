//! What is said of a table that is taken in: what it holds, where it stands, which column says what, what was found in it.

use std::collections::BTreeMap;

use domain::CellCode;
use domain::import::Target;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::FINDINGS_MAX;
use crate::store::ImportBatch;

/// What a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ImportOf {
    /// Doors, households and residents.
    Register,
    /// Divisions and cells.
    Divisions,
}

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum ImportState {
    /// It waits for its columns to be told.
    Uploaded,
    /// It is being tried.
    Checking,
    /// It was tried: nothing is written yet.
    Checked,
    /// It is being written.
    Running,
    /// It stopped half-way and can be gone on with.
    Stopped,
    /// All of it was written that could be.
    Done,
}

/// Which column says what, and where rows lie that do not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[ts(export)]
pub struct ImportPlan {
    /// Column by target, from 0.
    #[ts(type = "{ [target in import(\"./Target\").Target]?: number }")]
    #[schema(value_type = BTreeMap<String, usize>)]
    pub columns: BTreeMap<Target, usize>,
    /// The cell of rows that name none.
    #[ts(type = "string | null")]
    #[schema(value_type = Option<String>)]
    pub cell: Option<CellCode>,
}

/// Something found in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[ts(export)]
pub struct Finding {
    /// The row, as a spreadsheet counts.
    #[ts(type = "number")]
    pub row: usize,
    /// The field, or empty.
    pub field: String,
    /// A problem's code, a warning's, or one of `same_as_row`, `already_there`.
    pub code: String,
    /// Whether the row is left out because of it.
    pub wrong: bool,
    /// The row that it is the same as; the bound that was passed.
    pub other: Option<i64>,
}

/// What was found, or written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[ts(export)]
pub struct ImportReport {
    /// Rows that are not empty.
    #[ts(type = "number")]
    pub rows: usize,
    /// Rows that are left out because something in them is wrong.
    #[ts(type = "number")]
    pub wrong: usize,
    /// Rows that are left out because they say what is there already.
    #[ts(type = "number")]
    pub known: usize,
    /// Rows with something odd that are taken.
    #[ts(type = "number")]
    pub odd: usize,
    /// New records by kind.
    #[ts(type = "{ [kind: string]: number }")]
    pub created: BTreeMap<String, usize>,
    /// What was found, row by row: the first of them.
    pub findings: Vec<Finding>,
    /// How many there are in all.
    #[ts(type = "number")]
    pub found: usize,
}

impl ImportReport {
    pub(super) fn find(&mut self, finding: Finding) {
        self.found += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

/// A column of an uploaded table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS, ToSchema)]
#[ts(export)]
pub struct ImportColumn {
    /// Its letters: A, B … AA.
    pub letters: String,
    /// Its heading.
    pub head: String,
    /// The column with the same heading that stands before it.
    pub same_as: Option<String>,
    /// What it probably says.
    #[ts(type = "import(\"./Target\").Target | null")]
    #[schema(value_type = Option<String>)]
    pub guess: Option<Target>,
    /// Its first texts.
    pub samples: Vec<String>,
}

/// A batch as its owner sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportLine {
    /// The stored batch.
    pub batch: ImportBatch,
    /// What it holds.
    pub what: ImportOf,
    /// Where it stands.
    pub state: ImportState,
    /// Which column says what.
    pub plan: ImportPlan,
    /// What was found.
    pub report: ImportReport,
}
