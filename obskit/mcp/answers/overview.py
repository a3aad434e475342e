"""The tool `overview`: how many events, from when to when, from which files, with which fields."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from obskit.events import SHOWN_FIELDS
from obskit.mcp.answers.question import Question
from obskit.mcp.document import CHARACTERS, Document, notes_section, table_section
from obskit.mcp.values import condition, shown
from obskit.query import by_usefulness
from obskit.triage import outcomes

_TOP = 80  # characters of a field's most common values
_COLUMNS = ("field", "type", "fill", "values", "top")


def overview(question: Question) -> Document:
    """Describe the events.

    Args:
        question: `find` keeps the fields whose name contains it, `where` the events.

    Returns:
        Facts about the events; doubts about what was loaded; the fields, the most useful first.
    """
    events = question.narrowed()
    rows, first, last = events.scope.extent
    report = events.load_report
    names = by_usefulness(events.schema.names)
    find = str(question.get("find", "")).casefold()
    chosen = [name for name in names if find in name.casefold()]
    found = events.fields(chosen) if chosen else None
    listed, files = question.files
    facts: dict[str, Any] = {
        "events": rows,
        "from": shown(first, CHARACTERS),
        "to": shown(last, CHARACTERS),
        "files": [shown(name, 100) for name in listed] + (["..."] if files > len(listed) else []),
        "file_count": files,
        "rejected": report.rejected_count,
        "fields_found": f"{len(chosen)} of {len(names)}",
        "explain_these": [condition(outcome["select"]) for outcome in outcomes(events.scope)] if rows else [],
    }
    notes = [*report.doubt_lines(), *(found.notes if found is not None else ())]
    fields = [] if found is None else _rows(found.shown)
    return Document(
        "overview",
        facts,
        [notes_section(notes), table_section("fields", _COLUMNS, fields, _TOP)],
        query="events.fields()" if found is None else found.query if find else "events",
        dataset={"rows": events.dataset.rows, "fingerprint": events.fingerprint},
        first=len(notes) + SHOWN_FIELDS,
    )


def _rows(table: pa.Table) -> list[list[Any]]:
    return [
        [
            row["field"],
            row["type"],
            row["fill"],
            (row["values"] or "-").replace(",", ""),
            _first(row["top"] or "-"),
        ]
        for row in table.to_pylist()
    ]


def _first(top: str) -> str:
    """Return the first of a field's most common values, as many as are short together."""
    if len(top) <= _TOP:
        return top
    end = top.rfind(", ", 0, _TOP)
    return f"{top[:end]}, …" if end > 0 else top
