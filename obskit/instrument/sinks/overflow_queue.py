"""Lines that wait in memory while the sink is stuck.

One thread writes them in order, many with one call. It starts with the first line and ends when the queue is
empty.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable

from obskit.instrument.counters import Counters

_BATCH_LINES = 1000


class OverflowQueue:
    """A bounded queue of lines with its own writing thread.

    Args:
        limit: the maximum bytes that may wait.
        counters: counts `deferred` and `waiting`.
        write: writes the first of the lines it is given, at least one, even if the sink is stuck; returns how
            many it has dealt with.
        stuck: whether the sink is stuck now.
    """

    def __init__(
        self, limit: int, counters: Counters, write: Callable[[list[bytes]], int], stuck: Callable[[], bool]
    ) -> None:
        self.size = 0
        """Bytes that wait. The sink reads it for every event, without the lock."""
        self.closed = False
        self._limit = limit
        self._counters = counters
        self._write = write
        self._stuck = stuck
        self._lines: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._draining = False

    def put(self, line: bytes) -> bool:
        """Add a line; return False if the queue is full or closed."""
        start = False
        with self._changed:
            full = self.size + len(line) > self._limit or self.closed
            if not full:
                self._lines.append(line)
                self.size += len(line)
                self._counters.add("waiting")
                # Set before the thread starts: a signal handler may emit an event in between.
                start, self._draining = not self._draining, True
        if start:
            try:
                threading.Thread(target=self._drain, name="obskit-drain", daemon=True).start()
            except RuntimeError:  # no new threads: the next event tries again
                self._draining = False
        self._counters.add("deferred")
        return not full

    def _drain(self) -> None:
        while True:
            with self._changed:
                if not self._lines:
                    self._draining = False
                    self._changed.notify_all()
                    return
                lines = list(itertools.islice(self._lines, _BATCH_LINES))
            if self._stuck():
                time.sleep(0.01)
                continue
            done = 1
            try:
                done = self._write(lines)
            except Exception as error:
                self._counters.record_failure("writing queued events", error)
            with self._changed:
                for _ in range(done):
                    self.size -= len(self._lines.popleft())
            self._counters.add("waiting", -done)

    def flush(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until the queue is empty; return whether it is."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._lines:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return not self._lines
        return True

    def close(self) -> None:
        """Stop accepting lines."""
        with self._changed:
            self.closed = True
