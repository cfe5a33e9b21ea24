-- What accounts were for before, and until when: what was written then and comes late is taken by that.
CREATE TABLE former_role (
    account TEXT    NOT NULL REFERENCES account (id),
    role    TEXT    NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (account, until)
) STRICT, WITHOUT ROWID;
