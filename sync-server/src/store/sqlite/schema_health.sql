-- How a phone stands, as it told itself last. All of it is NULL for a phone that never told.
ALTER TABLE device ADD COLUMN told_at         INTEGER;
ALTER TABLE device ADD COLUMN waiting_changes INTEGER;
ALTER TABLE device ADD COLUMN waiting_photos  INTEGER;
ALTER TABLE device ADD COLUMN waiting_since   INTEGER; -- NULL: nothing waits
ALTER TABLE device ADD COLUMN refused         INTEGER;
ALTER TABLE device ADD COLUMN register_bytes  INTEGER;
ALTER TABLE device ADD COLUMN free_bytes      INTEGER; -- NULL: the phone does not know
