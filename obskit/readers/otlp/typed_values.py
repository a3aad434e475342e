"""Values of OTLP's JSON: attributes, numbers, enums and texts, each checked for its type.

    {"key": "n", "value": {"intValue": "7"}}      ->      n: 7
    {"key": "n", "value": {"intValue": [7]}}      ->      MalformedRecord: intValue is not an integer

Numbers may be text, and enums names; fields that OTLP does not define are ignored. Any other value of a wrong
type is malformed rather than guessed. The receiver and the readers share these checks, so they agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from obskit.readers.batches.row_batcher import DEPTH_LIMIT, MalformedRecord, attribute_name
from obskit.schema.types import json_text

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUS = ("UNSET", "OK", "ERROR")
_SNAKE = {
    "resourceSpans": "resource_spans",
    "resourceLogs": "resource_logs",
    "resourceMetrics": "resource_metrics",
    "resourceProfiles": "resource_profiles",
    "scopeSpans": "scope_spans",
    "scopeLogs": "scope_logs",
    "logRecords": "log_records",
    "scopeMetrics": "scope_metrics",
    "dataPoints": "data_points",
    "traceId": "trace_id",
    "spanId": "span_id",
    "parentSpanId": "parent_span_id",
    "traceState": "trace_state",
    "startTimeUnixNano": "start_time_unix_nano",
    "endTimeUnixNano": "end_time_unix_nano",
    "timeUnixNano": "time_unix_nano",
    "observedTimeUnixNano": "observed_time_unix_nano",
    "severityNumber": "severity_number",
    "severityText": "severity_text",
    "eventName": "event_name",
    "stringValue": "string_value",
    "boolValue": "bool_value",
    "intValue": "int_value",
    "doubleValue": "double_value",
    "arrayValue": "array_value",
    "kvlistValue": "kvlist_value",
    "bytesValue": "bytes_value",
}
_PLAIN: dict[str, type] = {"stringValue": str, "boolValue": bool, "doubleValue": float}
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_OBJECTS = frozenset({dict})
_INTEGER = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][+-]?\d{1,9})?", re.ASCII)
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_BOOLS = {"true": True, "false": False}
_LARGEST_ENUM = 2**31 - 1


def get(item: dict[str, Any], name: str) -> Any:
    """Return a field by its lowerCamelCase or, if that is missing or null, snake_case name."""
    found = item.get(name)
    return item.get(_SNAKE.get(name, name)) if found is None else found


def snake(name: str) -> str:
    """Return the snake_case name of a field."""
    return _SNAKE.get(name, name)


def objects(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list of objects; a missing one or null is empty.

    Args:
        item: the object that has the list.
        name: of the field.
    Returns:
        The objects.
    Raises:
        MalformedRecord: it is not a list, or one of its items is not an object.
    """
    found = get(item, name)
    if found is None:
        return []
    if type(found) is not list:
        raise MalformedRecord(f"{name} is not a list")
    if not _OBJECTS.issuperset(map(type, found)):
        raise MalformedRecord(f"an item of {name} that is not an object")
    return found


def message(item: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an object; a missing one or null is empty.

    Args:
        item: the object that has it.
        name: of the field.
    Returns:
        The object.
    Raises:
        MalformedRecord: it is not an object.
    """
    found = get(item, name)
    if found is None:
        return {}
    if type(found) is not dict:
        raise MalformedRecord(f"{name} is not an object")
    return found


def text(item: dict[str, Any], name: str) -> str | None:
    """Return a text; None for a missing or an empty one. An integer is taken for its digits.

    Args:
        item: the object that has it.
        name: of the field.
    Returns:
        The text.
    Raises:
        MalformedRecord: it is not a text.
    """
    found = get(item, name)
    return None if found is None or found == "" else found if type(found) is str else _text(found, name)


def _text(found: Any, name: str) -> str:
    if type(found) is str:
        return found
    if type(found) is int:
        return str(found)
    raise MalformedRecord(f"{name} is not text")


def integer(number: Any) -> int:
    """Return a 64-bit integer.

    Args:
        number: an integer as a number or text, or as the halves that JavaScript's exporter wrote for a time
            (`{"low": 1, "high": 2}`); None and "" are 0.
    Returns:
        The integer, signed or unsigned.
    Raises:
        MalformedRecord: the value is not an integer, or has more than 64 bits.
    """
    if number is None or number == "":
        return 0
    if type(number) is dict:
        number = _from_halves(number)
    kind = type(number)
    if not (
        kind is int or (kind is str and _INTEGER.fullmatch(number)) or (kind is float and number.is_integer())
    ):
        raise MalformedRecord("a value that is not an integer")
    found = int(number)
    if not -(2**63) <= found < 2**64:
        raise MalformedRecord("an integer of more than 64 bits")
    return found


def _from_halves(halves: dict[str, Any]) -> Any:
    """Return the integer of two halves of 32 bits; the object itself if it is anything else."""
    low, high = halves.get("low"), halves.get("high")
    if halves.keys() - {"low", "high", "unsigned"} or type(low) is not int or type(high) is not int:
        return halves
    if not (-(2**31) <= low < 2**32 and -(2**31) <= high < 2**32):
        return halves
    return (high << 32) | (low & 0xFFFFFFFF)


def nanoseconds(item: dict[str, Any], name: str) -> int:
    """Return a time in nanoseconds since 1970; 0 for a missing one.

    Args:
        item: the object that has it.
        name: of the field.
    Returns:
        The time.
    Raises:
        MalformedRecord: it is not an integer of at most 64 bits, or is negative.
    """
    found = integer(get(item, name))
    if found < 0:
        raise MalformedRecord("a time before 1970")
    return found


def _float(found: Any) -> float:
    if type(found) in (float, int):
        return float(found)  # orjson gives no integer of more than 64 bits
    if type(found) is str:
        word = _WORDS.get(found)
        if word is not None:
            return word
        if _NUMBER.fullmatch(found):
            return float(found)
    raise MalformedRecord("doubleValue is not a number")


def _bool(found: Any) -> bool:
    known = _BOOLS.get(found.lower()) if type(found) is str else found
    if type(known) is not bool:
        raise MalformedRecord("boolValue is not true or false")
    return known


def _enum(item: Any, name: str) -> int | str:
    """Return an enum's number, or its name if that is not a number; 0 if it is missing."""
    if type(item) is int:
        return item
    if item is None or item == "":
        return 0
    if type(item) is str:
        return int(item) if len(item) < 20 and item.isdecimal() and item.isascii() else item
    if type(item) is float and item.is_integer():
        return int(item)
    raise MalformedRecord(f"{name} is not a number or a name")


def kind_word(item: Any) -> str | None:
    """Return a span kind as a word, from its number or name: 2 is "server"; None if unknown."""
    found = _enum(item, "kind")
    if type(found) is str:
        number = found.removeprefix("SPAN_KIND_").lower()
        if not number.isdecimal():
            return number if number in _KINDS[1:] else None
        found = _enum(number, "kind")
    return _KINDS[found] if type(found) is int and 0 < found < len(_KINDS) else None


def status_word(item: Any) -> str | None:
    """Return a status as UNSET, OK or ERROR, from its number or name; None if unknown."""
    found = _enum(item, "code")
    if type(found) is str:
        number = found.removeprefix("STATUS_CODE_").upper()
        if not number.isdecimal():
            return number if number in _STATUS else None
        found = _enum(number, "code")
    return _STATUS[found] if type(found) is int and 0 <= found < len(_STATUS) else None


def severity(item: Any) -> int | None:
    """Return a severity number, from a number or a name: "WARN2" is 14; None if unknown.

    Args:
        item: a number or a name.
    Returns:
        The number.
    Raises:
        MalformedRecord: it is neither, or a number of more than 31 bits.
    """
    found = _enum(item, "severityNumber")
    if type(found) is str:
        found = _enum(found.removeprefix("SEVERITY_NUMBER_").upper(), "severityNumber")
    if isinstance(found, int):
        if found > _LARGEST_ENUM:
            raise MalformedRecord("severityNumber has more than 31 bits")
        return found if found > 0 else None
    level, step = found.rstrip("234"), found[-1:]
    if level not in _SEVERITIES:
        return None
    return _SEVERITIES.index(level) * 4 + (int(step) if step.isdecimal() else 1)


def attributes(item: dict[str, Any], again: list[str]) -> dict[str, Any]:
    """Return attributes as a flat dict; if a name occurs twice, the last value wins.

    Args:
        item: a resource, scope, span or log record.
        again: names that occur twice are appended to this list.
    Returns:
        Name -> value.
    Raises:
        MalformedRecord: an attribute is nested too deeply, or has a value of another type than it states.
    """
    out: dict[str, Any] = {}
    for pair in objects(item, "attributes"):
        wrapped = pair.get("value")
        if type(wrapped) is dict and len(wrapped) == 1:  # simple values first, because nearly all are
            ((kind, found),) = wrapped.items()
            if type(found) is _PLAIN.get(kind):
                put(out, key_of(pair), found, again)
                continue
        for key, found in leaves(key_of(pair), wrapped):
            put(out, key, found, again)
    return out


def key_of(pair: dict[str, Any]) -> str:
    """Return the key of a pair; a missing one is empty."""
    key = pair.get("key")
    return key if type(key) is str else "" if key is None else _text(key, "key")


def put(out: dict[str, Any], key: str, found: Any, again: list[str]) -> None:
    """Add an attribute to a flat dict, and to `again` if it has one of that name."""
    name = attribute_name(key)
    if name in out:
        again.append(name)
    out[name] = found


def leaves(name: str, wrapped: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the values of an attribute: one, or one per nested pair with a dotted name.

    Args:
        name: key of the attribute.
        wrapped: its AnyValue.
        depth: levels of nesting above it.
    Yields:
        Name and value; nothing for null.
    Raises:
        MalformedRecord: nested deeper than `DEPTH_LIMIT`, or a value of another type than it states.
    """
    pairs = get(wrapped, "kvlistValue") if type(wrapped) is dict else None
    if pairs is None:
        found = value(wrapped)
        if found is not None:
            yield name, found
        return
    if depth >= DEPTH_LIMIT:
        raise MalformedRecord(f"nested deeper than {DEPTH_LIMIT} levels")
    for pair in _pairs(pairs):
        yield from leaves(f"{name}.{key_of(pair)}", pair.get("value"), depth + 1)


def value(wrapped: Any, depth: int = 0) -> Any:
    """Return the value of an AnyValue: {"intValue": "7"} is 7.

    Args:
        wrapped: an AnyValue; None, and one that only later versions of OTLP define, is None.
        depth: levels of nesting above it.
    Returns:
        Text, bool, int, float, list, dict or None.
    Raises:
        MalformedRecord: nested deeper than `DEPTH_LIMIT`, or a value of another type than it states.
    """
    if wrapped is None:
        return None
    if type(wrapped) is not dict:
        raise MalformedRecord("a value that is not an object")
    if depth > DEPTH_LIMIT:
        raise MalformedRecord(f"nested deeper than {DEPTH_LIMIT} levels")
    name = _first_kind(wrapped)
    found = get(wrapped, name) if name else None
    if name == "stringValue":
        return _text(found, name)
    if name == "intValue":
        return integer(found)
    if name == "doubleValue":
        return _float(found)
    if name == "boolValue":
        return _bool(found)
    if name == "arrayValue":
        return [value(item, depth + 1) for item in _items(found)]
    if name == "kvlistValue":
        return {key_of(pair): value(pair.get("value"), depth + 1) for pair in _pairs(found)}
    if name == "bytesValue" and type(found) is not str:
        raise MalformedRecord("bytesValue is not text")
    return found


_ANY_VALUE = (
    "stringValue",
    "intValue",
    "doubleValue",
    "boolValue",
    "arrayValue",
    "kvlistValue",
    "bytesValue",
)


def _first_kind(wrapped: dict[str, Any]) -> str | None:
    """Return the kind of an AnyValue; the first of `_ANY_VALUE`, if it has several."""
    return next((name for name in _ANY_VALUE if get(wrapped, name) is not None), None)


def _pairs(found: Any) -> list[dict[str, Any]]:
    if type(found) is not dict:
        raise MalformedRecord("kvlistValue is not an object")
    return objects(found, "values")


def _items(found: Any) -> list[Any]:
    if type(found) is not dict:
        raise MalformedRecord("arrayValue is not an object")
    items = found.get("values")
    if items is None:
        return []
    if type(items) is not list:
        raise MalformedRecord("values is not a list")
    return items


def value_text(item: Any) -> str | None:
    """Return a value as text; lists and dicts become JSON."""
    return item if item is None or type(item) is str else json_text(item)
