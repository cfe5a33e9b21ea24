"""The hybrid clock (§3) and the device's clock against the server's (§5)."""

import secrets
import time

import stamps

# A difference up to this is left alone: the way of an answer takes as long.
TOLERATED = 5_000
# A call that took longer says nothing about the clock, once it was compared.
SLOW = 10_000
# A client whose clock is wrong by more tells its user.
WRONG = 5 * 60 * 1000
# Moments that were read from the same clock as the stamp, if they lie so near to it.
MOMENTS = ("at", "happened_at", "taken_at", "ordered_at")
NEAR = 7 * stamps.DAY


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

    def wrong_by(self):
        """What the user is told, or None."""
        offset = self.store.noted("offset", 0)
        return offset if abs(offset) > WRONG else None

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
        offset, stored = server_time - (before + after) // 2, self.store.noted("offset")
        if stored is not None and after - before > SLOW:
            return
        if abs(offset - (stored or 0)) <= TOLERATED:
            self.store.note("offset", stored or 0)
            return
        with self.store.whole():
            self.store.note("offset", offset)
            for row in self.store.rows("own <> '{}'"):
                self._shift(row, offset - (stored or 0))
            self.forget_last()

    def _shift(self, row, by):
        """Words that were never part of a request are dated anew; others may have been seen and stay."""
        for field, word in row.own.items():
            value, stamp, base, sent = word
            if sent == stamp:
                continue
            # Above what it was written on, what lost against it, and what others can know of this very field.
            floor = max(filter(None, (stamps.ZERO, base, row.known.get(field, (None, None))[1], sent)))
            moved = stamps.make(min(stamps.millis(stamp) + by, self.now()), stamps.counter(stamp), stamps.node(stamp))
            word[1] = moved if moved > floor else stamps.after(floor, stamps.node(stamp))
            near = isinstance(value, int) and abs(value - stamps.millis(stamp)) <= NEAR
            if field in MOMENTS and near and (by < 0 or value + by <= self.now()):
                word[0] = value + by
        self.store.keep(row)

    def forget_last(self):
        """Sets the clock back to the greatest stamp that others can know of or that still waits."""
        last = stamps.ZERO
        for row in self.store.rows():
            words = [word[1] for word in (*row.known.values(), *row.own.values())]
            words += [word[2] for word in row.lost] + [word[3] for word in row.own.values() if word[3]]
            last = max([last, *words])
        self.store.note("last", last)
