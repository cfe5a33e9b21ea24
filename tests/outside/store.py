"""What the client keeps, in SQLite: nothing that was acknowledged to its user, or told to the server, is lost with the process."""

import json
import os
import sqlite3
import time
from contextlib import contextmanager

from stamps import of_fields, spelled, wins

SCHEMA = """
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS noted (name PRIMARY KEY, value);
CREATE TABLE IF NOT EXISTS record (id PRIMARY KEY, kind, cell, known, own, lost, offer, gone, proof, move, mine);
CREATE TABLE IF NOT EXISTS refused (id PRIMARY KEY, change, code, problems, at);
CREATE TABLE IF NOT EXISTS conflict (record, field, stamp, told, cell, upto, epoch, PRIMARY KEY (record, field, stamp));
CREATE TABLE IF NOT EXISTS photo (id PRIMARY KEY, sha256, jpeg BLOB, about, location, stored, hopeless, asked);
"""


class Row:
    """A record and what the client still owes the server about it.

    known: {field: [value, stamp]}, what the server is known to have, or had before it was put back from a backup.
    own: {field: [value, stamp, base, sent]}, unsent words; sent: the greatest stamp of an own word of this field that was part of a request,
    so that others may have seen it, or None.
    lost: [[field, value, stamp, base]], own words that lost against pulled ones: sent once, for the history.
    offer: why the whole record is offered once: "epoch" or "repair". "alone": it was refused, and what is unsent goes up by itself.
    gone: it left the cell, and stays for what waits only. mine: the client's own user wrote in it.
    proof: lets a server that was put back take it from this client, which may not write it. move: [stamp of `cell`, proof], of a record that
    was moved: lets such a server move it once more.
    """

    def __init__(self, id, kind, cell, known=None, own=None, lost=None, offer=None, gone=False, proof=None, move=None, mine=False):
        self.id, self.kind, self.cell = id, kind, cell
        self.known, self.own, self.lost = known or {}, own or {}, lost or []
        self.offer, self.gone, self.mine = offer, bool(gone), bool(mine)
        self.proof, self.move = proof, move

    def shown(self):
        """{field: (value, stamp)} with the own words on top."""
        return {field: (word[0], word[1]) for field, word in (self.known | self.own).items()}

    def record(self):
        shown = self.shown()
        record = {"id": self.id, "kind": self.kind, "cell": self.cell}
        record["fields"] = {field: value for field, (value, _) in shown.items()}
        return record | spelled({field: stamp for field, (_, stamp) in shown.items()})

    def learn(self, field, value, stamp):
        """Takes a value that the server has into what is known."""
        if field not in self.known or wins(stamp, value, self.known[field][1], self.known[field][0]):
            self.known[field] = [value, stamp]
            # It is not any more the record that the server proved.
            self.proof = None

    def on_top(self, stands):
        """What stands, {field: [value, stamp]}, is on the server now; own words stay on top of it, or lost against it."""
        self.known, self.proof = stands, None
        for field, word in list(self.own.items()):
            if field in stands and not wins(word[1], word[0], stands[field][1], stands[field][0]):
                self.lost.append([field, *word[:3]])
                del self.own[field]
            else:
                word[2] = stands[field][1] if field in stands else None
        self.settle_cell()

    def settle_cell(self):
        """A record lies where its field `cell` says, once it was moved."""
        self.cell = self.known.get("cell", [None])[0] or self.cell

    def proves(self):
        """What goes with its offer, to a server that may have lost it or its move."""
        moved = self.move and self.known.get("cell", [None, None])[1] == self.move[0]
        return self.proof or (self.move[1] if moved else None)

    def to_offer(self):
        return self.offer in ("epoch", "repair")

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
        if self.db.in_transaction:
            yield
            return
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
        return [Row(*row[:3], *map(json.loads, row[3:6]), *row[6:9], json.loads(row[9]), row[10]) for row in found]

    def row(self, record_id):
        return next(iter(self.rows("id = ?", (record_id,))), None)

    def waiting(self, cell=None):
        """Rows with something to be sent."""
        where = "(own <> '{}' OR lost <> '[]' OR offer IS NOT NULL)"
        return self.rows(where) if cell is None else self.rows(where + " AND cell = ?", (cell,))

    def keep(self, row):
        """Stores a row, or removes it when nothing is left of it."""
        if (row.gone and not row.waits()) or not (row.known or row.own or row.lost):
            self.remove(row.id)
            return
        parts = [json.dumps(part) for part in (row.known, row.own, row.lost)]
        values = (row.id, row.kind, row.cell, *parts, row.offer, row.gone, row.proof, json.dumps(row.move), row.mine)
        self.db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def remove(self, record_id):
        self.db.execute("DELETE FROM record WHERE id = ?", (record_id,))
        self.db.execute("DELETE FROM conflict WHERE record = ?", (record_id,))

    def refuse(self, change, code, problems=None):
        """Keeps refused words for the user, all of a record in one entry; of two words for one field the later is kept."""
        found = self.db.execute("SELECT change, problems FROM refused WHERE id = ?", (change["id"],)).fetchone()
        words, base = words_of(change), dict(change.get("base", {}))
        if found:
            earlier, its = json.loads(found[0]), words_of(json.loads(found[0]))
            left = [field for field in its if field not in words or its[field][1] > words[field][1]]
            words |= {field: its[field] for field in left}
            base |= {field: stamp for field, stamp in earlier.get("base", {}).items() if field in left}
            problems = (problems or []) + [problem for problem in json.loads(found[1]) or [] if problem["field"] in left]
        kept = {name: change[name] for name in ("id", "kind", "cell")}
        kept["fields"] = {field: value for field, (value, _) in words.items()}
        kept |= spelled({field: stamp for field, (_, stamp) in words.items()})
        told = (change["id"], json.dumps(kept | ({"base": base} if base else {})), code, json.dumps(problems), int(time.time() * 1000))
        self.db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?)", told)

    def refused_changes(self):
        return [json.loads(change) for (change,) in self.db.execute("SELECT change FROM refused ORDER BY at, id").fetchall()]

    def rewrite_refused(self, change):
        """Puts other words in the place of refused ones, or nothing."""
        if change["fields"]:
            self.db.execute("UPDATE refused SET change = ? WHERE id = ?", (json.dumps(change), change["id"]))
        else:
            self.db.execute("DELETE FROM refused WHERE id = ?", (change["id"],))

    def refused(self):
        found = self.db.execute("SELECT change, code, problems FROM refused ORDER BY at, id")
        return [{"change": json.loads(change), "code": code, "problems": json.loads(why)} for change, code, why in found]

    def conflicts(self, before=False):
        """What the present database told; before: what was told before a restore, and nobody has decided yet."""
        where = f"epoch {'<>' if before else '='} ?"
        found = self.db.execute(f"SELECT told FROM conflict WHERE {where} ORDER BY record, field, stamp", (self.noted("epoch"),))
        return [json.loads(told) for (told,) in found]


def words_of(change):
    """{field: [value, stamp]} of a record or a change as it travels."""
    return {field: [change["fields"][field], stamp] for field, stamp in of_fields(change).items()}
