//! The phone's end: times and counts what each limit takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use rusqlite::Connection;
use rusqlite::session::Session;
use serde_json::json;

use crate::serve::{apply, pack, unpack};
use crate::table::{self, Row};
use crate::{Outcome, serve};

/// What to measure and where.
#[derive(Debug, Args)]
pub struct How {
    /// The server's address, directly or through a slow link.
    #[arg(long)]
    server: String,
    /// An empty folder for the phone's databases.
    #[arg(long)]
    folder: PathBuf,
    /// The rows, one JSON object a line.
    #[arg(long)]
    rows: PathBuf,
    /// The edits of one device.
    #[arg(long)]
    edits_a: PathBuf,
    /// The edits of the other.
    #[arg(long)]
    edits_b: PathBuf,
    /// Measures a durable commit for each row too.
    #[arg(long)]
    each: bool,
}

/// Measures, and prints one JSON line a number.
pub fn measure(how: &How) -> Outcome {
    fs::create_dir_all(&how.folder)?;
    let rows = table::read(&how.rows)?;
    let link = Link { agent: ureq::agent(), server: how.server.clone() };
    link.get("/ready")?;
    commits(how, &rows)?;
    bytes(&link, &how.rows)?;
    lines(how, &link, &rows)?;
    changesets(how, &link, &rows)
}

struct Link {
    agent: ureq::Agent,
    server: String,
}

impl Link {
    fn get(&self, path: &str) -> Outcome<Vec<u8>> {
        let answer = self.agent.get(format!("{}{path}", self.server)).call()?;
        Ok(answer.into_body().with_config().limit(1 << 30).read_to_vec()?)
    }

    fn post(&self, path: &str, body: &[u8]) -> Outcome<Vec<u8>> {
        let answer = self.agent.post(format!("{}{path}", self.server)).send(body)?;
        Ok(answer.into_body().with_config().limit(1 << 30).read_to_vec()?)
    }
}

/// Bytes that went over loopback so far, in both directions, with their headers.
fn on_the_wire() -> Outcome<u64> {
    let devices = fs::read_to_string("/proc/net/dev")?;
    let line = devices.lines().find_map(|line| line.trim_start().strip_prefix("lo:")).ok_or("no loopback")?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

fn timed<T>(what: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let (before, start) = (on_the_wire()?, Instant::now());
    let done = work()?;
    let (seconds, bytes) = (start.elapsed().as_secs_f64(), on_the_wire()? - before);
    println!("{}", json!({ "limit": what, "seconds": seconds, "bytes": bytes }));
    Ok(done)
}

fn database(how: &How, name: &str, rows: &[Row]) -> Outcome<Connection> {
    let connection = table::open(&how.folder.join(name))?;
    table::create(&connection, rows)?;
    Ok(connection)
}

/// One durable commit for each row, and one for all.
fn commits(how: &How, rows: &[Row]) -> Outcome {
    if how.each {
        let connection = database(how, "each.db", rows)?;
        timed("commit_each", || rows.iter().try_for_each(|row| table::put(&connection, row)))?;
    }
    let mut connection = database(how, "batch.db", rows)?;
    timed("commit_batch", || table::put_all(&mut connection, rows))
}

/// The lines as bytes that nobody looks into.
fn bytes(link: &Link, rows: &Path) -> Outcome {
    let lines = fs::read(rows)?;
    timed("bytes_push", || link.post("/bytes", &pack(&lines)?))?;
    timed("bytes_pull", || unpack(&link.get("/bytes")?))?;
    Ok(())
}

/// From rows over lines to rows.
fn lines(how: &How, link: &Link, rows: &[Row]) -> Outcome {
    let mut here = database(how, "lines.db", rows)?;
    table::put_all(&mut here, rows)?;
    timed("rows_push", || {
        let mut packed = zstd::Encoder::new(Vec::new(), 3)?;
        table::dump(&here, &mut packed)?;
        link.post("/rows", &packed.finish()?)
    })?;
    timed("rows_pull", || {
        let pulled = table::parse(&unpack(&link.get("/rows")?)?)?;
        let mut fresh = database(how, "fresh.db", rows)?;
        table::put_all(&mut fresh, &pulled)?;
        if pulled.len() == rows.len() { Ok(()) } else { Err("not all rows came".into()) }
    })
}

/// SQLite's own record of what changed: pushed, pulled, and two devices' edits exchanged.
fn changesets(how: &How, link: &Link, rows: &[Row]) -> Outcome {
    let mut a = database(how, "session-a.db", rows)?;
    let all = recorded(&a, |a| {
        a.execute_batch("BEGIN")?;
        rows.iter().try_for_each(|row| table::put(a, row))?;
        Ok(a.execute_batch("COMMIT")?)
    })?;
    timed("changeset_push", || link.post("/changesets/a", &pack(&all)?))?;
    let mut b = timed("changeset_pull", || {
        let mut b = database(how, "session-b.db", rows)?;
        for changeset in split(&link.get("/changesets/b?from=0")?)? {
            apply(&mut b, &changeset, false)?;
        }
        Ok(b)
    })?;
    let edited = |connection: &Connection, file: &Path| {
        let edits = table::read(file)?;
        recorded(connection, |connection| {
            connection.execute_batch("BEGIN")?;
            edits.iter().try_for_each(|edit| table::edit(connection, edit))?;
            Ok(connection.execute_batch("COMMIT")?)
        })
    };
    let (from_a, from_b) = (edited(&a, &how.edits_a)?, edited(&b, &how.edits_b)?);
    timed("changeset_edits", || {
        link.post("/changesets/a", &pack(&from_a)?)?;
        link.post("/changesets/b", &pack(&from_b)?)?;
        for changeset in split(&link.get("/changesets/a?from=1")?)? {
            apply(&mut a, &changeset, false)?;
        }
        for changeset in split(&link.get("/changesets/b?from=1")?)? {
            apply(&mut b, &changeset, true)?;
        }
        Ok(())
    })?;
    if table::content(&a)? == table::content(&b)? { Ok(()) } else { Err("the two devices differ".into()) }
}

/// What a piece of work changed, as a changeset.
fn recorded(connection: &Connection, work: impl FnOnce(&Connection) -> Outcome) -> Outcome<Vec<u8>> {
    let mut session = Session::new(connection)?;
    session.attach(None::<&str>)?;
    work(connection)?;
    let mut changeset = Vec::new();
    session.changeset_strm(&mut changeset)?;
    Ok(changeset)
}

fn split(mut answer: &[u8]) -> Outcome<Vec<Vec<u8>>> {
    let mut changesets = Vec::new();
    while let Some((length, rest)) = answer.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let (packed, rest) = rest.split_at_checked(length).ok_or("a changeset that was cut")?;
        changesets.push(serve::unpack(packed)?);
        answer = rest;
    }
    Ok(changesets)
}
