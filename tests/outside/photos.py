"""Photos by tus 1.0.0: sent after their records, gone on with where a cut left them (§7)."""

import base64
import hashlib
import time
from urllib.parse import urlparse

from wire import Cut, Refused

# A rest up to this goes with a checksum: then all of it counts or nothing. Of a larger one every byte that arrives is kept.
CHECKED = 64 * 1024
# An upload that the server does not have any more is begun anew so often.
TRIES = 5
# A picture whose record the server does not have is offered again after this many seconds.
HOUR = 60 * 60


def keep(store, record_id, jpeg, about):
    """about: whom or what it shows, should its record go."""
    sha256 = hashlib.sha256(jpeg).hexdigest()
    store.db.execute("INSERT INTO photo VALUES (?, ?, ?, ?, NULL, 0, 0, NULL)", (record_id, sha256, jpeg, about))


def unconfirmed(store):
    """Photos that the server has not confirmed, but for those that it will never take."""
    return [photo for (photo,) in store.db.execute("SELECT id FROM photo WHERE NOT stored AND NOT hopeless ORDER BY id")]


def waiting(store):
    """Those whose records were not refused."""
    refused = {change["id"] for change in store.refused_changes()}
    return [photo for photo in unconfirmed(store) if photo not in refused or store.row(photo) is not None]


def send_all(store, wire):
    """Sends what may be sent: the photo's record must have been accepted before. It may have gone since, with its cell: the bytes follow.
    Where the record was refused a colleague may bring it, and the bytes are here alone."""
    for photo in unconfirmed(store):
        row = store.row(photo)
        if row is None or (row.known and not row.offer):
            send(store, wire, photo)


def send(store, wire, photo):
    for _ in range(TRIES):
        found = store.db.execute("SELECT sha256, jpeg, location, asked, hopeless FROM photo WHERE id = ?", (photo,))
        sha256, jpeg, location, asked, hopeless = found.fetchone()
        if hopeless or (asked is not None and abs(time.time() - asked) < HOUR):
            return
        try:
            offset = begin(store, wire, photo, sha256, len(jpeg)) if location is None else stands_at(wire, location)
            if offset is not None:
                location = store.db.execute("SELECT location FROM photo WHERE id = ?", (photo,)).fetchone()[0]
                offset = put(wire, location, offset, jpeg)
            if offset is None or offset == len(jpeg):
                store.db.execute("UPDATE photo SET stored = 1 WHERE id = ?", (photo,))
                return
        except Refused as refusal:
            met(store, photo, location, refusal)


def met(store, photo, location, refusal):
    """What a refusal means for the next try."""
    if refusal.status in (413, 422):
        # The record names other bytes, or these are no picture: of no use. What was damaged on its way is sent once more.
        hopeless = location is None or refusal.code == "not_an_image"
        store.db.execute("UPDATE photo SET location = NULL, hopeless = ? WHERE id = ?", (hopeless, photo))
    elif location is None and refusal.status == 404:
        store.db.execute("UPDATE photo SET asked = ? WHERE id = ?", (time.time(), photo))
    elif location is None or refusal.status not in (404, 409, 410, 460):
        raise refusal
    elif refusal.status in (404, 410):
        store.db.execute("UPDATE photo SET location = NULL WHERE id = ?", (photo,))


def begin(store, wire, photo, sha256, length):
    """Announces the photo: the offset from which its bytes are wanted, or None when the server has them."""
    parts = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in (("photo", photo), ("sha256", sha256))]
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": ",".join(parts)}
    status, told, _ = wire.bytes("POST", "/v1/photos", headers)
    if status == 200 and told.get("doorstep-photo") == "stored":
        return None
    offset = offset_of(told)
    # A path on this server, whatever name the answer gives it.
    store.db.execute("UPDATE photo SET location = ?, asked = NULL WHERE id = ?", (urlparse(header(told, "Location")).path, photo))
    return offset


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
