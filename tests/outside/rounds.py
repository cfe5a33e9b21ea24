"""Whole rounds: everything unsent up, everything new down, and a receipt at the end (§4, §8). A round may stop anywhere."""

import time

import down
import receipts
import up
from wire import Refused

PROTOCOL = 1
# Changes in one request; fewer after the server called one too large.
MOST = 2_000
# Clocks that were compared within this many seconds are not compared again before a round.
COMPARED = 60
# A cell is read anew at most once within this.
ANEW = 24 * 60 * 60 * 1000


class Rounds:
    def __init__(self, store, clock, wire):
        self.store, self.clock, self.wire = store, clock, wire
        self.compared = None
        self.most = MOST

    def run(self, ask_first=False):
        """One round to its end; raises when the server cannot be reached or refuses the call. ask_first: hears before it says anything."""
        if self.compared is None or time.monotonic() - self.compared > COMPARED:
            self._hello()
        verdicts = up.Verdicts(self.store)
        while True:
            waiting = [(why, change) for why, change in up.gather(self.store) if change["id"] not in verdicts.later]
            changes, ask_first = [] if ask_first else waiting[: self.most], False
            try:
                answer = self._exchange(changes)
            except Refused as refusal:
                if refusal.status != 413 or len(changes) < 2:
                    raise
                self.most = len(changes) // 2
                continue
            with self.store.whole():
                self._take(answer, changes, verdicts)
            if answer["more"] or any(change["id"] not in verdicts.later for _, change in up.gather(self.store)):
                continue
            if answer.get("receipt") is None or not self._doubts(answer["receipt"]):
                return

    def _hello(self):
        before = self.clock.device()
        hello = self.wire.call("GET", "/v1/hello")
        oldest, newest = hello["protocols"]
        if not oldest <= PROTOCOL <= newest:
            raise ValueError("The server does not speak this protocol; everything is kept.")
        self.clock.compare(hello["server_time"], before, self.clock.device())
        self.compared = time.monotonic()

    def _exchange(self, changes):
        push = [change for _, change in changes]
        with self.store.whole():
            up.mark_sent(self.store, changes)
        request = {
            "protocol": PROTOCOL,
            "device_time": self.clock.device(),
            "node": self.clock.node,
            "epoch": self.store.noted("epoch"),
            "cursors": self.store.noted("cursors", {}),
            "push": push,
            "merges": True,
        }
        if self.store.noted("doubted", {}):
            request["doubted"] = list(self.store.noted("doubted"))
        before = self.clock.device()
        answer = self.wire.call("POST", "/v1/exchange", request)
        self.clock.compare(answer["server_time"], before, self.clock.device())
        if len(answer["verdicts"]) != len(push):
            raise ValueError("There is not one verdict for each change.")
        return answer

    def _take(self, answer, changes, verdicts):
        """Verdicts, pages and cursors, in one transaction. Verdicts first: what was brought is merged into what comes."""
        is_other = self.store.noted("epoch") not in (None, answer["epoch"])
        judged = list(zip(changes, answer["verdicts"], strict=True))
        if is_other:
            # It may have refused only because it lacks what it had: everything is offered, and then it judges again.
            judged = [(one, verdict) for one, verdict in judged if verdict["verdict"] == "accepted"]
        future = [change for (why, change), verdict in judged if verdicts.take(why, change, verdict)]
        if future:
            up.set_back(self.store, self.clock, future, answer["server_time"])
        self.store.note("epoch", answer["epoch"])
        if is_other:
            # The pages answer to cursors of a database that is no more: they are asked for again from the beginning.
            self._begin_epoch(answer)
            return
        self._pages(answer)
        gave_up = down.give_up(self.store, answer["cells"])
        if future or verdicts.dropped or gave_up:
            # A late copy of a request may still bring it to the server: it must come down like anybody's.
            self.clock.begin_run()
            verdicts.dropped = False
        if not answer["more"]:
            self._end_doubt()

    def _begin_epoch(self, answer):
        """The server was put back from a backup: it may lack what this client holds, photos too."""
        answer["more"] = True
        self.store.note("cursors", {})
        self.store.note("doubted", {})
        self.store.note("epochs", self.store.noted("epochs", 0) + 1)
        self.store.db.execute("UPDATE record SET offer = 'epoch' WHERE known <> '{}'")
        self.store.db.execute("UPDATE photo SET stored = 0, location = NULL")

    def _pages(self, answer):
        cursors, doubted = self.store.noted("cursors", {}), self.store.noted("doubted", {})
        for page in answer["pages"]:
            cell = page["cell"]
            down.take(self.store, self.clock, page, cell in doubted)
            cursors[cell] = page["upto"]
            if cell in doubted:
                doubted[cell] += [record["id"] for record in page["records"]]
        self.store.note("cursors", cursors)
        self.store.note("doubted", doubted)

    def _doubts(self, receipt):
        """Compares the receipt; whether a cell has to be read anew."""
        said = receipts.statement(self.store, receipt)
        found, compared = receipts.differing(self.store, said)
        with self.store.whole():
            self.store.note("receipt", said)
            self.store.note("compared", self.store.noted("compared", 0) + compared)
            self.store.note("differences", self.store.noted("differences", []) + list(found.values()))
            read_anew, cursors = self.store.noted("read_anew", {}), self.store.noted("cursors", {})
            doubted = [cell for cell in found if self.clock.now() - read_anew.get(cell, 0) > ANEW]
            for cell in doubted:
                read_anew[cell] = self.clock.now()
                cursors.pop(cell, None)
            self.store.note("read_anew", read_anew)
            self.store.note("cursors", cursors)
            # What came is noted with each cell: a repair goes on after a cut.
            self.store.note("doubted", {cell: [] for cell in doubted})
        return bool(doubted)

    def _end_doubt(self):
        """The doubted cells were read to their end: what did not come is offered, without base."""
        for cell, came in self.store.noted("doubted", {}).items():
            for row in self.store.rows("cell = ? AND known <> '{}'", (cell,)):
                if row.id not in came:
                    row.offer = "repair"
                    self.store.keep(row)
        self.store.note("doubted", {})
