"""Times, durations, ids, attributes and HTTP fields of vendors' spans, checked for use in a column.

"2026-05-04T10:00:00.123456789+02:00"    ->    1777881600123456789 nanoseconds since 1970
"00:00:00.2500000"                       ->    250.0 milliseconds
{"a": {"b": 1}, "kind": "x"}             ->    {"a.b": 1, "attributes.kind": "x"}
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from obskit.readers.batches.row_batcher import MalformedRecord, attribute_name, flat
from obskit.readers.spans.scalars import optional_text
from obskit.readers.spans.tags import padded
from obskit.schema.types import json_text

KINDS = frozenset({"internal", "server", "client", "producer", "consumer"})

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_SPAN = re.compile(r"(-)?(?:(\d{1,8})\.)?(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,9}))?", re.ASCII)
_SECONDS = re.compile(r"-?\d{1,12}(?:\.\d{1,12})?s", re.ASCII)
_DIGITS = re.compile(r"\d{1,20}", re.ASCII)


def iso_nanoseconds(value: Any, field: str) -> int | None:
    """Return nanoseconds since 1970 of an ISO 8601 time; without a zone it is UTC.

    Args:
        value: text; None and the empty text are a missing time.
        field: its name, for the error.

    Returns:
        The time; None for a missing one, which Go writes as the year 1.

    Raises:
        MalformedRecord: it is not such a time.
    """
    if value is None or value == "":
        return None
    found = _ISO.fullmatch(value) if type(value) is str else None
    if found is None:
        raise MalformedRecord(f"{field} is not a time")
    date, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone in (None, "Z", "UTC") else zone
    try:
        since = datetime.fromisoformat(f"{date}T{clock}{zone}") - _EPOCH
    except (ValueError, OverflowError):
        raise MalformedRecord(f"{field} is not a time") from None
    if since.days < -700_000:
        return None
    return (since.days * 86_400 + since.seconds) * 10**9 + int((fraction or "").ljust(9, "0"))


def second_nanoseconds(value: Any, field: str) -> int | None:
    """Return nanoseconds since 1970 of seconds; a missing time is None.

    Args:
        value: a number, or digits.
        field: its name, for the error.

    Returns:
        The time to the microsecond: a float has no more.

    Raises:
        MalformedRecord: it is not a number of seconds.
    """
    if value is None or value == "":
        return None
    if type(value) not in (int, float, str):
        raise MalformedRecord(f"{field} is not a number of seconds")
    try:
        seconds = Decimal(str(value))
    except InvalidOperation:
        raise MalformedRecord(f"{field} is not a number of seconds") from None
    if not seconds.is_finite() or abs(seconds) >= 10**11:
        raise MalformedRecord(f"{field} is not a number of seconds")
    return int((seconds * 10**6).to_integral_value()) * 1000


def whole_number(value: Any, field: str) -> int:
    """Return an integer, given as a number or digits.

    Args:
        value: as parsed from JSON.
        field: its name, for the error.

    Returns:
        The integer.

    Raises:
        MalformedRecord: it is not an integer of at most 64 bits.
    """
    if type(value) is str and _DIGITS.fullmatch(value):
        value = int(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not -(2**63) <= value < 2**64:
        raise MalformedRecord(f"{field} is not an integer")
    return value


def number(value: Any, field: str) -> float:
    """Return a finite number.

    Args:
        value: as parsed from JSON.
        field: its name, for the error.

    Returns:
        The number.

    Raises:
        MalformedRecord: it is not one.
    """
    if type(value) not in (int, float) or not math.isfinite(value):
        raise MalformedRecord(f"{field} is not a number")
    return value  # type: ignore[no-any-return]


def text_milliseconds(value: Any) -> float | None:
    """Return milliseconds of "0.25s" or .NET's "00:00:00.2500000"; None for any other value."""
    if type(value) is not str:
        return None
    if _SECONDS.fullmatch(value):
        return float(Decimal(value[:-1]) * 1000)
    found = _SPAN.fullmatch(value)
    if found is None:
        return None
    sign, days, hours, minutes, seconds, fraction = found.groups()
    whole = int(days or 0) * 86_400 + int(hours) * 3_600 + int(minutes) * 60 + int(seconds)
    took = whole * 1000 + int((fraction or "").ljust(9, "0")) / 1e6
    return -took if sign else took


def identifier(value: Any, width: int) -> str | None:
    """Return a hex id in OpenTelemetry's width and lower case, without "0x"; other texts stay as they are."""
    text = optional_text(value)
    if text is None:
        return None
    text = text.removeprefix("0x")
    return (padded(text, width) or "").lower() or None


def decimal_id(value: Any, width: int) -> str | None:
    """Return an id that is an integer, also as digits, in hex; None for 0, which means that there is none."""
    if value is None or value in (0, "", "0"):
        return None
    if type(value) is str and (len(value) == 32 or not _DIGITS.fullmatch(value)):
        return identifier(value, width)
    found = whole_number(value, "an id")
    return f"{found % 2**64:0{width}x}"


def attributes(found: Any, prefix: str = "") -> dict[str, Any]:
    """Return an object as attributes: nested objects get dotted names, nulls and empty objects are left out.

    Args:
        found: an object; anything else has no attributes.
        prefix: of every name, such as "aws.".

    Returns:
        Name -> a scalar, a list of scalars, or JSON text.
    """
    if type(found) is not dict:
        return {}
    out = {}
    for key, value in flat(found).items():
        if value is not None and value != {}:
            name = prefix + key
            out[attribute_name(name)] = _scalar(value)
    return out


def _scalar(value: Any) -> Any:
    if type(value) is dict or (type(value) is list and any(type(item) in (dict, list) for item in value)):
        return json_text(value)
    return value


def url_fields(url: Any) -> dict[str, Any]:
    """Return the full URL, and its path, query and host; a text that is only a path has no full URL."""
    if type(url) is not str or not url:
        return {}
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return {"url.full": url}
    out: dict[str, Any] = {"url.full": url} if parts.scheme and host else {}
    out.update(
        {
            key: value
            for key, value in (("url.path", parts.path), ("url.query", parts.query), ("server.address", host))
            if value
        }
    )
    return out


def own_object(record: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object in a record; {} where there is none."""
    found = record.get(name)
    return found if type(found) is dict else {}


def objects(record: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in a record; [] where there is none."""
    found = record.get(name)
    return [item for item in found if type(item) is dict] if type(found) is list else []


def without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without fields that have no value."""
    return {name: value for name, value in row.items() if value is not None}
