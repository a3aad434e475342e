"""Which threads are inside write(2), and since when. A thread that is there too long means a stuck disk."""

from __future__ import annotations

import threading
import time

STUCK_NS = 50_000_000
"""A call of write(2) that takes longer than this marks the sink as stuck."""


class ActiveWriters:
    """The threads that are writing now.

    `entered` maps thread ident -> `time.perf_counter_ns()` at entry. The sink stores and removes entries
    directly, because it does so for every event.
    """

    def __init__(self) -> None:
        self.entered: dict[int, int] = {}

    def stuck(self) -> bool:
        """Return whether a thread has been writing for longer than `STUCK_NS`."""
        now = time.perf_counter_ns()
        late = [(ident, since) for ident, since in list(self.entered.items()) if now - since > STUCK_NS]
        if not late:
            return False
        time.sleep(0)  # a thread that has written and only waits for the interpreter goes first
        return any(self.entered.get(ident) == since for ident, since in late)

    def snapshot(self) -> dict[int, int]:
        """Return the threads that are writing now, for `any_of`."""
        return dict(self.entered)

    def any_of(self, snapshot: dict[int, int]) -> bool:
        """Return whether a thread of the snapshot, other than the calling one, is still in the same call."""
        own = threading.get_ident()
        return any(self.entered.get(ident) == since for ident, since in snapshot.items() if ident != own)
