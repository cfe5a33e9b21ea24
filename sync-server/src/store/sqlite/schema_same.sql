-- Residents and households that gave way to another entry (`domain::same`), so that visits to them count for the one that stays.
-- Every row follows from the records; existing databases are read once: see `same.rs`.
CREATE TABLE gave_way (
    id      BLOB NOT NULL,
    county  TEXT NOT NULL,
    into_id BLOB NOT NULL, -- the entry that it names
    stands  BLOB NOT NULL, -- the entry at the end of these names: it stands for this one
    PRIMARY KEY (id, county)
) STRICT, WITHOUT ROWID;
CREATE INDEX gave_way_into ON gave_way (into_id, county);
CREATE INDEX gave_way_stands ON gave_way (stands, county);
