//! Erased on purpose: everything about a record goes from the phone, the worker's own unsent, refused and unfinished words
//! included. That is what tells an erasure from a record that merely moved to another cell.

use std::collections::BTreeSet;

use domain::RecordId;
use domain::protocol::WORDS_ABOUT_MAX;
use rusqlite::Connection;

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
    if here {
        store::drop_unnamed_photos(connection)?;
    }
    Ok(here)
}

/// Records about which words are kept outside of the register: refused ones, and unfinished forms. Their record may have left
/// this phone's cells before it was erased, and then no feed says so; the server is asked.
pub(crate) fn words_about(connection: &Connection) -> Result<Vec<RecordId>, DeviceError> {
    const REFUSED: &str = "SELECT id FROM refused
        UNION SELECT fields ->> '$.target' FROM refused WHERE kind IN ('visit', 'review') AND fields ->> '$.target' IS NOT NULL
        UNION SELECT fields ->> '$.subject' FROM refused WHERE kind = 'photo' AND fields ->> '$.subject' IS NOT NULL";
    let mut statement = connection.prepare_cached(REFUSED)?;
    let mut names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare_cached("SELECT key FROM draft")?;
    let keys: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    names.extend(keys.iter().flat_map(|key| key.split(':')).map(str::to_owned));
    let about: BTreeSet<RecordId> = names.iter().filter_map(|name| name.parse().ok()).collect();
    Ok(about.into_iter().take(WORDS_ABOUT_MAX).collect())
}
