//! How far pictures are on their way, in rows of their own.

use super::Migration;

pub(super) const PHOTO_WAYS: Migration = Migration {
    why: "how a picture stands is noted without writing the picture anew: a full phone can send what fills it",
    sql: "
        -- state: waiting (to be sent), stored (own, the server has it), fetched (another's). counted_from: since when the server has
        -- it, as this phone counts the time in which it is used; NULL until that is counted. nameless: saved from a damaged register
        -- without the record that names it, which may still come down.
        CREATE TABLE photo_way (
            sha256       TEXT    NOT NULL PRIMARY KEY,
            state        TEXT    NOT NULL CHECK (state IN ('waiting', 'stored', 'fetched')),
            upload       TEXT,
            tries        INTEGER NOT NULL DEFAULT 0,
            try_after    INTEGER NOT NULL DEFAULT 0,
            counted_from INTEGER,
            nameless     INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX photo_way_waiting ON photo_way (sha256) WHERE state = 'waiting';
        INSERT INTO photo_way (sha256, state, upload, tries, try_after)
            SELECT sha256, state, upload, tries, try_after FROM photo_file;

        -- What the picture's own row says of its state is from here on how it came: 'waiting' if it was taken here, 'fetched' if it was
        -- loaded. (One that was taken and sent before this step says 'stored' for good.) The other columns are used no more; they stay, for
        -- taking them away would write every picture anew.
        DROP INDEX photo_file_waiting;
        CREATE TRIGGER photo_way_begins AFTER INSERT ON photo_file BEGIN
            INSERT INTO photo_way (sha256, state) SELECT NEW.sha256, NEW.state
                WHERE NOT EXISTS (SELECT 1 FROM photo_way WHERE sha256 = NEW.sha256);
        END;
        CREATE TRIGGER photo_way_ends AFTER DELETE ON photo_file BEGIN
            DELETE FROM photo_way WHERE sha256 = OLD.sha256;
        END;

        -- The server has a picture for the records that it has. Once it takes another that names the same picture it is asked anew:
        -- the one for which the picture was sent may have been erased there.
        CREATE TRIGGER photo_is_taken AFTER DELETE ON unsent BEGIN
            UPDATE photo_way SET state = 'waiting', upload = NULL, tries = 0, try_after = 0, counted_from = NULL
                WHERE state <> 'waiting'
                    AND sha256 = (SELECT body ->> '$.fields.sha256' FROM record WHERE id = OLD.id AND kind = 'photo')
                    AND EXISTS (SELECT 1 FROM photo_file WHERE sha256 = photo_way.sha256 AND full IS NOT NULL);
        END;
    ",
};
