//! Erased on purpose: everything about a record goes from the phone, the worker's own unsent, refused and unfinished words
//! included. That is what tells an erasure from a record that merely moved to another cell.

use std::collections::BTreeSet;
use std::ops::Bound;

use domain::kinds::dispute::{ERASED_NAME, WORDS, file_without_words, form_without_person, is_about_nobody, people_in};
use domain::kinds::evacuation::without;
use domain::protocol::WORDS_ABOUT_MAX;
use domain::{CellCode, Change, RecordId};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use crate::DeviceError;
use crate::conflicts;
use crate::store::{self, Meta};

/// Removes a record and what was written about it alone. True when anything was here.
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
    let files = empty_parties(connection, id)?;
    here |= empty_words(connection, id, &files)?;
    conflicts::leave_erased(connection, id)?;
    if here {
        store::drop_unnamed_photos(connection)?;
    }
    Ok(here)
}

/// Records about which words are kept that no feed need ever reach again: refused ones, unfinished forms, what another phone handed
/// over, and photos of a cell that this phone had to give up and cannot leave before they are sent; and whoever a dispute or a roster
/// names that is not sent yet, whose copy here no feed brings down. The record may have left this phone's cells before it was
/// erased, and then no feed says so; the server is asked. First about the people of what is `pushed` with the question: once that is
/// accepted it is not asked about any more.
pub(crate) fn words_about(connection: &Connection, pushed: &[Change]) -> Result<Vec<RecordId>, DeviceError> {
    const REFUSED: &str = "SELECT id FROM refused
        UNION SELECT fields ->> '$.target' FROM refused WHERE kind IN ('visit', 'review') AND fields ->> '$.target' IS NOT NULL
        UNION SELECT fields ->> '$.subject' FROM refused WHERE kind = 'photo' AND fields ->> '$.subject' IS NOT NULL
        UNION SELECT fields ->> '$.person' FROM refused WHERE fields ->> '$.person' IS NOT NULL
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
    const PHOTOS_LEFT: &str = "SELECT record.id, record.parent FROM photo_file
        JOIN record ON record.kind = 'photo' AND record.body ->> '$.fields.sha256' = photo_file.sha256
        WHERE photo_file.state = 'waiting' AND record.cell NOT IN (SELECT value FROM json_each(?1))";
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

/// Empties what disputes say of an erased resident: in the register, in words that were overtaken or refused, in unfinished forms.
/// The server does the same in the same words, so no stamp is needed for it: both sides hold one value under one stamp. Answers which
/// files in the register named the resident.
fn empty_parties(connection: &Connection, person: RecordId) -> Result<BTreeSet<String>, DeviceError> {
    const REGISTER: usize = 0;
    const PLACES: [(&str, &str); 4] = [
        (
            "SELECT id, body FROM record WHERE kind = 'dispute' AND instr(body, ?1) > 0",
            "UPDATE record SET body = ?2 WHERE id = ?1",
        ),
        (
            "SELECT id, fields FROM refused WHERE kind = 'dispute' AND instr(fields, ?1) > 0",
            "UPDATE refused SET fields = ?2 WHERE id = ?1",
        ),
        (
            "SELECT json_array(id, field, stamp), value FROM overtaken WHERE field = 'parties' AND instr(value, ?1) > 0",
            "UPDATE overtaken SET value = ?2 WHERE id = ?1 ->> 0 AND field = ?1 ->> 1 AND stamp = ?1 ->> 2",
        ),
        ("SELECT key, value FROM draft WHERE instr(value, ?1) > 0", "UPDATE draft SET value = ?2 WHERE key = ?1"),
    ];
    let mut files = BTreeSet::new();
    for (place, (select, update)) in PLACES.into_iter().enumerate() {
        let mut statement = connection.prepare_cached(select)?;
        let rows = statement.query_map([person.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
        for (key, text) in found {
            if let Some(emptied) = form_without_person(&serde_json::from_str::<Value>(&text)?, person) {
                connection.prepare_cached(update)?.execute((&key, serde_json::to_string(&emptied)?))?;
                if place == REGISTER {
                    files.insert(key);
                }
            }
        }
    }
    Ok(files)
}

/// Leaves nothing where words stood of files that are about nobody any more: in those of these `emptied` just now that stand here, and in
/// own words about any that were overtaken, refused or not finished. The server does the same with what comes in, under the stamps that it
/// came with, so that both sides hold the same; and the copy that this phone wrote itself is never sent back to it. What stands in files
/// that were about nobody before is as the server has it: emptied here alone, under the same stamps, it would differ and no digest say so.
/// A file of which a list that names others waits for a decision is not about nobody, here as there.
/// Answers whether anything went.
fn empty_words(connection: &Connection, person: RecordId, emptied: &BTreeSet<String>) -> Result<bool, DeviceError> {
    const FILES: &str = "SELECT id, body FROM record WHERE kind = 'dispute' AND instr(body, ?1) > 0";
    const EMPTY: &str = "UPDATE record SET body = ?2 WHERE id = ?1";
    const OVERTAKEN: &str =
        "UPDATE overtaken SET value = 'null' WHERE id = ?1 AND field IN (SELECT value FROM json_each(?2))";
    let words = serde_json::to_string(&WORDS)?;
    let mut statement = connection.prepare_cached(FILES)?;
    let rows = statement.query_map([format!("\"name\":\"{ERASED_NAME}\"")], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let found: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
    let mut any = false;
    for (id, text) in found {
        let mut body: Value = serde_json::from_str(&text)?;
        let about_nobody = |file: &&mut Value| file.get("parties").is_some_and(is_about_nobody);
        let Some(file) = body.get_mut("fields").filter(about_nobody) else { continue };
        if conflicts::may_be_about_others(connection, &id, person)? {
            continue;
        }
        connection.prepare_cached(OVERTAKEN)?.execute((&id, &words))?;
        any |= drop_words_apart(connection, &id)?;
        if emptied.contains(&id)
            && let Some(without) = file_without_words(file)
        {
            *file = without;
            connection.prepare_cached(EMPTY)?.execute((&id, body.to_string()))?;
        }
    }
    Ok(any)
}

/// Takes the words of a file that is about nobody any more out of what the server refused of it, and out of its unfinished form. Either may
/// hold a sentence alone, without the parties that say whom it is about. Where it names others, it is about these. Of its events and its
/// photos the server keeps none and takes none any more: those that it refused before go, and so do unfinished ones. Answers whether any of
/// these were here: pictures go with them.
fn drop_words_apart(connection: &Connection, file: &str) -> Result<bool, DeviceError> {
    const PLACES: [[&str; 3]; 2] = [
        [
            "SELECT id, fields FROM refused WHERE id = ?1 AND kind = 'dispute'",
            "UPDATE refused SET fields = ?2 WHERE id = ?1",
            "DELETE FROM refused WHERE id = ?1",
        ],
        [
            "SELECT key, value FROM draft WHERE key = 'edit:' || ?1",
            "UPDATE draft SET value = ?2 WHERE key = ?1",
            "DELETE FROM draft WHERE key = ?1",
        ],
    ];
    const ABOUT: [&str; 3] = [
        "DELETE FROM refused WHERE kind = 'dispute_event' AND fields ->> '$.dispute' = ?1",
        "DELETE FROM refused WHERE kind = 'photo' AND fields ->> '$.subject' = ?1",
        "DELETE FROM draft WHERE key GLOB 'dispute:' || ?1 || ':*'",
    ];
    for [select, update, remove] in PLACES {
        let mut statement = connection.prepare_cached(select)?;
        let found = statement.query_row([file], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((key, text)): Option<(String, String)> = found else { continue };
        let mut form: Value = serde_json::from_str(&text)?;
        let about_others = form.get("parties").is_some_and(|parties| !is_about_nobody(parties));
        let Some(fields) = form.as_object_mut().filter(|_| !about_others) else { continue };
        let before = fields.len();
        fields.retain(|name, _| !WORDS.contains(&name.as_str()));
        // Beside its words a form says which values they were typed over: without words that is nothing.
        if fields.keys().all(|name| name == "seen") {
            connection.prepare_cached(remove)?.execute([key])?;
        } else if fields.len() < before {
            connection.prepare_cached(update)?.execute((key, form.to_string()))?;
        }
    }
    let mut any = false;
    for about in ABOUT {
        any |= connection.prepare_cached(about)?.execute([file])? > 0;
    }
    Ok(any)
}
