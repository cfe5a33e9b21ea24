-- What lists and boards of incidents ask for, derived from the incidents and their steps by the fold of the domain whenever one
-- of them is written. Existing databases are folded once: see `incidents.rs`.
CREATE TABLE incident_row (
    county     TEXT    NOT NULL,
    id         BLOB    NOT NULL,
    cell       TEXT    NOT NULL,
    stage      TEXT    NOT NULL,
    severity   INTEGER NOT NULL,
    category   TEXT    NOT NULL,
    ended      INTEGER NOT NULL,
    due        INTEGER NOT NULL, -- the greatest number there is: it has no end
    changed_at INTEGER NOT NULL,
    words      TEXT    NOT NULL, -- number, title and place in small letters, to be searched
    body       TEXT    NOT NULL, -- JSON: the whole line
    PRIMARY KEY (id, county)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_row_due ON incident_row (ended, due, id, cell, stage);
CREATE INDEX incident_row_changed ON incident_row (changed_at, id, cell, ended, stage);
CREATE INDEX incident_row_place ON incident_row (cell, stage, ended, due);

-- What an incident was to each department that had it.
CREATE TABLE incident_tenure (
    county      TEXT    NOT NULL,
    incident    BLOB    NOT NULL,
    ordinal     INTEGER NOT NULL,
    cell        TEXT    NOT NULL,
    department  TEXT    NOT NULL,
    current     INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    answer_due  INTEGER NOT NULL,
    answered_at INTEGER,
    refused_at  INTEGER,
    result_at   INTEGER,
    due         INTEGER,
    solved      INTEGER NOT NULL, -- found good, and not taken up again
    rating      TEXT,
    PRIMARY KEY (incident, county, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX incident_tenure_department ON incident_tenure (department, current, incident);
CREATE INDEX incident_tenure_since ON incident_tenure (since, cell);

-- They are filled when all migrations are done: reading a record needs every column of its table.
INSERT INTO setting (name, value) VALUES ('fold_incidents', 'yes');
