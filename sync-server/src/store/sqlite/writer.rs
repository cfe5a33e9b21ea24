//! The one writing connection, and the commit that concurrent writers share.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::run;
use crate::store::StoreError;

/// At most this many writers share one commit, so that the first of them does not wait for ever.
const SHARED_MAX: usize = 64;

/// One connection that writes, one writer at a time.
pub(super) struct Writer {
    bench: Mutex<Bench>,
    committed: Condvar,
    /// Writers that want the bench and have not got it yet: whoever leaves the bench leaves the commit to them.
    waiting: AtomicUsize,
}

struct Bench {
    conn: Connection,
    /// The number of the transaction that is open or will be opened next.
    batch: u64,
    /// How many writers have stored something in it.
    shared: usize,
    /// The batches that could not be committed, until each of their writers has heard of it: they may look late.
    failed: BTreeMap<u64, Failed>,
}

/// Why a batch could not be committed, and how many of its writers have yet to hear of it.
struct Failed {
    cause: String,
    unheard: usize,
}

impl Writer {
    pub(super) fn new(conn: Connection) -> Self {
        let bench = Bench { conn, batch: 0, shared: 0, failed: BTreeMap::new() };
        Self { bench: Mutex::new(bench), committed: Condvar::new(), waiting: AtomicUsize::new(0) }
    }

    /// Runs `work` as a part of the shared transaction and returns when that is durable, or when `work` refused.
    pub(super) fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&Connection) -> Result<T, E>) -> Result<T, E> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut bench = self.bench.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::SeqCst);

        let begun = bench.begin();
        let part = begun.as_ref().ok().copied();
        let done = match begun {
            // A panic must not leave the others' transaction hanging: it goes on after the commit.
            Ok(_) => catch_unwind(AssertUnwindSafe(|| work(&bench.conn))),
            Err(error) => Ok(Err(error.into())),
        };
        let stored = matches!(done, Ok(Ok(_)));
        let ended = bench.end(part, stored);
        let batch = bench.batch;
        let lost = bench.has_lost_all();
        if self.waiting.load(Ordering::SeqCst) == 0 || bench.shared >= SHARED_MAX || ended.is_err() || lost {
            bench.commit();
            self.committed.notify_all();
        } else if stored {
            bench = self.wait_for(bench, batch);
        }
        let failure = if stored && ended.is_ok() { bench.hear_of(batch) } else { None };
        drop(bench);
        match done {
            Err(panic) => resume_unwind(panic),
            Ok(Ok(_)) if failure.is_some() => Err(StoreError::Broken(failure.unwrap_or_default()).into()),
            Ok(result) => ended.map_err(E::from).and(result),
        }
    }

    /// The connection between two transactions.
    pub(super) fn on_connection<T>(&self, plant: impl FnOnce(&mut Connection) -> T) -> T {
        plant(&mut self.bench.lock().unwrap_or_else(PoisonError::into_inner).conn)
    }

    fn wait_for<'b>(&self, mut bench: MutexGuard<'b, Bench>, batch: u64) -> MutexGuard<'b, Bench> {
        while bench.batch == batch {
            bench = self.committed.wait(bench).unwrap_or_else(PoisonError::into_inner);
        }
        bench
    }
}

/// What a writer has of the shared transaction.
#[derive(Clone, Copy)]
enum Part {
    /// All that was written so far: it came first. Nothing need be kept to take back less than everything.
    Whole,
    /// A savepoint behind what others wrote.
    Savepoint,
}

impl Bench {
    fn begin(&mut self) -> Result<Part, StoreError> {
        if self.conn.is_autocommit() {
            run(&self.conn, "BEGIN IMMEDIATE")?;
            return Ok(Part::Whole);
        }
        run(&self.conn, "SAVEPOINT own")?;
        Ok(Part::Savepoint)
    }

    /// Closes the writer's part, if it had one: keeps what it stored, or takes it back.
    fn end(&mut self, part: Option<Part>, stored: bool) -> Result<(), StoreError> {
        if self.conn.is_autocommit() {
            return if stored { Err(StoreError::Broken("the transaction ended early".into())) } else { Ok(()) };
        }
        match (part, stored) {
            (None, _) | (Some(Part::Whole), true) => {}
            (Some(Part::Whole), false) => run(&self.conn, "ROLLBACK")?,
            (Some(Part::Savepoint), true) => run(&self.conn, "RELEASE own")?,
            (Some(Part::Savepoint), false) => self.conn.execute_batch("ROLLBACK TO own; RELEASE own")?,
        }
        self.shared += usize::from(stored);
        Ok(())
    }

    /// Why a writer's batch could not be committed, if so. Each writer that had stored something asks once.
    fn hear_of(&mut self, batch: u64) -> Option<String> {
        let failed = self.failed.get_mut(&batch)?;
        let cause = failed.cause.clone();
        failed.unheard = failed.unheard.saturating_sub(1);
        if failed.unheard == 0 {
            self.failed.remove(&batch);
        }
        Some(cause)
    }

    /// Nothing of the batch is stored: everybody who had stored something in it will hear so.
    fn fail(&mut self, cause: String) {
        if self.shared > 0 {
            self.failed.insert(self.batch, Failed { cause, unheard: self.shared });
        }
    }

    /// Whether somebody's failure took everything back that others had stored: after an error of the disk SQLite ends the transaction
    /// by itself. They are told now; whoever comes next begins another one.
    fn has_lost_all(&self) -> bool {
        self.shared > 0 && self.conn.is_autocommit()
    }

    /// Commits for everybody in the batch; when that fails, everybody is told.
    fn commit(&mut self) {
        if !self.conn.is_autocommit() {
            let committed = run(&self.conn, "COMMIT");
            if let Err(cause) = committed {
                self.fail(cause.to_string());
                // Nothing more can be done if this fails too: the connection then refuses the next BEGIN.
                let _ = self.conn.execute_batch("ROLLBACK");
            }
        } else if self.has_lost_all() {
            self.fail("the transaction was rolled back".into());
        }
        self.batch += 1;
        self.shared = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn whoever_is_rolled_back_by_the_failure_of_another_is_told() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE stored (place INTEGER)").unwrap();
        let writer = Writer::new(conn);
        let (order, outcomes) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let write = || {
            let mut place = 0;
            let outcome: Result<(), StoreError> = writer.write(|conn| {
                place = order.fetch_add(1, Ordering::SeqCst);
                // The others wait meanwhile, so that nobody commits before the last one.
                while writer.waiting.load(Ordering::SeqCst) < 2 - place {
                    thread::yield_now();
                }
                if place == 1 {
                    // What SQLite does by itself when the disk fails.
                    run(conn, "ROLLBACK")?;
                    return Err(StoreError::Broken("the disk".into()));
                }
                conn.execute("INSERT INTO stored VALUES (?1)", [place as i64])?;
                Ok(())
            });
            outcomes.lock().unwrap().insert(place, outcome.is_ok());
        };
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(write);
            }
        });
        let stored = |place: i64| {
            let count = "SELECT count(*) FROM stored WHERE place = ?1";
            writer.on_connection(|conn| conn.query_row(count, [place], |row| row.get::<_, i64>(0))).unwrap() == 1
        };
        let outcomes = outcomes.into_inner().unwrap();
        assert_eq!(
            outcomes,
            BTreeMap::from([(0, stored(0)), (1, false), (2, stored(2))]),
            "what is answered is stored"
        );
        assert!(!stored(0) && stored(2));
        assert!(writer.bench.lock().unwrap().failed.is_empty(), "nobody has to hear of it any more");
    }
}
