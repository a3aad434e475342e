"""Results with more columns than fit: the first ones are shown, the others are named below."""

from __future__ import annotations

import html
import shutil
from dataclasses import dataclass

import pyarrow as pa

from obskit.display.result import Result
from obskit.display.tables import UNIT, format_cell, html_page, html_table, is_whole, text_table
from obskit.text import pluralize, safe

PIXELS = 1_200
"""The width of the columns that a notebook shows without scrolling."""

_CHARACTER, _PADDING, _WIDEST = 7.2, 22, 416  # pixels of html_table's style sheet
_GAP = 2  # characters between columns
_COLUMN, _HEADING = 24, 14  # characters of a cell and of a heading that make a column readable
_LONG = {"body": 60, "exception.message": 60}
_IDS = ("trace_id", "span_id", "parent_span_id")  # a part of an id cannot be searched for
_NAMED_TEXT, _NAMED_HTML = 20, 500


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class WideResult(Result):
    """Rows of which only the first columns are shown; `to_arrow`, `to_pandas` and `to_dict` have all.

    Attributes:
        chosen: whether the caller chose the columns; a notebook then shows all, in a box that scrolls.
    """

    chosen: bool = False

    def __str__(self) -> str:
        width = shutil.get_terminal_size((100, 24)).columns
        count = fitting_characters(self.table, width)
        shown = self.table.select(range(count))
        body = text_table(shown, width, whole=_IDS) if count else "nothing"
        return "\n".join([body, *map(safe, [*self._hidden(count, _NAMED_TEXT), *self.footer()])])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        count = self.table.num_columns if self.chosen else fitting_pixels(self.table)
        parts = [html_table(self.table.select(range(count)), links=self.links)]
        for line in self._hidden(count, _NAMED_HTML):
            summary, _, names = line.partition(": ")
            parts.append(_details(summary, f"<p>{html.escape(safe(names))}</p>"))
        parts += [f"<p>{html.escape(safe(line))}</p>" for line in self.footer()]
        if self.sql:
            parts.append(_details("SQL", f"<pre>{html.escape(safe(self.sql, lines=True))}</pre>"))
        return html_page(*parts)

    def _hidden(self, count: int, most: int) -> list[str]:
        """Return the line that names the columns which are not shown."""
        names = self.table.schema.names[count:]
        if not names:
            return []
        more = f" and {len(names) - most:,} more" if len(names) > most else ""
        listed = ", ".join(names[:most])
        return [f"… {pluralize(len(names), 'more column')}: {listed}{more}"]


def _details(summary: str, inner: str) -> str:
    return f"<details><summary>{summary}</summary>{inner}</details>"


def fitting_characters(table: pa.Table, width: int) -> int:
    """Return how many of the first columns fit in a line of text and stay readable.

    Args:
        table: the rows.
        width: characters of a line.

    Returns:
        The number of columns; at least 1 if there is any.
    """
    used = count = 0
    for field, longest in zip(table.schema, _longest(table), strict=True):
        cell = (
            longest if is_whole(field) or field.name in _IDS else min(longest, _LONG.get(field.name, _COLUMN))
        )
        used += max(cell, min(len(field.name), _HEADING)) + (_GAP if count else 0)
        if used > width and count:
            break
        count += 1
    return count


def fitting_pixels(table: pa.Table, most: int = PIXELS) -> int:
    """Return how many of the first columns fit side by side in a notebook.

    Args:
        table: the rows.
        most: pixels.

    Returns:
        The number of columns; at least 1 if there is any.
    """
    used = count = 0
    for name, longest in zip(table.schema.names, _longest(table), strict=True):
        used += round(min(max(len(name), longest) * _CHARACTER, _WIDEST)) + _PADDING
        if used > most and count:
            break
        count += 1
    return count


def _longest(table: pa.Table) -> list[int]:
    """Return the length of the longest cell in each column."""
    out = []
    for field, column in zip(table.schema, table.slice(0, 50).columns, strict=True):
        unit = (field.metadata or {}).get(UNIT)
        cells = (len(format_cell(value, unit)) for value in column.to_pylist())
        out.append(max(cells, default=0))
    return out
