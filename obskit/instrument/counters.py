"""What happened to events, counted exactly; and the one line a kind of trouble that is logged.

Nothing in this room raises into the host: what goes wrong is counted here and said once.
"""

from __future__ import annotations

import itertools
import logging
import threading
from typing import Final

LOG = logging.getLogger("obskit.instrument")

NAMES: Final = {
    "written": "events handed to the kernel",
    "deferred": "events that waited in memory for a stuck sink, whatever became of them",
    "waiting": "events in memory now",
    "dropped": "events lost: the queue was full, no space, or the write failed",
    "unsampled": "events left out by sampling",
    "unfinished": "provisional rows of units that were open for long",
    "late": "fields that came after their event had ended",
    "outside": "fields that came where no event was open: in a forked child the parent's are not",
    "inherited": "events begun before a fork and ended by the child, which the parent writes",
    "redacted": "values taken out as secrets",
    "cut": "fields, texts and levels beyond the limits",
    "deleted": "closed files deleted to keep within the budget or the floor of free space",
    "failed": "troubles inside this room, each of which cost at most one event",
}
"""Counter -> what it counts."""


class Counters:
    """Exact counts from any thread; a signal handler may interrupt one and emit too, hence the RLock."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start from nothing with a lock of our own, as a forked child has to."""
        self.lock = threading.RLock()
        self._counts = dict.fromkeys(NAMES, 0)
        self._said: set[str] = set()
        # On the way of every event: one C call, atomic without a lock. Its repr is the only public way to
        # read it without taking one away.
        self._written = itertools.count()
        self.count_written = self._written.__next__
        """Count one event handed to the kernel."""

    def add(self, name: str, count: int = 1) -> None:
        """Add to a counter; a negative count takes away (`waiting`)."""
        with self.lock:
            self._counts[name] += count

    def as_dict(self) -> dict[str, int]:
        """Return all counts at this moment."""
        with self.lock:
            return {**self._counts, "written": int(repr(self._written)[6:-1])}

    def warn_once(self, key: str, message: str, *words: object) -> None:
        """Log a warning, the first time only that this key comes."""
        with self.lock:
            if key in self._said:
                return
            self._said.add(key)
        try:
            LOG.warning(message, *words)
        except Exception:  # a broken handler of the host is no reason to lose its request
            return

    def record_failure(self, where: str, error: BaseException) -> None:
        """Count what went wrong inside, and log the first of each kind."""
        self.add("failed")
        kind = type(error).__name__
        self.warn_once(f"{where} {kind}", "obskit: %s failed (%s: %s); said once", where, kind, error)
