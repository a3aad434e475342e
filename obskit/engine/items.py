"""Write conditions as text: `{"field": "error", "op": "=", "value": True}` becomes `error = true`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from obskit.engine.tokens import quote_name, quote_string
from obskit.errors import InvalidArgument


def format_condition(items: Sequence[Mapping[str, Any]]) -> str:
    """Write a condition that is true where all of the items are.

    Args:
        items: dicts with `field` and `op`: "=" with `value`, "missing", "between" with `low` and `high` (both
            inclusive; None is open), or "in" with `values`. The conditions of a finding have this form.

    Returns:
        The text of the condition; `parse_condition` reads it back, whatever the names and values are.

    Raises:
        InvalidArgument: there are no items, the op is unknown, or conditions cannot hold the value.

    Example:
        ok.format_condition([{"field": "service.version", "op": "=", "value": "2.4.0"}])
    """
    if not items:
        raise InvalidArgument(
            "a condition needs at least one item, got none",
            hint="pass an item such as {'field': 'error', 'op': '=', 'value': True}",
        )
    return " and ".join(_format_item(item) for item in items)


def format_exclusion(items: Sequence[Mapping[str, Any]]) -> str:
    """Write the condition of the events that don't meet all items, including those without the field.

    In SQL, `not (a = 1)` is null where a is missing. Without a part for missing values, excluding one value
    would also drop the events that have none.

    Args:
        items: as `format_condition` takes them.

    Returns:
        The text of a condition; every event meets either this one or that of `format_condition`.

    Raises:
        InvalidArgument: as `format_condition`.
    """
    known = [item for item in items if item["op"] != "missing"]
    missing = [f"{quote_name(str(item['field']))} is null" for item in known]
    return " or ".join([f"not ({format_condition(items)})", *dict.fromkeys(missing)])


def _format_item(item: Mapping[str, Any]) -> str:
    name = quote_name(str(item["field"]))
    op = item["op"]
    if op == "missing":
        return f"{name} is null"
    if op == "=":
        return f"{name} = {format_value(item['value'])}" if item["value"] is not None else f"{name} is null"
    if op == "in":
        values = list(item["values"])
        if not values:
            raise InvalidArgument(
                f"op 'in' on {name} has no values", hint="give at least one value in `values`"
            )
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
    raise InvalidArgument(
        f"op must be '=', 'missing', 'between' or 'in', got {op!r}",
        hint=f"correct the op of the item on {name}",
    )


def format_value(value: Any) -> str:
    """Write a value as text that a condition can compare a field with.

    Args:
        value: text, a number, a time, a date, true or false; numpy's own too.

    Returns:
        The value as it is written in a condition: text and times in single quotes.

    Raises:
        InvalidArgument: the value has another type.
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
        f"a condition cannot hold a value of type {type(value).__name__}",
        hint="use text, a number, a time, True or False",
    )
