"""What comes down: pages of records, what left the cell and what was erased (§4, Down)."""

import conflicts
import erasure
import stamps
from store import Row, words_of


def merged(brought, record):
    """The record as the server has it: of one that this very request brought, only what does not stand as it was brought is sent."""
    whole = Row(record["id"], record["kind"], record["cell"])
    for change in brought.get(record["id"], []) + [record]:
        for field, word in words_of(change).items():
            whole.learn(field, *word)
    return whole.known


def merge(clock, row, record, theirs, anew):
    """Takes the server's record into what is known; own words that lost are sent once, for the history. anew: the cell is in doubt, and of
    two values under one stamp the server's stands."""
    for field, (value, stamp) in theirs.items():
        clock.saw(stamp)
        if anew and row.known.get(field, (None, None))[1] == stamp:
            row.known[field] = [value, stamp]
        row.learn(field, value, stamp)
        own = row.own.get(field)
        if own is None:
            continue
        if own[1] == stamp and (anew or conflicts.same(own[0], value)):
            # It was accepted; only the answer got lost.
            del row.own[field]
        elif not stamps.wins(own[1], own[0], stamp, value):
            row.lost.append([field, *own[:3]])
            del row.own[field]
        elif own[3] == stamp:
            # An earlier word of this client's own was accepted: the present one was written on top of it.
            own[2] = stamp
    row.kind, row.cell, row.gone = record["kind"], record["cell"], False
    row.settle_cell()


def take(store, clock, page, brought, anew):
    """Stores a page. brought: {id: [change]} of what this request brought and the server accepted. {id: whether the server lacks something
    of it} of what came."""
    came, proofs, moves = {}, page.get("proofs", {}), page.get("moves", {})
    for record in page["records"]:
        row = store.row(record["id"]) or Row(record["id"], record["kind"], record["cell"])
        theirs = merged(brought, record)
        merge(clock, row, record, theirs, anew)
        if record["id"] in proofs:
            # Worth something only for the record just as it came.
            just_so = not row.own and not row.lost and row.known == theirs
            row.proof = proofs[record["id"]] if just_so else None
        if row.id in moves and row.known.get("cell") == theirs.get("cell", ()):
            # Whatever else stands in it.
            row.move = [row.known["cell"][1], moves[row.id]]
        came[row.id] = any(field not in theirs or theirs[field][1] < stamp for field, (_, stamp) in row.known.items())
        store.keep(row)
    conflicts.take(store, page)
    erased = set(page.get("erased", []))
    erasure.forget(store, erased)
    for record_id in set(page.get("gone", [])) - erased:
        leave(store, record_id, page["cell"])
    return came


def leave(store, record_id, cell):
    """The record left the cell; when it has arrived in another one of this client's already, it stays. What waits is sent first."""
    row = store.row(record_id)
    if row is not None and row.cell == cell:
        row.gone = True
        store.keep(row)


def give_up(store, cells):
    """Removes cells that somebody else has now, once nothing waits of them. Whether there were any."""
    gave_up = False
    cursors, doubted = store.noted("cursors", {}), store.noted("doubted", {})
    held = {cell for (cell,) in store.db.execute("SELECT DISTINCT cell FROM record")} | set(cursors)
    for cell in held - set(cells):
        # At once: what a refusal removes from now on has to be read again should the cell come back.
        cursors.pop(cell, None)
        doubted.pop(cell, None)
        of_cell = "IN (SELECT id FROM record WHERE cell = ?)"
        picture = store.db.execute(f"SELECT 1 FROM photo WHERE NOT stored AND NOT hopeless AND id {of_cell}", (cell,)).fetchone()
        if picture or store.waiting(cell):
            continue
        store.db.execute(f"DELETE FROM photo WHERE stored AND id {of_cell}", (cell,))
        store.db.execute(f"DELETE FROM conflict WHERE record {of_cell}", (cell,))
        store.db.execute("DELETE FROM record WHERE cell = ?", (cell,))
        gave_up = True
    store.note("cursors", cursors)
    store.note("doubted", doubted)
    return gave_up
