"""Count the templates of log messages while events are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import TEMPLATE
from obskit.text import pluralize

MOST_TEMPLATES = 100_000
"""Templates that are told apart; where there are more, the number is a lower bound."""


@dataclass
class MessageCounts:
    """The number of different messages, and of the rows that have one.

    Attributes:
        rows: rows with a message; 0 if no event has one.
        templates: different templates, at most `MOST_TEMPLATES`.
        at_least: whether there are more templates than that.
    """

    rows: int = 0
    templates: int = 0
    at_least: bool = False
    _seen: set[str] = field(default_factory=set, repr=False, compare=False)

    def add(self, events: pa.RecordBatch) -> None:
        """Count the messages of a batch of events."""
        at = events.schema.get_field_index(TEMPLATE)
        if at < 0:
            return
        templates = events.column(at)
        self.rows += len(templates) - templates.null_count
        if not self.at_least:
            self._add(pc.drop_null(templates.unique()).to_pylist())

    def merge(self, other: MessageCounts) -> None:
        """Add the counts of other rows that were loaded in this process."""
        self.rows += other.rows
        self.at_least |= other.at_least
        self._add(other._seen)

    def to_state(self) -> dict[str, Any]:
        """Return the counts with the templates, as JSON-safe values; `from_state` reads them back."""
        return self.to_dict() | {"seen": sorted(self._seen)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> MessageCounts:
        """Return the counts that `to_state` returned."""
        made = cls.from_dict(state)
        made._seen = set(state["seen"])
        return made

    def _add(self, templates: list[str] | set[str]) -> None:
        self._seen.update(templates)
        if len(self._seen) > MOST_TEMPLATES:
            self.at_least = True
        self.templates = MOST_TEMPLATES if self.at_least else len(self._seen)
        if self.at_least:
            self._seen.clear()

    def line(self, rows_read: int) -> str:
        """Return a sentence about them, such as "12 message templates in 1,000 rows; 1 row has no body".

        Args:
            rows_read: all rows, also those without a message.

        Returns:
            The sentence; empty if no event has a message.
        """
        if not self.rows:
            return ""
        bound = "more than " if self.at_least else ""
        text = f"{bound}{pluralize(self.templates, 'message template')} in {pluralize(self.rows, 'row')}"
        left = rows_read - self.rows
        return f"{text}; {pluralize(left, 'row has', 'rows have')} no body" if left > 0 else text

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-safe values; `from_dict` reads them back."""
        return {"rows": self.rows, "templates": self.templates, "at_least": self.at_least}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> MessageCounts:
        """Return the counts that `to_dict` wrote; those of no rows for None."""
        data = data or {}
        return cls(int(data.get("rows", 0)), int(data.get("templates", 0)), bool(data.get("at_least", False)))
