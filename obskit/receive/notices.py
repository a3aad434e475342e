"""What a receiver tells the person who started it: each kind of thing once, then how often it came again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

AGAIN = 60.0


class Notices:
    """Lines for a person; none repeats what a sender sent.

    Args:
        say: prints a line.
        clock: seconds.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.say = say
        self._clock = clock
        self._since: Counter[str] = Counter()
        self._told: dict[str, float] = {}

    def tell(self, kind: str, text: str) -> None:
        """Say a text unless one of its kind was said in the last minute; then it is counted."""
        now = self._clock()
        if now - self._told.get(kind, -AGAIN) < AGAIN:
            self._since[kind] += 1
            return
        more = self._since.pop(kind, 0)
        self.say(f"{text} ({more:,} more before)" if more else text)
        self._told[kind] = now

    def once(self, kind: str, text: str) -> None:
        """Say a text if none of its kind was ever said."""
        if kind not in self._told:
            self._told[kind] = float("inf")
            self.say(text)
