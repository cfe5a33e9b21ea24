-- What was approved before an approval that can still be taken back; without values: it was the first.
CREATE TABLE approved_before (
    county  TEXT    NOT NULL,
    id      BLOB    NOT NULL,
    review  BLOB    NOT NULL, -- the approval
    made_at INTEGER NOT NULL,
    version TEXT,
    fields  TEXT,
    at      INTEGER,
    by      TEXT,
    PRIMARY KEY (id, county)
) STRICT, WITHOUT ROWID;
