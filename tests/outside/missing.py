"""What is refused since a record that it names is not there yet (§4, missing_target)."""

from collections import Counter

from up import names


class Missing:
    """What waits for others, in one round."""

    def __init__(self, store):
        self.store = store
        # How often a record was refused so; and (why, change, verdict) of the last time.
        self.times, self.last = Counter(), {}

    def may_wait(self, why, change, verdict, later):
        """One more try in the same round; then in later ones, as long as a record that it names is unsent."""
        record_id = change["id"]
        self.times[record_id] += 1
        if self.times[record_id] == 1:
            return True
        if not self._unsent_named(change):
            return False
        later.add(record_id)
        self.last[record_id] = (why, change, verdict)
        return True

    def circles(self, later):
        """{id: (why, change, verdict)} of those that wait only for records that wait for each other: no later round would be another."""
        waiting = {record_id: one for record_id, one in self.last.items() if record_id in later}
        hope, before = set(), None
        while hope != before:
            before = set(hope)
            for record_id, (_, change, _) in waiting.items():
                if any(named not in waiting or named in before for named in self._unsent_named(change)):
                    hope.add(record_id)
        return {record_id: one for record_id, one in waiting.items() if record_id not in hope}

    def _unsent_named(self, change):
        rows = (self.store.row(name) for name in set(names(change["fields"])) - {change["id"]})
        return [row.id for row in rows if row is not None and (not row.known or row.to_offer())]
