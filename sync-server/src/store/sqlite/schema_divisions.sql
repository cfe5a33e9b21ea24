-- Codes change over time: a division or cell that is over stays readable, with the one that took its place.
ALTER TABLE place ADD COLUMN retired_at   INTEGER;
ALTER TABLE place ADD COLUMN succeeded_by TEXT;

-- What became of divisions and cells, for ever: created, renamed, retired, merged, split, handed over.
CREATE TABLE division_change (
    seq   INTEGER PRIMARY KEY,
    code  TEXT    NOT NULL,
    at    INTEGER NOT NULL,
    by    TEXT    NOT NULL,
    what  TEXT    NOT NULL,
    name  TEXT    NOT NULL, -- as it was called from then on
    other TEXT              -- the successor, the cell that it was split into, who holds it now
) STRICT;
CREATE INDEX division_change_code ON division_change (code);
CREATE TRIGGER division_change_is_never_changed BEFORE UPDATE ON division_change
BEGIN SELECT RAISE(ABORT, 'the history of divisions is append-only'); END;
CREATE INDEX account_cell_held ON account_cell (cell) WHERE until IS NULL;
