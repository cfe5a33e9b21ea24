-- Schema 1 of the server's database. Later schemas are further files beside this one, never edits of it.
-- Ids are 16 bytes, moments are milliseconds since 1970, codes are texts of digits: a range of them is a scope.

-- A record as it stands after all merges. `county` (the first six digits of the cell) would be the key of distribution.
CREATE TABLE record (
    county           TEXT    NOT NULL,
    id               BLOB    NOT NULL,
    kind             TEXT    NOT NULL,
    cell             TEXT    NOT NULL,
    body             TEXT    NOT NULL, -- JSON: fields, stamp, stamps
    version          TEXT    NOT NULL,
    refers           BLOB,             -- the main reference: whose visit, photo, review; whose household …
    content          TEXT,             -- of a photo: the hash of its bytes
    state            INTEGER NOT NULL, -- 0 not reviewed, 1 waiting, 2 approved, 3 returned
    approved_version TEXT,
    approved_at      INTEGER,
    approved_by      TEXT,
    changed_at       INTEGER NOT NULL,
    changed_by       TEXT    NOT NULL,
    UNIQUE (id, county)
) STRICT;
CREATE INDEX record_refers ON record (refers, kind) WHERE refers IS NOT NULL;
CREATE INDEX record_content ON record (content) WHERE content IS NOT NULL;
CREATE INDEX record_inbox ON record (state, changed_at, id, cell, kind) WHERE state > 0;
CREATE INDEX record_review_place ON record (state, cell, kind) WHERE state > 0;

-- What a record was when it was last approved, kept from the moment it departs from it.
CREATE TABLE approved (
    county  TEXT    NOT NULL,
    id      BLOB    NOT NULL,
    version TEXT    NOT NULL,
    fields  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    by      TEXT    NOT NULL,
    PRIMARY KEY (id, county)
) STRICT, WITHOUT ROWID;

-- Every accepted change, for ever.
CREATE TABLE history (
    seq    INTEGER PRIMARY KEY,
    county TEXT    NOT NULL,
    record BLOB    NOT NULL,
    digest BLOB    NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    device BLOB,
    body   TEXT    NOT NULL, -- JSON: fields, stamp, stamps, base, lost
    UNIQUE (record, county, digest)
) STRICT;
CREATE TRIGGER history_is_never_changed BEFORE UPDATE ON history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

-- How far each cell's feed has come.
CREATE TABLE cell_feed (
    cell    TEXT    PRIMARY KEY,
    reached INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One entry per record and cell, moved forward with every change.
CREATE TABLE feed (
    cell        TEXT    NOT NULL,
    record      BLOB    NOT NULL,
    n           INTEGER NOT NULL,
    run         INTEGER NOT NULL, -- which run of which program wrote at n
    n_of_others INTEGER NOT NULL, -- where somebody else wrote before; 0: nobody did
    gone        INTEGER NOT NULL, -- the record left the cell or was erased
    PRIMARY KEY (cell, record)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX feed_order ON feed (cell, n);

CREATE TABLE place (
    code TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sequence (
    name  TEXT    PRIMARY KEY,
    taken INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lists (
    version INTEGER PRIMARY KEY,
    body    TEXT    NOT NULL,
    by      TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    display_name  TEXT NOT NULL,
    role          TEXT NOT NULL,
    password_hash TEXT,
    closed_at     INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE account_scope (
    account TEXT NOT NULL REFERENCES account (id),
    scope   TEXT NOT NULL,
    PRIMARY KEY (account, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_cell (
    account TEXT    NOT NULL REFERENCES account (id),
    cell    TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    until   INTEGER,
    PRIMARY KEY (account, cell)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    id          BLOB    PRIMARY KEY,
    account     TEXT    NOT NULL REFERENCES account (id),
    name        TEXT    NOT NULL,
    app_version TEXT    NOT NULL,
    enrolled_at INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX device_account ON device (account);

-- SHA-256 of tokens; the tokens themselves are nowhere.
CREATE TABLE token_pair (
    access        BLOB    PRIMARY KEY,
    access_until  INTEGER NOT NULL,
    refresh       BLOB    NOT NULL UNIQUE,
    refresh_until INTEGER NOT NULL,
    device        BLOB    NOT NULL REFERENCES device (id),
    confirmed     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_pair_device ON token_pair (device);

CREATE TABLE enrol_code (
    hash    BLOB    PRIMARY KEY,
    account TEXT    NOT NULL REFERENCES account (id),
    until   INTEGER NOT NULL,
    made_by TEXT    NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE desk_session (
    hash    BLOB    PRIMARY KEY,
    account TEXT    NOT NULL REFERENCES account (id),
    csrf    TEXT    NOT NULL,
    since   INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Photos whose bytes are in the folder, checked.
CREATE TABLE photo_stored (
    sha256 TEXT    PRIMARY KEY,
    bytes  INTEGER NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Photos whose bytes are on their way.
CREATE TABLE upload (
    id            TEXT    PRIMARY KEY,
    device        BLOB    NOT NULL REFERENCES device (id),
    photo         BLOB    NOT NULL,
    cell          TEXT    NOT NULL,
    sha256        TEXT    NOT NULL,
    bytes         INTEGER NOT NULL,
    upload_offset INTEGER NOT NULL,
    until         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX upload_photo ON upload (device, photo);

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- epoch, demo, backed_up_at, restored_at …
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
