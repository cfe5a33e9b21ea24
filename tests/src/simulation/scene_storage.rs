//! What a test with a name does to a phone's storage, and what it looks up in it.

use std::collections::BTreeMap;

use domain::Kind;

use super::disk::Blow;
use super::scene::Scene;
use crate::trouble::{Doing, Outcome};

/// What lies on a page of a register's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The table or index that it belongs to.
    pub of: String,
    /// Whether it holds rows, or entries of an index, and does not merely lead to those that do or go on with a long one.
    pub is_leaf: bool,
    /// How many rows or entries lie on it.
    pub rows: usize,
}

impl Scene {
    /// A worker writes a word into the household's note while the power goes, or a commit fails, after so many commits; then the phone is
    /// started again.
    ///
    /// # Errors
    /// When the phone says that it is saved and it is not, when it is saved by halves, or when the phone does not start.
    pub fn write_with_fuse(&mut self, phone: usize, word: &str, commits: usize, power: bool) -> Outcome {
        self.history.phones[phone].plant(commits, if power { Blow::Cut } else { Blow::Fail })?;
        self.write(phone, word)?;
        self.history.phones[phone].recover().map(|_| ())
    }

    /// What `PRAGMA synchronous` says on a phone and on the server.
    ///
    /// # Errors
    /// When one of them cannot be asked.
    pub fn synchronous(&self, phone: usize) -> Outcome<[i64; 2]> {
        const SQL: &str = "PRAGMA synchronous";
        let here = self.history.phones[phone]
            .open(|open| Ok(open.store().connection().query_row(SQL, [], |row| row.get(0))?))?;
        let hub = self.history.county.hub()?;
        let there = hub.store().below().on_writer(|connection| connection.query_row(SQL, [], |row| row.get(0)));
        Ok([here, there.doing("asking the server's database")?])
    }

    /// Puts a phone's folder back as it was when it was copied aside, and asks no law: for trying one thing after the other on it.
    ///
    /// # Errors
    /// When it was never copied aside, or does not start.
    pub fn put_folder_back(&mut self, phone: usize) -> Outcome {
        self.history.phones[phone].restore()
    }

    /// The pages of a phone's register that hold anything, counted from nought.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn pages(&self, phone: usize) -> Outcome<BTreeMap<usize, Page>> {
        const SQL: &str = "SELECT pageno - 1, name, pagetype = 'leaf', ncell FROM dbstat";
        self.history.phones[phone].open(|open| {
            let mut statement = open.store().connection().prepare(SQL)?;
            let page = |row: &rusqlite::Row<'_>| {
                let (number, rows): (i64, i64) = (row.get(0)?, row.get(3)?);
                let page = Page { of: row.get(1)?, is_leaf: row.get(2)?, rows: rows.unsigned_abs() as usize };
                Ok((number.unsigned_abs() as usize, page))
            };
            Ok(statement.query_map([], page)?.collect::<Result<_, _>>()?)
        })
    }

    /// How many records of a kind a phone has.
    ///
    /// # Errors
    /// When the phone cannot be read.
    pub fn count_on_phone(&self, phone: usize, kind: &Kind) -> Outcome<usize> {
        Ok(self.history.phones[phone].of_kind(kind)?.len())
    }
}
