"""The tools `query` and `rows`: calculations by group and over time, and events as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from obskit.mcp.answers.question import Question
from obskit.mcp.document import CHARACTERS, Document, Section, notes_section, table_section

MOST_ROWS = 2_000
"""Rows of a result that can be paged through."""

MOST_CHARACTERS = 2_000_000
"""Characters of a result that can be paged through; it has at least one item."""

ALL = "*"
_WIDE = 12  # columns beyond which each value is an item of its own
_COLUMNS = 8  # of an event, if no fields are asked for
_NAMED = 8  # of the other fields
_LIMIT, _LIMIT_ALL = 10, 1  # events, and events with all of their fields


def query(question: Question) -> Document:
    """Calculate counts, rates and percentiles.

    Args:
        question: `calculations`, `by`, `every`, `where`, `having`, `order` and `limit` as in `Events.query`.

    Returns:
        One row per group and time bucket.
    """
    found = question.events.query(
        *question.get("calculations", ["count()"]),
        by=question.get("by"),
        every=question.get("every"),
        where=question.get("where"),
        having=question.get("having"),
        order=question.get("order"),
        limit=question.get("limit"),
    )
    facts: dict[str, Any] = {"rows_counted": found.counted, "groups": len(found)}
    notes = list(found.notes)
    if not found.counted:
        notes.insert(0, "no event matches: check the values with overview, or rows without where")
    if len(found) > MOST_ROWS:
        notes.insert(
            0, f"only the first {MOST_ROWS:,} of {len(found):,} rows can be shown: use limit or having"
        )
    section = _rows(found.table.slice(0, MOST_ROWS), CHARACTERS, notes)
    return Document("query", facts, [notes_section(notes), section], found.query, found.dataset)


def rows(question: Question) -> Document:
    """Show events.

    Args:
        question: `where`, `fields`, `order` and `limit` as in `Events.rows`; `chars` is the number of
            characters that are kept of each value. The field `*` means all.

    Returns:
        One row per event, or with many fields one row per value.
    """
    events = question.narrowed()
    fields = question.get("fields")
    every_field = bool(fields) and ALL in fields
    limit = question.get("limit", _LIMIT_ALL if every_field else _LIMIT)
    found = events.rows(None if every_field else fields, question.get("order"), limit)
    matching = events.scope.extent[0]
    facts: dict[str, Any] = {"events_matching": matching, "events_listed": len(found)}
    notes = [note for note in found.notes if not note.startswith("the first ")]
    if matching > len(found):
        notes.append(f"{matching - len(found):,} more events match: raise limit, or use order and where")
    if not matching:
        notes.append("no event matches: check the values with overview or query by the field")
    table = found.table
    if not fields:
        left = table.schema.names[_COLUMNS:]
        table = table.select(range(min(_COLUMNS, table.num_columns)))
        if left:
            more = f" and {len(left) - _NAMED} more" if len(left) > _NAMED else ""
            facts["other_fields"] = f'{", ".join(left[:_NAMED])}{more} (all: fields ["*"])'
    section = _rows(table, question.get("chars", CHARACTERS), notes)
    return Document("rows", facts, [notes_section(notes), section], found.query, found.dataset)


def _rows(table: pa.Table, characters: int, notes: list[str]) -> Section:
    """Return a table as a section: one item per row, or per value if there are many columns.

    Args:
        table: the rows.
        characters: characters to keep of each text.
        notes: a note is added if not all items are kept.

    Returns:
        The section.
    """
    names = table.schema.names
    if len(names) <= _WIDE:
        rows: Iterator[Sequence[Any]] = (list(row.values()) for row in _each(table))
        whole = table_section("rows", names, _first_rows(rows, characters), characters)
        total = table.num_rows
    else:
        cells = (
            (number, name, value)
            for number, row in enumerate(_each(table), 1)
            for name, value in row.items()
            if value is not None
        )
        whole = table_section("values", ("row", "field", "value"), _first_rows(cells, characters), characters)
        total = sum(len(column) - column.null_count for column in table.columns)
    if len(whole) < total:
        notes.append(
            f"only the first {len(whole):,} of {total:,} {whole.name} are kept: lower limit, chars or fields"
        )
    return whole


def _each(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, a few at a time, since they may be large."""
    for batch in table.to_batches(max_chunksize=64):
        yield from batch.to_pylist()


def _first_rows(rows: Iterable[Sequence[Any]], characters: int) -> Iterator[Sequence[Any]]:
    """Yield rows until their texts, as far as they are kept, have `MOST_CHARACTERS`.

    Args:
        rows: rows of values.
        characters: characters that are kept of each text.

    Yields:
        The first rows; at least one.
    """
    left = MOST_CHARACTERS
    for row in rows:
        yield row
        left -= sum(min(len(value), characters) if isinstance(value, str) else 10 for value in row)
        if left <= 0:
            return
