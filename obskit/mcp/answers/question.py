"""What a tool is given: the events, its arguments, and how to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from obskit.events import Events
from obskit.explain import Cancelled


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Question:
    """One call of a tool.

    Attributes:
        events: all events that the call is about; `where` is not applied yet.
        arguments: checked.
        files: names of the files, and their number.
        cancelled: whether the client no longer waits.
    """

    events: Events
    arguments: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Sequence[str], int] = ((), 0)
    cancelled: Callable[[], bool] = _never

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, or a default if it was not given."""
        return self.arguments.get(name, default)

    def narrowed(self) -> Events:
        """Return the events for which `where` is true."""
        where = self.get("where")
        return self.events.where(where) if where else self.events

    def progress(self, what: str, done: int = 0, total: int = 0) -> None:
        """Stop the work with `Cancelled` if the client no longer waits; verbs call this between steps."""
        del what, done, total
        if self.cancelled():
            raise Cancelled
