"""The functions that conditions and expressions may call.

A function that is not in `FUNCTIONS` does not run. The table has no function that reads a file, changes a
setting or returns more than it was given.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from obskit.errors import ConditionError

MAX_PATTERN = 1_000  # characters of a regular expression
_UNITS = {"second": "s", "minute": "m", "hour": "h", "day": "D", "week": "W", "month": "M", "year": "Y"}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in a condition, before it is converted to the type of the other side."""

    value: str | int | float | bool | None


Operand = ir.Value | Literal


@dataclass(frozen=True, slots=True)
class Function:
    """A function that conditions may call.

    Attributes:
        arguments: a letter per argument: s text, n number, t time, l list or text, p a written value, a
            anything; with `*`, any number of them.
        build: makes the Ibis expression from the arguments.
        example: a condition or expression that uses the function.
        least: number of required arguments; None if all are required.
    """

    arguments: str
    build: Callable[..., ir.Value]
    example: str
    least: int | None = None

    @property
    def hint(self) -> str:
        """The example as the hint of an error."""
        return f"for example: {self.example}"


def _regexp_matches(value: ir.Value, pattern: Any) -> ir.Value:
    return value.re_search(_pattern_text(pattern, "regexp_matches", MAX_PATTERN))


def _pattern_text(operand: Any, function: str, limit: int) -> str:
    if not isinstance(operand, str):
        raise ConditionError(
            f"the pattern of {function} must be text in single quotes, got {operand!r}",
            hint=FUNCTIONS[function].hint,
        )
    if len(operand) > limit:
        raise ConditionError(
            f"the pattern of {function} has {len(operand):,} characters; the limit is {limit:,}",
            hint="split it into shorter patterns and join them with `or`",
        )
    return operand


def _truncate(unit: Any, value: ir.Value) -> ir.Value:
    name = unit.lower() if isinstance(unit, str) else unit
    if name not in _UNITS:
        raise ConditionError(f"date_trunc has no unit {name!r}", hint=f"use one of {', '.join(_UNITS)}")
    return value.truncate(_UNITS[name])


def _contains(value: ir.Value, part: Any) -> ir.Value:
    return value.contains(part)


def _length(value: ir.Value) -> ir.Value:
    return value.length()


def _round(value: ir.Value, digits: Any = 0) -> ir.Value:
    if not isinstance(digits, int) or not -15 <= digits <= 15:
        raise ConditionError(
            f"round needs a whole number of digits from -15 to 15, got {digits!r}",
            hint=FUNCTIONS["round"].hint,
        )
    return value.cast("float64").round(digits)


def _make_time(*parts: Any) -> ir.Value:
    # Ibis writes times this way.
    *numbers, zone = parts
    if zone != "UTC" or not all(isinstance(n, (int, float)) for n in numbers):
        raise ConditionError(
            "make_timestamptz needs six numbers and 'UTC'", hint="write the time as text: '2026-05-04T10:00Z'"
        )
    year, month, day, hour, minute, second = numbers
    whole = math.floor(second)
    micro = round((second - whole) * 1_000_000)
    iso_text = f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{whole:02d}.{micro:06d}+00:00"
    return ibis.timestamp(iso_text, timezone="UTC")


def _coalesce(*values: ir.Value) -> ir.Value:
    return ibis.coalesce(*values)


FUNCTIONS: dict[str, Function] = {
    "lower": Function("s", lambda s: s.lower(), "lower(name) = 'get /book'"),
    "upper": Function("s", lambda s: s.upper(), "upper(name) = 'GET /BOOK'"),
    "trim": Function("s", lambda s: s.strip(), "trim(name) = 'x'"),
    "length": Function("l", _length, "length(body) > 100"),
    "starts_with": Function("ss", lambda s, p: s.startswith(p), "starts_with(http.route, '/api')"),
    "ends_with": Function("ss", lambda s, p: s.endswith(p), "ends_with(http.route, '/book')"),
    "contains": Function("lp", _contains, "contains(body, 'timeout')"),
    "regexp_matches": Function("sp", _regexp_matches, "regexp_matches(http.route, '^/v[0-9]+/')"),
    "abs": Function("n", lambda n: n.abs(), "abs(delta) > 5"),
    "round": Function("np", _round, "round(duration_ms, 1)", least=1),
    "floor": Function("n", lambda n: n.floor(), "floor(duration_ms / 100)"),
    "ceil": Function("n", lambda n: n.ceil(), "ceil(duration_ms / 100)"),
    "ln": Function("n", lambda n: (n > 0).ifelse(n.ln(), ibis.null("float64")), "ln(duration_ms)"),
    "sqrt": Function("n", lambda n: (n >= 0).ifelse(n.sqrt(), ibis.null("float64")), "sqrt(x)"),
    "isnan": Function("n", lambda n: n.cast("float64").isnan(), "isnan(duration_ms)"),
    "isinf": Function("n", lambda n: n.cast("float64").isinf(), "isinf(duration_ms)"),
    "hour": Function("t", lambda t: t.hour(), "hour(timestamp) = 9"),
    "minute": Function("t", lambda t: t.minute(), "minute(timestamp) < 5"),
    "second": Function("t", lambda t: t.second(), "second(timestamp) = 0"),
    "day": Function("t", lambda t: t.day(), "day(timestamp) = 4"),
    "weekday": Function("t", lambda t: t.day_of_week.index(), "weekday(timestamp) = 0 (a Monday)"),
    "date_trunc": Function("pt", _truncate, "date_trunc('hour', timestamp) = '2026-05-04T10:00Z'"),
    "make_timestamptz": Function("ppppppp", _make_time, "timestamp >= '2026-05-04T10:00Z'"),
    "coalesce": Function("a*", _coalesce, "coalesce(error.type, 'none') = 'none'"),
}

ALIASES = {
    "array_contains": "contains",
    "list_contains": "contains",
    "startswith": "starts_with",
    "endswith": "ends_with",
    "ceiling": "ceil",
    "len": "length",
    "strlen": "length",
    "substring_of": "contains",
    "is_nan": "isnan",
}

# The functions of `query`. A condition that uses one gets an error that says so.
CALCULATIONS = frozenset(
    {"count", "sum", "avg", "min", "max", "count_distinct", "share", "rate", "rows", "concurrency", "median"}
)
