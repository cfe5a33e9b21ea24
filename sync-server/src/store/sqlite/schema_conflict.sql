-- Values that were set aside for another of the same field whose writer had not seen them: told to both sides until settled.
CREATE TABLE conflict (
    county     TEXT    NOT NULL,
    record     BLOB    NOT NULL,
    field      TEXT    NOT NULL,
    stamp      BLOB    NOT NULL, -- of the value that was set aside
    value      TEXT    NOT NULL, -- JSON
    by         TEXT,             -- who wrote it; NULL: it was loaded in bulk
    device     BLOB,             -- on which phone; NULL: at the desk
    won_stamp  BLOB    NOT NULL, -- of the value that it was set aside for
    won_by     TEXT,
    won_device BLOB,
    cell       TEXT    NOT NULL, -- in whose feed it was told first
    n          INTEGER NOT NULL, -- and at which number: a cursor that covers it has seen it
    at         INTEGER NOT NULL,
    settled_at INTEGER,
    PRIMARY KEY (record, county, field, stamp)
) STRICT, WITHOUT ROWID;
