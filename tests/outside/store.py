"""What the client keeps, in SQLite: nothing that was acknowledged to its user, or told to the server, is lost with the process."""

import json
import os
import sqlite3
from contextlib import contextmanager

from stamps import spelled, wins

SCHEMA = """
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS noted (name PRIMARY KEY, value);
CREATE TABLE IF NOT EXISTS record (id PRIMARY KEY, kind, cell, known, own, lost, offer, gone);
CREATE TABLE IF NOT EXISTS refused (number INTEGER PRIMARY KEY, id, change, code, problems);
CREATE TABLE IF NOT EXISTS conflict (record, field, stamp, told, PRIMARY KEY (record, field, stamp));
CREATE TABLE IF NOT EXISTS photo (id PRIMARY KEY, sha256, jpeg BLOB, location, stored);
"""


class Row:
    """A record and what the client still owes the server about it.

    known: {field: [value, stamp]}, what the server is known to have.
    own: {field: [value, stamp, base, sent]}, unsent words; sent: they were part of a request, so others may have seen the stamp.
    lost: [[field, value, stamp, base]], own words that lost against pulled ones: sent once, for the history.
    offer: why all that is known is offered once: "epoch", "repair", or None. gone: it left the cell, and stays for its unsent words only.
    """

    def __init__(self, id, kind, cell, known=None, own=None, lost=None, offer=None, gone=False):
        self.id, self.kind, self.cell = id, kind, cell
        self.known, self.own, self.lost = known or {}, own or {}, lost or []
        self.offer, self.gone = offer, gone

    def shown(self):
        """{field: (value, stamp)} with the own words on top where they win."""
        fields = {field: (value, stamp) for field, (value, stamp) in self.known.items()}
        for field, (value, stamp, *_) in self.own.items():
            if field not in fields or wins(stamp, value, fields[field][1], fields[field][0]):
                fields[field] = (value, stamp)
        return fields

    def record(self):
        shown = self.shown()
        record = {"id": self.id, "kind": self.kind, "cell": self.cell}
        record["fields"] = {field: value for field, (value, _) in shown.items()}
        return record | spelled({field: stamp for field, (_, stamp) in shown.items()})

    def learn(self, field, value, stamp):
        """Takes a value that the server has into what is known."""
        if field not in self.known or wins(stamp, value, self.known[field][1], self.known[field][0]):
            self.known[field] = [value, stamp]

    def waits(self):
        return bool(self.own or self.lost or self.offer)


class Store:
    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.db = sqlite3.connect(os.path.join(folder, "store.db"), isolation_level=None)
        self.db.executescript(SCHEMA)

    @contextmanager
    def whole(self):
        """All of it or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def noted(self, name, otherwise=None):
        found = self.db.execute("SELECT value FROM noted WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else otherwise

    def note(self, name, value):
        self.db.execute("INSERT OR REPLACE INTO noted VALUES (?, ?)", (name, json.dumps(value)))

    def rows(self, where="1", values=()):
        found = self.db.execute(f"SELECT * FROM record WHERE {where}", values).fetchall()
        return [Row(*row[:3], *(json.loads(part) for part in row[3:6]), row[6], bool(row[7])) for row in found]

    def row(self, record_id):
        return next(iter(self.rows("id = ?", (record_id,))), None)

    def waiting(self, cell=None):
        """Rows with something to be sent."""
        where = "(own <> '{}' OR lost <> '[]' OR offer IS NOT NULL)"
        return self.rows(where) if cell is None else self.rows(where + " AND cell = ?", (cell,))

    def keep(self, row):
        """Stores a row, or removes it when nothing is left of it."""
        if (row.gone and not row.waits()) or not (row.known or row.own or row.lost):
            self.db.execute("DELETE FROM record WHERE id = ?", (row.id,))
            return
        parts = [json.dumps(part) for part in (row.known, row.own, row.lost)]
        values = (row.id, row.kind, row.cell, *parts, row.offer, row.gone)
        self.db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def refuse(self, change, verdict):
        """Keeps refused words for the user."""
        values = (change["id"], json.dumps(change), verdict["code"], json.dumps(verdict.get("problems")))
        self.db.execute("INSERT INTO refused (id, change, code, problems) VALUES (?, ?, ?, ?)", values)

    def refused(self):
        found = self.db.execute("SELECT change, code, problems FROM refused ORDER BY number").fetchall()
        return [{"change": json.loads(change), "code": code, "problems": json.loads(why)} for change, code, why in found]

    def conflicts(self):
        return [json.loads(told) for (told,) in self.db.execute("SELECT told FROM conflict ORDER BY record, field, stamp")]

    def erase(self, record_id):
        """The content was erased on purpose: nothing about it stays, unsent and refused words included."""
        for table, name in (("record", "id"), ("refused", "id"), ("photo", "id"), ("conflict", "record")):
            self.db.execute(f"DELETE FROM {table} WHERE {name} = ?", (record_id,))
