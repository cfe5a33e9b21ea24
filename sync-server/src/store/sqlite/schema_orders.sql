-- What the desk ordered a phone to do to itself, and whether the phone reported that it is done.
ALTER TABLE device ADD COLUMN ordered     TEXT;    -- lock, wipe
ALTER TABLE device ADD COLUMN ordered_at  INTEGER;
ALTER TABLE device ADD COLUMN ordered_by  TEXT;
ALTER TABLE device ADD COLUMN reported_at INTEGER;

-- Unsent work of phones that may not synchronise any more, sealed: nobody has read it before it is taken in.
CREATE TABLE hand_in (
    device   BLOB    NOT NULL REFERENCES device (id),
    digest   TEXT    NOT NULL, -- SHA-256 of the content: a repetition is the same piece
    changes  INTEGER NOT NULL, -- what the phone says is inside
    photos   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    sealed   BLOB,             -- gone once all of it was taken in
    taken_at INTEGER,
    taken_by TEXT,
    accepted INTEGER,
    refused  INTEGER,
    PRIMARY KEY (device, digest)
) STRICT;
