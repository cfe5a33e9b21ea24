"""What was erased on purpose: nothing about it stays, not in lists about others either (§4, erased and words_about)."""

import json

# What a change says about whom it names.
ABOUT = ("target", "subject", "person")
# What tells of a dispute: of refused words it goes when nobody is left in it.
TELLING = ("place", "facts", "claim", "terms", "perform_how", "transferred_to")
NOBODY = "—"
# Names in one request.
MOST = 1_000


def forget(store, ids):
    ids = set(ids)
    for record_id in ids:
        for table, name in (("record", "id"), ("refused", "id"), ("photo", "id"), ("conflict", "record")):
            store.db.execute(f"DELETE FROM {table} WHERE {name} = ?", (record_id,))
        # Pictures of it whose records are here no more.
        store.db.execute("DELETE FROM photo WHERE about = ? AND id NOT IN (SELECT id FROM record)", (record_id,))
    for change in store.refused_changes():
        told_of = {change["fields"][field] for field in ABOUT if isinstance(change["fields"].get(field), str)}
        if not taken(store, change["id"]) and ids & told_of:
            store.db.execute("DELETE FROM refused WHERE id = ?", (change["id"],))
            store.db.execute("DELETE FROM photo WHERE id = ?", (change["id"],))
    if ids:
        scrub(store, ids)


def scrub(store, ids):
    """Takes erased ids out of the lists about others; the stamps stay."""
    for row in store.rows():
        words = [(field, word, 0) for part in (row.known, row.own) for field, word in part.items()]
        words += [(word[0], word, 1) for word in row.lost]
        if any([cleaned(ids, field, word, at) for field, word, at in words]):
            store.keep(row)
    for change in store.refused_changes():
        fields = change["fields"]
        touched = any([cleaned(ids, field, fields, field) for field in list(fields)])
        row = store.row(change["id"])
        parties = fields.get("parties") or (row.shown().get("parties", [None])[0] if row else None)
        if change["kind"] == "dispute" and parties and all(one["name"] == NOBODY for one in parties):
            touched |= any([fields.pop(field, None) is not None for field in TELLING])
        if touched:
            store.rewrite_refused(change)
    for record, field, stamp, told in store.db.execute("SELECT record, field, stamp, told FROM conflict").fetchall():
        words = json.loads(told)
        if cleaned(ids, field, words, "value"):
            key = (json.dumps(words), record, field, stamp)
            store.db.execute("UPDATE conflict SET told = ? WHERE record = ? AND field = ? AND stamp = ?", key)


def cleaned(ids, field, holder, at):
    """Cleans the value of a field, holder[at]; whether there was anything to clean."""
    value = holder[at]
    if field not in ("parties", "roster") or not isinstance(value, list):
        return False
    hit = [isinstance(one, dict) and one.get("person") in ids for one in value]
    if field == "parties":
        holder[at] = [{"name": NOBODY, "side": one["side"]} if out else one for one, out in zip(value, hit)]
    else:
        holder[at] = [one for one, out in zip(value, hit) if not out]
    return any(hit)


def taken(store, record_id):
    """Whether the server ever took anything of a record, as far as is known here."""
    row = store.row(record_id)
    return row is not None and bool(row.known)


def words_about(store):
    """Records that no feed need ever name again, and about which words are kept here. More than fit are asked about by turns."""
    found = set()
    for change in store.refused_changes():
        found.add(change["id"])
        if not taken(store, change["id"]):
            found |= of_fields(change["fields"])
    for photo, about in store.db.execute("SELECT id, about FROM photo WHERE NOT stored AND id NOT IN (SELECT id FROM record)").fetchall():
        found |= {photo, about} - {None}
    for row in store.rows("kind = 'dispute' AND known = '{}'"):
        found |= of_fields({"parties": row.shown().get("parties", [None])[0]})
    found, turn = sorted(found), store.noted("turn", 0)
    if len(found) > MOST:
        store.note("turn", (turn + MOST) % len(found))
        found = (found[turn % len(found) :] + found)[:MOST]
    return found


def of_fields(fields):
    found = {fields.get(field) for field in ABOUT}
    found |= {one.get("person") for one in fields.get("parties") or [] if isinstance(one, dict)}
    return {one for one in found if isinstance(one, str)}
