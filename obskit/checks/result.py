"""`Checks`: what all checks of a file found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from obskit.checks.junit import junit_xml
from obskit.checks.outcome import Outcome, Word
from obskit.display.result import Result, plain
from obskit.display.tables import html_page, html_table, text_table
from obskit.text import pluralize, safe

_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("check", "kind", "item", "outcome", "value", "bound", "sentence")]
)


def table_of(outcomes: Sequence[Outcome]) -> pa.Table:
    """Return outcomes as a table, one row each."""
    rows = [
        {
            "check": one.check,
            "kind": one.kind,
            "item": one.item,
            "outcome": one.word,
            "value": one.value,
            "bound": one.bound,
            "sentence": one.sentence,
        }
        for one in outcomes
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Checks(Result):
    """What the checks of a file found.

    Attributes:
        file: the file of checks.
        outcomes: one per check and thing that it is about.
    """

    file: str
    outcomes: tuple[Outcome, ...]

    @property
    def word(self) -> Word:
        """ "violated" if any check is, else "no data" if any has none, else "ok"."""
        words = {one.word for one in self.outcomes}
        return "violated" if "violated" in words else "no data" if "no data" in words else "ok"

    def to_dict(self) -> dict[str, Any]:
        """Return the outcomes as values that JSON can hold, with their numbers."""
        outcomes = [
            {**row, "numbers": plain(one.numbers)}
            for row, one in zip(self.table.to_pylist(), self.outcomes, strict=True)
        ]
        return {**super().to_dict(), "file": self.file, "outcome": self.word, "outcomes": outcomes}

    def to_junit(self) -> str:
        """Return the outcomes as JUnit XML: a violated check is a failure, one without data an error."""
        return junit_xml(self.outcomes, self.file)

    def _shown(self) -> pa.Table:
        """Return the table for people."""
        names = ["check", "item", "outcome", "value", "bound"]
        rows = [{name: row[name] or None for name in names} for row in self.table.to_pylist()]
        return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))

    def _lines(self) -> list[str]:
        sentences = [
            f"{one.word}: {one.check}{f' ({one.item})' if one.item else ''}: {one.sentence}"
            for one in self.outcomes
            if one.word != "ok"
        ]
        counts = [
            (word, sum(one.word == word for one in self.outcomes)) for word in ("ok", "violated", "no data")
        ]
        said = ", ".join(f"{count:,} {word}" for word, count in counts if count)
        return [*sentences, f"{pluralize(len(self.outcomes), 'outcome')}: {said}"]

    def __str__(self) -> str:
        shown = self._shown()
        return "\n".join([text_table(shown, most=200), *map(safe, self._lines()), *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = self._shown()
        return html_page(html_table(shown, caption=[*self._lines(), *self.footer()], most=200))
