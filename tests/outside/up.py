"""What goes up: changes, and how they are cut into requests (§4, Up and Epoch)."""

import json

import stamps

# Changes that others refer to go first; kinds that are not named here refer to those that are.
FIRST = ["cell", "building", "dwelling", "household", "person", "incident", "visit", "photo"]
# What was lost is history before the present is written on top of it.
WHY = ["offer", "lost", "own"]
# Limits of one request: changes, bytes before compression (with room for the rest of the request), and bytes after it.
MOST, RAW, PACKED = 5_000, 15 * 1024 * 1024, 768_000
# Pages do not get smaller than this.
LEAST = 24_000


def gather(store):
    """[(why, change)] of everything that waits, in the order in which it is sent."""
    found = []
    for row in store.waiting():
        found += [("lost", row, {field: word}) for field, *word in row.lost]
        if row.to_offer():
            found.append(("offer", row, offered(row)))
        elif row.own:
            found.append(("own", row, unsent(row)))
    found.sort(key=lambda one: (order_of(one[1].kind), WHY.index(one[0])))
    return [(why, change_of(row, words)) for why, row, words in found]


def order_of(kind):
    return FIRST.index(kind) if kind in FIRST else len(FIRST)


def unsent(row):
    return {field: word[:3] for field, word in row.own.items()}


def offered(row):
    """The whole record, without base but for what is unsent."""
    return {field: (*word, None) for field, word in row.known.items()} | unsent(row)


def change_of(row, words):
    """words: {field: (value, stamp, base)}."""
    change = {"id": row.id, "kind": row.kind, "cell": row.cell}
    change["fields"] = {field: value for field, (value, _, _) in words.items()}
    change |= stamps.spelled({field: stamp for field, (_, stamp, _) in words.items()})
    base = {field: base for field, (_, _, base) in words.items() if base is not None}
    return change | ({"base": base} if base else {})


def mark_sent(store, changes):
    """From now on others may see these stamps: they are never shifted again. Stored before the request goes. {(id, field)} of those that
    were in an earlier request already: its answer got lost."""
    earlier = set()
    for why, change in changes:
        row = store.row(change["id"])
        if why == "lost" or row is None:
            continue
        for field, stamp in stamps.of_fields(change).items():
            word = row.own.get(field)
            if word and word[1] == stamp:
                if word[3] == stamp:
                    earlier.add((row.id, field))
                word[3] = stamp
        store.keep(row)
    return earlier


class Load:
    """How much goes with one request."""

    def __init__(self):
        self.most, self.packed = MOST, PACKED
        # How much smaller the last pages became.
        self.ratio = 0.25

    def cut(self, waiting):
        """The first of what waits. A record and those that it names go together, since they may name each other."""
        of_id = {}
        for place, (_, change) in enumerate(waiting):
            of_id.setdefault(change["id"], []).append(place)
        taken, weight = set(), 0
        for place, (_, change) in enumerate(waiting):
            group = [] if place in taken else together(waiting, of_id, change["id"], taken)
            weighs = sum(len(json.dumps(waiting[one][1], ensure_ascii=False).encode()) for one in group)
            full = len(taken) + len(group) > self.most or weight + weighs > min(RAW, self.packed / self.ratio)
            if taken and full:
                break
            taken.update(group[: self.most])
            weight += weighs
        return [waiting[place] for place in sorted(taken)]

    def came_through(self, raw, packed):
        if raw > LEAST:
            self.ratio = max(0.02, packed / raw)
        self.packed = min(PACKED, self.packed * 1.5)

    def got_stuck(self):
        """A page did not come through in the time of a call."""
        self.packed = max(LEAST, self.packed / 2)

    def too_large(self, pushed):
        self.most = pushed // 2


def together(waiting, of_id, record_id, taken):
    """The places of a record's changes and of those of all that waits and that it names."""
    group, ask = [], [record_id]
    seen = {record_id}
    while ask:
        places = [place for place in of_id[ask.pop(0)] if place not in taken]
        group += places
        for name in (name for place in places for name in names(waiting[place][1]["fields"])):
            if name in of_id and name not in seen:
                seen.add(name)
                ask.append(name)
    return group


def names(value):
    """Every text in a value, at any depth: ids of other records are among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from names(inner)
