"""Messages for the person who started the receiver, at most one per kind and minute."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

AGAIN = 60.0


class Notices:
    """Print messages without repeating them too often. They never contain data from senders.

    Args:
        say: prints a line.
        clock: seconds.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.say = say
        self._clock = clock
        self._since: Counter[str] = Counter()
        self._last_said: dict[str, float] = {}

    def notify(self, kind: str, text: str) -> None:
        """Print a message, or only count it if one of its kind was printed in the last minute."""
        now = self._clock()
        if now - self._last_said.get(kind, -AGAIN) < AGAIN:
            self._since[kind] += 1
            return
        more = self._since.pop(kind, 0)
        self.say(f"{text} ({more:,} more since the last notice)" if more else text)
        self._last_said[kind] = now

    def notify_once(self, kind: str, text: str) -> None:
        """Print a message if none of its kind was ever printed."""
        if kind not in self._last_said:
            self._last_said[kind] = float("inf")
            self.say(text)
