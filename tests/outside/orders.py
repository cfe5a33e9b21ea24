"""Orders of the desk, being shut out, and handing in (§9).

This client has no PIN and no key of its own: under a lock its register is kept encrypted, by a key that only the server can open."""

import base64
import hashlib
import json
import os

import zstandard
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from receipts import unpadded
from up import change_of, offered, order_of, unsent
from wire import Cut, Refused

# A piece is cut near this size before it is compressed, and has at most so many sealed bytes.
PIECE, SEALED = 4 * 1024 * 1024, 10 * 1024 * 1024
TABLES = ("record", "refused", "conflict", "photo")


def padless(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed(store, purpose, raw):
    """HPKE, base mode; the encapsulated key stands before the sealed bytes."""
    key = X25519PublicKey.from_public_bytes(unpadded(store.noted("keys")["seal"]))
    info = f"doorstep {purpose} 1 {store.noted('device')}".encode()
    return padless(Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM).encrypt(raw, key, info=info))


def obey(store, clock, wire):
    """Asks what is ordered and carries it out; called when a call was refused as `ordered` or `revoked`, and while this client is locked."""
    lock = store.noted("lock")
    told = wire.call("POST", "/v1/order", {"sealed_key": lock["key"]} if lock else {})
    order, is_other = told.get("order"), told.get("epoch") not in (None, store.noted("epoch"))
    if lock and told.get("key"):
        unlock(store, unpadded(told["key"]))
    elif store.noted("wiped") and order == store.noted("wiped"):
        # The report got lost.
        wire.call("POST", "/v1/report", order)
    elif order is None:
        if not lock:
            hand_in(store, clock, wire, told.get("epoch"), is_other)
    elif order["what"] == "lock":
        if not lock:
            seal_register(store, all_was_handed_in(store, clock, wire, told.get("epoch"), is_other))
        wire.call("POST", "/v1/report", order)
    elif order["what"] == "wipe":
        if lock and lock["handed_in"] != told.get("epoch"):
            # Something would be lost by it.
            return
        if not lock:
            hand_in(store, clock, wire, told.get("epoch"), is_other)
        wipe(store, order)
        wire.call("POST", "/v1/report", order)


def all_was_handed_in(store, clock, wire, epoch, is_other):
    """The epoch to which all was handed in at the first try, or None."""
    try:
        hand_in(store, clock, wire, epoch, is_other)
    except (Cut, Refused):
        return None
    return epoch


def hand_in(store, clock, wire, epoch, is_other):
    """Hands in what is unsent, piece by piece. It stays unsent; once handed in to a database it is not handed in to that one again."""
    handed = store.noted("handed_in", {})
    done = set(handed["what"]) if handed.get("epoch") == epoch else set()
    piece, names, weight = new_piece(clock), [], 0
    for part, thing in [*things(store, is_other), (None, None)]:
        written = json.dumps(thing, ensure_ascii=False).encode()
        name = hashlib.sha256(written).hexdigest()
        if part is not None and name in done:
            continue
        if names and (part is None or weight + len(written) > PIECE):
            if not post(store, wire, piece):
                return
            done.update(names)
            store.note("handed_in", {"epoch": epoch, "what": sorted(done)})
            piece, names, weight = new_piece(clock), [], 0
        if part is not None:
            piece[part].append(thing)
            names.append(name)
            weight += len(written)


def new_piece(clock):
    return {"node": clock.node, "changes": [], "refused": [], "photos": []}


def things(store, is_other):
    """What is handed in: unsent changes, refused words and photos; when the database was put back also what its own worker wrote before."""
    for row in sorted(store.rows(), key=lambda row: order_of(row.kind)):
        for field, *word in row.lost:
            yield "changes", change_of(row, {field: word})
        if row.mine and row.known and (row.offer or is_other):
            yield "changes", change_of(row, offered(row))
        elif row.own:
            yield "changes", change_of(row, unsent(row))
    for written, at in store.db.execute("SELECT change, at FROM refused ORDER BY at, id").fetchall():
        change = json.loads(written)
        yield "refused", {name: change[name] for name in ("id", "kind", "cell", "fields")} | {"at": at}
    for sha256, jpeg in store.db.execute("SELECT sha256, jpeg FROM photo WHERE NOT stored OR ?", (is_other,)).fetchall():
        yield "photos", {"sha256": sha256, "jpeg": padless(jpeg)}


def post(store, wire, piece):
    """Whether it may be handed in; not when nothing stands against this client any more: then it goes on as always."""
    written = json.dumps(piece, ensure_ascii=False, separators=(",", ":")).encode()
    packed = zstandard.ZstdCompressor().compress(written)
    if len(packed) > SEALED - 1_000:
        raise ValueError("A piece is too large to be handed in.")
    counts = {"changes": len(piece["changes"]) + len(piece["refused"]), "photos": len(piece["photos"])}
    asked = {"digest": hashlib.sha256(written).hexdigest(), "sealed": sealed(store, "hand-in", packed)}
    try:
        wire.call("POST", "/v1/hand-in", asked | counts)
    except Refused as refusal:
        if refusal.code != "not_allowed":
            raise
        return False
    return True


def seal_register(store, handed_in):
    key, nonce = AESGCM.generate_key(256), os.urandom(12)
    with store.whole():
        rows = {table: store.db.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
        written = json.dumps(rows, default=lambda jpeg: {"jpeg": padless(jpeg)}).encode()
        kept = padless(nonce + AESGCM(key).encrypt(nonce, written, None))
        store.note("lock", {"key": sealed(store, "lock-key", key), "handed_in": handed_in, "register": kept})
        empty(store)


def unlock(store, key):
    with store.whole():
        raw = unpadded(store.noted("lock")["register"])
        rows = json.loads(AESGCM(key).decrypt(raw[:12], raw[12:], None))
        for table, found in rows.items():
            for row in found:
                row = [unpadded(value["jpeg"]) if isinstance(value, dict) else value for value in row]
                store.db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        store.note("lock", None)


def wipe(store, order):
    """Everything of the worker goes; what is needed to report it stays."""
    with store.whole():
        empty(store)
        store.db.execute("DELETE FROM noted WHERE name NOT IN ('tokens', 'device', 'keys')")
        store.note("wiped", order)


def empty(store):
    for table in TABLES:
        store.db.execute(f"DELETE FROM {table}")
