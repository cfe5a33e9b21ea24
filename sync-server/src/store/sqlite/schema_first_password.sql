-- Passwords that somebody else has set: whoever signs in with one can do nothing before it is changed.
CREATE TABLE first_password (
    account TEXT    PRIMARY KEY REFERENCES account (id),
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
