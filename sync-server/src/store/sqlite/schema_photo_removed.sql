-- A picture that was removed is remembered by its hash: a photo folder that is put back older has it again. It is forgotten when a record
-- names such bytes once more.
ALTER TABLE photo_doomed ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
