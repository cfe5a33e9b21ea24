//! The tables of the register, and how a file of an older version becomes one of this version.

mod photo_ways;

use domain::Kind;
use photo_ways::PHOTO_WAYS;
use rusqlite::Connection;

use super::Meta;
use super::digest::{add_up, read_versions};
use crate::DeviceError;

/// A step from one version of the file to the next. Steps are never edited once they were released.
struct Migration {
    /// Why the step is needed; what the log says when it runs.
    why: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[Migration {
    why: "the first register: records as JSON with the columns that screens ask for, outbox, drafts, photos",
    sql: "
        -- One row per fact about the phone itself: tokens, cells, clock, epoch.
        CREATE TABLE meta (
            key   TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- body: {fields, stamp, stamps}. unsent: field -> {base, offered}; NULL when the server has everything.
        -- parent, at, deleted repeat what is in the body, for the indexes.
        CREATE TABLE record (
            id      TEXT NOT NULL PRIMARY KEY,
            kind    TEXT NOT NULL,
            cell    TEXT NOT NULL,
            body    TEXT NOT NULL,
            unsent  TEXT,
            offered INTEGER NOT NULL DEFAULT 0,  -- was in a request that was sent
            reoffer INTEGER NOT NULL DEFAULT 0,  -- the server was restored: everything held is offered once more
            gone    INTEGER NOT NULL DEFAULT 0,  -- left the cell; stays until nothing of it is unsent
            parent  TEXT,
            at      INTEGER,
            deleted INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX record_by_kind ON record (kind, at);
        CREATE INDEX record_by_parent ON record (parent, kind) WHERE parent IS NOT NULL;
        CREATE INDEX record_by_cell ON record (cell);
        CREATE INDEX record_unsent ON record (id) WHERE unsent IS NOT NULL;
        CREATE INDEX record_reoffer ON record (id) WHERE reoffer = 1;

        -- Own values that lost against a pulled one before they were acknowledged: they go up for the history's sake.
        CREATE TABLE overtaken (
            id    TEXT NOT NULL,
            field TEXT NOT NULL,
            value TEXT NOT NULL,
            stamp TEXT NOT NULL,
            base  TEXT,
            PRIMARY KEY (id, field, stamp)
        ) STRICT, WITHOUT ROWID;

        -- What the server did not take, in the worker's own words, until it is corrected or discarded.
        CREATE TABLE refused (
            id       TEXT NOT NULL PRIMARY KEY,
            kind     TEXT NOT NULL,
            cell     TEXT NOT NULL,
            code     TEXT NOT NULL,
            problems TEXT NOT NULL,
            fields   TEXT NOT NULL,
            at       INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Up to which number of a cell's feed everything is here.
        CREATE TABLE cursor (
            cell TEXT NOT NULL PRIMARY KEY,
            upto INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Unfinished forms, saved at every change.
        CREATE TABLE draft (
            key      TEXT NOT NULL PRIMARY KEY,
            value    TEXT NOT NULL,
            saved_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Pictures by their hash. state: waiting (own, to be sent), stored (own, the server has it), fetched (another's).
        CREATE TABLE photo_file (
            sha256    TEXT NOT NULL PRIMARY KEY,
            full      BLOB,
            thumb     BLOB,
            state     TEXT NOT NULL CHECK (state IN ('waiting', 'stored', 'fetched')),
            upload    TEXT,
            sent      INTEGER NOT NULL DEFAULT 0,  -- bytes that the server confirmed
            tries     INTEGER NOT NULL DEFAULT 0,
            try_after INTEGER NOT NULL DEFAULT 0,
            stored_at INTEGER
        ) STRICT;
        CREATE INDEX photo_file_waiting ON photo_file (sha256) WHERE state = 'waiting';
    ",
}, Migration {
    why: "a household's visits without reading everybody's, and the visit that corrects another",
    sql: "
        -- With the moment, or SQLite prefers the index of a kind by moment and reads all of that kind.
        DROP INDEX record_by_parent;
        CREATE INDEX record_by_parent ON record (parent, kind, at) WHERE parent IS NOT NULL;
        CREATE INDEX visit_replaces ON record (body ->> '$.fields.replaces')
            WHERE kind = 'visit' AND body ->> '$.fields.replaces' IS NOT NULL;
    ",
}, DIGESTS, CONFLICTS, SENDING, RECEIVED, SAME, HISTORY, FEWER_PAGES, COUNTED_EDITS, PROOFS, PHOTO_WAYS];

const DIGESTS: Migration = Migration {
    why: "receipts: a digest of every cell that can be compared with the server's, and the repair of one that differs",
    sql: "
        -- v1, v2: the halves of the record's version. doubted: the cell's digest differed, and the server has not named this
        -- record since. own_at: when the worker last wrote in it, by the corrected clock; what was written before this
        -- column was made belongs to no day.
        ALTER TABLE record ADD COLUMN v1 INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE record ADD COLUMN v2 INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE record ADD COLUMN doubted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE record ADD COLUMN own_at INTEGER;
        CREATE INDEX record_doubted ON record (cell) WHERE doubted = 1;
        CREATE INDEX record_own ON record (own_at) WHERE own_at IS NOT NULL;

        CREATE TABLE cell_digest (
            cell    TEXT    NOT NULL PRIMARY KEY,
            records INTEGER NOT NULL,
            v1      INTEGER NOT NULL,
            v2      INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- SQLite has no exclusive or; this one stays within 64 bits.
        CREATE TRIGGER record_comes AFTER INSERT ON record WHEN NEW.gone = 0 BEGIN
            INSERT INTO cell_digest (cell, records, v1, v2) VALUES (NEW.cell, 1, NEW.v1, NEW.v2)
                ON CONFLICT (cell) DO UPDATE SET records = records + 1,
                    v1 = ~(v1 & NEW.v1) & (v1 | NEW.v1), v2 = ~(v2 & NEW.v2) & (v2 | NEW.v2);
        END;
        CREATE TRIGGER record_goes AFTER DELETE ON record WHEN OLD.gone = 0 BEGIN
            UPDATE cell_digest SET records = records - 1,
                v1 = ~(v1 & OLD.v1) & (v1 | OLD.v1), v2 = ~(v2 & OLD.v2) & (v2 | OLD.v2) WHERE cell = OLD.cell;
        END;
        CREATE TRIGGER record_changes AFTER UPDATE OF v1, v2, cell, gone ON record
            WHEN NEW.v1 <> OLD.v1 OR NEW.v2 <> OLD.v2 OR NEW.cell <> OLD.cell OR NEW.gone <> OLD.gone BEGIN
            UPDATE cell_digest SET records = records - 1,
                v1 = ~(v1 & OLD.v1) & (v1 | OLD.v1), v2 = ~(v2 & OLD.v2) & (v2 | OLD.v2)
                WHERE cell = OLD.cell AND OLD.gone = 0;
            INSERT INTO cell_digest (cell, records, v1, v2) SELECT NEW.cell, 1, NEW.v1, NEW.v2 WHERE NEW.gone = 0
                ON CONFLICT (cell) DO UPDATE SET records = records + 1,
                    v1 = ~(v1 & NEW.v1) & (v1 | NEW.v1), v2 = ~(v2 & NEW.v2) & (v2 | NEW.v2);
        END;

        -- Cells whose digest differed: when they were last begun to be read anew, and whether that is still under way.
        CREATE TABLE repair (
            cell     TEXT    NOT NULL PRIMARY KEY,
            begun_at INTEGER NOT NULL,
            reading  INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
    ",
};

const CONFLICTS: Migration = Migration {
    why: "values that were set aside for another of the same field, until the worker decides",
    sql: "
        CREATE TABLE conflict (
            id         TEXT NOT NULL,
            field      TEXT NOT NULL,
            stamp      TEXT NOT NULL,     -- of the value that was set aside
            body       TEXT NOT NULL,     -- the conflict as it was told
            told       INTEGER NOT NULL,  -- the server counts it as open
            state      TEXT NOT NULL CHECK (state IN ('open', 'restored', 'decided')),
            replaced   TEXT,              -- the value that gave way when this one was put back: {value, stamp, by}
            decided_at INTEGER,
            PRIMARY KEY (id, field, stamp)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX conflict_told ON conflict (id) WHERE told = 1;
        CREATE TRIGGER conflict_goes_with_its_record AFTER DELETE ON record
        BEGIN DELETE FROM conflict WHERE id = OLD.id; END;
    ",
};

const SENDING: Migration = Migration {
    why: "a save writes fewer pages, and what waits is marked and cleared without writing its record anew",
    sql: "
        -- What the server has not acknowledged of a record. fields: field -> {base, passed, offered}; NULL: every field that the
        -- record has, each on top of nothing. offered: all of it was in a request.
        CREATE TABLE unsent (
            id      TEXT    NOT NULL PRIMARY KEY,
            fields  TEXT,
            offered INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO unsent (id, fields, offered) SELECT id, unsent, 0 FROM record WHERE unsent IS NOT NULL;
        -- The phone that took a photo sends its picture. Of photos from before own_at was kept, their sending says so.
        UPDATE record SET own_at = at
            WHERE kind = 'photo' AND own_at IS NULL AND (offered = 1 OR unsent IS NOT NULL);

        -- They name the column that goes, and are made anew by every start.
        DROP VIEW IF EXISTS cell;
        DROP VIEW IF EXISTS building;
        DROP VIEW IF EXISTS dwelling;
        DROP VIEW IF EXISTS household;
        DROP VIEW IF EXISTS person;
        DROP VIEW IF EXISTS visit;
        DROP VIEW IF EXISTS incident;
        DROP VIEW IF EXISTS photo;
        DROP VIEW IF EXISTS review;
        DROP INDEX record_unsent;
        ALTER TABLE record DROP COLUMN unsent;
        CREATE TRIGGER unsent_goes_with_its_record AFTER DELETE ON record
        BEGIN DELETE FROM unsent WHERE id = OLD.id; END;

        -- A phone holds one cell or a few: an index of them all was read for no question but which cells there are.
        DROP INDEX record_by_cell;
        CREATE INDEX record_gone ON record (cell) WHERE gone = 1;

        -- Whoever inserts many rows adds them up once a page, and says so in them. Any other row is added up as before.
        ALTER TABLE record ADD COLUMN added INTEGER NOT NULL DEFAULT 0;
        DROP TRIGGER record_comes;
        CREATE TRIGGER record_comes AFTER INSERT ON record WHEN NEW.gone = 0 AND NEW.added = 0 BEGIN
            INSERT INTO cell_digest (cell, records, v1, v2) VALUES (NEW.cell, 1, NEW.v1, NEW.v2)
                ON CONFLICT (cell) DO UPDATE SET records = records + 1,
                    v1 = ~(v1 & NEW.v1) & (v1 | NEW.v1), v2 = ~(v2 & NEW.v2) & (v2 | NEW.v2);
        END;
    ",
};

const RECEIVED: Migration = Migration {
    why: "records of an evacuation that another phone handed over, until they come from the server; what was erased stays away",
    sql: "
        -- Beside the register: not in the cell's digest, never sent from here. parent, deleted repeat what is in the body.
        CREATE TABLE received (
            id      TEXT NOT NULL PRIMARY KEY,
            kind    TEXT NOT NULL,
            cell    TEXT NOT NULL,
            body    TEXT NOT NULL,
            parent  TEXT,
            deleted INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX received_by_parent ON received (parent, kind) WHERE parent IS NOT NULL;

        -- The fact of an erasure, so that a phone which has not heard of it does not bring back what was erased.
        CREATE TABLE erased (
            id TEXT NOT NULL PRIMARY KEY
        ) STRICT, WITHOUT ROWID;
    ",
};

const SAME: Migration = Migration {
    why: "entries that gave way to another of the same resident, household or door are found from that one",
    sql: "
        -- merged_into repeats what is in the body. From here on deleted says that the record does not count as present: it was
        -- taken out of the register, or gave way to another.
        ALTER TABLE record ADD COLUMN merged_into TEXT;
        CREATE INDEX record_merged ON record (merged_into) WHERE merged_into IS NOT NULL;
        UPDATE record SET merged_into = body ->> '$.fields.merged_into', deleted = 1
            WHERE kind IN ('dwelling', 'household', 'person') AND json_valid(body) AND body ->> '$.fields.merged_into' < id;
    ",
};

const HISTORY: Migration = Migration {
    why: "everybody's visits as the overviews fold them, without reading the visits themselves",
    sql: "
        CREATE INDEX visit_history ON record
            (body ->> '$.fields.target', body ->> '$.fields.at', id, body ->> '$.fields.result', kind, deleted)
            WHERE kind = 'visit' AND deleted = 0;
    ",
};

const FEWER_PAGES: Migration = Migration {
    why: "a save writes fewer pages: two indexes fewer, and the cell's numbers only once the server has what was written",
    sql: "
        -- When the worker wrote it stands beside its moment: the few who ask for it read that index.
        DROP INDEX record_own;
        DROP INDEX record_by_kind;
        CREATE INDEX record_by_kind ON record (kind, at, own_at);

        -- A visit's result, for the overviews: everybody's visits are folded from the index of what belongs to whom.
        ALTER TABLE record ADD COLUMN result TEXT;
        UPDATE record SET result = body ->> '$.fields.result' WHERE kind = 'visit' AND json_valid(body);
        DROP INDEX visit_history;
        DROP INDEX record_by_parent;
        CREATE INDEX record_by_parent ON record (parent, kind, at, id, deleted, result) WHERE parent IS NOT NULL;

        -- A cell's numbers are of what the server has all of: what waits comes to them when it waits no more.
        DROP TRIGGER record_comes;
        DROP TRIGGER record_goes;
        DROP TRIGGER record_changes;
        CREATE TRIGGER record_comes AFTER INSERT ON record
            WHEN NEW.gone = 0 AND NEW.added = 0 AND NOT EXISTS (SELECT 1 FROM unsent WHERE id = NEW.id) BEGIN
            INSERT INTO cell_digest (cell, records, v1, v2) VALUES (NEW.cell, 1, NEW.v1, NEW.v2)
                ON CONFLICT (cell) DO UPDATE SET records = records + 1,
                    v1 = ~(v1 & NEW.v1) & (v1 | NEW.v1), v2 = ~(v2 & NEW.v2) & (v2 | NEW.v2);
        END;
        -- Before: what was said to be unsent of it goes with it.
        CREATE TRIGGER record_goes BEFORE DELETE ON record
            WHEN OLD.gone = 0 AND NOT EXISTS (SELECT 1 FROM unsent WHERE id = OLD.id) BEGIN
            UPDATE cell_digest SET records = records - 1,
                v1 = ~(v1 & OLD.v1) & (v1 | OLD.v1), v2 = ~(v2 & OLD.v2) & (v2 | OLD.v2) WHERE cell = OLD.cell;
        END;
        CREATE TRIGGER record_changes AFTER UPDATE OF v1, v2, cell, gone ON record
            WHEN (NEW.v1 <> OLD.v1 OR NEW.v2 <> OLD.v2 OR NEW.cell <> OLD.cell OR NEW.gone <> OLD.gone)
                AND NOT EXISTS (SELECT 1 FROM unsent WHERE id = NEW.id) BEGIN
            UPDATE cell_digest SET records = records - 1,
                v1 = ~(v1 & OLD.v1) & (v1 | OLD.v1), v2 = ~(v2 & OLD.v2) & (v2 | OLD.v2)
                WHERE cell = OLD.cell AND OLD.gone = 0;
            INSERT INTO cell_digest (cell, records, v1, v2) SELECT NEW.cell, 1, NEW.v1, NEW.v2 WHERE NEW.gone = 0
                ON CONFLICT (cell) DO UPDATE SET records = records + 1,
                    v1 = ~(v1 & NEW.v1) & (v1 | NEW.v1), v2 = ~(v2 & NEW.v2) & (v2 | NEW.v2);
        END;
        CREATE TRIGGER unsent_begins AFTER INSERT ON unsent BEGIN
            UPDATE cell_digest SET records = records - 1,
                v1 = ~(cell_digest.v1 & sent.v1) & (cell_digest.v1 | sent.v1),
                v2 = ~(cell_digest.v2 & sent.v2) & (cell_digest.v2 | sent.v2)
                FROM (SELECT cell, v1, v2 FROM record WHERE id = NEW.id AND gone = 0) AS sent
                WHERE cell_digest.cell = sent.cell;
        END;
        CREATE TRIGGER unsent_ends AFTER DELETE ON unsent BEGIN
            INSERT INTO cell_digest (cell, records, v1, v2)
                SELECT cell, 1, v1, v2 FROM record WHERE id = OLD.id AND gone = 0
                ON CONFLICT (cell) DO UPDATE SET records = records + 1,
                    v1 = ~(v1 & excluded.v1) & (v1 | excluded.v1), v2 = ~(v2 & excluded.v2) & (v2 | excluded.v2);
        END;
    ",
};

const COUNTED_EDITS: Migration = Migration {
    why: "whoever stores a page adds up its edits too, not only what is new in it",
    sql: "
        -- Whoever changes a row and counts that himself turns its added over. Any other change is counted as before.
        DROP TRIGGER record_changes;
        CREATE TRIGGER record_changes AFTER UPDATE OF v1, v2, cell, gone ON record
            WHEN NEW.added = OLD.added
                AND (NEW.v1 <> OLD.v1 OR NEW.v2 <> OLD.v2 OR NEW.cell <> OLD.cell OR NEW.gone <> OLD.gone)
                AND NOT EXISTS (SELECT 1 FROM unsent WHERE id = NEW.id) BEGIN
            UPDATE cell_digest SET records = records - 1,
                v1 = ~(v1 & OLD.v1) & (v1 | OLD.v1), v2 = ~(v2 & OLD.v2) & (v2 | OLD.v2)
                WHERE cell = OLD.cell AND OLD.gone = 0;
            INSERT INTO cell_digest (cell, records, v1, v2) SELECT NEW.cell, 1, NEW.v1, NEW.v2 WHERE NEW.gone = 0
                ON CONFLICT (cell) DO UPDATE SET records = records + 1,
                    v1 = ~(v1 & NEW.v1) & (v1 | NEW.v1), v2 = ~(v2 & NEW.v2) & (v2 | NEW.v2);
        END;
    ",
};

const PROOFS: Migration = Migration {
    why: "what was written at the desk can be brought back to a server that has lost it",
    sql: "
        -- By the proof the server recognises the record as it last sent it.
        CREATE TABLE proof (
            id    TEXT NOT NULL PRIMARY KEY,
            proof TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER record_leaves_proof AFTER DELETE ON record BEGIN
            DELETE FROM proof WHERE id = OLD.id;
        END;
    ",
};

/// The newest version of the file that this program knows.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Brings the file to this version, in one transaction; a newer file is left untouched.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), DeviceError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > VERSION {
        return Err(DeviceError::NewerFile { found, known: VERSION });
    }
    if found == VERSION && new_kinds(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or_default()) {
        tracing::info!(to = index + 1, why = migration.why, "register file brought to a newer version");
        transaction.execute_batch(migration.sql)?;
        if migration.why == DIGESTS.why {
            read_versions(&transaction, None)?;
        }
        if migration.why == FEWER_PAGES.why {
            add_up(&transaction, None)?;
        }
    }
    if found < VERSION {
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    for kind in new_kinds(&transaction)? {
        index(&transaction, &kind)?;
    }
    drop_views(&transaction)?;
    Meta::KnownKinds.set(&transaction, &Kind::KNOWN)?;
    transaction.commit()?;
    Ok(())
}

/// The kinds that no program knew which had this file open before.
fn new_kinds(connection: &Connection) -> Result<Vec<Kind>, DeviceError> {
    let known = match Meta::KnownKinds.get::<Vec<Kind>>(connection)? {
        Some(known) => known,
        // Programs before kept a view of each kind in the file.
        None => views(connection)?.iter().map(|name| Kind::from_name(name)).collect(),
    };
    Ok(Kind::KNOWN.into_iter().filter(|kind| !known.contains(kind)).collect())
}

fn views(connection: &Connection) -> Result<Vec<String>, DeviceError> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Removes the views that programs before this one kept in the file.
fn drop_views(connection: &Connection) -> Result<(), DeviceError> {
    for name in views(connection)? {
        connection.execute_batch(&format!("DROP VIEW \"{}\"", name.replace('"', "\"\"")))?;
    }
    Ok(())
}

/// Records of a kind that the last version did not know were kept unread: what they belong to and their moment are found by
/// their indexes from now on.
fn index(connection: &Connection, kind: &Kind) -> Result<(), DeviceError> {
    for (column, field) in [("parent", kind.belongs_to()), ("at", kind.moment())] {
        let Some(field) = field else { continue };
        let sql = format!(
            "UPDATE record SET {column} = body ->> '$.fields.{field}'
                WHERE kind = ?1 AND {column} IS NULL AND json_valid(body) AND body ->> '$.fields.{field}' IS NOT NULL"
        );
        connection.execute(&sql, [kind.as_str()])?;
    }
    Ok(())
}

/// Repeats beside rows of an older register what their bodies say and later steps made columns of: those steps ran before the rows came.
pub(super) fn fill_columns(connection: &Connection) -> Result<(), DeviceError> {
    connection.execute_batch(
        "UPDATE record SET result = body ->> '$.fields.result'
            WHERE kind = 'visit' AND result IS NULL AND json_valid(body);
         UPDATE record SET merged_into = body ->> '$.fields.merged_into', deleted = 1
            WHERE kind IN ('dwelling', 'household', 'person') AND merged_into IS NULL
                AND json_valid(body) AND body ->> '$.fields.merged_into' < id;",
    )?;
    for kind in Kind::KNOWN {
        index(connection, &kind)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::{CellCode, Digest, Record};

    use super::super::{cell_digest, row};
    use super::*;

    /// A register as the program before receipts left it.
    fn older_register() -> (Connection, CellCode) {
        let cell = CellCode::new("610722001001001").unwrap();
        let older = Connection::open_in_memory().unwrap();
        let before = MIGRATIONS.iter().take_while(|migration| migration.why != DIGESTS.why);
        for (index, migration) in before.enumerate() {
            older.execute_batch(migration.sql).unwrap();
            older.pragma_update(None, "user_version", index as i64 + 1).unwrap();
        }
        for (number, gone) in [(1_u128, 0), (2, 0), (3, 1)] {
            let id = uuid::Uuid::from_u128(number);
            let body = format!(r#"{{"fields":{{"name":"甲","floors":{number}}},"stamp":"{number:032x}"}}"#);
            older
                .execute(
                    "INSERT INTO record (id, kind, cell, body, unsent, gone) VALUES (?1, 'building', ?2, ?3, NULL, ?4)",
                    (id.to_string(), cell.as_str(), body, gone),
                )
                .unwrap();
        }
        let broken = "INSERT INTO record (id, kind, cell, body) VALUES ('x', 'building', '610722001001002', '{')";
        older.execute(broken, []).unwrap();
        (older, cell)
    }

    #[test]
    fn a_register_of_an_older_version_is_counted_when_it_is_opened() {
        let (mut older, cell) = older_register();
        migrate(&mut older).unwrap();
        let mut statement =
            older.prepare("SELECT id, kind, cell, body FROM record WHERE cell = ?1 AND gone = 0").unwrap();
        let records: Vec<Record> =
            statement.query_map([cell.as_str()], |found| Ok(row::record(found).unwrap())).unwrap().flatten().collect();
        let kept = cell_digest(&older, &cell).unwrap();
        assert_eq!((kept.records, kept.digest), (2, records.iter().collect::<Digest>()));
        assert_ne!(kept.digest, Digest::default());
        drop(statement);
        // A row that nobody can read stops no start, and does not count for what it is not.
        let other = CellCode::new("610722001001002").unwrap();
        assert_eq!(cell_digest(&older, &other).unwrap().digest, Digest::default());
    }

    #[test]
    fn a_kind_that_was_kept_unread_is_found_once_it_is_known() {
        let (mut older, cell) = older_register();
        let body = r#"{"fields":{"notice":"n","household":"h","at":7},"stamp":"00000000000000000000000000000001"}"#;
        let sql = "INSERT INTO record (id, kind, cell, body) VALUES ('y', 'notice_ack', ?1, ?2)";
        older.execute(sql, (cell.as_str(), body)).unwrap();
        migrate(&mut older).unwrap();
        let found = "SELECT parent, at FROM record WHERE id = 'y'";
        let found: (String, i64) = older.query_row(found, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(found, ("n".to_owned(), 7));
    }

    #[test]
    fn a_kind_that_this_version_alone_knows_is_found_in_a_register_of_the_present_schema() {
        let (mut register, cell) = older_register();
        register.execute_batch("CREATE VIEW building AS SELECT 1; CREATE VIEW \"a\"\"b\" AS SELECT 1").unwrap();
        migrate(&mut register).unwrap();
        assert_eq!((views(&register).unwrap().len(), new_kinds(&register).unwrap()), (0, Vec::new()));
        Meta::KnownKinds.set(&register, &[Kind::Building]).unwrap();
        let body = r#"{"fields":{"notice":"n","household":"h","at":7},"stamp":"00000000000000000000000000000001"}"#;
        let sql = "INSERT INTO record (id, kind, cell, body) VALUES ('y', 'notice_ack', ?1, ?2)";
        register.execute(sql, (cell.as_str(), body)).unwrap();
        migrate(&mut register).unwrap();
        let found = "SELECT parent, at FROM record WHERE id = 'y'";
        let found: (String, i64) = register.query_row(found, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(found, ("n".to_owned(), 7));
    }

    #[test]
    fn an_entry_that_gave_way_while_the_program_did_not_know_is_counted_no_more() {
        let (mut older, cell) = older_register();
        let (one, other) = (uuid::Uuid::from_u128(11).to_string(), uuid::Uuid::from_u128(12).to_string());
        for (id, into) in [(&one, &other), (&other, &one)] {
            let body = format!(
                r#"{{"fields":{{"name":"甲","merged_into":"{into}"}},"stamp":"00000000000000000000000000000001"}}"#
            );
            let sql = "INSERT INTO record (id, kind, cell, body) VALUES (?1, 'person', ?2, ?3)";
            older.execute(sql, (id, cell.as_str(), body)).unwrap();
        }
        migrate(&mut older).unwrap();
        let found = |id: &str| -> (bool, Option<String>) {
            let sql = "SELECT deleted, merged_into FROM record WHERE id = ?1";
            older.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
        };
        assert_eq!(found(&other), (true, Some(one.clone())));
        assert_eq!(found(&one), (false, None), "the older one stays, whatever it says");
    }

    #[test]
    fn rows_that_come_from_an_older_register_after_its_steps_ran_say_who_gave_way() {
        let (mut register, cell) = older_register();
        migrate(&mut register).unwrap();
        let (one, other) = (uuid::Uuid::from_u128(11).to_string(), uuid::Uuid::from_u128(12).to_string());
        let rows = [
            (&one, "person", r#"{"name":"甲"}"#.to_owned()),
            (&other, "person", format!(r#"{{"name":"甲","merged_into":"{one}"}}"#)),
            (&"y".to_owned(), "notice_ack", r#"{"notice":"n","at":7}"#.to_owned()),
            (&"z".to_owned(), "visit", r#"{"target":"t","result":"met"}"#.to_owned()),
        ];
        for (id, kind, fields) in rows {
            let body = format!(r#"{{"fields":{fields},"stamp":"00000000000000000000000000000001"}}"#);
            let sql = "INSERT INTO record (id, kind, cell, body) VALUES (?1, ?2, ?3, ?4)";
            register.execute(sql, (id, kind, cell.as_str(), body)).unwrap();
        }
        fill_columns(&register).unwrap();
        let sql = "SELECT deleted, merged_into, parent, result FROM record WHERE id = ?1";
        let found = |id: &str| -> (bool, Option<String>, Option<String>, Option<String>) {
            register.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap()
        };
        assert_eq!(found(&one), (false, None, None, None));
        assert_eq!(found(&other), (true, Some(one.clone()), None, None));
        assert_eq!(found("y").2.as_deref(), Some("n"));
        assert_eq!((found("z").2.as_deref(), found("z").3.as_deref()), (Some("t"), Some("met")));
    }

    #[test]
    fn the_triggers_follow_whatever_is_written() {
        let (mut register, cell) = older_register();
        migrate(&mut register).unwrap();
        let kept = |register: &Connection| cell_digest(register, &cell).unwrap();
        let before = kept(&register);
        for sql in [
            "UPDATE record SET gone = 1 WHERE cell = '610722001001001'",
            "UPDATE record SET v1 = v1 + 7, v2 = -v2 WHERE gone = 1",
            "UPDATE record SET gone = 0, cell = '610722001001002' WHERE gone = 1",
            "UPDATE record SET v1 = v1 - 7, v2 = -v2 WHERE cell = '610722001001002' AND id <> 'x'",
        ] {
            register.execute_batch(sql).unwrap();
            assert_eq!(kept(&register), Default::default(), "{sql}");
        }
        register.execute_batch("UPDATE record SET cell = '610722001001001' WHERE id <> 'x'").unwrap();
        assert_eq!(kept(&register).records, 3, "the one that had left is back");
        register.execute_batch("DELETE FROM record WHERE id LIKE '%3'").unwrap();
        assert_eq!(kept(&register), before);
    }
}
