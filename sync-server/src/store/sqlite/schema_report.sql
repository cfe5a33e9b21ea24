-- What is counted as records are written, so that a dashboard of a county does not read its records. Every row follows from the
-- records by the rules of `domain::report`; existing databases are counted once: see `tally.rs`.

-- Sums by what is counted, day in China (0: how things stand now), cell and code.
CREATE TABLE tally (
    what TEXT    NOT NULL,
    day  INTEGER NOT NULL,
    cell TEXT    NOT NULL,
    code TEXT    NOT NULL,
    n    INTEGER NOT NULL,
    PRIMARY KEY (what, day, cell, code)
) STRICT, WITHOUT ROWID;

-- Visits that stand and in which somebody was met.
CREATE TABLE meeting (
    target BLOB    NOT NULL,
    county TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    visit  BLOB    NOT NULL,
    PRIMARY KEY (target, county, at, visit)
) STRICT, WITHOUT ROWID;

-- Visits that correct another one.
CREATE TABLE correction (
    corrected BLOB NOT NULL,
    county    TEXT NOT NULL,
    visit     BLOB NOT NULL,
    PRIMARY KEY (corrected, county, visit)
) STRICT, WITHOUT ROWID;

-- The households of the register, and when somebody of each was met last.
CREATE TABLE home (
    household BLOB    NOT NULL,
    county    TEXT    NOT NULL,
    cell      TEXT    NOT NULL,
    met_at    INTEGER,
    PRIMARY KEY (household, county)
) STRICT, WITHOUT ROWID;
CREATE INDEX home_met ON home (cell, met_at);

-- Kinds of which there are few, or of which all are asked for at once.
CREATE INDEX record_few ON record (kind, cell)
    WHERE kind IN ('care_plan', 'evacuation', 'hazard_point', 'notice', 'threatened_household', 'feedback', 'dispute');

-- Reports as they were made.
CREATE TABLE report (
    id       INTEGER PRIMARY KEY,
    place    TEXT    NOT NULL,
    first    TEXT    NOT NULL, -- the first day, YYYY-MM-DD
    last     TEXT    NOT NULL, -- the last day
    version  INTEGER NOT NULL, -- of this place and period, 1 first
    made_at  INTEGER NOT NULL,
    made_by  TEXT    NOT NULL,
    rules    INTEGER NOT NULL, -- the version of the rules
    formulas TEXT    NOT NULL, -- JSON: figure -> the sentence that says its rule
    UNIQUE (place, first, last, version)
) STRICT;
CREATE TABLE report_place (
    report  INTEGER NOT NULL REFERENCES report (id),
    place   TEXT    NOT NULL,
    figures TEXT    NOT NULL, -- JSON
    before  TEXT    NOT NULL, -- JSON: of the period before
    PRIMARY KEY (report, place)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER report_is_frozen BEFORE UPDATE ON report BEGIN SELECT RAISE(ABORT, 'a report is never changed'); END;
CREATE TRIGGER report_stays BEFORE DELETE ON report BEGIN SELECT RAISE(ABORT, 'a report is never removed'); END;
CREATE TRIGGER report_place_is_frozen BEFORE UPDATE ON report_place BEGIN SELECT RAISE(ABORT, 'a report is never changed'); END;
CREATE TRIGGER report_place_stays BEFORE DELETE ON report_place BEGIN SELECT RAISE(ABORT, 'a report is never removed'); END;
