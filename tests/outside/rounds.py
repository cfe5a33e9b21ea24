"""Whole rounds: everything unsent up, everything new down, and a receipt at the end (§4, §8). A round may stop anywhere."""

import time

import conflicts
import down
import erasure
import receipts
import up
from setback import set_back
from verdicts import Verdicts
from wire import Cut, Refused

PROTOCOL = 1
# Clocks that were compared within this many seconds are not compared again before a round.
COMPARED = 60


class Rounds:
    def __init__(self, store, clock, wire):
        self.store, self.clock, self.wire = store, clock, wire
        self.compared = None
        self.load = up.Load()

    def run(self, ask_first=False):
        """One round to its end; raises when the server cannot be reached or refuses the call. ask_first: hears before it says anything.
        Whether something is to be sent in a next round, for its stamps lay in the server's future."""
        if up.gather(self.store) and (self.compared is None or time.monotonic() - self.compared > COMPARED):
            self._hello()
        verdicts, about, was_back = Verdicts(self.store, self.clock), erasure.words_about(self.store), False
        while True:
            waiting = [(why, change) for why, change in up.gather(self.store) if change["id"] not in verdicts.later]
            changes, ask_first = [] if ask_first else self.load.cut(waiting), False
            earlier, request = self._request(changes, about)
            try:
                answer = self._call(request)
            except Refused as refusal:
                if refusal.status != 413 or len(changes) < 2:
                    raise
                self.load.too_large(len(changes))
                continue
            with self.store.whole():
                was_back |= self._take(request, answer, changes, verdicts, earlier)
            about = []
            if answer["more"] or any(change["id"] not in verdicts.later for _, change in up.gather(self.store)):
                continue
            with self.store.whole():
                again = verdicts.break_circles()
            if again:
                continue
            if answer.get("receipt") is None or not receipts.compare(self.store, self.clock, answer["receipt"]):
                return was_back

    def _hello(self):
        before = self.clock.device()
        hello = self.wire.call("GET", "/v1/hello")
        oldest, newest = hello["protocols"]
        if not oldest <= PROTOCOL <= newest:
            raise ValueError("The server does not speak this protocol; everything is kept.")
        self._compared(hello, before)

    def _compared(self, answer, before):
        self.clock.compare(answer["server_time"], before, self.clock.device())
        self.compared = time.monotonic()

    def _request(self, changes, about):
        """What is asked is stored before it goes: from now on others may know of it."""
        with self.store.whole():
            earlier = up.mark_sent(self.store, changes)
        request = {
            "protocol": PROTOCOL,
            "device_time": self.clock.device(),
            "node": self.clock.node,
            "epoch": self.store.noted("epoch"),
            "cursors": self.store.noted("cursors", {}),
            "push": [change for _, change in changes],
            "merges": True,
        }
        offered = [self.store.row(change["id"]) for why, change in changes if why == "offer"]
        if self.store.noted("doubted", {}):
            request["doubted"] = list(self.store.noted("doubted"))
        if about:
            request["words_about"] = about
        if any(row.proves() for row in offered):
            request["proofs"] = {row.id: row.proves() for row in offered if row.proves()}
        if self.store.noted("lost_receipts") and any(row.cell not in self.store.noted("cells") for row in self.store.waiting()):
            # The backup need not know that a cell was given to this account.
            request["lost_receipts"] = self.store.noted("lost_receipts")
        return earlier, request

    def _call(self, request):
        before = self.clock.device()
        try:
            answer = self.wire.call("POST", "/v1/exchange", request)
        except Cut:
            self.load.got_stuck()
            raise
        self.load.came_through(*self.wire.weighed)
        self._compared(answer, before)
        if len(answer["verdicts"]) != len(request["push"]):
            raise ValueError("There is not one verdict for each change.")
        return answer

    def _take(self, request, answer, changes, verdicts, earlier):
        """Verdicts, pages and cursors, in one transaction. Verdicts first: what was brought is merged into what comes. Whether stamps were
        set back."""
        is_other = self.store.noted("epoch") not in (None, answer["epoch"])
        judged = list(zip(changes, answer["verdicts"], strict=True))
        if is_other:
            # It may have refused only because it lacks what it had: everything is offered, and then it judges again.
            judged = [(one, verdict) for one, verdict in judged if verdict["verdict"] == "accepted"]
        told, brought = conflicts.Told(request), {}
        for (why, change), verdict in judged:
            verdicts.take(why, change, verdict, told)
            if verdict["verdict"] == "accepted":
                brought.setdefault(change["id"], []).append(change)
        future, verdicts.future = verdicts.future, []
        if future:
            set_back(self.store, self.clock, future, earlier, answer["server_time"])
        self.store.note("epoch", answer["epoch"])
        self.store.note("cells", answer["cells"])
        self.store.note("lists_told", answer["lists_version"])
        if answer.get("erased"):
            erasure.forget(self.store, answer["erased"])
            verdicts.dropped = True
        if is_other:
            # The pages answer to cursors of a database that is no more: they are asked for again from the beginning.
            self._begin_epoch(answer)
            verdicts.begin_epoch()
            return False
        left = self._pages(answer, brought)
        gave_up = down.give_up(self.store, answer["cells"])
        if future or verdicts.dropped or gave_up or left:
            # A late copy of a request may still bring it to the server: it must come down like anybody's.
            self.clock.begin_run()
            verdicts.dropped = False
        if not answer["more"]:
            receipts.end_doubt(self.store)
        return bool(future)

    def leave(self):
        """Cells of which no picture waits any more."""
        with self.store.whole():
            if down.give_up(self.store, self.store.noted("cells")):
                self.clock.begin_run()

    def _begin_epoch(self, answer):
        """The server was put back from a backup: it may lack what this client holds, photos too."""
        answer["more"] = True
        self.store.note("cursors", {})
        if self.store.noted("doubted", {}):
            # What was missing there, and this run wrote, comes down only to another run.
            self.clock.begin_run()
        self.store.note("doubted", {})
        self.store.note("epochs", self.store.noted("epochs", 0) + 1)
        receipts.lose(self.store)
        self.store.db.execute("UPDATE record SET offer = 'epoch' WHERE known <> '{}'")
        self.store.db.execute("UPDATE photo SET stored = 0, hopeless = 0, location = NULL, asked = NULL")

    def _pages(self, answer, brought):
        """Whether something left a cell."""
        cursors, doubted, left = self.store.noted("cursors", {}), self.store.noted("doubted", {}), False
        for page in answer["pages"]:
            cell = page["cell"]
            came = down.take(self.store, self.clock, page, brought, cell in doubted)
            cursors[cell] = page["upto"]
            if cell in doubted:
                doubted[cell] |= came
            left = left or bool(page.get("gone") or page.get("erased"))
        self.store.note("cursors", cursors)
        self.store.note("doubted", doubted)
        return left
