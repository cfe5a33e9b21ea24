//! What follows from the records that a transaction wrote, worked out once before it ends: a push of a thousand visits looks at
//! each household once, and adds to each sum once.
//!
//! Whoever writes a record says here what has to be looked at again; whoever reads what follows settles it first.

use std::collections::{BTreeMap, BTreeSet};

use domain::report::Counted;
use domain::{CellCode, RecordId};
use rusqlite::params;

use super::Sql;
use super::conflicts::Told;
use crate::store::Answer;

/// A record of a county.
pub(super) type Key = (String, RecordId);

/// What is to be worked out before the transaction ends.
#[derive(Default)]
pub(super) struct Following {
    /// What is added to a sum, by what is counted, day, cell and code.
    sums: BTreeMap<(&'static str, i64, CellCode, String), i64>,
    /// Residents and households of whom something was said: the homes that they have in the end are looked at.
    entries: BTreeSet<Key>,
    /// Households to look at, whoever stands for them in the end.
    homes: BTreeSet<Key>,
    /// Incidents to fold.
    incidents: BTreeSet<Key>,
    /// Records that were moved: where what is undecided of each is told since.
    pub(super) told: BTreeMap<Key, Told>,
}

impl Sql<'_> {
    /// Adds to the sums of a cell, or takes off.
    pub(super) fn add(&self, cell: &CellCode, counted: Vec<Counted>, sign: i64) {
        let sums = &mut self.following.borrow_mut().sums;
        for Counted { what, day, code, n } in counted {
            *sums.entry((what.name(), day, cell.clone(), code)).or_default() += n * sign;
        }
    }

    /// Something was said of a resident or household.
    pub(super) fn look_at_entry(&self, county: &str, entry: RecordId) {
        self.following.borrow_mut().entries.insert((county.to_owned(), entry));
    }

    /// Something in a household changed.
    pub(super) fn look_at_home(&self, county: &str, household: RecordId) {
        self.following.borrow_mut().homes.insert((county.to_owned(), household));
    }

    /// An incident or a step of it was written or went.
    pub(super) fn look_at_incident(&self, county: &str, incident: RecordId) {
        self.following.borrow_mut().incidents.insert((county.to_owned(), incident));
    }

    /// Works out what follows from what was written so far in this transaction.
    pub(super) fn settle(&self) -> Answer<()> {
        self.write_feeds()?;
        let Following { sums, entries, mut homes, incidents, told } = self.following.take();
        self.tell_moved(told)?;
        self.write_sums(sums)?;
        for (county, entry) in entries {
            homes.extend(self.home_of(entry, &county)?.map(|home| (county, home)));
        }
        let mut standing = BTreeSet::new();
        for (county, home) in &homes {
            standing.insert((county.clone(), self.stands_for(*home, county)?));
        }
        homes.append(&mut standing);
        for (county, home) in &homes {
            self.meet_again(county, *home)?;
        }
        self.fold_incidents(&incidents)
    }

    fn write_sums(&self, sums: BTreeMap<(&'static str, i64, CellCode, String), i64>) -> Answer<()> {
        const SQL: &str = "INSERT INTO tally (what, day, cell, code, n) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET n = n + excluded.n";
        for ((what, day, cell, code), n) in sums.into_iter().filter(|(_, n)| *n != 0) {
            self.conn.prepare_cached(SQL)?.execute(params![what, day, cell.as_str(), code, n])?;
        }
        Ok(())
    }
}
