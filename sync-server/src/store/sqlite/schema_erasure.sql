-- The fact of an erasure, and nothing of what was erased.
CREATE TABLE erased (
    id     BLOB    NOT NULL,
    county TEXT    NOT NULL,
    kind   TEXT    NOT NULL,
    cell   TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    PRIMARY KEY (id, county)
) STRICT, WITHOUT ROWID;

-- Photos whose files are to be removed: written with the erasure, cleared when the file is gone.
CREATE TABLE photo_doomed (
    sha256 TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
