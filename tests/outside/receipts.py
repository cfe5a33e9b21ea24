"""Receipts: the server's signature, and the digest of a cell as this client computes it (§8)."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from stamps import version


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def statement(store, receipt):
    """What the server signed; raises when the signature, the device or the epoch is not right."""
    key = Ed25519PublicKey.from_public_bytes(unpadded(store.noted("keys")["verify"]))
    key.verify(unpadded(receipt["signature"]), receipt["statement"].encode())
    said = json.loads(receipt["statement"])
    if (said["device"], said["epoch"]) != (store.noted("device"), store.noted("epoch")):
        raise ValueError(f"The receipt is for somebody else: {said}")
    return said


def digest(store, cell):
    """(digest, records) of what is as acknowledged in a cell."""
    folded, records = 0, 0
    for row in store.rows("cell = ?", (cell,)):
        if row.known:
            folded ^= int.from_bytes(version(row.id, {field: stamp for field, (_, stamp) in row.known.items()}), "big")
            records += 1
    return f"{folded:032x}", records


def differing(store, said):
    """({cell: difference}, number of cells compared); a cell that is behind or has something to be sent cannot be compared."""
    found, compared = {}, 0
    for cell, told in said["cells"].items():
        kept_only_to_send = store.rows("cell = ? AND gone", (cell,))
        if store.noted("cursors", {}).get(cell) != told["upto"] or store.waiting(cell) or kept_only_to_send:
            continue
        compared += 1
        own = digest(store, cell)
        if own != (told["digest"], told["records"]):
            found[cell] = {"own": own, "told": [told["digest"], told["records"]]}
    return found, compared
