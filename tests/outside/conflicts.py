"""Conflicts: values that lost, told with the record, until somebody settles them (§6)."""

import json

import stamps


def same(value, other):
    return stamps.canonical(value) == stamps.canonical(other)


def take(store, page):
    """A page names all open conflicts of each of its records: what is not named any more is settled. What was told before the server was
    put back from a backup stays until it names conflicts of that record again."""
    epoch, named = store.noted("epoch"), page.get("conflicts", [])
    before = {}
    for record_id in {record["id"] for record in page["records"]} | {told["record"] for told in named}:
        found = store.db.execute("SELECT field, stamp, cell, upto, epoch FROM conflict WHERE record = ?", (record_id,)).fetchall()
        before |= {(record_id, *key): where for *key, cell, upto, of in found for where in [(cell, upto, of)]}
        again = any(told["record"] == record_id for told in named)
        store.db.execute("DELETE FROM conflict WHERE record = ? AND (epoch = ? OR ?)", (record_id, epoch, again))
    for told in named:
        key = (told["record"], told["field"], told["stamp"])
        where = before.get(key)
        if where is None:
            unseen(store, told)
        if where is None or where[2] != epoch:
            where = (page["cell"], page["upto"], epoch)
        store.db.execute("INSERT OR REPLACE INTO conflict VALUES (?, ?, ?, ?, ?, ?, ?)", (*key, json.dumps(told), *where))


def unseen(store, told):
    """What is unsent was written without knowing of this conflict: sent without base, so that it settles nothing."""
    row = store.row(told["record"])
    if row is not None and told["field"] in row.own:
        row.own[told["field"]][2] = None
        store.keep(row)


class Told:
    """Which conflicts a request knows of: those that came with a page which its cursors had passed, in its epoch. What was told before the
    server was put back from a backup is the user's alone to decide."""

    def __init__(self, request):
        self.epoch, self.cursors = request["epoch"], request["cursors"]

    def of(self, cell, upto, epoch):
        return epoch != self.epoch or self.cursors.get(cell, -1) >= upto


def settle(store, change, field, stands, present, told):
    """Whoever was told of a conflict settles it by writing on top of the present value (present: the stamp that stood), and whoever lets
    the value that lost stand again. stands: [value, stamp] now."""
    if stands[1] != stamps.of_fields(change)[field]:
        return
    base = change.get("base", {}).get(field)
    named = "FROM conflict WHERE record = ? AND field = ?"
    for stamp, words, *where in store.db.execute(f"SELECT stamp, told, cell, upto, epoch {named}", (change["id"], field)).fetchall():
        on_top = base is not None and base == present and told.of(*where)
        if on_top or same(json.loads(words)["value"], stands[0]):
            store.db.execute(f"DELETE {named} AND stamp = ?", (change["id"], field, stamp))
