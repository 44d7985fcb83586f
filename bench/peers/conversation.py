"""The other end of `Process.ask`: for the programs that run inside a peer's own Python environment.

Shares nothing with the other modules here, since those are not made for that environment.
"""

import json
import os
import sys
import time


def serve(handlers):
    """Answers each line of JSON from standard input, `{"do": name, …}`, with what the handler of that name returns.

    Ends the process at the end of input, at once: what a library does at its end is of no interest here.
    """
    out = os.fdopen(os.dup(1), "w")
    # What a library prints goes to the log, not between the answers.
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = handlers[question.pop("do")](**question)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"[:400]}
        out.write(json.dumps(answer) + "\n")
        out.flush()
    os._exit(0)


class Tally:
    """Deals out work until the time or the count is used up, and collects what came of it."""

    def __init__(self, seconds, count):
        self._seconds = seconds
        self._left = iter(range(count)) if count else iter(int, 1)
        self._began = time.monotonic()
        self.latencies_ms = []
        self.answers = []
        self.errors = []

    def next(self):
        """Returns whether one more is to be started, and None else; the moment it starts."""
        now = time.monotonic()
        if self._seconds and now - self._began >= self._seconds:
            return None
        if next(self._left, None) is None:
            return None
        return now

    def finished(self, started, answer):
        self.latencies_ms.append((time.monotonic() - started) * 1_000)
        self.answers.append(answer)

    def report(self, keep=False):
        return {
            "seconds": time.monotonic() - self._began,
            "latencies_ms": self.latencies_ms,
            "answers": self.answers if keep else [],
            "errors": self.errors,
        }


class Attempts:
    """When the attempts of each execution came."""

    def __init__(self):
        self._began = {}

    def begin(self, execution):
        """Notes an attempt; fails twice, then returns the times between the attempts in milliseconds."""
        began = self._began.setdefault(execution, [])
        began.append(time.monotonic())
        if len(began) < 3:
            raise RuntimeError("fails twice")
        return [(after - before) * 1_000 for before, after in zip(began, began[1:])]
