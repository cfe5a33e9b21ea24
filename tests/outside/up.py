"""What goes up: changes, and what their verdicts do to the store (§4, Up)."""

from collections import Counter

import stamps

# Changes that others refer to go first; kinds that are not named here refer to those that are.
FIRST = ["cell", "building", "dwelling", "household", "person", "incident", "visit", "photo"]
# What was lost is history before the present is written on top of it.
WHY = ["offer", "lost", "own"]


def gather(store):
    """[(why, change)] of everything that waits, in the order in which it is sent."""
    found = []
    for row in store.waiting():
        if row.offer and row.known:
            found.append(("offer", row, {field: (value, stamp, None) for field, (value, stamp) in row.known.items()}))
        found += [("lost", row, {field: word}) for field, *word in row.lost]
        if row.own:
            found.append(("own", row, {field: word[:3] for field, word in row.own.items()}))
    found.sort(key=lambda one: (FIRST.index(one[1].kind) if one[1].kind in FIRST else len(FIRST), WHY.index(one[0])))
    return [(why, change_of(row, words)) for why, row, words in found]


def change_of(row, words):
    """words: {field: (value, stamp, base)}."""
    change = {"id": row.id, "kind": row.kind, "cell": row.cell}
    change["fields"] = {field: value for field, (value, _, _) in words.items()}
    change |= stamps.spelled({field: stamp for field, (_, stamp, _) in words.items()})
    base = {field: base for field, (_, _, base) in words.items() if base is not None}
    return change | ({"base": base} if base else {})


def mark_sent(store, changes):
    """From now on others may see these stamps: they are never shifted again. Stored before the request goes."""
    for why, change in changes:
        row = store.row(change["id"])
        if why == "own" and row:
            for field, stamp in stamps.of_fields(change).items():
                if field in row.own and row.own[field][1] == stamp:
                    row.own[field][3] = True
            store.keep(row)


class Verdicts:
    """The verdicts of one round."""

    def __init__(self, store):
        self.store = store
        # How often a record was refused since one that it names was missing.
        self.missing = Counter()
        # Records that are not sent again in this round.
        self.later = set()
        # Whether something that this run wrote went from the store.
        self.dropped = False

    def take(self, why, change, verdict):
        """Whether the change was refused for stamps in the server's future."""
        row = self.store.row(change["id"])
        if row is None:
            return False
        if verdict["verdict"] == "accepted":
            self._accepted(row, why, change)
        elif verdict["code"] == "stamp_future":
            if why == "own":
                return True
            # Words that lost are dated already; the server's clock comes after them.
            self.later.add(row.id)
        elif verdict["code"] == "erased":
            self.store.erase(row.id)
        elif not (verdict["code"] == "missing_target" and self._may_wait(row, change)):
            self._refused(row, why, change, verdict)
        return False

    def _accepted(self, row, why, change):
        for field, stamp in stamps.of_fields(change).items():
            present = row.known.get(field, (None, None))[1]
            row.learn(field, change["fields"][field], stamp)
            if why == "own" and field in row.own:
                if row.own[field][1] == stamp:
                    del row.own[field]
                else:
                    # Written again meanwhile: now on top of what was accepted.
                    row.own[field][2] = stamp
            if why == "own":
                settle(self.store, change, field, present)
        self._done(row, why, change)
        self.store.keep(row)

    def _refused(self, row, why, change, verdict):
        self.dropped = True
        if why != "offer" or (row.offer == "epoch" and row.kind not in ("review", "cell")):
            self.store.refuse(change, verdict)
        elif row.own:
            # The record goes; what was still to be said about it is the user's.
            self.store.refuse(change_of(row, {field: word[:3] for field, word in row.own.items()}), verdict)
            row.own = {}
        if why == "own":
            for field, stamp in stamps.of_fields(change).items():
                if field in row.own and row.own[field][1] == stamp:
                    del row.own[field]
        self._done(row, why, change)
        current = verdict.get("current")
        row.known = {}
        if row.kind == "photo" and current is None:
            # There is no such record: its bytes are awaited by nobody.
            self.store.db.execute("DELETE FROM photo WHERE id = ?", (row.id,))
        if current is not None:
            row.cell = current["cell"]
            for field, stamp in stamps.of_fields(current).items():
                row.learn(field, current["fields"][field], stamp)
        self.store.keep(row)

    def _done(self, row, why, change):
        if why == "offer":
            row.offer = None
        if why == "lost":
            sent = stamps.of_fields(change)
            row.lost = [word for word in row.lost if sent.get(word[0]) != word[2]]

    def _may_wait(self, row, change):
        """One more try in the same round; then in later ones, as long as a record that it names is unsent."""
        self.missing[row.id] += 1
        if self.missing[row.id] == 1:
            return True
        named = [name for value in change["fields"].values() for name in (value if isinstance(value, list) else [value])]
        others = (self.store.row(name) for name in named if isinstance(name, str) and name != row.id)
        if any(other is not None and not other.known for other in others):
            self.later.add(row.id)
            return True
        return False


def settle(store, change, field, present):
    """Whoever was told of a conflict settles it by writing on top of the present value, or the lost one again. present: its stamp."""
    value, base = stamps.canonical(change["fields"][field]), change.get("base", {}).get(field)
    for told in store.conflicts():
        if (told["record"], told["field"]) == (change["id"], field):
            if present == base or stamps.canonical(told["value"]) == value:
                key = (told["record"], field, told["stamp"])
                store.db.execute("DELETE FROM conflict WHERE record = ? AND field = ? AND stamp = ?", key)


def set_back(store, clock, changes, server_time):
    """Refused for stamps in the server's future: all go back by one amount, so that the latest is now by its clock."""
    latest = max(stamps.millis(stamp) for change in changes for stamp in stamps.of_fields(change).values())
    for change in changes:
        row = store.row(change["id"])
        for field, stamp in stamps.of_fields(change).items():
            word = row.own.get(field)
            if word and word[1] == stamp:
                moved = stamps.make(stamps.millis(stamp) - (latest - server_time), stamps.counter(stamp), stamps.node(stamp))
                word[1] = moved if word[2] is None or moved > word[2] else stamps.after(word[2], stamps.node(stamp))
                # Nobody has seen the new stamp yet.
                word[3] = False
        store.keep(row)
    clock.forget_last()
