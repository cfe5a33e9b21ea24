//! What is counted as records are written: sums by day and cell, meetings, and when each household was met last.
//!
//! Whoever stores, moves or erases a record says here what it was and what it is now. What a record counts for is
//! `domain::report`'s to say; this file only keeps the sums, and knows that a visit which another one corrects does not count.

use std::ops::Range;
use std::sync::LazyLock;

use domain::fold::is_met;
use domain::report::{What, is_counted, of_record};
use domain::{Kind, Record, RecordId, Scope};
use rusqlite::{OptionalExtension, params};

use super::Sql;
use super::rows::{RECORD_COLUMNS, count, county, parsed, range, record_id, stored_record};
use crate::store::{Answer, HomeCount, StoredRecord, Tallied};

/// The kinds of the index `record_few`, as the index says it: SQLite compares the words, not what they mean.
pub(super) const FEW: &str = "(kind = 'care_plan' OR kind = 'evacuation' OR kind = 'hazard_point' OR kind = 'notice'
    OR kind = 'threatened_household' OR kind = 'feedback' OR kind = 'dispute')";

impl Sql<'_> {
    /// The record of that id as it stands in the county.
    pub(super) fn counted_before(&self, id: RecordId, county: &str) -> Answer<Option<Record>> {
        let sql = format!("SELECT {RECORD_COLUMNS} FROM record WHERE id = ?1 AND county = ?2");
        let mut statement = self.conn.prepare_cached(&sql)?;
        let found = statement.query_row(params![id.0.as_bytes(), county], stored_record).optional()?;
        Ok(found.map(|stored| stored.record))
    }

    /// Keeps the sums when a record was written (`before` → `after`), came (`before` is none) or was erased (`after` is none).
    /// The record itself is stored, or removed, already.
    pub(super) fn tally(&self, before: Option<&Record>, after: Option<&Record>) -> Answer<()> {
        let Some(either) = after.or(before).filter(|record| is_counted(&record.kind)) else { return Ok(()) };
        match either.kind {
            Kind::Visit => self.tally_visit(before, after),
            Kind::Household | Kind::Person => self.tally_entry(before, after),
            _ => {
                self.count(before, after);
                Ok(())
            }
        }
    }

    /// A household or resident that came, changed, gave way to another or goes. What was said of an entry counts for the one that
    /// stands for it, so a household is looked at by its old and by its new name.
    fn tally_entry(&self, before: Option<&Record>, after: Option<&Record>) -> Answer<()> {
        self.count(before, after);
        let Some(entry) = after.or(before) else { return Ok(()) };
        let county = county(&entry.cell);
        let named =
            |record: &Record| if record.kind == Kind::Person { record.reference("household") } else { Some(record.id) };
        for home in [before, after].into_iter().flatten().filter_map(named) {
            self.look_at_home(county, home);
        }
        self.look_at_entry(county, entry.id);
        self.keep_way(entry.id, county, after.and_then(Record::merged_into))
    }

    /// Takes off what the record counted for, adds what it counts for now.
    fn count(&self, before: Option<&Record>, after: Option<&Record>) {
        let said = |record: Option<&Record>| record.map(of_record).unwrap_or_default();
        let (old, new) = (said(before), said(after));
        if let Some(record) = before {
            self.add(&record.cell, old, -1);
        }
        if let Some(record) = after {
            self.add(&record.cell, new, 1);
        }
    }

    /// A visit that came, moved or goes: it counts unless another one corrects it, and the one that it corrects counts no more.
    fn tally_visit(&self, before: Option<&Record>, after: Option<&Record>) -> Answer<()> {
        let Some(visit) = after.or(before) else { return Ok(()) };
        let stands = !self.is_corrected(visit.id, county(&visit.cell))?;
        let corrects = |record: Option<&Record>| {
            record.filter(|record| !record.is_deleted()).and_then(|record| record.reference("replaces"))
        };
        let (old, new) = (corrects(before), corrects(after));
        if stands {
            self.count(before, after);
            self.meet(before, after)?;
        }
        if old != new {
            for (corrected, now) in old.map(|id| (id, false)).into_iter().chain(new.map(|id| (id, true))) {
                self.correct(corrected, visit, now)?;
            }
        }
        self.look_at_homes_of([before, after]);
        Ok(())
    }

    /// Whether a standing correction names the visit.
    fn is_corrected(&self, id: RecordId, county: &str) -> Answer<bool> {
        const SQL: &str = "SELECT EXISTS (SELECT 1 FROM correction WHERE corrected = ?1 AND county = ?2)";
        Ok(self.conn.prepare_cached(SQL)?.query_row(params![id.0.as_bytes(), county], |row| row.get(0))?)
    }

    pub(super) fn corrections_of(&self, county: &Scope, visit: RecordId) -> Answer<Vec<RecordId>> {
        const SQL: &str = "SELECT visit FROM correction WHERE corrected = ?1 AND county = ?2";
        let mut statement = self.conn.prepare_cached(SQL)?;
        let found = statement.query_map(params![visit.0.as_bytes(), county.as_str()], |row| record_id(row, 0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// A visit begins or ceases to correct another one.
    fn correct(&self, corrected: RecordId, by: &Record, now: bool) -> Answer<()> {
        let county = county(&by.cell);
        let stood = !self.is_corrected(corrected, county)?;
        let sql = if now {
            "INSERT OR IGNORE INTO correction (corrected, county, visit) VALUES (?1, ?2, ?3)"
        } else {
            "DELETE FROM correction WHERE corrected = ?1 AND county = ?2 AND visit = ?3"
        };
        self.conn.prepare_cached(sql)?.execute(params![corrected.0.as_bytes(), county, by.id.0.as_bytes()])?;
        let stands = !self.is_corrected(corrected, county)?;
        let visit = self.counted_before(corrected, county)?.filter(|record| record.kind == Kind::Visit);
        let Some(visit) = visit.filter(|_| stood != stands) else { return Ok(()) };
        let (before, after) = if stands { (None, Some(&visit)) } else { (Some(&visit), None) };
        self.count(before, after);
        self.meet(before, after)?;
        self.look_at_homes_of([Some(&visit), None]);
        Ok(())
    }

    /// Keeps the meetings.
    fn meet(&self, before: Option<&Record>, after: Option<&Record>) -> Answer<()> {
        let met = |record: &Record| {
            let met = !record.is_deleted() && record.text("result").is_some_and(is_met);
            record.reference("target").zip(record.int("at")).filter(|_| met)
        };
        const GONE: &str = "DELETE FROM meeting WHERE target = ?1 AND county = ?2 AND at = ?3 AND visit = ?4";
        const NEW: &str = "INSERT OR IGNORE INTO meeting (target, county, at, visit) VALUES (?1, ?2, ?3, ?4)";
        for (sql, record) in [(GONE, before), (NEW, after)] {
            let Some((record, (target, at))) = record.and_then(|record| Some((record, met(record)?))) else { continue };
            let row = params![target.0.as_bytes(), county(&record.cell), at, record.id.0.as_bytes()];
            self.conn.prepare_cached(sql)?.execute(row)?;
        }
        Ok(())
    }

    /// The homes of visits' targets are looked at again.
    fn look_at_homes_of(&self, visits: [Option<&Record>; 2]) {
        for visit in visits.into_iter().flatten() {
            if let Some(target) = visit.reference("target") {
                self.look_at_entry(county(&visit.cell), target);
            }
        }
    }

    /// Works out anew when somebody of this household was met last.
    pub(super) fn meet_again(&self, county: &str, household: RecordId) -> Answer<()> {
        let key = params![household.0.as_bytes(), county];
        if self.conn.prepare_cached(&HOME)?.execute(key)? == 0 {
            self.conn.prepare_cached("DELETE FROM home WHERE household = ?1 AND county = ?2")?.execute(key)?;
        }
        Ok(())
    }

    /// Works out every household anew, once, when a database of an older version is opened.
    pub(super) fn count_homes(&self) -> Answer<()> {
        self.conn.execute("DELETE FROM home", [])?;
        self.conn.execute(&format!("{} {INTO_HOME}", homes_sql()), [])?;
        Ok(())
    }

    /// Counts every record of a database once, when one of an older version is opened; its households: [`Sql::count_homes`].
    pub(super) fn count_all(&self) -> Answer<()> {
        let mut corrections =
            self.conn.prepare("INSERT OR IGNORE INTO correction (corrected, county, visit) VALUES (?1, ?2, ?3)")?;
        self.each_record("kind = 'visit' AND instr(body, '\"replaces\"') > 0", &mut |visit| {
            if let Some(corrected) = visit.reference("replaces").filter(|_| !visit.is_deleted()) {
                corrections.execute(params![corrected.0.as_bytes(), county(&visit.cell), visit.id.0.as_bytes()])?;
            }
            Ok(())
        })?;
        self.each_record("1", &mut |record| {
            if record.kind == Kind::Visit && self.is_corrected(record.id, county(&record.cell))? {
                return Ok(());
            }
            self.count(None, Some(record));
            if record.kind == Kind::Visit { self.meet(None, Some(record)) } else { Ok(()) }
        })?;
        Ok(())
    }

    pub(super) fn each_record(&self, which: &str, work: &mut dyn FnMut(&Record) -> Answer<()>) -> Answer<()> {
        let mut all = self.conn.prepare(&format!("SELECT {RECORD_COLUMNS} FROM record WHERE {which}"))?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            work(&stored_record(row)?.record)?;
        }
        Ok(())
    }

    // -- asking --------------------------------------------------------------------------------------------------------------

    pub(super) fn known_counties(&self) -> Answer<Vec<Scope>> {
        const SQL: &str = "SELECT DISTINCT substr(code, 1, 6) FROM place WHERE length(code) >= 6 ORDER BY 1";
        let mut statement = self.conn.prepare_cached(SQL)?;
        Ok(statement.query_map([], |row| parsed(row, 0))?.collect::<Result<_, _>>()?)
    }

    pub(super) fn tallies_within(&self, within: &Scope, whats: &[What], days: Range<i64>) -> Answer<Vec<Tallied>> {
        self.settle()?;
        const SQL: &str = "SELECT cell, code, sum(n) FROM tally
            WHERE what = ?1 AND day >= ?2 AND day < ?3 AND cell >= ?4 AND cell < ?5 GROUP BY cell, code HAVING sum(n) <> 0";
        let (from, to) = range(within);
        let mut found = Vec::new();
        for what in whats {
            let days = if what.is_stock() { 0..1 } else { days.clone() };
            let mut statement = self.conn.prepare_cached(SQL)?;
            let rows = statement.query_map(params![what.name(), days.start, days.end, from, to], |row| {
                Ok(Tallied { what: *what, cell: parsed(row, 0)?, code: row.get(1)?, n: row.get(2)? })
            })?;
            for row in rows {
                found.push(row?);
            }
        }
        Ok(found)
    }

    pub(super) fn few_of_kind(&self, within: &Scope, kind: &Kind) -> Answer<Vec<StoredRecord>> {
        let (from, to) = range(within);
        let sql = format!(
            "SELECT {RECORD_COLUMNS} FROM record INDEXED BY record_few
             WHERE {FEW} AND kind = ?1 AND cell >= ?2 AND cell < ?3 ORDER BY cell, id"
        );
        let mut statement = self.conn.prepare_cached(&sql)?;
        let rows = statement.query_map(params![kind.as_str(), from, to], stored_record)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Per cell how many households there are, and how many of them were met last before each of these moments, or never.
    pub(super) fn homes_within(&self, within: &Scope, before: [i64; 4]) -> Answer<Vec<HomeCount>> {
        self.settle()?;
        const SQL: &str = "SELECT cell, count(*), sum(met_at IS NULL), sum(coalesce(met_at, -1) < ?3),
                sum(coalesce(met_at, -1) < ?4), sum(coalesce(met_at, -1) < ?5), sum(coalesce(met_at, -1) < ?6)
            FROM home WHERE cell >= ?1 AND cell < ?2 GROUP BY cell";
        let (from, to) = range(within);
        let mut statement = self.conn.prepare_cached(SQL)?;
        let [a, b, c, d] = before;
        let rows = statement.query_map(params![from, to, a, b, c, d], |row| {
            let unmet = [count(row, 3)?, count(row, 4)?, count(row, 5)?, count(row, 6)?];
            Ok(HomeCount { cell: parsed(row, 0)?, households: count(row, 1)?, never: count(row, 2)?, unmet })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Households that were met last before a moment, or never: those waiting longest first.
    pub(super) fn homes_before(
        &self,
        within: &Scope,
        before: i64,
        limit: usize,
    ) -> Answer<Vec<(RecordId, Option<i64>)>> {
        self.settle()?;
        const SQL: &str =
            "SELECT household, met_at FROM home WHERE cell >= ?1 AND cell < ?2 AND coalesce(met_at, -1) < ?3
            ORDER BY coalesce(met_at, -1), household LIMIT ?4";
        let (from, to) = range(within);
        let mut statement = self.conn.prepare_cached(SQL)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows =
            statement.query_map(params![from, to, before, limit], |row| Ok((record_id(row, 0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Each household that counts as present, with the last meeting of itself or of somebody who lives in it, by whatever entry they were
/// named: `g` gave way to the household, `p` lives in it or in such a `g`, `q` gave way to `p`.
fn homes_sql() -> String {
    const LIVES: &str = "p.kind = 'person'
        AND NOT EXISTS (SELECT 1 FROM gave_way AS w WHERE w.id = p.id AND w.county = p.county)";
    let met = |from: &str, target: &str, on: &str| {
        format!(
            "SELECT max(m.at) AS at FROM {from} JOIN meeting AS m ON m.target = {target} AND m.county = r.county WHERE {on}"
        )
    };
    let (way, same) = ("gave_way AS g", "g.stands = r.id AND g.county = r.county");
    let here = format!("p.refers = r.id AND p.county = r.county AND {LIVES}");
    let there = format!("{same} AND p.refers = g.id AND p.county = r.county AND {LIVES}");
    let also = "q.stands = p.id AND q.county = p.county";
    let all = [
        "SELECT max(m.at) AS at FROM meeting AS m WHERE m.target = r.id AND m.county = r.county".to_owned(),
        met(way, "g.id", same),
        met("record AS p", "p.id", &here),
        met("record AS p JOIN gave_way AS q", "q.id", &format!("{here} AND {also}")),
        met(&format!("{way} JOIN record AS p"), "p.id", &there),
        met(&format!("{way} JOIN record AS p JOIN gave_way AS q"), "q.id", &format!("{there} AND {also}")),
    ];
    format!(
        "INSERT INTO home (household, county, cell, met_at)
        SELECT r.id, r.county, r.cell, (SELECT max(at) FROM ({}))
        FROM record AS r WHERE r.kind = 'household' AND coalesce(json_extract(r.body, '$.fields.deleted'), 0) <> 1
        AND NOT EXISTS (SELECT 1 FROM gave_way AS w WHERE w.id = r.id AND w.county = r.county)",
        all.join(" UNION ALL ")
    )
}

/// The same for one household.
static HOME: LazyLock<String> =
    LazyLock::new(|| format!("{} AND r.id = ?1 AND r.county = ?2 {INTO_HOME}", homes_sql()));

const INTO_HOME: &str = "ON CONFLICT DO UPDATE SET cell = excluded.cell, met_at = excluded.met_at";
