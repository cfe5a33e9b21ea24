//! The feeds: per cell, which records changed and in which order; and what each cell has, for receipts.

use std::collections::BTreeMap;

use domain::protocol::CellState;
use domain::{CellCode, Digest, RecordId, Sha256Hex, Version};
use rusqlite::{OptionalExtension, Row, params};

use super::Sql;
use super::rows::{count, county, parsed, record_id, record_of};
use crate::store::{Answer, Fed, FeedEntry, Run};

/// What a write does to the numbers of a cell. Whoever moves a feed must say it, so that no way of writing can forget it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    /// Records that came, less those that left.
    records: i64,
    /// Photos among them whose bytes are stored.
    photos: i64,
    /// The versions that came and those that left.
    digest: Digest,
}

impl Tally {
    /// A version comes into the cell; `stored`: it is a photo whose bytes are there.
    pub(super) fn with(self, version: &Version, stored: bool) -> Self {
        let digest = self.digest.xor(Digest::from(version));
        Self { records: self.records + 1, photos: self.photos + i64::from(stored), digest }
    }

    fn plus(self, more: Tally) -> Self {
        let Tally { records, photos, digest } = more;
        Self { records: self.records + records, photos: self.photos + photos, digest: self.digest.xor(digest) }
    }

    /// A version that came before leaves it, or is replaced.
    pub(super) fn without(self, version: &Version, stored: bool) -> Self {
        let digest = self.digest.xor(Digest::from(version));
        Self { records: self.records - 1, photos: self.photos - i64::from(stored), digest }
    }
}

impl Sql<'_> {
    pub(super) fn state_of_cell(&self, cell: &CellCode) -> Answer<CellState> {
        self.write_feeds()?;
        const SQL: &str = "SELECT reached, records, photos, v1, v2 FROM cell_feed WHERE cell = ?1";
        let state = self.conn.prepare_cached(SQL)?.query_row([cell.as_str()], |row| {
            Ok(CellState {
                upto: count(row, 0)?,
                records: count(row, 1)?,
                photos: count(row, 2)?,
                digest: Digest::from_halves(row.get(3)?, row.get(4)?),
            })
        });
        Ok(state.optional()?.unwrap_or_default())
    }

    /// Counts every cell from its records: once, when a database of an older version is opened.
    pub(super) fn count_cells(&self) -> Answer<()> {
        let mut cells: BTreeMap<CellCode, Tally> = BTreeMap::new();
        let mut all = self.conn.prepare(
            "SELECT cell, version, content IS NOT NULL AND EXISTS (SELECT 1 FROM photo_stored WHERE sha256 = content)
             FROM record",
        )?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let tally = cells.entry(parsed(row, 0)?).or_default();
            *tally = tally.with(&parsed(row, 1)?, row.get(2)?);
        }
        for (cell, tally) in cells {
            let (v1, v2) = tally.digest.halves();
            self.conn
                .prepare_cached("UPDATE cell_feed SET records = ?2, photos = ?3, v1 = ?4, v2 = ?5 WHERE cell = ?1")?
                .execute(params![cell.as_str(), tally.records, tally.photos, v1, v2])?;
        }
        Ok(())
    }

    /// The bytes of a photo came: the cells whose records name them have one more for each of these.
    pub(super) fn count_photo(&self, sha256: &Sha256Hex) -> Answer<()> {
        self.count_photos(sha256, 1)
    }

    /// The bytes of a photo were lost, likewise.
    pub(super) fn discount_photo(&self, sha256: &Sha256Hex) -> Answer<()> {
        self.count_photos(sha256, -1)
    }

    fn count_photos(&self, sha256: &Sha256Hex, each: i64) -> Answer<()> {
        self.write_feeds()?;
        self.conn
            .prepare_cached(
                "UPDATE cell_feed SET photos = photos + ?2 * named.times
                 FROM (SELECT cell, count(*) AS times FROM record WHERE content = ?1 GROUP BY cell) AS named
                 WHERE cell_feed.cell = named.cell",
            )?
            .execute(params![sha256.as_str(), each])?;
        Ok(())
    }

    pub(super) fn feed_number(&self, cell: &CellCode) -> Answer<u64> {
        if let Some((reached, _)) = self.feeds.borrow().0.get(cell) {
            return Ok(*reached);
        }
        let mut statement = self.conn.prepare_cached("SELECT reached FROM cell_feed WHERE cell = ?1")?;
        Ok(statement.query_row([cell.as_str()], |row| count(row, 0)).optional()?.unwrap_or(0))
    }

    pub(super) fn left_feed(&self, cell: &CellCode, record: RecordId) -> Answer<bool> {
        const SQL: &str = "SELECT 1 FROM feed WHERE cell = ?1 AND record = ?2 AND gone = 1";
        Ok(self.conn.prepare_cached(SQL)?.exists(params![cell.as_str(), record.0.as_bytes()])?)
    }

    /// Takes the cell's next number for a record. `n_of_others` remembers where somebody else than the present writer wrote
    /// last, so that a run is not sent its own writing and never misses another's.
    pub(super) fn move_feed(
        &self,
        cell: &CellCode,
        record: RecordId,
        run: Run,
        gone: bool,
        tally: Tally,
    ) -> Answer<()> {
        const FORWARD: &str = "UPDATE feed SET n_of_others = CASE WHEN run = ?4 THEN n_of_others ELSE n END,
                 n = ?3, run = ?4, gone = ?5
             WHERE cell = ?1 AND record = ?2";
        const NEW: &str = "INSERT INTO feed (cell, record, n, run, n_of_others, gone) VALUES (?1, ?2, ?3, ?4, 0, ?5)";
        let n = self.next_place(cell, tally)? as i64;
        // Two plain statements: for one that inserts or updates SQLite keeps a copy of every page that it touches.
        for sql in [FORWARD, NEW] {
            let place = params![cell.as_str(), record.0.as_bytes(), n, run.0, gone];
            if self.conn.prepare_cached(sql)?.execute(place)? > 0 {
                break;
            }
        }
        Ok(())
    }

    /// Takes the cell's next number. The writing connection has one transaction at a time, so nobody else can take it.
    pub(super) fn next_place(&self, cell: &CellCode, tally: Tally) -> Answer<u64> {
        let reached = self.feed_number(cell)? + 1;
        let mut feeds = self.feeds.borrow_mut();
        match feeds.0.get_mut(cell) {
            Some(feed) => *feed = (reached, feed.1.plus(tally)),
            None => {
                feeds.0.insert(cell.clone(), (reached, tally));
            }
        }
        drop(feeds);
        self.note_reached(cell, reached);
        Ok(reached)
    }

    /// Writes down the numbers that were taken: once for a whole push, and before anybody else reads them.
    pub(super) fn write_feeds(&self) -> Answer<()> {
        // SQLite has no exclusive or. This one stays within 64 bits.
        const SQL: &str =
            "INSERT INTO cell_feed (cell, reached, records, photos, v1, v2) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (cell) DO UPDATE SET reached = ?2, records = records + ?3, photos = photos + ?4,
                 v1 = ~(v1 & ?5) & (v1 | ?5), v2 = ~(v2 & ?6) & (v2 | ?6)";
        for (cell, (reached, tally)) in self.feeds.take().0 {
            let (v1, v2) = tally.digest.halves();
            let row = params![cell.as_str(), reached as i64, tally.records, tally.photos, v1, v2];
            self.conn.prepare_cached(SQL)?.execute(row)?;
        }
        Ok(())
    }

    /// Places a new record at the end of its cell's feed.
    pub(super) fn extend_feed(&self, cell: &CellCode, record: RecordId, run: Run, tally: Tally) -> Answer<()> {
        let n = self.next_place(cell, tally)? as i64;
        let mut place = self.conn.prepare_cached(
            "INSERT INTO feed (cell, record, n, run, n_of_others, gone) VALUES (?1, ?2, ?3, ?4, 0, 0)",
        )?;
        place.execute(params![cell.as_str(), record.0.as_bytes(), n, run.0])?;
        Ok(())
    }

    /// For those who wait for this cell: told after the commit.
    fn note_reached(&self, cell: &CellCode, reached: u64) {
        self.moved.borrow_mut().feeds.insert(cell.clone(), reached);
    }

    pub(super) fn fed(
        &self,
        cell: &CellCode,
        cursor: Option<u64>,
        run: Run,
        each: &mut dyn FnMut(Fed) -> bool,
    ) -> Answer<()> {
        let after = i64::try_from(cursor.unwrap_or(0)).unwrap_or(i64::MAX);
        let mut statement = self.conn.prepare_cached(&fed_sql())?;
        let mut rows = statement.query(params![cell.as_str(), after, run.0, cursor.is_none(), county(cell)])?;
        while let Some(row) = rows.next()? {
            if !each(fed(row, cell)?) {
                break;
            }
        }
        Ok(())
    }
}

/// A row of [`fed_sql`].
fn fed(row: &Row<'_>, cell: &CellCode) -> rusqlite::Result<Fed> {
    let id = record_id(row, 1)?;
    let entry = FeedEntry { n: count(row, 0)?, record: id, gone: row.get(2)?, erased: row.get(3)? };
    let bytes = row.get_ref(5)?.as_str_or_null()?.map(str::len);
    let record = bytes.map(|_| record_of(row, (id, cell.clone()), (4, 5))).transpose()?;
    Ok(Fed { entry, record, bytes: bytes.unwrap_or(0), disputed: row.get(6)? })
}

/// The entries of cell `?1` after `?2` for run `?3`, in the order of the number that counts for it: cut anywhere, the cursor then covers
/// exactly what went out. Two ways in that order, each read by an index as far as it is asked for: what others wrote last, and what
/// the run itself has moved forward since, which is sent where somebody else wrote it, or it would fall between two pages.
///
/// `?4`: there is no cursor, and nothing is left out. What moved away or was erased is named too: a phone that starts again after a
/// restore holds it still.
fn fed_sql() -> String {
    const OTHERS: &str = "(run <> ?3 OR (?4 AND n_of_others = 0))";
    const OWN: &str = "run = ?3 AND n_of_others > 0";
    let way = |place: &str, condition: &str| {
        format!(
            "SELECT {place} AS place, feed.record, gone, gone AND EXISTS (SELECT 1 FROM erased WHERE erased.id = feed.record),
                 kind, body, EXISTS (SELECT 1 FROM conflict
                     WHERE conflict.record = feed.record AND conflict.county = ?5 AND settled_at IS NULL)
             FROM feed LEFT JOIN record ON record.id = feed.record AND record.county = ?5 AND record.cell = feed.cell
             WHERE feed.cell = ?1 AND {place} > ?2 AND {condition}"
        )
    };
    format!("{} UNION ALL {} ORDER BY place", way("n", OTHERS), way("n_of_others", OWN))
}

/// How far the feeds of some cells came, and what that did to the cells' numbers.
#[derive(Default)]
pub(super) struct Feeds(BTreeMap<CellCode, (u64, Tally)>);

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::store::sqlite::migrate::to_present;

    #[test]
    fn a_page_reads_no_more_of_a_feed_than_it_holds() {
        let mut connection = Connection::open_in_memory().unwrap();
        to_present(&mut connection).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", fed_sql())).unwrap();
        let steps = statement.query_map(("610722001001001", 0, 7, false, "610722"), |row| row.get(3)).unwrap();
        let plan = steps.collect::<Result<Vec<String>, _>>().unwrap().join("; ");
        assert!(plan.contains("feed_order") && plan.contains("feed_of_others"), "each way by its own index: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "nothing is sorted, so nothing is read to its end: {plan}");
    }
}
