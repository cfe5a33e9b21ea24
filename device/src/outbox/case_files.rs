//! What an erasure leaves of case files. Of a party only the side stays, here as on the server, and at once. Where nobody is left whom a
//! file is about, its words go too; but who is a party besides, this phone knows only when it has read all that the server has: what a
//! colleague added may come with a later page, and then the words are that party's as well. So it decides once everything has come down,
//! and what is still to be decided is stored: a round may end anywhere.
//!
//! Words that were not sent yet go up as they stand. The server knows whom the file is about: it takes them, or takes nothing of them and
//! says so under a stamp of its own, which comes down.

use std::collections::{BTreeMap, BTreeSet};

use domain::kinds::dispute::{
    ERASED_NAME, WORDS, file_without_words, form_without_person, how_many_lost, is_about_nobody, is_about_somebody,
    names_nobody, without_person,
};
use domain::{Change, Kind, Record, RecordId, Stamp};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::overtaken::{Overtaken, overtaken_of};
use crate::DeviceError;
use crate::conflicts;
use crate::store::{self, Held, Meta, SELECT_HELD};

/// Files that were about nobody here when this phone last looked; with the stamp of the list of parties, where it was emptied here and the
/// server had it under that stamp.
type Noted = BTreeMap<RecordId, Option<Stamp>>;

/// What is to be looked at once everything has come down; none when nobody was erased, as far as this phone knows, since that was done.
fn noted(connection: &Connection) -> Result<Option<Noted>, DeviceError> {
    Ok(Meta::FilesToLeave.get::<Option<Noted>>(connection)?.flatten())
}

/// Leaves nothing of an erased resident in lists of parties, and notes that words are to be looked at. True: a list named the resident.
pub(super) fn leave_party(connection: &Connection, person: RecordId) -> Result<bool, DeviceError> {
    let before = noted(connection)?;
    let mut files = before.clone().unwrap_or_default();
    let Emptied { any, in_register } = empty_parties(connection, person)?;
    for id in in_register {
        let Some(held) = store::held(connection, id)?.filter(|held| names_nobody(&held.record)) else { continue };
        let list = held.record.stamps.of("parties");
        files.insert(id, (!held.unsent.contains_key("parties")).then_some(list));
    }
    // The server's copy may have come first.
    for id in files_naming_nobody(connection)? {
        if !conflicts::may_be_about_others(connection, id)? {
            files.entry(id).or_insert(None);
        }
    }
    let files = Some(files);
    if files != before {
        Meta::FilesToLeave.set(connection, &files)?;
    }
    Ok(any)
}

/// Whether a case file comes down as one about nobody, and more of its parties are erased than was known here: they lived where this phone
/// reads nothing, and their file alone tells that they were erased. A correction that takes out the last one who was left tells nothing of it.
pub(crate) fn was_left_to_nobody(before: Option<&Record>, pulled: &Record) -> bool {
    let lost = |file: &Record| file.fields.get("parties").map_or(0, how_many_lost);
    names_nobody(pulled) && lost(pulled) > before.map_or(0, lost)
}

/// Notes that words of these files are to be looked at, which came down as files about nobody.
pub(crate) fn look_at_files(connection: &Connection, left: &[RecordId]) -> Result<(), DeviceError> {
    if left.is_empty() {
        return Ok(());
    }
    let mut files = noted(connection)?.unwrap_or_default();
    for id in left {
        files.entry(*id).or_insert(None);
    }
    Meta::FilesToLeave.set(connection, &Some(files))
}

/// A change was refused. By a list of parties in it that names somebody a case file may have been that one's here alone: where the one that
/// stands now names nobody, what lies beside the file is to be looked at.
///
/// This alone says so, whatever was noted before. The list may have been written when nothing was noted any more; it goes up as unsent, as
/// overtaken, or with all of a record that is offered to a server that was put back or doubts it; and until it is judged nobody can tell. The
/// note is stored with what the refusal does, so no end of a round comes between. One that is taken makes the file somebody's, or is set
/// aside, and then the server says whom it may be about.
pub(crate) fn list_was_refused(connection: &Connection, change: &Change) -> Result<(), DeviceError> {
    if change.kind != Kind::Dispute || !change.fields.get("parties").is_some_and(is_about_somebody) {
        return Ok(());
    }
    let left = store::held(connection, change.id)?.is_some_and(|held| names_nobody(&held.record));
    if left { look_at_files(connection, &[change.id]) } else { Ok(()) }
}

/// Of a file that turns out to be about somebody nothing is to go, though it should leave this phone before all has come down.
pub(crate) fn look_again(connection: &Connection) -> Result<(), DeviceError> {
    let Some(before) = noted(connection)? else { return Ok(()) };
    let mut files = before.clone();
    for id in before.keys() {
        let Some(held) = store::held(connection, *id)? else { continue };
        if !names_nobody(&held.record) || conflicts::may_be_about_others(connection, *id)? {
            files.remove(id);
        }
    }
    if files == before { Ok(()) } else { Meta::FilesToLeave.set(connection, &Some(files)) }
}

/// Leaves nothing where words stood of files that are about nobody: of own words that were overtaken, refused or not finished, and of what
/// was set aside. For when everything has come down and was judged. While something of such a file waits, or the own list of parties that was
/// overtaken and by which it would be somebody's, that may be refused yet, and it is looked at again. While the own list waits that names
/// nobody, nothing goes: the server may have another one, and sets that aside when it takes this one. True: something went.
///
/// What stands in the register is as the server has it, which empties it under stamps of its own. One of an older version emptied what came
/// late under the stamps that it came with, and sent the phone that wrote them nothing: where it has not written the list of parties anew
/// either, the words go here as well. (Under any other list they may have been left to whoever reads them, and are not this phone's to
/// empty: both sides hold one value under one stamp.)
pub(crate) fn leave_words(connection: &Connection) -> Result<bool, DeviceError> {
    let Some(noted) = noted(connection)? else { return Ok(false) };
    let (mut left, mut waiting) = (false, BTreeSet::new());
    for id in files_naming_nobody(connection)? {
        if conflicts::may_be_about_others(connection, id)? {
            waiting.extend(own_list_goes_up(connection, id)?.then_some(id));
            continue;
        }
        let Some(held) = store::held(connection, id)? else { continue };
        // An own list that is not judged yet stands here over whatever the server has: by it nobody here can tell whom the file is about.
        if held.unsent.contains_key("parties") {
            waiting.insert(id);
            continue;
        }
        left |= leave_words_apart(connection, id)?;
        if may_be_refused(connection, &held)? {
            waiting.insert(id);
        } else if noted.get(&id) == Some(&Some(held.record.stamps.of("parties"))) {
            left |= empty(connection, id)?;
        }
    }
    for id in noted.keys() {
        if store::held(connection, *id)?.is_none() {
            left |= leave_words_apart(connection, *id)?;
        }
    }
    if left {
        store::drop_unnamed_photos(connection)?;
    }
    let still: Noted = waiting.into_iter().map(|id| (id, noted.get(&id).copied().flatten())).collect();
    let still = (!still.is_empty()).then_some(still);
    if still.as_ref() != Some(&noted) {
        Meta::FilesToLeave.set(connection, &still)?;
    }
    Ok(left)
}

/// Whether a case file is about nobody any more, as far as this phone knows: then nothing is written into it, for the server takes none of it.
/// It does not know yet where the own list of parties waits to be judged, nor, once somebody was erased, before everything has come down and
/// was judged.
pub(crate) fn is_of_nobody(connection: &Connection, file: RecordId) -> Result<bool, DeviceError> {
    let Some(held) = store::held(connection, file)?.filter(|held| names_nobody(&held.record)) else { return Ok(false) };
    if held.unsent.contains_key("parties") || conflicts::may_be_about_others(connection, file)? {
        return Ok(false);
    }
    Ok(noted(connection)?.is_none_or(|files| !files.contains_key(&file)))
}

/// Whether a form is one of a case file that is about nobody, and nothing says yet that such forms are to be looked at: it stood open while
/// the file was left, and is kept once more. Its words go up with no change that the server could refuse, so nothing else tells of them.
pub(crate) fn is_form_of_nobody(connection: &Connection, key: &str) -> Result<bool, DeviceError> {
    let of_step = || key.strip_prefix("dispute:").and_then(|rest| rest.split(':').next());
    let file = key.strip_prefix("edit:").or_else(of_step).and_then(|file| file.parse::<RecordId>().ok());
    let Some(file) = file else { return Ok(false) };
    Ok(noted(connection)?.is_none() && is_of_nobody(connection, file)?)
}

/// Notes that what lies beside files about nobody is to be looked at, though nobody was erased since. No file is named: what this phone knows
/// of each it goes on knowing.
pub(crate) fn look_at_forms(connection: &Connection) -> Result<(), DeviceError> {
    let files = noted(connection)?.unwrap_or_default();
    Meta::FilesToLeave.set(connection, &Some(files))
}

/// The files in the register whose list of parties names nobody any more; some of them may be about others ([`conflicts::may_be_about_others`]).
fn files_naming_nobody(connection: &Connection) -> Result<Vec<RecordId>, DeviceError> {
    let sql = format!("{SELECT_HELD} WHERE kind = 'dispute' AND instr(body, ?1) > 0");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([format!("\"name\":\"{ERASED_NAME}\"")])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.extend(Some(store::held_of_row(row)?.record).filter(names_nobody).map(|file| file.id));
    }
    Ok(found)
}

/// Whether an own list of parties that names somebody was overtaken and goes up still.
fn own_list_goes_up(connection: &Connection, file: RecordId) -> Result<bool, DeviceError> {
    let names_somebody = |lost: &Overtaken| lost.field == "parties" && is_about_somebody(&lost.value);
    Ok(overtaken_of(connection, file)?.iter().any(names_somebody))
}

/// Whether words of a file still wait, or of its events or its photos: what waits may be refused.
fn may_be_refused(connection: &Connection, held: &Held) -> Result<bool, DeviceError> {
    const ABOUT: &str = "SELECT 1 FROM record WHERE parent = ?1 AND kind IN ('dispute_event', 'photo')
        AND (reoffer = 1 OR doubted = 1 OR id IN (SELECT id FROM unsent)) LIMIT 1";
    let words = WORDS.iter().any(|name| held.unsent.contains_key(*name));
    Ok(words || held.reoffer || held.doubted || store::exists(connection, ABOUT, [held.record.id.to_string()])?)
}

/// Puts nothing where words stand in a file, under their stamps. True: there were any.
fn empty(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    const BODY: &str = "SELECT body FROM record WHERE id = ?1";
    const EMPTY: &str = "UPDATE record SET body = ?2 WHERE id = ?1";
    let body: String = connection.prepare_cached(BODY)?.query_row([id.to_string()], |row| row.get(0))?;
    let mut body: Value = serde_json::from_str(&body)?;
    let Some(file) = body.get_mut("fields") else { return Ok(false) };
    let Some(without) = file_without_words(file) else { return Ok(false) };
    *file = without;
    Ok(connection.prepare_cached(EMPTY)?.execute((id.to_string(), body.to_string()))? > 0)
}

/// Where lists of parties named somebody who was erased.
struct Emptied {
    /// Whether any did, wherever it lay.
    any: bool,
    /// The files in the register whose list did.
    in_register: Vec<RecordId>,
}

/// Empties what disputes say of an erased resident: in the register, in words that were overtaken or refused, in unfinished forms.
/// The server does the same in the same words, so no stamp is needed for it: both sides hold one value under one stamp. Of a form whose file
/// is not here its own list alone says whom it is about, and its words go with the last of them.
fn empty_parties(connection: &Connection, person: RecordId) -> Result<Emptied, DeviceError> {
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
    const HERE: &str = "SELECT 1 FROM record WHERE id = ?1";
    let mut named = Emptied { any: false, in_register: Vec::new() };
    for (place, (select, update)) in PLACES.into_iter().enumerate() {
        let mut statement = connection.prepare_cached(select)?;
        let rows = statement.query_map([person.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
        for (key, text) in found {
            let said: Value = serde_json::from_str(&text)?;
            let of_file = store::exists(connection, HERE, [key.strip_prefix("edit:").unwrap_or(&key)])?;
            let emptied = if of_file { without_person(&said, person) } else { form_without_person(&said, person) };
            if let Some(emptied) = emptied {
                connection.prepare_cached(update)?.execute((&key, serde_json::to_string(&emptied)?))?;
                named.any = true;
                named.in_register.extend(key.parse::<RecordId>().ok().filter(|_| place == REGISTER));
            }
        }
    }
    Ok(named)
}

/// Takes the words of a file that is about nobody any more out of what lies beside it. Refused words and an unfinished form may be a sentence
/// alone, without the parties that say whom it is about; where they name others, they are about these. Of its events and its photos the
/// server keeps none and takes none any more: those that it refused before go, and so do unfinished ones. True: something went.
fn leave_words_apart(connection: &Connection, file: RecordId) -> Result<bool, DeviceError> {
    const FORMS: [[&str; 3]; 2] = [
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
    const OVERTAKEN: &str = "UPDATE overtaken SET value = 'null'
        WHERE id = ?1 AND value <> 'null' AND field IN (SELECT value FROM json_each(?2))";
    let id = file.to_string();
    let mut left = conflicts::leave_file(connection, file)?;
    left |= connection.prepare_cached(OVERTAKEN)?.execute((&id, serde_json::to_string(&WORDS)?))? > 0;
    for [select, update, remove] in FORMS {
        let mut statement = connection.prepare_cached(select)?;
        let found = statement.query_row([&id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((key, text)): Option<(String, String)> = found else { continue };
        let mut form: Value = serde_json::from_str(&text)?;
        let about_others = form.get("parties").is_some_and(|parties| !is_about_nobody(parties));
        let Some(fields) = form.as_object_mut().filter(|_| !about_others) else { continue };
        let before = fields.len();
        fields.retain(|name, _| !WORDS.contains(&name.as_str()));
        // Beside its words a form says which values they were typed over: without words that is nothing.
        if fields.keys().all(|name| name == "seen") {
            left |= connection.prepare_cached(remove)?.execute([key])? > 0;
        } else if fields.len() < before {
            left |= connection.prepare_cached(update)?.execute((key, form.to_string()))? > 0;
        }
    }
    for about in ABOUT {
        left |= connection.prepare_cached(about)?.execute([&id])? > 0;
    }
    Ok(left)
}
