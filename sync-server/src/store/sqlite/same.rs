//! Which residents and households gave way to which (`domain::same`), kept as they are written: what was said of an entry that gave way
//! counts for the one that stands for it, whichever of the two came first, and for itself again when that is taken back.

use std::collections::BTreeSet;

use domain::report::left_on;
use domain::{Kind, RecordId, Scope};
use rusqlite::{OptionalExtension, params};

use super::Sql;
use super::rows::{county, record_id};
use crate::store::{Answer, CaredFor};

impl Sql<'_> {
    /// Keeps to which entry this one gave way, if to any. The home that it had until now is looked at again.
    pub(super) fn keep_way(&self, id: RecordId, county: &str, into: Option<RecordId>) -> Answer<()> {
        const NEW: &str = "INSERT INTO gave_way (id, county, into_id, stands) VALUES (?1, ?2, ?3, ?3)
            ON CONFLICT DO UPDATE SET into_id = excluded.into_id";
        if self.way_of(id, county)? == into {
            return Ok(());
        }
        if let Some(home) = self.home_of(id, county)? {
            self.look_at_home(county, home);
        }
        let key = params![id.0.as_bytes(), county];
        match into {
            Some(into) => {
                self.conn.prepare_cached(NEW)?.execute(params![id.0.as_bytes(), county, into.0.as_bytes()])?
            }
            None => self.conn.prepare_cached("DELETE FROM gave_way WHERE id = ?1 AND county = ?2")?.execute(key)?,
        };
        self.stand_again(id, county)
    }

    /// Works out anew who stands for an entry and for those that gave way to it.
    fn stand_again(&self, id: RecordId, county: &str) -> Answer<()> {
        const BELOW: &str = "UPDATE gave_way SET stands = ?3 WHERE county = ?2 AND id IN (
            WITH RECURSIVE below (id) AS (SELECT ?1 UNION
                SELECT g.id FROM gave_way AS g JOIN below ON g.into_id = below.id WHERE g.county = ?2)
            SELECT id FROM below)";
        // Every step leads to a smaller id: it ends.
        let mut stands = id;
        while let Some(into) = self.way_of(stands, county)? {
            stands = into;
        }
        self.conn.prepare_cached(BELOW)?.execute(params![id.0.as_bytes(), county, stands.0.as_bytes()])?;
        Ok(())
    }

    fn way_of(&self, id: RecordId, county: &str) -> Answer<Option<RecordId>> {
        const SQL: &str = "SELECT into_id FROM gave_way WHERE id = ?1 AND county = ?2";
        let key = params![id.0.as_bytes(), county];
        Ok(self.conn.prepare_cached(SQL)?.query_row(key, |row| record_id(row, 0)).optional()?)
    }

    /// The entry that stands for this one: itself, unless it gave way.
    pub(super) fn stands_for(&self, id: RecordId, county: &str) -> Answer<RecordId> {
        const SQL: &str = "SELECT stands FROM gave_way WHERE id = ?1 AND county = ?2";
        let key = params![id.0.as_bytes(), county];
        let found = self.conn.prepare_cached(SQL)?.query_row(key, |row| record_id(row, 0)).optional()?;
        Ok(found.unwrap_or(id))
    }

    /// The household that a visit to this entry counts for: that of whoever stands for it.
    pub(super) fn home_of(&self, id: RecordId, county: &str) -> Answer<Option<RecordId>> {
        const SQL: &str = "SELECT CASE kind WHEN 'person' THEN refers ELSE id END FROM record
            WHERE id = ?1 AND county = ?2 AND kind IN ('person', 'household')";
        let stands = self.stands_for(id, county)?;
        let key = params![stands.0.as_bytes(), county];
        let found: Option<Option<[u8; 16]>> =
            self.conn.prepare_cached(SQL)?.query_row(key, |row| row.get(0)).optional()?;
        let home = found.flatten().map(|home| RecordId(uuid::Uuid::from_bytes(home)));
        home.map(|home| self.stands_for(home, county)).transpose()
    }

    /// Reads once, from a database of an older version, who gave way to whom.
    pub(super) fn keep_all_ways(&self) -> Answer<()> {
        self.each_record("kind IN ('person', 'household') AND instr(body, '\"merged_into\"') > 0", &mut |record| {
            self.keep_way(record.id, county(&record.cell), record.merged_into())
        })
    }

    /// The entry that stands for this one, and those that gave way to it.
    pub(super) fn entries_of(&self, county: &Scope, id: RecordId) -> Answer<Vec<RecordId>> {
        const SQL: &str = "SELECT id FROM gave_way WHERE stands = ?1 AND county = ?2";
        let stands = self.stands_for(id, county.as_str())?;
        let mut statement = self.conn.prepare_cached(SQL)?;
        let gave_way = statement.query_map(params![stands.0.as_bytes(), county.as_str()], |row| record_id(row, 0))?;
        std::iter::once(Ok(stands)).chain(gave_way).map(|id| Ok(id?)).collect()
    }

    /// Whom a care plan is for, by whatever entry it names them.
    pub(super) fn cared_for_by(&self, county: &Scope, person: RecordId, until: i64) -> Answer<Option<CaredFor>> {
        const MET: &str = "SELECT at FROM meeting WHERE target = ?1 AND county = ?2 AND at < ?3
            UNION ALL SELECT m.at FROM gave_way AS g JOIN meeting AS m ON m.target = g.id AND m.county = g.county
            WHERE g.stands = ?1 AND g.county = ?2 AND m.at < ?3";
        let stands = self.stands_for(person, county.as_str())?;
        let found = self.counted_before(stands, county.as_str())?;
        let Some(person) = found.filter(|record| record.kind == Kind::Person && !record.is_deleted()) else {
            return Ok(None);
        };
        let home = person.reference("household").map(|home| self.stands_for(home, county.as_str())).transpose()?;
        let mut met = Vec::new();
        let mut statement = self.conn.prepare_cached(MET)?;
        for target in [Some(person.id), home].into_iter().flatten().collect::<BTreeSet<_>>() {
            let rows = statement.query_map(params![target.0.as_bytes(), county.as_str(), until], |row| row.get(0))?;
            for row in rows {
                met.push(row?);
            }
        }
        Ok(Some(CaredFor { met, left_on: left_on(&person) }))
    }
}
