"""What comes down: pages of records, what left the cell, what was erased, and conflicts (§4, Down; §6)."""

import json

import stamps
from store import Row


def merge(clock, row, record):
    """Takes the server's record, or the part of it that was sent, into what is known; own words that lost are sent once, for the history."""
    for field, stamp in stamps.of_fields(record).items():
        value = record["fields"][field]
        clock.saw(stamp)
        row.learn(field, value, stamp)
        own = row.own.get(field)
        if own is None:
            continue
        if own[1] == stamp and stamps.canonical(own[0]) == stamps.canonical(value):
            # It was accepted; only the answer got lost.
            del row.own[field]
        elif not stamps.wins(own[1], own[0], stamp, value):
            row.lost.append([field, *own[:3]])
            del row.own[field]
    row.kind, row.cell, row.gone = record["kind"], record["cell"], False


def take(store, clock, page, anew):
    """Stores a page; anew: the cell was in doubt, and what comes replaces everything but unsent words."""
    for record in page["records"]:
        row = store.row(record["id"]) or Row(record["id"], record["kind"], record["cell"])
        if anew:
            row.known = {}
        merge(clock, row, record)
        store.keep(row)
        # A page names all open conflicts of each of its records: what is not named any more is settled.
        store.db.execute("DELETE FROM conflict WHERE record = ?", (record["id"],))
    for told in page.get("conflicts", []):
        values = (told["record"], told["field"], told["stamp"], json.dumps(told))
        store.db.execute("INSERT OR REPLACE INTO conflict VALUES (?, ?, ?, ?)", values)
    erased = set(page.get("erased", []))
    for record_id in erased:
        store.erase(record_id)
    for record_id in set(page.get("gone", [])) - erased:
        leave(store, record_id, page["cell"])


def leave(store, record_id, cell):
    """The record left the cell; when it has arrived in another one of this client's already, it stays."""
    row = store.row(record_id)
    if row is not None and row.cell == cell:
        row.known, row.offer, row.gone = {}, None, True
        store.keep(row)


def give_up(store, cells):
    """Removes cells that somebody else has now, once nothing of them is unsent. Whether there were any."""
    gave_up = False
    cursors = store.noted("cursors", {})
    held = {cell for (cell,) in store.db.execute("SELECT DISTINCT cell FROM record")} | set(cursors)
    for cell in held - set(cells):
        # At once: what a refusal removes from now on has to be read again should the cell come back.
        cursors.pop(cell, None)
        if store.waiting(cell):
            continue
        store.db.execute("DELETE FROM conflict WHERE record IN (SELECT id FROM record WHERE cell = ?)", (cell,))
        store.db.execute("DELETE FROM record WHERE cell = ?", (cell,))
        gave_up = True
    store.note("cursors", cursors)
    return gave_up
