"""The functions that conditions and expressions may call.

A function that is not in `FUNCTIONS` does not run. The table has no function that reads a file, changes a
setting or returns more than it was given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import ConditionError
from obskit.text import first_line

MAX_PATTERN = 1_000  # characters of a regular expression
MAX_PART = 10_000
_MISSING_GROUP = re.compile(r"Rewrite schema requests (\d+) matches")
_KEY = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_PATH = re.compile(r"\$(?:\.[A-Za-z_]\w*|\.\"[^\"\\*]+\"|\[\d{1,6}\])*", re.ASCII)
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


def _check_pattern(pattern: str, replacement: str, function: str) -> None:
    """Raise if RE2 cannot use a pattern, or if a replacement refers to a group that is not there.

    Arrow and DuckDB both use RE2, so Arrow says at once what DuckDB would only say of a row.
    """
    try:
        pc.replace_substring_regex(pa.array([""]), pattern, replacement)
    except pa.ArrowInvalid as error:
        # The rest of Arrow's text quotes the pattern in parentheses of its own.
        why = first_line(error).removeprefix("Invalid regular expression: ").partition(": ")[0]
        if found := _MISSING_GROUP.search(str(error)):
            raise ConditionError(
                f"the pattern of {function} has no group {found[1]}: {pattern!r}",
                hint="put the part to extract in parentheses: 'order ([0-9]+)'",
            ) from None
        raise ConditionError(
            f"{function} cannot use the pattern {pattern!r}: {why}", hint=FUNCTIONS[function].hint
        ) from None


def _group(number: Any, function: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 9:
        raise ConditionError(
            f"the group of {function} must be a whole number from 0 (the whole match) to 9, got {number!r}",
            hint=FUNCTIONS[function].hint,
        )
    return number


def _regexp_extract(value: ir.Value, pattern: Any, group: Any = 0) -> ir.Value:
    text = _pattern_text(pattern, "regexp_extract", MAX_PATTERN)
    number = _group(group, "regexp_extract")
    _check_pattern(text, rf"\{number}", "regexp_extract")
    # DuckDB returns an empty text where nothing matches, which looks like a match of nothing.
    return value.re_search(text).ifelse(value.re_extract(text, number), ibis.null("string"))


def _regexp_replace(value: ir.Value, pattern: Any, replacement: Any, options: Any = "g") -> ir.Value:
    text = _pattern_text(pattern, "regexp_replace", MAX_PATTERN)
    if not isinstance(replacement, str) or options != "g":
        raise ConditionError(
            "regexp_replace replaces every match: its third argument must be text, and a fourth one must be "
            f"'g', got {replacement!r} and {options!r}",
            hint=FUNCTIONS["regexp_replace"].hint,
        )
    _check_pattern(text, replacement, "regexp_replace")
    return value.re_replace(text, replacement)


def _split_part(value: ir.Value, separator: Any, number: Any) -> ir.Value:
    valid = isinstance(separator, str) and separator and isinstance(number, int) and number
    if not valid or isinstance(number, bool) or abs(number) > MAX_PART:
        raise ConditionError(
            "split_part needs a separator and the number of a part, 1 for the first or -1 for the last, "
            f"got {separator!r} and {number!r}",
            hint=FUNCTIONS["split_part"].hint,
        )
    return value.split(separator)[number - 1 if number > 0 else number]


@ibis.udf.scalar.builtin(name="json_extract_string")  # type: ignore[untyped-decorator]
def _extract_json(value: dt.json, path: str) -> str:  # type: ignore[empty-body]
    """Return the text at a path; DuckDB's function."""


def _json_extract_string(value: ir.Value, path: Any) -> ir.Value:
    if (
        not isinstance(path, str)
        or len(path) > MAX_PATTERN
        or not (_KEY.fullmatch(path) or _PATH.fullmatch(path))
    ):
        raise ConditionError(
            f"json_extract_string needs the path of one value, got {path!r}",
            hint="write a key, or a path such as '$.user.id', '$.items[0].sku' or '$.\"a.b\"'",
        )
    # Text that is not JSON has no values; DuckDB would fail on it.
    return _extract_json(value.try_cast("json"), f"$.{path}" if _KEY.fullmatch(path) else path)


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
    "regexp_extract": Function(
        "spp", _regexp_extract, "regexp_extract(body, 'order ([0-9]+)', 1) = '4711'", least=2
    ),
    "regexp_replace": Function(
        "sppp", _regexp_replace, "regexp_replace(url.path, '[0-9]+', 'N') = '/orders/N'", least=3
    ),
    "split_part": Function("spp", _split_part, "split_part(host.name, '-', 1) = 'pay'"),
    "json_extract_string": Function(
        "sp", _json_extract_string, "json_extract_string(body, '$.user.id') = '7'"
    ),
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
