//! Erased on purpose: everything about a record goes from the phone, the worker's own unsent, refused and unfinished words
//! included. That is what tells an erasure from a record that merely moved to another cell.

use domain::RecordId;
use domain::kinds::dispute::without_person;
use rusqlite::Connection;
use serde_json::Value;

use crate::DeviceError;
use crate::store;

/// Removes a record and what was written about it alone. True when anything was here.
pub(crate) fn erase(connection: &Connection, id: RecordId) -> Result<bool, DeviceError> {
    // Visits to it, photos and reviews of it, plans for it: on this phone perhaps only, not sent yet, or refused.
    const ABOUT: &str = "SELECT id FROM record WHERE parent = ?1 AND kind IN ('visit', 'photo', 'review', 'care_plan')
        UNION SELECT id FROM refused WHERE kind IN ('visit', 'photo', 'review', 'care_plan')
            AND (fields ->> '$.target' = ?1 OR fields ->> '$.subject' = ?1 OR fields ->> '$.person' = ?1)";
    const REMOVE: [&str; 4] = [
        "DELETE FROM record WHERE id = ?1",
        "DELETE FROM overtaken WHERE id = ?1",
        "DELETE FROM refused WHERE id = ?1",
        // A form's key names what it is about.
        "DELETE FROM draft WHERE instr(key, ?1) > 0",
    ];
    let mut here = false;
    let mut waiting = vec![id.to_string()];
    while let Some(id) = waiting.pop() {
        let mut statement = connection.prepare_cached(ABOUT)?;
        let about: Vec<String> = statement.query_map([&id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        waiting.extend(about);
        for sql in REMOVE {
            here |= connection.prepare_cached(sql)?.execute([&id])? > 0;
        }
    }
    empty_parties(connection, id)?;
    if here {
        store::drop_unnamed_photos(connection)?;
    }
    Ok(here)
}

/// Empties what disputes say of an erased resident: in the register, in words that were overtaken or refused, in unfinished forms.
/// The server does the same in the same words, so no stamp is needed for it: both sides hold one value under one stamp.
fn empty_parties(connection: &Connection, person: RecordId) -> Result<(), DeviceError> {
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
    for (select, update) in PLACES {
        let mut statement = connection.prepare_cached(select)?;
        let rows = statement.query_map([person.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found: Vec<(String, String)> = rows.collect::<Result<_, _>>()?;
        for (key, text) in found {
            if let Some(emptied) = without_person(&serde_json::from_str::<Value>(&text)?, person) {
                connection.prepare_cached(update)?.execute((key, serde_json::to_string(&emptied)?))?;
            }
        }
    }
    Ok(())
}
