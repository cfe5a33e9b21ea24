"""What the verdicts of the server do to the store (§4, Up and Epoch; §8, Repair)."""

import erasure
import stamps
from conflicts import same, settle
from missing import Missing
from store import words_of
from up import change_of

# What the desk writes; kinds that only supervisors write besides.
DESK, SUPERVISORS = ("cell", "review"), ("notice", "task", "evacuation")
# Refused offers of a repair with these codes lie with somebody else: only what was unsent is the user's.
ELSEWHERE = ("foreign_cell", "foreign_record", "not_allowed", "other_kind")


class Verdicts:
    """The verdicts of one round."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.missing = Missing(store)
        # Records that are not sent again in this round.
        self.later = set()
        # Whether something that this run wrote is not held any more as it was sent.
        self.dropped = False
        # What was refused for stamps in the server's future: [(change, current)].
        self.future = []

    def begin_epoch(self):
        """Another database judges all of it anew."""
        self.missing = Missing(self.store)
        self.later.clear()

    def take(self, why, change, verdict, told):
        """told: which conflicts the request knew of, see settle."""
        row = self.store.row(change["id"])
        if verdict["verdict"] == "accepted":
            if row is not None:
                self._accepted(row, why, change, told)
            return
        code, current = verdict["code"], verdict.get("current")
        if code == "erased":
            # The record, or one that it names.
            named = (change["fields"].get(problem["field"]) for problem in verdict["problems"])
            erasure.forget(self.store, [change["id"], *(one for one in named if isinstance(one, str))])
            self.dropped = True
        elif row is None:
            if why == "lost":
                self.store.refuse(change, code, verdict["problems"])
        elif code == "wrong_type" and current is None and any(problem["field"] == "" for problem in verdict["problems"]):
            # A mistake of this client's: it removes nothing.
            self.later.add(row.id)
        elif code == "stamp_future":
            self.later.add(row.id)
            if why != "lost":
                self.future.append((change, current))
        elif code == "missing_target" and self.missing.may_wait(why, change, verdict, self.later):
            pass
        else:
            self._refused(row, why, change, verdict)

    def break_circles(self):
        """Refuses what would wait for ever. Whether there was any."""
        found = self.missing.circles(self.later)
        for record_id, one in found.items():
            self.later.discard(record_id)
            row = self.store.row(record_id)
            if row is not None:
                self._refused(row, *one)
        return bool(found)

    def _refused(self, row, why, change, verdict):
        if why == "lost":
            self._lost_refused(row, change, verdict)
        elif why == "own":
            self._own_refused(row, change, verdict)
        else:
            self._offer_refused(row, change, verdict)

    def _accepted(self, row, why, change, told):
        for field, stamp in stamps.of_fields(change).items():
            present, word = row.known.get(field, (None, None))[1], row.own.get(field)
            row.learn(field, change["fields"][field], stamp)
            if why == "lost" or word is None:
                continue
            if word[1] == stamp:
                del row.own[field]
                settle(self.store, change, field, row.known[field], present, told)
            else:
                # Written again meanwhile: now on top of what was accepted.
                word[2] = stamp
        row.settle_cell()
        if why == "lost":
            self._said(row, change)
        else:
            row.offer = None
        self.store.keep(row)

    def _said(self, row, change):
        sent = stamps.of_fields(change)
        row.lost = [word for word in row.lost if sent.get(word[0]) != word[2]]

    def _lost_refused(self, row, change, verdict):
        """It had lost already, so the record is as it is."""
        self.dropped = True
        self._said(row, change)
        self.store.refuse(change, verdict["code"], verdict["problems"])
        self.store.keep(row)

    def _own_refused(self, row, change, verdict):
        self.dropped = True
        self.store.refuse(change, verdict["code"], verdict["problems"])
        current = verdict.get("current")
        if current is None:
            self._goes(row, verdict, all_words=row.offer == "alone" and row.mine)
            return
        for field, stamp in stamps.of_fields(change).items():
            if field in row.own and row.own[field][1] == stamp:
                del row.own[field]
        row.offer = None
        self._stands(row, current)

    def _offer_refused(self, row, change, verdict):
        self.dropped = True
        current = verdict.get("current")
        if current is not None and self._costs_fields(row, change, verdict, current):
            return
        if current is not None:
            row.offer = None
            self._stands(row, current)
        elif row.offer == "repair":
            kept = row.kind not in DESK
            picture = self.store.db.execute("SELECT 1 FROM photo WHERE id = ? AND NOT stored", (row.id,)).fetchone()
            self._goes(row, verdict, kept and (verdict["code"] not in ELSEWHERE or bool(picture)), kept)
        elif row.own and self._writes(row.kind):
            # They may be more welcome by themselves.
            row.offer = "alone"
            self.store.keep(row)
        else:
            self._goes(row, verdict, row.mine and self._writes(row.kind), self._writes(row.kind))

    def _costs_fields(self, row, change, verdict, current):
        """An offer that is refused for some of its fields loses these, and is sent once more."""
        faults, stand, of = {problem["field"] for problem in verdict["problems"]}, stamps.of_fields(current), stamps.of_fields(change)
        if current["kind"] != row.kind or not faults or "cell" in faults or not faults <= set(of):
            return False
        if all(stand.get(field) == of[field] and same(change["fields"][field], current["fields"][field]) for field in faults):
            return False
        words = {field: row.own[field][:3] for field in faults if field in row.own}
        if words and self._writes(row.kind):
            self.store.refuse(change_of(row, words), verdict["code"], verdict["problems"])
        for field in faults:
            row.own.pop(field, None)
            row.known.pop(field, None)
            if field in stand:
                row.known[field] = [current["fields"][field], stand[field]]
        row.proof = None
        self.store.keep(row)
        return True

    def _stands(self, row, current):
        """The server's record takes the place of what was known, with what is unsent on top."""
        for stamp in stamps.of_fields(current).values():
            self.clock.saw(stamp)
        row.kind, row.cell, row.gone = current["kind"], current["cell"], False
        row.on_top(words_of(current))
        self.store.keep(row)

    def _goes(self, row, verdict, all_words=False, words=True):
        """The record goes; what was still to be said about it is the user's, or all that was ever said."""
        if words:
            code, problems = verdict["code"], verdict["problems"]
            for field, *word in row.lost:
                self.store.refuse(change_of(row, {field: word}), code, problems)
            known = {field: (*word, None) for field, word in row.known.items()} if all_words else {}
            left = known | {field: word[:3] for field, word in row.own.items()}
            if left:
                self.store.refuse(change_of(row, left), code, problems)
        self.store.remove(row.id)

    def _writes(self, kind):
        """Whether records of a kind are written by this client at all."""
        return kind not in DESK and (kind not in SUPERVISORS or self.store.noted("role") == "supervisor")
