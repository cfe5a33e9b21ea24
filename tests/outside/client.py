"""The outside client as a program: client.py FOLDER SERVER [SKEW]. A command a line in, an answer a line out, both JSON.

Answers: {"done": …}, {"cut": why} when the server could not be reached to the end, {"failed": why} for everything else.
SKEW: milliseconds by which the device's clock is wrong.
"""

import hashlib
import json
import sys
import traceback

import orders
import photos
import stamps
from clock import Clock
from rounds import Rounds
from store import Row, Store
from wire import Cut, Refused, Wire


class Client:
    def __init__(self, folder, server, skew):
        self.store = Store(folder)
        self.clock = Clock(self.store, skew)
        self.wire = Wire(self.store, server)
        self.rounds = Rounds(self.store, self.clock, self.wire)

    def enrol(self, code, name):
        return self.wire.enrol(code, name)["account"]

    def create(self, kind, cell, fields):
        with self.store.whole():
            stamp = self.clock.stamp()
            row = Row(stamps.record_id(self.clock.now()), kind, cell, mine=True)
            row.own = {field: [value, stamp, None, None] for field, value in fields.items()}
            self.store.keep(row)
        return row.id

    def edit(self, id, fields):
        with self.store.whole():
            row = self.store.row(id)
            shown = row.shown()
            stamp = self.clock.stamp(max((shown[field][1] for field in fields if field in shown), default=stamps.ZERO))
            for field, value in fields.items():
                # The base of a field that is written again before it was acknowledged stays what it was.
                known = row.known.get(field, (None, None))[1]
                _, _, base, sent = row.own.get(field, (None, None, known, None))
                row.own[field] = [value, stamp, base, sent]
            row.mine = True
            self.store.keep(row)

    def photo(self, cell, path, fields):
        """Keeps a picture and makes its record; its hash and size are added to the fields."""
        with open(path, "rb") as picture:
            jpeg = picture.read()
        known = {"sha256": hashlib.sha256(jpeg).hexdigest(), "bytes": len(jpeg)}
        with self.store.whole():
            made = self.create("photo", cell, fields | known)
            photos.keep(self.store, made, jpeg, fields.get("subject"))
        return made

    def discard(self, id):
        """The user gives refused words up, and their picture."""
        with self.store.whole():
            self.store.db.execute("DELETE FROM refused WHERE id = ?", (id,))
            if self.store.row(id) is None:
                self.store.db.execute("DELETE FROM photo WHERE id = ?", (id,))

    def sync(self, ask_first=False):
        try:
            if self.store.noted("lock"):
                orders.obey(self.store, self.clock, self.wire)
                if self.store.noted("lock"):
                    raise Refused(423, "locked")
            if self.rounds.run(ask_first):
                # What lay in the server's future goes with the next round, and that is now.
                self.rounds.run()
            photos.send_all(self.store, self.wire)
            self.rounds.leave()
            self.wire.lists()
        except Refused as refusal:
            if refusal.code in ("ordered", "revoked"):
                orders.obey(self.store, self.clock, self.wire)
            raise

    def refresh(self):
        self.wire.refresh()

    def skew(self, by):
        """The device's clock jumps."""
        self.clock.skew += by

    def fetch(self, sha256):
        """The hash of a photo's bytes as the server gives them out."""
        return hashlib.sha256(self.wire.bytes("GET", f"/v1/photo/{sha256}/full")[2]).hexdigest()

    def register(self):
        """Everything that is here, and how often receipts were compared and differed."""
        rows = self.store.rows()
        return {
            "records": [row.record() for row in rows if not row.gone],
            "unsent": [{"record": row.id, "field": field, "value": word[0]} for row in rows for field, word in row.own.items()],
            "lost": [{"record": row.id, "field": word[0], "value": word[1]} for row in rows for word in row.lost],
            "waiting": len(self.store.waiting()) + len(photos.waiting(self.store)),
            "refused": self.store.refused(),
            "conflicts": self.store.conflicts(),
            "conflicts_before": self.store.conflicts(before=True),
            "receipt": self.store.noted("receipt"),
            "compared": self.store.noted("compared", 0),
            "differences": self.store.noted("differences", []),
            "epochs": self.store.noted("epochs", 0),
            "clock_wrong_by": self.clock.wrong_by(),
        }


COMMANDS = ("enrol", "create", "edit", "photo", "sync", "refresh", "skew", "fetch", "register", "discard")


def answer(client, command):
    do = command.pop("do")
    if do not in COMMANDS:
        return {"failed": f"no such command: {do}"}
    if client.store.noted("lock") and do not in ("sync", "skew"):
        return {"failed": "locked"}
    try:
        return {"done": getattr(client, do)(**command)}
    except Cut as cut:
        return {"cut": str(cut)}
    except Exception as reason:  # whatever it is, whoever asked decides what it means
        traceback.print_exc()
        return {"failed": repr(reason)}


def main():
    folder, server, *skew = sys.argv[1:]
    client = Client(folder, server, int(skew[0]) if skew else 0)
    for line in sys.stdin:
        print(json.dumps(answer(client, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
