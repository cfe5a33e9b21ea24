-- What a receipt says of a cell, kept as it is written: how many records it has, how many of its photos are stored, and the
-- two halves of the digest over the versions of its records. Existing databases are counted once: see `feed.rs`.
ALTER TABLE cell_feed ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell_feed ADD COLUMN photos  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell_feed ADD COLUMN v1      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cell_feed ADD COLUMN v2      INTEGER NOT NULL DEFAULT 0;
