"""Stamps, the merge, versions and ids: §3 of docs/PROTOCOL.md. Pure; stamps are their 32 hexadecimal digits, which sort as the numbers do."""

import hashlib
import json
import secrets
import uuid
from collections import Counter
from decimal import Decimal

ZERO = "0" * 32
DAY = 24 * 60 * 60 * 1000


def make(millis, counter, node):
    return f"{millis:012x}{counter:04x}{node:016x}"


def millis(stamp):
    return int(stamp[:12], 16)


def counter(stamp):
    return int(stamp[12:16], 16)


def node(stamp):
    return int(stamp[16:], 16)


def after(stamp, of_node):
    """The next stamp of a node within the same millisecond, or just beyond it when the counter is full."""
    if counter(stamp) < 0xFFFF:
        return make(millis(stamp), counter(stamp) + 1, of_node)
    return make(millis(stamp) + 1, 0, of_node)


def canonical(value):
    return written(value).encode()


def written(value):
    if isinstance(value, dict):
        # Python's order of texts is that of their UTF-8 bytes.
        return "{" + ",".join(f"{written(name)}:{written(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(one) for one in value) + "]"
    if isinstance(value, float):
        # The shortest digits that read back the same, as the server writes them: 0.00001, 1e-6, 1e+16.
        mantissa, _, power = repr(value).partition("e")
        return f"{mantissa}e{int(power):+}" if power and int(power) != -5 else format(Decimal(repr(value)), "f")
    return json.dumps(value, ensure_ascii=False)


def wins(stamp, value, other_stamp, other_value):
    """Whether the first value stands against the second."""
    return stamp > other_stamp or (stamp == other_stamp and canonical(value) > canonical(other_value))


def of_fields(record):
    """{field: stamp} of a record or a change as it travels."""
    exceptions = record.get("stamps") or {}
    return {field: exceptions.get(field, record["stamp"]) for field in record["fields"]}


def spelled(stamps):
    """The one spelling: the most frequent stamp, the greatest of equally frequent ones; and the exceptions."""
    times = Counter(stamps.values())
    common = max(times, key=lambda stamp: (times[stamp], stamp))
    spelling = {"stamp": common}
    exceptions = {field: stamp for field, stamp in stamps.items() if stamp != common}
    if exceptions:
        spelling["stamps"] = exceptions
    return spelling


def version(record_id, stamps):
    """Names a state of a record: 16 bytes over its id and the stamps of its fields."""
    written = hashlib.sha256(uuid.UUID(record_id).bytes)
    for field in sorted(stamps, key=str.encode):
        written.update(field.encode() + b"\0" + bytes.fromhex(stamps[field]))
    return written.digest()[:16]


def record_id(now):
    """A new UUID of version 7."""
    number = (now << 80) | (7 << 76) | (secrets.randbits(12) << 64) | (2 << 62) | secrets.randbits(62)
    return str(uuid.UUID(int=number))
