//! Values that were set aside for another of the same field: what the server told, and own ones that a pull has just overtaken.
//!
//! They are shown until the worker lets one of the two stand, writes the field anew, or has seen enough of it. What the worker
//! decides here is kept here: the server hears of it as an ordinary change of the record.

use std::collections::BTreeMap;

use domain::conflict::{CONFLICTS_TOLD_MAX, Conflict, Hand, Writer};
use domain::kinds::dispute::{WORDS, has_lost_somebody, is_about_somebody, people_in, without_person};
use domain::protocol::FeedPage;
use domain::record::is_field_name;
use domain::scope::phone_writes;
use domain::world::Millis;
use domain::{Fields, Kind, Record, RecordId, Stamp};
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::DeviceError;
use crate::open::{Account, Open, Seen};
use crate::outbox::{self, Overtaken};
use crate::store::{self, Held, exists};

/// A value that was put back can be undone for this long (24 h, in milliseconds); then it is not shown any more.
const UNDO_FOR: Millis = 24 * 60 * 60 * 1000;

/// What the worker decided here is remembered for this long after the server settled it, in case an old answer comes late.
const DECIDED_KEPT: Millis = domain::conflict::CONFLICT_TOLD_FOR;

/// The value that gave way when another was put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Replaced {
    pub(crate) value: Value,
    pub(crate) stamp: Stamp,
    pub(crate) by: Option<Writer>,
}

/// A conflict as it stands on this phone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    pub(crate) conflict: Conflict,
    /// The worker let this value stand again; the other one can still be had back.
    pub(crate) restored: bool,
    pub(crate) replaced: Option<Replaced>,
}

const COLUMNS: &str = "body, state, replaced";
/// Whether something is noted of a value that was set aside.
const NOTED: &str = "SELECT 1 FROM conflict WHERE id = ?1 AND field = ?2 AND stamp = ?3";

fn read(row: &Row<'_>) -> Result<Standing, DeviceError> {
    let (body, state): (String, String) = (row.get(0)?, row.get(1)?);
    let replaced: Option<String> = row.get(2)?;
    Ok(Standing {
        conflict: serde_json::from_str(&body)?,
        restored: state == "restored",
        replaced: replaced.map(|text| serde_json::from_str(&text)).transpose()?,
    })
}

/// Takes over what the server says about the records of a page. True: something is new or settled.
pub(crate) fn take_page(connection: &Connection, page: &FeedPage, now: Millis) -> Result<bool, DeviceError> {
    // With every page: rows that nobody tells of any more would otherwise stay until something else is told.
    const OLD: &str = "DELETE FROM conflict WHERE told = 0 AND decided_at < ?1";
    connection.prepare_cached(OLD)?.execute([now.saturating_sub(DECIDED_KEPT)])?;
    let mut told: BTreeMap<RecordId, Vec<&Conflict>> = told_of(connection)?;
    if told.is_empty() && page.conflicts.is_empty() {
        return Ok(false);
    }
    for conflict in page.conflicts.iter().filter(|conflict| is_field_name(&conflict.field)) {
        let of_record = told.entry(conflict.record).or_default();
        if of_record.len() < CONFLICTS_TOLD_MAX {
            of_record.push(conflict);
        }
    }
    let mut changed = false;
    for record in &page.records {
        if let Some(conflicts) = told.get(&record.id) {
            changed |= take_record(connection, record, conflicts)?;
        }
    }
    Ok(changed)
}

/// Leaves nothing of an erased resident in what was set aside of case files that an erasure touched, where people can be named: nobody is
/// to let it stand again. What the server still tells stays, as on the server. A list of parties loses whoever was erased and says still
/// whom else the file may be about; whether it is about nobody any more is known when everything has come down ([`leave_file`]).
///
/// Whom a file named before may not be seen in it any more, for the server's copy came first: whatever has lost a party counts. True: there
/// was something.
pub(crate) fn leave_erased(connection: &Connection, person: RecordId) -> Result<bool, DeviceError> {
    const FILES: &str = "SELECT DISTINCT conflict.id, record.body -> '$.fields.parties' FROM conflict
        JOIN record ON record.id = conflict.id AND record.kind = 'dispute'";
    const NAMED: &str = "SELECT 1 FROM conflict WHERE id = ?1 AND instr(body || coalesce(replaced, ''), ?2) > 0";
    const FORGET: &str =
        "DELETE FROM conflict WHERE id = ?1 AND field IN (SELECT value FROM json_each(?2)) AND told = 0";
    // A value that was let stand again is decided with that: what gave way to it is not to be had back.
    const NO_WAY_BACK: &str = "UPDATE conflict SET state = 'decided', replaced = NULL
        WHERE id = ?1 AND field IN (SELECT value FROM json_each(?2)) AND replaced IS NOT NULL";
    let (named, naming) = (person.to_string(), fields_that_name()?);
    let mut statement = connection.prepare_cached(FILES)?;
    let files = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let files: Vec<(String, Option<String>)> = files.collect::<Result<_, _>>()?;
    let mut left = false;
    for (id, parties) in files {
        let parties: Value = parties.map_or(Ok(Value::Null), |text| serde_json::from_str(&text))?;
        if has_lost_somebody(&parties) || exists(connection, NAMED, [&id, &named])? {
            left |= connection.prepare_cached(FORGET)?.execute((&id, &naming))? > 0;
            left |= connection.prepare_cached(NO_WAY_BACK)?.execute((&id, &naming))? > 0;
            left |= leave_lists(connection, &id, person)?;
        }
    }
    Ok(left)
}

/// Takes an erased resident out of the lists of parties of a file that were set aside. The server does the same in the same words: both hold
/// one value under one stamp, whether it tells of it or not. True: one named the resident.
fn leave_lists(connection: &Connection, file: &str, person: RecordId) -> Result<bool, DeviceError> {
    const LISTS: &str = "SELECT stamp, body FROM conflict WHERE id = ?1 AND field = 'parties' AND instr(body, ?2) > 0";
    const LEAVE: &str = "UPDATE conflict SET body = ?3 WHERE id = ?1 AND field = 'parties' AND stamp = ?2";
    let mut statement = connection.prepare_cached(LISTS)?;
    let lists = statement.query_map((file, person.to_string()), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let lists: Vec<(String, String)> = lists.collect::<Result<_, _>>()?;
    let mut left = false;
    for (stamp, body) in lists {
        let mut conflict: Conflict = serde_json::from_str(&body)?;
        if let Some(value) = without_person(&conflict.value, person) {
            conflict.value = value;
            left |= connection.prepare_cached(LEAVE)?.execute((file, stamp, serde_json::to_string(&conflict)?))? > 0;
        }
    }
    Ok(left)
}

/// Whom lists of parties name that were set aside, or that gave way to one that was let stand again: also those on which somebody has
/// decided, for no page names these any more. The list that stands need not name them, and then nothing of the file comes down when they
/// are erased.
pub(crate) fn parties_set_aside(connection: &Connection) -> Result<Vec<RecordId>, DeviceError> {
    const LISTS: &str = "SELECT body -> '$.value', replaced -> '$.value' FROM conflict WHERE field = 'parties'";
    let mut statement = connection.prepare_cached(LISTS)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let lists: [Option<String>; 2] = [row.get(0)?, row.get(1)?];
        for list in lists.into_iter().flatten() {
            found.extend(people_in(&serde_json::from_str(&list)?));
        }
    }
    Ok(found)
}

/// Forgets what was set aside of a case file that is about nobody any more, where people can be named. True: there was any.
pub(crate) fn leave_file(connection: &Connection, file: RecordId) -> Result<bool, DeviceError> {
    const FORGET: &str = "DELETE FROM conflict WHERE id = ?1 AND field IN (SELECT value FROM json_each(?2))";
    Ok(connection.prepare_cached(FORGET)?.execute((file.to_string(), fields_that_name()?))? > 0)
}

/// Whether a file may be about others than its list of parties says: one that names somebody was set aside, and the server has told of no
/// decision, or was overtaken here and goes up still. The server then leaves its words and its events to it.
pub(crate) fn may_be_about_others(connection: &Connection, file: RecordId) -> Result<bool, DeviceError> {
    const LISTS: &str = "SELECT body -> '$.value' FROM conflict WHERE id = ?1 AND field = 'parties' AND told = 1
        UNION ALL SELECT value FROM overtaken WHERE id = ?1 AND field = 'parties'";
    let mut statement = connection.prepare_cached(LISTS)?;
    let lists = statement.query_map([file.to_string()], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    for list in lists {
        if is_about_somebody(&serde_json::from_str(&list)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The fields of a case file in which people can be named, as a list in JSON.
fn fields_that_name() -> Result<String, DeviceError> {
    let naming: Vec<&str> = WORDS.into_iter().chain(["parties"]).collect();
    Ok(serde_json::to_string(&naming)?)
}

/// The records about which the server told something before; what it tells now is yet to be filled in.
fn told_of<'p>(connection: &Connection) -> Result<BTreeMap<RecordId, Vec<&'p Conflict>>, DeviceError> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT id FROM conflict WHERE told = 1")?;
    let mut rows = statement.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let id = id.parse().map_err(|_| DeviceError::StorageBroken("a conflict's row".into()))?;
        found.insert(id, Vec::new());
    }
    Ok(found)
}

fn take_record(connection: &Connection, record: &Record, conflicts: &[&Conflict]) -> Result<bool, DeviceError> {
    let id = record.id.to_string();
    let before = open_of(connection, record.id)?;
    written_unaware(connection, record.id, conflicts)?;
    connection.prepare_cached("UPDATE conflict SET told = 0 WHERE id = ?1")?.execute([&id])?;
    // What the worker decided stays decided, also when the server has not heard of it yet.
    const TOLD: &str = "INSERT INTO conflict (id, field, stamp, body, told, state) VALUES (?1, ?2, ?3, ?4, 1, 'open')
        ON CONFLICT (id, field, stamp) DO UPDATE SET body = ?4, told = 1";
    let mut statement = connection.prepare_cached(TOLD)?;
    for conflict in conflicts {
        statement.execute((&id, &conflict.field, conflict.stamp.to_string(), serde_json::to_string(conflict)?))?;
    }
    // What nobody decided here and the server does not name any more, somebody else has decided.
    const SETTLED: &str = "DELETE FROM conflict WHERE id = ?1 AND told = 0 AND state = 'open' AND replaced IS NULL";
    connection.prepare_cached(SETTLED)?.execute([&id])?;
    Ok(open_of(connection, record.id)? != before)
}

/// What the worker wrote before these conflicts were told decides none of them: without a base it does not claim to have seen what
/// stands. It was written while the answer was under way, so the server would take its writer for somebody who knew.
fn written_unaware(connection: &Connection, id: RecordId, told: &[&Conflict]) -> Result<(), DeviceError> {
    let Some(mut held) = store::held(connection, id)?.filter(|held| !held.unsent.is_empty()) else { return Ok(()) };
    let mut unaware = false;
    for Conflict { field, stamp, .. } in told {
        let Some(pending) = held.unsent.get_mut(field) else { continue };
        if exists(connection, NOTED, [&id.to_string(), field, &stamp.to_string()])? {
            continue;
        }
        if let Some(base) = pending.base.take() {
            // However its stamp is corrected, it stays after the value that it replaced.
            pending.passed = pending.passed.max(Some(base));
            unaware = true;
        }
    }
    if unaware { store::put_sending(connection, &held) } else { Ok(()) }
}

/// What is stored about a record's conflicts and not decided for good.
fn open_of(connection: &Connection, id: RecordId) -> Result<Vec<Standing>, DeviceError> {
    let sql = format!("SELECT {COLUMNS} FROM conflict WHERE id = ?1 AND state <> 'decided' ORDER BY stamp DESC, field");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id.to_string()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Own values that a pull overtook and that the server has not confirmed: the worker sees them at once.
fn overtaken_of(connection: &Connection, record: &Record, own: &Account) -> Result<Vec<Standing>, DeviceError> {
    let mut lost = outbox::overtaken_of(connection, record.id)?;
    lost.reverse();
    let mut found = Vec::new();
    for Overtaken { field, value, stamp } in lost {
        if exists(connection, NOTED, (record.id.to_string(), &field, stamp.to_string()))? {
            continue;
        }
        let by = Writer { account: own.account.clone(), name: own.display_name.clone(), hand: Hand::ThisPhone };
        let won_stamp = record.stamps.of(&field);
        let conflict = Conflict { record: record.id, field, value, stamp, won_stamp, by: Some(by), won_by: None };
        found.push(Standing { conflict, restored: false, replaced: None });
    }
    Ok(found)
}

/// The worker wrote these fields anew: whatever was set aside of them is decided.
pub(crate) fn decided_by_writing(
    connection: &Connection,
    record: &Record,
    written: &Fields,
    own: &Account,
    now: Millis,
) -> Result<(), DeviceError> {
    let id = record.id.to_string();
    if !exists(connection, "SELECT 1 FROM conflict WHERE id = ?1", [&id])?
        && !outbox::is_overtaken(connection, record.id)?
    {
        return Ok(());
    }
    for Standing { conflict, .. } in overtaken_of(connection, record, own)? {
        if written.contains_key(&conflict.field) {
            put(connection, &conflict, "decided", None, now)?;
        }
    }
    const SQL: &str = "UPDATE conflict SET state = 'decided', decided_at = ?3, replaced = NULL
        WHERE id = ?1 AND field = ?2 AND state <> 'decided'";
    let mut statement = connection.prepare_cached(SQL)?;
    for field in written.keys() {
        statement.execute((&id, field, now))?;
    }
    Ok(())
}

/// Stores where a conflict stands after the worker's tap.
fn put(
    connection: &Connection,
    conflict: &Conflict,
    state: &str,
    replaced: Option<&Replaced>,
    now: Millis,
) -> Result<(), DeviceError> {
    const SQL: &str = "INSERT INTO conflict (id, field, stamp, body, told, state, replaced, decided_at)
        VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7)
        ON CONFLICT (id, field, stamp) DO UPDATE SET state = ?5, replaced = ?6, decided_at = ?7";
    connection.prepare_cached(SQL)?.execute((
        conflict.record.to_string(),
        &conflict.field,
        conflict.stamp.to_string(),
        serde_json::to_string(conflict)?,
        state,
        replaced.map(serde_json::to_string).transpose()?,
        now,
    ))?;
    Ok(())
}

impl Open {
    /// The conflicts of a record that are worth showing: the two values differ, and nothing was decided for good.
    pub(crate) fn conflicts_of(&self, record: &Record) -> Result<Vec<Standing>, DeviceError> {
        let now = self.now();
        let mut found = overtaken_of(self.store().connection(), record, self.account())?;
        found.extend(open_of(self.store().connection(), record.id)?);
        let present = |field: &str| record.fields.get(field).unwrap_or(&Value::Null);
        found.retain(|standing| match (&standing.replaced, standing.restored) {
            (Some(replaced), true) => {
                let put_back =
                    standing.conflict.stamp.millis().max(record.stamps.of(&standing.conflict.field).millis());
                let stands = present(&standing.conflict.field) == &standing.conflict.value;
                stands && replaced.value != standing.conflict.value && now.saturating_sub(put_back) < UNDO_FOR
            }
            _ => present(&standing.conflict.field) != &standing.conflict.value,
        });
        Ok(found)
    }

    /// The records with something to decide, in no particular order.
    pub(crate) fn undecided(&self) -> Result<Vec<Record>, DeviceError> {
        const SQL: &str =
            "deleted = 0 AND id IN (SELECT id FROM conflict WHERE state = 'open' UNION SELECT id FROM overtaken)";
        self.store().records(SQL, [])
    }

    /// Whether the worker may let another value of such a record stand.
    pub(crate) fn may_restore(&self, kind: &Kind) -> bool {
        phone_writes(self.account().role, kind)
    }

    /// Lets a value stand again that was set aside; asked once more, lets the one stand again that gave way. `seen` is the stamp of the
    /// value that stood beside it on the screen; without it that is the one that stands.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`] when no such conflict is shown, and as [`Open::write`].
    pub fn restore_value(
        &mut self,
        (id, field): (RecordId, &str),
        stamp: Stamp,
        seen: Option<Stamp>,
    ) -> Result<(), DeviceError> {
        let (held, standing) = self.standing(id, field, stamp)?;
        let Standing { conflict, restored, replaced } = standing;
        let record = &held.record;
        let present = record.fields.get(field).cloned().unwrap_or(Value::Null);
        let (value, state, replaced) = match replaced {
            Some(replaced) if restored => (replaced.value.clone(), "open", replaced),
            // It gave way before and came back: whose it is was noted then.
            Some(replaced) if replaced.value == present => (conflict.value.clone(), "restored", replaced),
            _ => {
                let stamp = record.stamps.of(field);
                let by = (stamp == conflict.won_stamp).then(|| conflict.won_by.clone()).flatten();
                (conflict.value.clone(), "restored", Replaced { value: present, stamp, by })
            }
        };
        let seen = seen.map(|stamp| Seen::from([(field.to_owned(), stamp)]));
        let fields = Fields::from([(field.to_owned(), value)]);
        // The value and what became of the other one, together: or nobody could undo it.
        let note = |connection: &Connection, now| put(connection, &conflict, state, Some(&replaced), now);
        self.write_noting(held, fields, seen.as_ref(), note)
    }

    /// Does not show a conflict any more, on this phone.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`] when no such conflict is shown.
    pub fn dismiss_conflict(&mut self, id: RecordId, field: &str, stamp: Stamp) -> Result<(), DeviceError> {
        let (_, standing) = self.standing(id, field, stamp)?;
        let now = self.now();
        self.store.keep_text(|transaction| put(transaction, &standing.conflict, "decided", None, now))?;
        self.changed();
        Ok(())
    }

    fn standing(&self, id: RecordId, field: &str, stamp: Stamp) -> Result<(Held, Standing), DeviceError> {
        let held = store::held(self.store().connection(), id)?.ok_or(DeviceError::NotFound)?;
        let named = |standing: &Standing| standing.conflict.field == field && standing.conflict.stamp == stamp;
        let standing = self.conflicts_of(&held.record)?.into_iter().find(named).ok_or(DeviceError::NotFound)?;
        Ok((held, standing))
    }
}
