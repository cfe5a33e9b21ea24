"""The hybrid clock (§3) and the device's clock against the server's (§5)."""

import secrets
import time

import stamps

# A difference up to this is left alone: the way of an answer takes as long.
TOLERATED = 5_000


class Clock:
    def __init__(self, store, skew=0):
        """skew: milliseconds by which this device's clock is wrong, as clocks of phones are."""
        self.store, self.skew = store, skew
        self.begin_run()

    def begin_run(self):
        """Draws the node anew: at every start, never stored, so that a copied or restored store cannot issue a stamp twice; and when
        something that this run wrote is not held any more, since the server sends no run what it wrote itself."""
        self.node = secrets.randbits(64)

    def device(self):
        return int(time.time() * 1000) + self.skew

    def now(self):
        return self.device() + self.store.noted("offset", 0)

    def stamp(self, above=stamps.ZERO):
        """The next stamp, greater than that of any value it replaces."""
        last, now = max(self.store.noted("last", stamps.ZERO), above), self.now()
        stamp = stamps.make(now, 0, self.node) if now > stamps.millis(last) else stamps.after(last, self.node)
        self.store.note("last", stamp)
        return stamp

    def saw(self, stamp):
        if stamps.millis(stamp) <= self.now() + stamps.DAY and stamp > self.store.noted("last", stamps.ZERO):
            self.store.note("last", stamp)

    def compare(self, server_time, before, after):
        """The server said what time it is between two moments of this device."""
        offset, stored = server_time - (before + after) // 2, self.store.noted("offset", 0)
        if abs(offset - stored) <= TOLERATED:
            return
        with self.store.whole():
            self.store.note("offset", offset)
            for row in self.store.rows("own <> '{}'"):
                self._shift(row, offset - stored)
            self.forget_last()

    def _shift(self, row, by):
        """Words that were never part of a request are dated anew; others may have been seen and stay."""
        for field, word in row.own.items():
            value, stamp, base, sent = word
            if sent:
                continue
            moved = stamps.make(min(stamps.millis(stamp) + by, self.now()), stamps.counter(stamp), stamps.node(stamp))
            word[1] = moved if base is None or moved > base else stamps.after(base, stamps.node(stamp))
            if row.kind == "visit" and field == "at":
                word[0] = value + by
        self.store.keep(row)

    def forget_last(self):
        """Sets the clock back to the greatest stamp that others can know of or that still waits."""
        last = stamps.ZERO
        for row in self.store.rows():
            words = [*row.known.values(), *row.own.values(), *(word[1:] for word in row.lost)]
            last = max([last, *(word[1] for word in words)])
        self.store.note("last", last)
