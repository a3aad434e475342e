"""Exact counts of what happened to events, and one log line per kind of failure.

Nothing in `obskit.instrument` raises into the host. A failure is counted here and logged once.
"""

from __future__ import annotations

import itertools
import logging
import threading
from typing import Final

from obskit.instrument.given import text_of

LOG = logging.getLogger("obskit.instrument")

NAMES: Final = {
    "written": "events handed to the kernel",
    "deferred": "events that waited in memory for a stuck disk, written later or not",
    "waiting": "events in memory now",
    "dropped": "events lost: the queue was full, the disk had no space, or the write failed",
    "unsampled": "events left out by sampling",
    "unfinished": "provisional rows of units that were open for a long time",
    "late": "fields added after their event had ended",
    "outside": "fields added where no event was open; a parent's events are not open in its forked child",
    "inherited": "events begun before a fork and ended by the child; the parent writes them",
    "redacted": "values masked as secrets",
    "cut": "fields, texts and nesting levels beyond the limits",
    "deleted": "closed files deleted to stay within the budget or to keep the minimum of free space",
    "failed": "failures inside obskit.instrument, which cost at most one event, and values it could not read",
}
"""Counter -> what it counts."""


class Counters:
    """Counts from any thread. The lock is an RLock: a signal handler may interrupt one and emit."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start at zero with a new lock, as a forked child must."""
        self.lock = threading.RLock()
        self._counts = dict.fromkeys(NAMES, 0)
        self._logged: set[str] = set()
        # Runs for every event: one C call, atomic without a lock. Only its repr shows the count unchanged.
        self._written = itertools.count()
        self.count_written = self._written.__next__
        """Count one event handed to the kernel."""

    def add(self, name: str, count: int = 1) -> None:
        """Add to a counter; a negative count subtracts (`waiting`)."""
        with self.lock:
            self._counts[name] += count

    def as_dict(self) -> dict[str, int]:
        """Return all counts at this moment."""
        with self.lock:
            return {**self._counts, "written": int(repr(self._written)[6:-1])}

    def warn_once(self, key: str, message: str, *words: object) -> None:
        """Log a warning, once per key.

        Args:
            key: identifies the kind of warning.
            message: with %-placeholders.
            *words: values for the placeholders.
        """
        with self.lock:
            if key in self._logged:
                return
            self._logged.add(key)
        try:
            LOG.warning(message, *words)
        except Exception:  # the host's log handler is broken; its request must go on
            return

    def record_failure(self, where: str, error: BaseException) -> None:
        """Count a failure and log the first of its kind.

        Args:
            where: what failed, as the subject of "... failed".
            error: the exception.
        """
        self.add("failed")
        kind = type(error).__name__
        message = "obskit: %s failed (%s: %s); more failures of this kind are counted, not logged"
        self.warn_once(f"{where} {kind}", message, where, kind, text_of(error))
