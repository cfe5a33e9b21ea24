-- Tables that are taken in, from the upload until they are done or thrown away.
CREATE TABLE import_batch (
    id      TEXT    PRIMARY KEY, -- names the file by its content and its taker: a repetition is the same batch
    by      TEXT    NOT NULL REFERENCES account (id),
    at      INTEGER NOT NULL,
    name    TEXT    NOT NULL,    -- of the file, as its owner called it
    what    TEXT    NOT NULL,    -- register, divisions
    plan    TEXT    NOT NULL,    -- JSON: which column says what, where rows lie that do not say it
    state   TEXT    NOT NULL,    -- uploaded, checking, checked, running, stopped, done
    done    INTEGER NOT NULL,    -- rows
    total   INTEGER NOT NULL,
    report  TEXT    NOT NULL     -- JSON: counts, and what was found in which row
) STRICT, WITHOUT ROWID;

-- Its bytes: gone as soon as it is done.
CREATE TABLE import_file (
    batch TEXT PRIMARY KEY REFERENCES import_batch (id) ON DELETE CASCADE,
    bytes BLOB NOT NULL
) STRICT;
