"""The last answers by question, so that going back and forth asks nothing again."""

from __future__ import annotations

from collections import deque
from typing import Any

MOST_ANSWERS = 12


class Kept:
    """The last `MOST_ANSWERS` answers of one kind, found by comparing questions: not all can be hashed."""

    def __init__(self) -> None:
        self._answers: deque[tuple[Any, Any, Any]] = deque(maxlen=MOST_ANSWERS)

    def get(self, events: Any, asked: Any) -> Any:
        """Return the answer to a question about these events; None if it is not kept."""
        for of, question, answer in self._answers:
            if of is events and question == asked:
                return answer
        return None

    def put(self, events: Any, asked: Any, answer: Any) -> None:
        """Keep an answer, and drop the oldest one; answers about other events are dropped at once."""
        if self._answers and self._answers[-1][0] is not events:
            self._answers.clear()
        self._answers.append((events, asked, answer))
