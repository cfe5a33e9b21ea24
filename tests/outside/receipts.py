"""Receipts: the server's signature, the digest of a cell as this client computes it, and what is done when they differ (§8)."""

import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stamps import DAY, version

# Receipts of lost databases that are kept.
LOST = 4


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def statement(store, receipt):
    """What the server signed; None when the signature, the device or the epoch is not right: it does not count."""
    verify = unpadded(store.noted("keys")["verify"])
    if not verify:
        return None
    try:
        Ed25519PublicKey.from_public_bytes(verify).verify(unpadded(receipt["signature"]), receipt["statement"].encode())
    except InvalidSignature:
        return None
    said = json.loads(receipt["statement"])
    return said if (said["device"], said["epoch"]) == (store.noted("device"), store.noted("epoch")) else None


def digest(store, cell):
    """(digest, records) of what is as acknowledged in a cell."""
    folded, records = 0, 0
    for row in store.rows("cell = ?", (cell,)):
        if row.known:
            folded ^= int.from_bytes(version(row.id, {field: stamp for field, (_, stamp) in row.known.items()}), "big")
            records += 1
    return f"{folded:032x}", records


def differing(store, said):
    """({cell: difference}, number of cells compared); a cell that is behind or of which something waits cannot be compared."""
    found, compared = {}, 0
    if any("cell" in row.own or (row.offer and "cell" in row.known) for row in store.waiting()):
        # The server may still count a record that is to be moved where it lay before.
        return found, compared
    for cell, told in said["cells"].items():
        if store.noted("cursors", {}).get(cell) != told["upto"] or store.waiting(cell) or cell in store.noted("doubted", {}):
            continue
        compared += 1
        own = digest(store, cell)
        if own != (told["digest"], told["records"]):
            found[cell] = {"own": own, "told": [told["digest"], told["records"]]}
    return found, compared


def compare(store, clock, receipt):
    """Whether a cell differs and is to be read anew."""
    said = statement(store, receipt)
    if said is None:
        return False
    found, compared = differing(store, said)
    with store.whole():
        store.note("receipt", said)
        # As it was signed: it shows the next database what this one knew.
        store.note("signed", receipt)
        store.note("compared", store.noted("compared", 0) + compared)
        store.note("differences", store.noted("differences", []) + list(found.values()))
        read_anew, cursors, doubted = store.noted("read_anew", {}), store.noted("cursors", {}), store.noted("doubted", {})
        for cell in found:
            # At most once a day.
            if clock.now() - read_anew.get(cell, 0) > DAY:
                read_anew[cell] = clock.now()
                cursors.pop(cell, None)
                # What comes is noted with each cell: a repair goes on after a cut.
                doubted[cell] = {}
        store.note("read_anew", read_anew)
        store.note("cursors", cursors)
        store.note("doubted", doubted)
    return bool(doubted)


def end_doubt(store):
    """The doubted cells were read to their end: what did not come, and what the server has less of, is offered."""
    for cell, came in store.noted("doubted", {}).items():
        for row in store.rows("cell = ? AND known <> '{}' AND NOT gone", (cell,)):
            if came.get(row.id, True):
                row.offer = row.offer or "repair"
                store.keep(row)
    store.note("doubted", {})


def lose(store):
    """The server was put back from a backup: the last receipt of the database that was lost."""
    if store.noted("signed"):
        store.note("lost_receipts", ([store.noted("signed")] + store.noted("lost_receipts", []))[:LOST])
        store.note("signed", None)
