"""When requests began and how long they took: each server's times and units as `timestamp` and `duration_ms`.

    time_local 10:00:01, request_time 0.250      10:00:00.750, 250 ms    nginx logs when a request ended
    %t 10:00:01, %D 250000                   ->  10:00:01.000, 250 ms    Apache logs when it began

A field's name carries the unit: a value of unknown unit has another name, and never gets here. Durations that
are negative, `-1` in many servers, mean that nothing was measured: they are null.
"""

from __future__ import annotations

import re
from fractions import Fraction

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema import TIMESTAMP
from obskit.schema.parse import by_value, parse

Columns = dict[str, pa.Array]

LONGEST_MS = 1e11
"""Milliseconds (three years) beyond which the time that a request took must be a broken number."""

# Field -> milliseconds in one of its unit. The log's time is when the request ended, or when it began.
_ENDED = {
    "took_ns": 1e-6,
    "took_us": 1e-3,
    "took_ms": 1.0,
    "request_time": 1000.0,
    "took_s": 1000.0,
    "took_whole_s": 1000.0,
}
_BEGAN = {"duration_ns": 1e-6, "duration_us": 1e-3, "duration": 1.0, "duration_s": 1000.0}
_TEXTS = {"milliseconds": "ms"}
_PARTS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {
    "ns": Fraction(1, 1_000_000),
    "us": Fraction(1, 1000),
    "µs": Fraction(1, 1000),
    "μs": Fraction(1, 1000),
    "ms": Fraction(1),
    "s": Fraction(1000),
    "m": Fraction(60_000),
    "h": Fraction(3_600_000),
}


def add_times(fields: Columns, out: Columns, rows: int) -> None:
    """Move the times and durations from `fields` to `out`, as `timestamp` and `duration_ms`.

    Of several durations the one with the finest unit counts, and the others keep their names.

    Args:
        fields: columns by the names of `log_formats`. `micros` and `ended` are microseconds since 1970;
            `start` is a time as text.
        out: gets `timestamp`, and `duration_ms` if there is a duration.
        rows: number of rows.
    """
    over = pa.nulls(rows, pa.float64())
    took: pa.Array | None = None
    for name, factor in _ENDED.items():
        if name in fields and (took is None or took.null_count):
            found = _milliseconds(fields.pop(name), factor)
            over = pc.coalesce(over, found)
            took = found if took is None else pc.coalesce(took, found)
    for name, factor in _BEGAN.items():
        if name in fields and (took is None or took.null_count):
            found = _milliseconds(fields.pop(name), factor)
            took = found if took is None else pc.coalesce(took, found)
    for name, suffix in _TEXTS.items():
        if (values := fields.pop(name, None)) is not None:
            found = _milliseconds(pc.replace_substring_regex(values, f"{suffix}$", ""), 1.0)
            took = found if took is None else pc.coalesce(took, found)
    if took is not None:
        out["duration_ms"] = took
    began = fields.pop("start", None)
    moments = None if began is None else parse(began, "timestamp").cast(pa.int64())
    for name in ("micros", "ended"):
        if (values := fields.pop(name, None)) is not None:
            if name == "ended" or began is None:
                usual = pc.and_(pc.greater_equal(over, 0.0), pc.less(over, LONGEST_MS))
                shift = pc.cast(pc.round(pc.multiply(pc.if_else(usual, over, None), 1000.0)), pa.int64())
                values = pc.subtract(values, pc.fill_null(shift, 0))
            moments = values if moments is None else pc.coalesce(moments, values)
    if moments is None:
        moments = pa.nulls(rows, pa.int64())
    out["timestamp"] = moments.cast(TIMESTAMP)


def _milliseconds(values: pa.Array, factor: float) -> pa.Array:
    """Return durations in milliseconds; null replaces a negative one."""
    numbers = parse(values, "float")
    # 1.001 s are 1001 ms, but 1.001 * 1000.0 is not 1001.0.
    exact = pc.divide(numbers, 1 / factor) if factor < 1 else pc.multiply(numbers, factor)
    usual = pc.and_(pc.greater_equal(exact, 0.0), pc.less(exact, LONGEST_MS))
    rounded = pc.round(pc.if_else(usual, exact, None), 6)
    if rounded.null_count == exact.null_count:
        return rounded
    return pc.if_else(pc.less(exact, 0.0), None, pc.coalesce(rounded, exact))


def text_durations(values: pa.Array) -> pa.Array:
    """Return durations in Go's notation, such as `1m2.5s`, in milliseconds; null for other text."""
    return by_value(values, _text_duration, pa.float64())


def _text_duration(text: str) -> float | None:
    parts = _PARTS.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return float(sum(Fraction(number) * _UNITS[unit] for number, unit in parts))
