"""Parse values as a known type: the text "500" is an HTTP status, the number 1700000000000 a time.

Every function takes a plain array and returns one of the wanted type; values that do not parse become null.
Arrow parses whole columns; only columns with an unusual value are parsed value by value, each distinct value
once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.time_text import FIRST, LAST, Noting, in_zone, read_times, silent
from obskit.schema.types import TIMESTAMP, TYPES, to_text

UNITS_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
_NUMERIC = r"^\s*[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?\s*$"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
# 1,250.5, and 250,5 or 1.250,5 with a decimal comma. 1,250 may be either and is not read.
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d*|[+-]?\d{1,3}(,\d{3}){2,}", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3})+,\d+)", re.ASCII)


def parse(
    array: pa.Array,
    word: str,
    unit: str | None = None,
    zone: ZoneInfo | None = None,
    note: Noting = silent,
) -> pa.Array:
    """Parse an array; values that do not parse become null.

    Args:
        array: plain array (`types.plain`).
        word: the wanted type, a key of `types.TYPES`.
        unit: unit of timestamps that are numbers: "s", "ms", "us" or "ns". None detects it by their size.
        zone: time zone of texts without one; None is UTC.
        note: called with a remark about each choice that a time's text did not decide.

    Returns:
        Array of the wanted type, of the same length.
    """
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), TYPES[word])
    if word == "string":
        return to_text(array)
    if word == "timestamp":
        return _timestamps(array, unit, zone, note)
    if array.type.equals(TYPES[word]):
        return array
    if word == "float":
        return _floats(array)
    if word == "bool":
        return _bools(array)
    integers = _integers(array)
    if word == "int32":
        fits = pc.less_equal(pc.abs(pc.cast(integers, pa.float64(), safe=False)), float(2**31 - 1))
        return pc.cast(pc.if_else(fits, integers, None), pa.int32())
    return integers


def by_value(array: pa.Array, function: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """Apply a function to every value, calling it once per distinct value; null stays null."""
    encoded = array.dictionary_encode()
    made = [function(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(made, kind).take(encoded.indices)


def _floats(array: pa.Array) -> pa.Array:
    if pa.types.is_integer(array.type):
        return pc.cast(array, pa.float64(), safe=False)
    if pa.types.is_string(array.type):
        try:
            return pc.cast(array, pa.float64())
        except pa.ArrowInvalid:
            return by_value(array, _float, pa.float64())
    return pa.nulls(len(array), pa.float64())


def _float(text: str) -> float | None:
    text = text.strip()
    if _NUMBER.fullmatch(text) or text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return float(text)
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    if _DECIMAL_COMMA.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    return None


def _integers(array: pa.Array) -> pa.Array:
    if pa.types.is_integer(array.type):
        return pc.cast(array, pa.int64())
    if pa.types.is_floating(array.type):
        values = array.to_numpy(zero_copy_only=False)
        with np.errstate(invalid="ignore"):
            whole = (np.floor(values) == values) & (np.abs(values) < 2.0**63)
        return pa.array(np.where(whole, values, 0).astype(np.int64), mask=~whole)
    if pa.types.is_string(array.type):
        try:
            return pc.cast(array, pa.int64())
        except pa.ArrowInvalid:
            return by_value(array, _integer, pa.int64())
    return pa.nulls(len(array), pa.int64())


def _integer(text: str) -> int | None:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    digits = text.lstrip("+-")
    if digits.isdigit():
        value = int(text) if len(digits) < 20 else 2**64
    else:
        number = float(text)
        value = int(number) if math.isfinite(number) and number.is_integer() else 2**64
    return value if -(2**63) <= value < 2**63 else None


def _bools(array: pa.Array) -> pa.Array:
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        known = pc.is_in(array, pa.array([0, 1], array.type))
        return pc.if_else(known, pc.equal(array, pa.scalar(1, array.type)), pa.scalar(None, pa.bool_()))
    if pa.types.is_string(array.type):
        return by_value(array, _bool, pa.bool_())
    return pa.nulls(len(array), pa.bool_())


def _bool(text: str) -> bool | None:
    text = text.strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def _timestamps(array: pa.Array, unit: str | None, zone: ZoneInfo | None, note: Noting) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        return _in_range(pc.cast(array, pa.int64()))
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return from_epoch(array, unit)
    if pa.types.is_string(array.type):
        return _from_text(array, unit, zone, note)
    return pa.nulls(len(array), TIMESTAMP)


def _in_range(microseconds: pa.Array) -> pa.Array:
    extremes = pc.min_max(microseconds).as_py()
    if extremes["min"] is not None and (extremes["min"] < FIRST or extremes["max"] > LAST):
        fits = pc.and_(pc.greater_equal(microseconds, FIRST), pc.less_equal(microseconds, LAST))
        microseconds = pc.if_else(fits, microseconds, None)
    return microseconds.cast(TIMESTAMP)


def from_epoch(array: pa.Array, unit: str | None = None) -> pa.Array:
    """Return numbers since 1970 as timestamps.

    Args:
        array: integers or floats.
        unit: "s", "ms", "us" or "ns". None detects it for each value: below 1e11 seconds (until the year
            5138), below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds.

    Returns:
        Timestamps in microseconds, UTC; null where out of range.
    """
    missing = array.is_null().to_numpy(zero_copy_only=False)
    whole = pa.types.is_integer(array.type)
    values = array.fill_null(0).to_numpy(zero_copy_only=False)
    size = np.abs(values.astype(np.float64))
    out = np.zeros(len(values), np.int64)
    bad = missing | ~np.isfinite(size)
    for name, least, most in (
        ("s", -1, 1e11),
        ("ms", 1e11, 1e14),
        ("us", 1e14, 1e17),
        ("ns", 1e17, math.inf),
    ):
        if unit is None:
            rows = (size > -1 if name == "s" else size >= least) & (size < most) & ~bad
        elif unit == name:
            rows = ~bad
        else:
            continue
        if rows.any():
            out[rows], out_of_range = _scaled(values[rows], name, whole)
            bad[np.flatnonzero(rows)[out_of_range]] = True
    bad |= (out < FIRST) | (out > LAST)
    return pa.array(out, pa.int64(), mask=bad).cast(TIMESTAMP)


def _scaled(
    values: npt.NDArray[Any], unit: str, whole: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    factor = 1_000_000 / UNITS_PER_SECOND[unit]
    rough = values.astype(np.float64) * factor
    beyond = ~((rough >= FIRST) & (rough <= LAST))
    safe = np.where(beyond, 0, values)
    if unit == "ns":
        exact = np.floor_divide(safe, 1000)
    elif whole:
        exact = safe * int(factor)
    else:
        exact = np.round(safe * factor)
    return exact.astype(np.int64), beyond


def _from_text(array: pa.Array, unit: str | None, zone: ZoneInfo | None, note: Noting) -> pa.Array:
    if (moments := _uniform_times(array, zone, note)) is not None:
        return moments
    null = pa.scalar(None, pa.string())
    numeric = pc.match_substring_regex(array, _NUMERIC)
    if pc.any(numeric).as_py():
        texts = pc.if_else(numeric, null, array)
        numbers = _numbers(pc.if_else(numeric, array, null))
        moments = from_epoch(numbers, unit)
        if texts.null_count == len(texts):
            return moments
        return pc.coalesce(moments, _from_text(texts, unit, zone, note))
    # Some have nanoseconds or no time zone, and others not: the texts are made alike.
    short = pc.replace_substring_regex(array, r"([.,]\d{6})\d+", r"\1")
    zoned = pc.match_substring_regex(short, r"(?i)[0-9](z|[+-][0-9]{2}(:?[0-9]{2})?)$")
    dated = pc.match_substring_regex(short, r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
    naive = pc.and_(dated, pc.invert(zoned))
    repaired = pc.if_else(naive, pc.binary_join_element_wise(short, pa.scalar("Z"), ""), short)
    try:
        utc = pc.cast(repaired, TIMESTAMP).cast(pa.int64())
    except pa.ArrowInvalid:
        found = read_times(array, zone, note)
        if found.null_count == array.null_count:
            return found
        rest = pc.if_else(pc.is_valid(found), null, array)
        return pc.coalesce(found, by_value(rest, lambda text: _moment(text, zone, note), TIMESTAMP))
    if zone is not None and pc.any(naive).as_py():
        utc = pc.if_else(naive, localize(utc, zone, note), utc)
    return _in_range(utc)


def _uniform_times(array: pa.Array, zone: ZoneInfo | None, note: Noting) -> pa.Array | None:
    """Return times in ISO 8601 that all have a time zone or all have none; None if any has another form."""
    # A column in another form takes long to fail, because each value gets an error message: try one first.
    first = pc.first(array)
    for unit, name in (("us", "UTC"), ("ns", "UTC"), ("us", None), ("ns", None)):
        try:
            first.cast(pa.timestamp(unit, name))
            moments = pc.cast(array, pa.timestamp(unit, name)).cast(pa.int64())
        except pa.ArrowInvalid:
            continue
        if unit == "ns":
            missing = moments.is_null().to_numpy(zero_copy_only=False)
            whole = np.floor_divide(moments.fill_null(0).to_numpy(zero_copy_only=False), 1_000)
            moments = pa.array(whole, pa.int64(), mask=missing)
        if name is None and zone is not None:
            moments = localize(moments, zone, note)
        return _in_range(moments)
    return None


def localize(microseconds: pa.Array, zone: ZoneInfo, note: Noting = silent) -> pa.Array:
    """Return times of a zone's clocks, in microseconds since 1970, as UTC; null stays null."""
    mask = microseconds.is_null().to_numpy(zero_copy_only=False)
    shifted = in_zone(microseconds.fill_null(0).to_numpy(zero_copy_only=False), zone, note)
    return pa.array(shifted, pa.int64(), mask=mask)


def _numbers(texts: pa.Array) -> pa.Array:
    try:
        return pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        return by_value(texts, float, pa.float64())


def _moment(text: str, zone: ZoneInfo | None, note: Noting) -> datetime | None:
    text = text.strip()
    head, _, last = text.rpartition(" ")
    if "/" in last and (named := _zone(last)) is not None:  # 2026-05-04 10:00:00 Europe/Berlin
        text, zone = head, named
    repaired = re.sub(r"([.,]\d{6})\d+", r"\1", text).replace(",", ".")
    repaired = re.sub(r"\s*(UTC|GMT)$", "Z", repaired)
    try:
        moment = datetime.fromisoformat(repaired)
    except ValueError:
        return None
    try:
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        moment = moment.replace(tzinfo=UTC)
        if zone is None:
            return moment
        since = (moment - _EPOCH) // _MICROSECOND
        return _EPOCH + int(in_zone(np.array([since]), zone, note)[0]) * _MICROSECOND
    except OverflowError:
        return None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
