//! Erased on purpose: everything about a record goes from the phone, the worker's own unsent, refused and unfinished words
//! included. That is what tells an erasure from a record that merely moved to another cell.

use std::collections::BTreeSet;
use std::ops::Bound;

use domain::kinds::dispute::people_in;
use domain::kinds::evacuation::without;
use domain::protocol::WORDS_ABOUT_MAX;
use domain::{CellCode, Change, RecordId};
use rusqlite::Connection;
use serde_json::Value;

use super::case_files;
use crate::DeviceError;
use crate::conflicts;
use crate::store::{self, Meta};

/// Removes a record and what was written about it alone, and takes it out of lists of people. True when anything was here: a screen may show it.
pub(crate) fn erase(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    // Visits to it, photos and reviews of it, plans for it, marks of it: on this phone perhaps only, not sent yet, refused, or
    // handed over by another phone.
    const ABOUT: &str = "SELECT id FROM record WHERE parent = ?1 AND kind IN ('visit', 'photo', 'review', 'care_plan')
        UNION SELECT id FROM record WHERE kind = 'roll_call' AND body ->> '$.fields.person' = ?1
        UNION SELECT id FROM received WHERE kind = 'roll_call' AND body ->> '$.fields.person' = ?1
        UNION SELECT id FROM refused WHERE kind IN ('visit', 'photo', 'review', 'care_plan', 'roll_call')
            AND (fields ->> '$.target' = ?1 OR fields ->> '$.subject' = ?1 OR fields ->> '$.person' = ?1)";
    const REMOVE: [&str; 5] = [
        "DELETE FROM record WHERE id = ?1",
        "DELETE FROM received WHERE id = ?1",
        "DELETE FROM overtaken WHERE id = ?1",
        "DELETE FROM refused WHERE id = ?1",
        // A form's key names what it is about.
        "DELETE FROM draft WHERE instr(key, ?1) > 0",
    ];
    store::note_erased(connection, id)?;
    let mut here = leave_rosters(connection, id)?;
    let mut waiting = vec![id.to_string()];
    while let Some(id) = waiting.pop() {
        let mut statement = connection.prepare_cached(ABOUT)?;
        let about: Vec<String> = statement.query_map([&id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        waiting.extend(about);
        store::picture_waits_again(connection, &id)?;
        for sql in REMOVE {
            here |= connection.prepare_cached(sql)?.execute([&id])? > 0;
        }
    }
    here |= leave_mergings(connection, id)?;
    here |= case_files::leave_party(connection, id)?;
    here |= conflicts::leave_erased(connection, id)?;
    if here {
        store::drop_unnamed_photos(connection)?;
    }
    Ok(here)
}

/// Records about which words are kept that no feed need ever reach again: refused ones, unfinished forms, what another phone handed
/// over, and photos of a cell that this phone had to give up and cannot leave before they are sent; and whoever a dispute or a roster
/// names that is not sent yet, or a list of parties that was set aside, whose copy here no feed brings down. The record may have left
/// this phone's cells before it was erased, or never have lain there, and then no feed says so; the server is asked. First about the
/// people of what is `pushed` with the question: once that is accepted it is not asked about any more.
pub(crate) fn words_about(connection: &Connection, pushed: &[Change]) -> Result<Vec<RecordId>, DeviceError> {
    const REFUSED: &str = "SELECT id FROM refused
        UNION SELECT fields ->> '$.target' FROM refused WHERE kind IN ('visit', 'review') AND fields ->> '$.target' IS NOT NULL
        UNION SELECT fields ->> '$.subject' FROM refused WHERE kind = 'photo' AND fields ->> '$.subject' IS NOT NULL
        UNION SELECT fields ->> '$.person' FROM refused WHERE fields ->> '$.person' IS NOT NULL
        UNION SELECT fields ->> '$.merged_into' FROM refused WHERE kind = 'person' AND fields ->> '$.merged_into' IS NOT NULL
        UNION SELECT party.value ->> '$.person' FROM refused, json_each(refused.fields, '$.parties') AS party
            WHERE refused.kind = 'dispute' AND party.value ->> '$.person' IS NOT NULL
        UNION SELECT listed.value ->> '$.person' FROM refused, json_each(refused.fields, '$.roster') AS listed
            WHERE refused.kind = 'evacuation' AND listed.value ->> '$.person' IS NOT NULL";
    const UNSENT: &str = "SELECT party.value ->> '$.person'
            FROM record INDEXED BY record_by_kind, json_each(record.body, '$.fields.parties') AS party
            WHERE record.kind = 'dispute' AND record.id IN (SELECT id FROM unsent) AND party.value ->> '$.person' IS NOT NULL
        UNION SELECT listed.value ->> '$.person'
            FROM record INDEXED BY record_by_kind, json_each(record.body, '$.fields.roster') AS listed
            WHERE record.kind = 'evacuation' AND record.id IN (SELECT id FROM unsent) AND listed.value ->> '$.person' IS NOT NULL";
    const HANDED_OVER: &str = "SELECT body ->> '$.fields.person' FROM received
            WHERE kind = 'roll_call' AND body ->> '$.fields.person' IS NOT NULL
        UNION SELECT listed.value ->> '$.person' FROM received, json_each(received.body, '$.fields.roster') AS listed
            WHERE received.kind = 'evacuation' AND listed.value ->> '$.person' IS NOT NULL";
    let mut names: Vec<String> = Vec::new();
    for sql in [REFUSED, UNSENT, HANDED_OVER] {
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_map([], |row| row.get(0))?;
        names.extend(found.collect::<Result<Vec<String>, _>>()?);
    }
    names.extend(named_by_photos_left(connection)?);
    let mut about: BTreeSet<RecordId> = names.iter().filter_map(|name| name.parse().ok()).collect();
    about.extend(in_forms(connection)?);
    about.extend(conflicts::parties_set_aside(connection)?);
    in_turn(connection, &people_of(pushed), &about)
}

/// The residents whom the parties or the rosters in these changes name.
fn people_of(changes: &[Change]) -> BTreeSet<RecordId> {
    let lists = |change: &Change| {
        let lists = ["parties", "roster"].into_iter().filter_map(|name| change.fields.get(name));
        lists.flat_map(people_in).collect::<Vec<RecordId>>()
    };
    changes.iter().flat_map(lists).collect()
}

/// Waiting photos of cells that the phone does not hold any more, and whom they show.
fn named_by_photos_left(connection: &Connection) -> Result<Vec<String>, DeviceError> {
    const PHOTOS_LEFT: &str = "SELECT record.id, record.parent FROM photo_way
        JOIN record ON record.kind = 'photo' AND record.body ->> '$.fields.sha256' = photo_way.sha256
        WHERE photo_way.state = 'waiting' AND record.cell NOT IN (SELECT value FROM json_each(?1))";
    let cells: Vec<CellCode> = Meta::Cells.get(connection)?.unwrap_or_default();
    let mut statement = connection.prepare_cached(PHOTOS_LEFT)?;
    let photos = statement.query_map([serde_json::to_string(&cells)?], |row| Ok([row.get(0)?, row.get(1)?]))?;
    let photos: Vec<[Option<String>; 2]> = photos.collect::<Result<_, _>>()?;
    Ok(photos.into_iter().flatten().flatten().collect())
}

/// What unfinished forms are about, which their keys say, and the parties of disputes in them. Of other forms only the keys are read:
/// pieces of pictures are among them.
fn in_forms(connection: &Connection) -> Result<Vec<RecordId>, DeviceError> {
    const FORMS: &str = "SELECT key, CASE WHEN key GLOB 'new:dispute:*' OR key GLOB 'edit:*' THEN value END FROM draft";
    let mut statement = connection.prepare_cached(FORMS)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, form): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        found.extend(key.split(':').filter_map(|name| name.parse::<RecordId>().ok()));
        // A form that cannot be read stops no round.
        let form: Option<Value> = form.and_then(|form| serde_json::from_str(&form).ok());
        found.extend(form.as_ref().and_then(|form| form.get("parties")).map(people_in).unwrap_or_default());
    }
    Ok(found)
}

/// As many of them as may be named at once: these `first`, in half of the places at most, and the others after those that were named last,
/// so that all have their turn where there are too many.
fn in_turn(
    connection: &Connection,
    first: &BTreeSet<RecordId>,
    about: &BTreeSet<RecordId>,
) -> Result<Vec<RecordId>, DeviceError> {
    let now: BTreeSet<RecordId> = first.iter().take(WORDS_ABOUT_MAX / 2).copied().collect();
    let rest: BTreeSet<RecordId> = about.union(first).filter(|id| !now.contains(*id)).copied().collect();
    let room = WORDS_ABOUT_MAX - now.len();
    let last: Option<RecordId> = if rest.len() > room { Meta::WordsAsked.get(connection)? } else { None };
    let mut asked: Vec<RecordId> = now.into_iter().collect();
    match last {
        Some(last) => {
            let after = rest.range((Bound::Excluded(last), Bound::Unbounded));
            asked.extend(after.chain(rest.range(..=last)).take(room).copied());
        }
        None => asked.extend(rest.iter().take(room).copied()),
    }
    Ok(asked)
}

/// Notes how far those were named of whom there are too many for one request; it was answered.
pub(crate) fn note_asked(connection: &Connection, asked: &[RecordId]) -> Result<(), DeviceError> {
    match asked.last().filter(|_| asked.len() >= WORDS_ABOUT_MAX) {
        Some(last) => Meta::WordsAsked.set(connection, last),
        None => Ok(()),
    }
}

/// Refused words that let another entry give way to a resident carry what the resident had said before: that goes, and where they say
/// nothing else, so do they.
fn leave_mergings(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    const REST: &str = "json_remove(fields, '$.merged_into', '$.merged_before')";
    const INTO: &str = "kind = 'person' AND fields ->> '$.merged_into' = ?1";
    let mut here = false;
    for sql in [
        format!("DELETE FROM refused WHERE {INTO} AND {REST} = '{{}}'"),
        format!("UPDATE refused SET fields = {REST} WHERE {INTO}"),
    ] {
        here |= connection.prepare_cached(&sql)?.execute([id.to_string()])? > 0;
    }
    Ok(here)
}

/// Takes a person off every roster, whoever wrote it and wherever it waits. The value keeps its stamp: the server has taken the
/// person out of what it has under that stamp too, and sends the roster that stands.
fn leave_rosters(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    // Where a roster can lie: the name of the row's key, and the JSON with the roster in it.
    const PLACES: [(&str, &str, &str); 4] = [
        ("record", "kind = 'evacuation' AND instr(body, ?1) > 0", "body"),
        ("received", "kind = 'evacuation' AND instr(body, ?1) > 0", "body"),
        ("refused", "kind = 'evacuation' AND instr(fields, ?1) > 0", "fields"),
        ("overtaken", "field = 'roster' AND instr(value, ?1) > 0", "value"),
    ];
    let named = id.to_string();
    let mut here = false;
    for (table, condition, column) in PLACES {
        let mut statement =
            connection.prepare_cached(&format!("SELECT id, {column} FROM {table} WHERE {condition}"))?;
        let found: Vec<(String, String)> =
            statement.query_map([&named], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
        for (row, text) in found {
            let mut json: Value = serde_json::from_str(&text)?;
            let roster = match column {
                "body" => json.pointer_mut("/fields/roster"),
                "fields" => json.pointer_mut("/roster"),
                _ => Some(&mut json),
            };
            let Some(roster) = roster else { continue };
            let Some(rest) = without(roster, |person| person == id) else { continue };
            *roster = rest;
            let sql = format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1 AND {column} = ?3");
            connection.prepare_cached(&sql)?.execute((row, json.to_string(), text))?;
            here = true;
        }
    }
    Ok(here)
}
