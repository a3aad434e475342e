"""What can be picked: the operations of services, with how often and how well, and the fields to group by."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.engine import format_condition, quote_name
from obskit.errors import InvalidArgument
from obskit.explorer.panels.answer import item, text
from obskit.explorer.view import first_axis
from obskit.query.axes import SEVERITY
from obskit.query.usefulness import FIRST, by_usefulness
from obskit.triage.population import operation_fields

MOST_OPERATIONS = 200
MOST_FIRST = 12
# Fields that people look at first, but whose values hardly repeat.
_NO_GROUPS = {
    "body",
    "trace_id",
    "span_id",
    "parent_span_id",
    "url.path",
    "exception.message",
    "client.address",
}


def operations(events: Any, units: str | None) -> list[dict[str, str]]:
    """Return the operations, the most frequent first.

    Args:
        events: the events.
        units: condition of the events that are drawn; None if all are.
    Returns:
        {"text", "detail", "condition"} for each; none where no field identifies operations.
    """
    try:
        names = operation_fields(events.scope)
    except InvalidArgument:
        return []
    if not names:
        return []
    shown = events if units is None else events.where(units)
    asked = ["count() as events"]
    if "error" in events.scope.schema.names:
        asked.append("share(error) as errors")
    y = first_axis(events)
    if y != SEVERITY:
        asked.append(f"p99({quote_name(y)}) as p99")
    result = shown.query(*asked, by=names, order="events desc", limit=MOST_OPERATIONS)
    return [_choice(row, names, y) for row in result.to_arrow().to_pylist()]


def choices_of_fields(events: Any) -> tuple[list[str], list[str]]:
    """Return all fields, the most useful ones first, and those to group by at first."""
    schema = events.scope.schema
    names = by_usefulness(schema.names)
    first = [
        name
        for name in names
        if name in FIRST
        and name not in _NO_GROUPS
        and not (
            pa.types.is_floating(schema.field(name).type) or pa.types.is_temporal(schema.field(name).type)
        )
    ]
    return names, first[:MOST_FIRST]


def _choice(row: dict[str, Any], names: list[str], y: str) -> dict[str, str]:
    details = [formatting.count(row["events"])]
    if row.get("errors"):
        details.append(f"{formatting.share(row['errors'])} errors")
    if row.get("p99") is not None:
        p99 = row["p99"]
        details.append(f"p99 {formatting.duration(p99) if y == 'duration_ms' else formatting.number(p99)}")
    return {
        "text": " ".join(text(row[name], 60) for name in names),
        "detail": ", ".join(details),
        "condition": format_condition([item(name, row[name]) for name in names]),
    }
