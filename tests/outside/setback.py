"""Changes that were refused for stamps in the server's future (§4, stamp_future)."""

import stamps
from clock import MOMENTS

# The server accepts stamps that are so far ahead of its clock.
AHEAD = 2 * 60 * 1000


def set_back(store, clock, future, earlier, server_time):
    """All go back by one amount, so that the latest is now by the server's clock, and keep their order.

    future: [(change, current)]. earlier: {(id, field)} of what was in an earlier request too, whose answer got lost."""
    words = []
    for change, current in future:
        row, stand = store.row(change["id"]), stamps.of_fields(current) if current else {}
        for field, stamp in stamps.of_fields(change).items():
            word = row.own.get(field)
            if word is None or word[1] != stamp:
                continue
            stands = stand.get(field, stamps.ZERO)
            if stands == stamp:
                # It was accepted before.
                row.learn(field, current["fields"][field], stamp)
                del row.own[field]
            elif (row.id, field) not in earlier or stamps.millis(stamp) > server_time + AHEAD:
                # It stays above what it was written on, and above what stands under an earlier stamp.
                words.append((stamp, row.id, field, max(word[2] or stamps.ZERO, stands if stands < stamp else stamps.ZERO)))
        store.keep(row)
    by = max((stamps.millis(stamp) for stamp, *_ in words), default=server_time) - server_time
    was = now = stamps.ZERO
    for stamp, record_id, field, _ in sorted(words):
        if stamp != was:
            # What was written at once stays of one stamp.
            floor = max(now, *(word[3] for word in words if word[0] == stamp))
            moved = stamps.make(stamps.millis(stamp) - by, stamps.counter(stamp), stamps.node(stamp))
            was, now = stamp, moved if moved > floor else stamps.after(floor, stamps.node(stamp))
        row = store.row(record_id)
        word = row.own[field]
        if field in MOMENTS and isinstance(word[0], int) and word[0] > server_time:
            word[0] -= by
        # Nobody has seen the new stamp yet.
        row.own[field][1], row.own[field][3] = now, None
        store.keep(row)
    clock.forget_last()
