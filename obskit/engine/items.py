"""Conditions as data (`{"field", "op", "value"}`, as findings carry them) as text that parses back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from obskit.engine.tokens import quote_name, quote_string
from obskit.errors import InvalidArgument


def format_condition(items: Sequence[Mapping[str, Any]]) -> str:
    """Write items as the text of the condition that all of them hold.

    Args:
        items: each with `field` and `op`: "=" with `value`, "missing", "between" with `low` and `high` (both
            inclusive, None is open), or "in" with `values`.
    Returns:
        Text that `parse_condition` reads back, whatever the names and values are.
    Raises:
        InvalidArgument: an op that there is not, or a value of a kind that conditions cannot hold.
    """
    if not items:
        raise InvalidArgument("a condition of no items", hint="give at least one item")
    return " and ".join(_one(item) for item in items)


condition_of = format_condition


def _one(item: Mapping[str, Any]) -> str:
    name = quote_name(str(item["field"]))
    op = item["op"]
    if op == "missing":
        return f"{name} is null"
    if op == "=":
        return f"{name} = {format_value(item['value'])}" if item["value"] is not None else f"{name} is null"
    if op == "in":
        values = list(item["values"])
        if not values:
            raise InvalidArgument(f"`in` without values for {name}", hint="give at least one value")
        return f"{name} in ({', '.join(format_value(value) for value in values)})"
    if op == "between":
        low, high = item.get("low"), item.get("high")
        if low is None and high is None:
            return f"{name} is not null"
        if low is None:
            return f"{name} <= {format_value(high)}"
        if high is None:
            return f"{name} >= {format_value(low)}"
        return f"{name} between {format_value(low)} and {format_value(high)}"
    raise InvalidArgument(f"no op {op!r} in a condition", hint="one of '=', 'missing', 'between', 'in'")


def format_value(value: Any) -> str:
    """Write a value as it stands in a condition.

    Raises:
        InvalidArgument: nothing that a field compares with.
    """
    value = value.item() if hasattr(value, "item") and not isinstance(value, (str, bytes)) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else quote_string(repr(value))
    if isinstance(value, str):
        return quote_string(value)
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        text = datetime.isoformat(moment.replace(tzinfo=None))
        return quote_string(text + "Z")
    if isinstance(value, date):
        return quote_string(value.isoformat())
    raise InvalidArgument(
        f"{type(value).__name__} is no value of a condition", hint="text, numbers, times, true and false"
    )
