"""Convert the values written in a condition to the type of the field that they are compared with."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from obskit.engine.functions import Literal
from obskit.engine.zoned import parse_zoned
from obskit.errors import ConditionError
from obskit.text import safe

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
    """Return what errors call a type, such as "a number"."""
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


def format_literal(value: Any) -> str:
    """Write a value as in a condition; long text is shortened for an error."""
    if isinstance(value, str):
        return "'" + safe(value if len(value) <= 60 else value[:57] + "...").replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else repr(value)


def parse_span(text: str) -> timedelta:
    """Read a length of time.

    Args:
        text: such as "90s", "-30m", "1h" or "2d"; the units are us, ms, s, m (or min), h, d and w.

    Returns:
        The length; negative with a minus sign.

    Raises:
        ConditionError: the text is not a length of time, or is longer than a thousand years.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise ConditionError(
            f"{text!r} is not a length of time", hint="write a number and a unit: '30s', '5m', '1h', '2d'"
        )
    seconds = float(match[2]) * _SECONDS[match[3]] * (-1 if match[1] == "-" else 1)
    if abs(seconds) > 1000 * 366 * 86400:
        raise ConditionError(f"{text!r} is longer than a thousand years", hint="use a shorter length")
    return timedelta(seconds=seconds)


def parse_time(text: str, newest: datetime | None = None) -> datetime:
    """Read a time.

    Args:
        text: ISO 8601 (UTC without a zone), with the name of a zone behind it or not
            ("2026-05-04 10:00 Europe/Berlin"), or a length of time before `newest`: "-30m" and "30m" are the
            same, "+30m" is after `newest`.
        newest: the time of the newest event.

    Returns:
        The time, in UTC.

    Raises:
        ConditionError: the text is not a time, is a length of time and `newest` is None, or is a local time
            that did not exist or happened twice.
    """
    stripped = text.strip()
    if _SPAN.fullmatch(stripped.lower()):
        if newest is None:
            raise ConditionError(
                f"{text!r} counts from the newest event, but no event has a time",
                hint="write a time in ISO 8601, such as '2026-05-04T10:00Z'",
            )
        try:
            span = parse_span(stripped)
            return newest + (span if stripped[0] in "+-" else -span)
        except OverflowError:
            raise ConditionError(
                f"{text!r} from the newest event is not within the years 1 to 9999",
                hint="use a shorter length",
            ) from None
    zoned = parse_zoned(stripped)
    if zoned is not None:
        return zoned
    try:
        found = datetime.fromisoformat(stripped)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConditionError(
            f"{text!r} is not a time",
            hint="write ISO 8601, such as '2026-05-04T10:00Z' or '2026-05-04 10:00 Europe/Berlin'; "
            "times without a zone are UTC",
        ) from None


def microseconds(at: datetime) -> int:
    """Return a time as microseconds since the epoch; a time without a zone is UTC."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (aware - EPOCH) // timedelta(microseconds=1)


def moment(micros: float) -> datetime:
    """Return microseconds since the epoch as a datetime, limited to the years 1 to 9999."""
    low, high = (limit // timedelta(microseconds=1) for limit in _LIMITS)
    return EPOCH + timedelta(microseconds=min(high, max(low, round(micros))))


def convert_literal(
    literal: Literal, kind: dt.DataType, shown: str, newest: datetime | None, equality: bool
) -> ir.Value:
    """Convert a written value to the type of the other side.

    Compared with a number, '500' is the number 500. Compared with text, 500 is the text '500', but only for
    equality: text has the order of its characters, not of its numbers.

    Args:
        literal: the value as written.
        kind: the type of the other side.
        shown: the comparison, for errors.
        newest: the time of the newest event, for values such as '-30m'.
        equality: whether the comparison is `=` or `!=`.

    Returns:
        An Ibis literal of that type.

    Raises:
        ConditionError: the value cannot be converted to that type.
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
                f"{shown} compares a time with {format_literal(value)}",
                hint="write the time as text: '2026-05-04T10:00Z'",
            )
        return time_literal(parse_time(value, newest))
    if kind.is_string():
        if isinstance(value, str):
            return ibis.literal(value)
        if equality:
            return ibis.literal(format_literal(value))
        raise ConditionError(
            f"{shown} compares text with a number",
            hint="put the value in single quotes to compare it as text",
        )
    raise ConditionError(
        f"{shown} compares {kind_of(kind)} with a value", hint="use `is null` or `is not null`"
    )


def time_literal(moment: datetime) -> ir.Value:
    """Return a time as an Ibis literal of the type of our `timestamp` column."""
    return ibis.literal(moment, type=dt.Timestamp(timezone="UTC"))


def _number(value: str | int | float | bool, shown: str) -> int | float:
    if isinstance(value, bool):
        raise ConditionError(f"{shown} compares a number with {format_literal(value)}", hint="write 1 or 0")
    if not isinstance(value, str):
        return value
    try:
        number = float(value) if not re.fullmatch(r"\s*[+-]?\d{1,18}\s*", value) else int(value)
    except ValueError:
        raise ConditionError(
            f"{shown} compares a number with {format_literal(value)}", hint="write a number, without quotes"
        ) from None
    return number


def _boolean(value: str | int | float | bool, shown: str) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "false": False, "1": True, "0": False}
    text = str(value).strip().lower()
    if text not in known:
        raise ConditionError(
            f"{shown} compares true or false with {format_literal(value)}", hint="write true or false"
        )
    return known[text]
