"""How a value written in a condition takes the type of the field it is compared with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from obskit.engine.functions import Literal
from obskit.errors import ConditionError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LIMITS = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH, datetime.max.replace(tzinfo=UTC) - EPOCH)
_SPAN = re.compile(r"([+-]?)(\d+(?:\.\d+)?)\s*(us|ms|s|m|min|h|d|w)")
_SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}


def kind_of(kind: dt.DataType) -> str:
    """Return the word for a type that errors use."""
    if kind.is_boolean():
        return "true or false"
    if kind.is_numeric():
        return "a number"
    if kind.is_string():
        return "text"
    if kind.is_temporal():
        return "a time"
    if kind.is_array():
        return "a list"
    return "null" if kind.is_null() else "a structure"


def as_text(value: Any) -> str:
    """Write a literal value as it stands in a condition, shortened for an error."""
    if isinstance(value, str):
        return "'" + (value if len(value) <= 60 else value[:57] + "...").replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else repr(value)


def parse_span(text: str) -> timedelta:
    """Read a length of time: "90s", "-30m", "1h", "2d".

    Raises:
        ConditionError: it is not one, or is longer than a thousand years.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise ConditionError(f"{text!r} is not a length of time", hint="such as '30s', '5m', '1h' or '2d'")
    seconds = float(match[2]) * _SECONDS[match[3]] * (-1 if match[1] == "-" else 1)
    if abs(seconds) > 1000 * 366 * 86400:
        raise ConditionError(f"{text!r} is longer than a thousand years", hint="use a shorter one")
    return timedelta(seconds=seconds)


def parse_time(text: str, newest: datetime | None = None) -> datetime:
    """Read a time: ISO 8601 (naive is UTC), or "-30m" counted from `newest`.

    A length of time without a sign is ago as well: "30m" is "-30m"; only "+30m" is after `newest`.

    Raises:
        ConditionError: it is neither, or there is nothing to count from.
    """
    stripped = text.strip()
    if _SPAN.fullmatch(stripped.lower()):
        if newest is None:
            raise ConditionError(
                f"{text!r} counts from the newest event, and no event has a time",
                hint="give a time in ISO 8601",
            )
        try:
            span = parse_span(stripped)
            return newest + (span if stripped[0] in "+-" else -span)
        except OverflowError:
            raise ConditionError(
                f"{text!r} from the newest event is outside of time", hint="ISO 8601"
            ) from None
    try:
        found = datetime.fromisoformat(stripped)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConditionError(
            f"{text!r} is not a time", hint="write ISO 8601, such as '2026-05-04T10:00Z'; naive times are UTC"
        ) from None


def microseconds(at: datetime) -> int:
    """Return a time as microseconds since the epoch; a naive one is UTC."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (aware - EPOCH) // timedelta(microseconds=1)


def moment(micros: float) -> datetime:
    """Return the time of microseconds since the epoch, moved into the years that a datetime can hold."""
    low, high = (limit // timedelta(microseconds=1) for limit in _LIMITS)
    return EPOCH + timedelta(microseconds=min(high, max(low, round(micros))))


def literal_as(
    literal: Literal, kind: dt.DataType, shown: str, newest: datetime | None, equality: bool
) -> ir.Value:
    """Return a written value in the type of the other side.

    "500" beside a number is the number 500, and 500 beside text is the text "500" where only equality is
    asked; an order between text and a number would be the order of the digits, so that is refused.

    Raises:
        ConditionError: the value has no meaning in that type.
    """
    value = literal.value
    if value is None:
        return ibis.null(kind)
    if kind.is_boolean():
        return ibis.literal(_boolean(value, shown))
    if kind.is_numeric():
        return ibis.literal(_number(value, shown))
    if kind.is_timestamp():
        if not isinstance(value, str):
            raise ConditionError(
                f"{shown}: a time compared with {as_text(value)}", hint="timestamp >= '2026-05-04T10:00Z'"
            )
        return time_literal(parse_time(value, newest))
    if kind.is_string():
        if isinstance(value, str):
            return ibis.literal(value)
        if equality:
            return ibis.literal(as_text(value))
        raise ConditionError(
            f"{shown} asks for an order between text and a number",
            hint="this field holds text; put the value in single quotes to compare as text",
        )
    raise ConditionError(f"{shown} compares {kind_of(kind)} with a value", hint="ask whether it `is null`")


def time_literal(moment: datetime) -> ir.Value:
    """Return a time as an Ibis literal of the type our columns have."""
    return ibis.literal(moment, type=dt.Timestamp(timezone="UTC"))


def _number(value: str | int | float | bool, shown: str) -> int | float:
    if isinstance(value, bool):
        raise ConditionError(f"{shown} compares a number with {as_text(value)}", hint="write 1 or 0")
    if not isinstance(value, str):
        return value
    try:
        number = float(value) if not re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value) else int(value)
    except ValueError:
        raise ConditionError(
            f"{shown} compares a number with {as_text(value)}", hint="write a number, without quotes"
        ) from None
    return number


def _boolean(value: str | int | float | bool, shown: str) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "false": False, "1": True, "0": False}
    text = str(value).strip().lower()
    if text not in known:
        raise ConditionError(
            f"{shown} compares true or false with {as_text(value)}", hint="write true or false"
        )
    return known[text]
