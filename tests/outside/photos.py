"""Photos by tus 1.0.0: sent after their records, gone on with where a cut left them (§7)."""

import base64
import hashlib
from urllib.parse import urlparse

from wire import Cut, Refused

# A rest up to this goes with a checksum: then all of it counts or nothing. Of a larger one every byte that arrives is kept.
CHECKED = 64 * 1024
# An upload that the server does not have any more is begun anew so often.
TRIES = 5


def keep(store, record_id, jpeg):
    sha256 = hashlib.sha256(jpeg).hexdigest()
    store.db.execute("INSERT INTO photo VALUES (?, ?, ?, NULL, 0)", (record_id, sha256, jpeg))


def waiting(store):
    """Photos that the server has not confirmed."""
    return [photo for (photo,) in store.db.execute("SELECT id FROM photo WHERE NOT stored ORDER BY id")]


def send_all(store, wire):
    """Sends what may be sent: the photo's record must have been accepted before. It may have gone since, with its cell: the bytes follow."""
    for photo in waiting(store):
        row = store.row(photo)
        if row is None or row.known:
            send(store, wire, photo)


def send(store, wire, photo):
    for _ in range(TRIES):
        sha256, jpeg, location = store.db.execute("SELECT sha256, jpeg, location FROM photo WHERE id = ?", (photo,)).fetchone()
        try:
            offset = begin(store, wire, photo, sha256, len(jpeg)) if location is None else stands_at(wire, location)
            if offset is not None:
                location = store.db.execute("SELECT location FROM photo WHERE id = ?", (photo,)).fetchone()[0]
                offset = put(wire, location, offset, jpeg)
            if offset is None or offset == len(jpeg):
                store.db.execute("UPDATE photo SET stored = 1 WHERE id = ?", (photo,))
                return
        except Refused as refusal:
            if location is None or refusal.status not in (404, 409, 410, 460):
                raise
            if refusal.status in (404, 410):
                store.db.execute("UPDATE photo SET location = NULL WHERE id = ?", (photo,))


def begin(store, wire, photo, sha256, length):
    """Announces the photo: the offset from which its bytes are wanted, or None when the server has them."""
    parts = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in (("photo", photo), ("sha256", sha256))]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": ",".join(parts)}
    status, told, _ = wire.bytes("POST", "/v1/photos", headers)
    if status == 200 and told.get("doorstep-photo") == "stored":
        return None
    # A path on this server, whatever name the answer gives it.
    store.db.execute("UPDATE photo SET location = ? WHERE id = ?", (urlparse(header(told, "Location")).path, photo))
    return offset_of(told)


def stands_at(wire, location):
    return offset_of(wire.bytes("HEAD", location, {"Tus-Resumable": "1.0.0"})[1])


def put(wire, location, offset, jpeg):
    """Sends the rest; an answer with the whole length means: stored and checked."""
    rest = jpeg[offset:]
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
    }
    if len(rest) <= CHECKED:
        headers["Upload-Checksum"] = "sha256 " + base64.b64encode(hashlib.sha256(rest).digest()).decode()
    return offset_of(wire.bytes("PATCH", location, headers, rest)[1])


def offset_of(told):
    return int(header(told, "Upload-Offset"))


def header(told, name):
    """A header that every such answer has; without it the answer was cut within its headers."""
    if not told.get(name):
        raise Cut(f"no {name}")
    return told[name]
