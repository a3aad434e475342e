"""Read the values of a flat field by what its name may mean; a value that does not fit becomes null.

    "250ms" of `elapsed`           250.0, because the text has the unit
    250 of `elapsed`               null: the unit is unknown
    250 of `elapsed_us`            0.25
    200 of `status`                200, if all values of the column are HTTP statuses
    0.1 of `sample_rate`           weight 10

The caller keeps what became null under the field's own name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import flat_fields as names
from obskit.names.flat_fields import FlatField
from obskit.schema.exception_text import stack_texts
from obskit.schema.mapping import milliseconds
from obskit.schema.parse import by_value, parse
from obskit.schema.severity import read_levels, read_priorities
from obskit.schema.time_text import Noting, read_times
from obskit.schema.types import TYPES, to_text

# Seconds of 2000 and 2100: a smaller or larger number is an elapsed time, a count or an id.
EARLIEST, LATEST = 946_684_800, 4_102_444_800
_COMPACT = (20_000_101_000_000, 21_000_101_000_000)  # 20260504100000
_NUMERIC = r"^\s*[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?\s*$"
_DATE_ONLY = r"^\s*\d{4}[-/.]?\d{2}[-/.]?\d{2}\s*$"
_KNOWN_STATUSES = frozenset(
    [*range(100, 104), *range(200, 209), 226, *range(300, 309), *range(400, 432), 440, 444, 449, 450, 451]
)
_SPAN_KINDS = frozenset({"internal", "server", "client", "producer", "consumer"})
_SPAN_STATUSES = frozenset({"OK", "ERROR", "UNSET"})
_FLAGS = {"true": True, "false": False, "1": True, "0": False}
_KNOWN_STATUSES |= {460, 463, 464, *range(494, 500), *range(500, 512), *range(520, 531), 561, 598, 599}
SOURCE_FILES = "(?:go|rs|py|js|mjs|ts|tsx|jsx|java|kt|scala|rb|c|cc|cpp|h|hpp|cs|php|exs?|erl|swift|lua|pl)"
"""What the names of source files end with."""

_SOURCE_FILE = rf"^\S+\.{SOURCE_FILES}$"
_TIME_AND_UNIT = r"^\d+(?:\.\d+)?(?:ns|us|µs|ms|s)$"
_NO_ANSWER = frozenset({0, -1})
_UNITS = r"(ns|us|µs|μs|ms|s|m|h)"
_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_ONE = re.compile(
    rf"\s*([+-]?(?:{_NUMBER}))\s*(ns|us|µs|μs|ms|msec|millis|milliseconds|s|sec|secs|seconds)\s*",
    re.ASCII | re.I,
)
_SEVERAL = re.compile(rf"\s*-?(?:(?:{_NUMBER}){_UNITS})+\s*", re.ASCII)
_EACH = re.compile(rf"({_NUMBER}){_UNITS}", re.ASCII)
_CLOCK = re.compile(r"\s*(-)?(?:(\d+)(?:\.| days?,? ))?(\d{1,2}):(\d{2}):(\d{2})(\.\d+)?\s*", re.ASCII)
_MS = {
    "h": 3_600_000.0,
    "m": 60_000.0,
    "s": 1_000.0,
    "ms": 1.0,
    "us": 1e-3,
    "µs": 1e-3,
    "μs": 1e-3,
    "ns": 1e-6,
}
_WORDS = {"msec": "ms", "millis": "ms", "milliseconds": "ms", "sec": "s", "secs": "s", "seconds": "s"}
_HEADERS = (
    re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.I),  # W3C traceparent
    re.compile(r"(?:.*;\s*)?Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;.*)?", re.I),  # AWS X-Amzn-Trace-Id
    re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})", re.I),
    re.compile(r"([0-9a-f]{32}|[0-9a-f]{16})-[0-9a-f]{16}(?:-[01d])?(?:-[0-9a-f]{16})?", re.I),  # Zipkin's b3
    re.compile(r"([0-9a-f]{16,32}):[0-9a-f]{1,16}:[0-9a-f]{1,16}:[0-9a-f]{1,2}", re.I),  # Jaeger
    re.compile(r"projects/[^/]+/traces/([0-9a-f]{32})", re.I),  # Google Cloud
    re.compile(r"([0-9a-f]{32})/\d+(?:;o=\d)?", re.I),
)


def read_flat(
    meaning: FlatField, values: pa.Array, zone: ZoneInfo | None, note: Noting, *, traced: bool
) -> pa.Array:
    """Read values of a flat field.

    Args:
        meaning: from `flat_field`.
        values: plain array.
        zone: time zone of naive times; None is UTC.
        note: called with a remark about a choice.
        traced: whether the rows have trace ids.

    Returns:
        Array of the target's type; null where a value does not fit.
    """
    reading = meaning.reading
    if reading in (names.TIME, names.DAY):
        return read_time(values, zone, note)
    if reading == names.DURATION:
        return read_duration(values, meaning.milliseconds)
    if reading == names.WEIGHT:
        return read_weight(values, note, traced=traced)
    if reading in (names.STATUS, names.MAYBE_STATUS):
        return read_status(values, certain=reading == names.STATUS)
    return _READINGS[reading](values)


def time_tier(meaning: FlatField, values: pa.Array) -> int:
    """Return how good a column of times is; the lowest is best, and 0 for anything but times.

    Args:
        meaning: from `flat_field`.
        values: plain array.

    Returns:
        0 for texts and Arrow times, 1 for numbers, 2 for dates without a time of day.
    """
    if meaning.reading not in (names.TIME, names.DAY):
        return 0
    if pa.types.is_timestamp(values.type):
        return 2 if meaning.reading == names.DAY and _midnights(values) else 0
    if pa.types.is_string(values.type):
        first = pc.first(values, skip_nulls=True).as_py() or ""
        return 1 if re.match(_NUMERIC, first) else 2 if re.match(_DATE_ONLY, first) else 0
    return 1


def _midnights(values: pa.Array) -> bool:
    """Return whether all times are at midnight: a date, such as that of a partition."""
    micros = values.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).drop_null()
    days = pc.multiply(pc.divide(micros, 86_400_000_000), 86_400_000_000)
    return len(micros) > 0 and bool(pc.all(pc.equal(days, micros)).as_py())


def split_plausible(values: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Split numbers into those that are a plausible time, and the others; None if there are no others."""
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return values, None
    good = plausible(values)
    if pc.all(pc.or_(good, pc.is_null(values)), min_count=0).as_py():
        return values, None
    null = pa.scalar(None, values.type)
    return pc.if_else(good, values, null), pc.if_else(good, null, values)


def read_time(values: pa.Array, zone: ZoneInfo | None, note: Noting) -> pa.Array:
    """Return times; numbers only where they are between 2000 and 2100 in some unit."""
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return _plausible_time(values, zone, note)
    if not pa.types.is_string(values.type):
        return parse(values, "timestamp")
    numeric = pc.fill_null(pc.match_substring_regex(values, _NUMERIC), False)
    if not pc.any(numeric).as_py():
        return parse(values, "timestamp", None, zone, note)
    null = pa.scalar(None, pa.string())
    numbers = parse(pc.if_else(numeric, values, null), "float")
    exact = parse(pc.if_else(numeric, values, null), "int")
    times = pc.coalesce(_plausible_time(exact, zone, note), _plausible_time(numbers, zone, note))
    texts = pc.if_else(numeric, null, values)
    return (
        times
        if texts.null_count == len(texts)
        else pc.coalesce(times, parse(texts, "timestamp", None, zone, note))
    )


def plausible(values: pa.Array) -> pa.Array:
    """Return which numbers are a time between 2000 and 2100 in seconds, milli-, micro- or nanoseconds."""
    size = pc.cast(values, pa.float64(), safe=False)
    out = pa.repeat(False, len(values))
    for factor in (1.0, 1e3, 1e6, 1e9):
        within = pc.and_(pc.greater_equal(size, EARLIEST * factor), pc.less(size, LATEST * factor))
        out = pc.or_(out, pc.fill_null(within, False))
    return out


def _plausible_time(values: pa.Array, zone: ZoneInfo | None, note: Noting) -> pa.Array:
    good = plausible(values)
    times = parse(pc.if_else(good, values, pa.scalar(None, values.type)), "timestamp")
    if times.null_count == values.null_count or not pa.types.is_integer(values.type):
        return times
    compact = pc.and_(pc.greater_equal(values, _COMPACT[0]), pc.less(values, _COMPACT[1]))
    if not pc.any(compact).as_py():
        return times
    texts = to_text(pc.if_else(compact, values, pa.scalar(None, values.type)))
    return pc.coalesce(times, read_times(texts, zone, note))


def read_duration(values: pa.Array, factor: float) -> pa.Array:
    """Return milliseconds: of text with a unit, and of numbers if the name has a unit (`factor` is not 0)."""
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return milliseconds(parse(values, "float"), factor) if factor else pa.nulls(len(values), pa.float64())
    if not pa.types.is_string(values.type):
        return pa.nulls(len(values), pa.float64())
    numbers = parse(values, "float")
    out = milliseconds(numbers, factor) if factor else pa.nulls(len(values), pa.float64())
    if numbers.null_count == values.null_count:
        return out
    rest = pc.if_else(pc.is_valid(numbers), pa.scalar(None, pa.string()), values)
    return pc.coalesce(out, by_value(rest, duration_of_text, pa.float64()))


def duration_of_text(text: str) -> float | None:
    """Return the milliseconds of "250ms", "1.5 s", "1m2.5s" or "00:00:00.2500000"; None for other text."""
    if found := _ONE.fullmatch(text):
        unit = found[2].lower()
        return _times(float(found[1]), _WORDS.get(unit, unit))
    if _SEVERAL.fullmatch(text):
        total = sum(_times(float(number), unit) for number, unit in _EACH.findall(text))
        return -total if text.lstrip().startswith("-") else total
    if found := _CLOCK.fullmatch(text):
        minutes = (int(found[2] or 0) * 24 + int(found[3])) * 60 + int(found[4])
        total = (minutes * 60 + int(found[5]) + float(found[6] or 0)) * 1_000
        return -total if found[1] else total
    return None


def _times(number: float, unit: str) -> float:
    factor = _MS[unit]
    return number * factor if factor >= 1 else number / round(1 / factor)


def read_status(values: pa.Array, *, certain: bool) -> pa.Array:
    """Return HTTP statuses.

    Args:
        values: integers or digits.
        certain: the name says that these are statuses, so other values (0 for no answer) do not matter. Else
            all values must be known statuses, 0 or -1.

    Returns:
        int64, null where a value is not a status.
    """
    nothing = pa.nulls(len(values), pa.int64())
    text = pa.types.is_string(values.type)
    if not (text or pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return nothing
    numbers = parse(values, "int")
    if certain:
        fits = pc.and_(pc.greater_equal(numbers, 100), pc.less(numbers, 600))
        return pc.if_else(fits, numbers, pa.scalar(None, pa.int64()))
    found = set(numbers.unique().to_pylist()) - {None}
    if (
        numbers.null_count > values.null_count
        or not found - _NO_ANSWER
        or found - _KNOWN_STATUSES - _NO_ANSWER
    ):
        return nothing
    return pc.if_else(pc.greater_equal(numbers, 100), numbers, pa.scalar(None, pa.int64()))


def other_than_status(values: pa.Array) -> str | None:
    """Return a value that is no HTTP status, of a column in which a tenth or more are; else None."""
    if pa.types.is_nested(values.type):
        return None
    numbers = parse(values, "int")
    found = pc.fill_null(pc.is_in(numbers, pa.array(sorted(_KNOWN_STATUSES))), False)
    others = values.filter(pc.and_(pc.invert(found), pc.is_valid(values)))
    if not len(others) or 10 * pc.sum(found).as_py() < len(values) - values.null_count:
        return None
    return str(others[0].as_py())[:40]


def read_weight(values: pa.Array, note: Noting, *, traced: bool) -> pa.Array:
    """Return sample weights: of a fraction its inverse, else the number, unless it may be something else."""
    numbers = parse(values, "float")
    positive = pc.greater(numbers, 0)
    fraction = pc.fill_null(pc.and_(positive, pc.less(numbers, 1)), False)
    nothing = pa.scalar(None, pa.float64())
    large = pc.fill_null(pc.greater_equal(numbers, 1_000), False)
    if not traced and pc.any(large).as_py():
        note(
            "sample rates of 1,000 or more in rows without trace ids may be of audio or of a sensor: "
            'they are not used as weights. If they are weights, map them: {"sample_weight": NAME}'
        )
        numbers = pc.if_else(large, nothing, numbers)
    if pc.any(fraction).as_py():
        note("sample rates below 1 are fractions: a row with a rate of 0.1 counts as 10 events")
        numbers = pc.if_else(fraction, pc.divide(1.0, numbers), numbers)
    return pc.if_else(positive, numbers, nothing)


def trace_of_header(text: str) -> str | None:
    """Return the trace id of a header's value, in lower case; None if it has none."""
    for header in _HEADERS:
        if found := header.fullmatch(text.strip()):
            return "".join(found.groups()).lower()
    return None


def _text(values: pa.Array) -> pa.Array:
    return values if pa.types.is_string(values.type) else pa.nulls(len(values), pa.string())


def _caller(values: pa.Array) -> pa.Array:
    """Return paths of source code; others may be people, services or `-`."""
    if not pa.types.is_string(values.type):
        return pa.nulls(len(values), pa.string())
    source = pc.match_substring_regex(values, _SOURCE_FILE)
    return pc.if_else(source, values, pa.scalar(None, pa.string()))


def _program(values: pa.Array) -> pa.Array:
    """Return names; a text that is a duration is none."""
    texts = _text(values)
    timed = pc.fill_null(pc.match_substring_regex(texts, _TIME_AND_UNIT), False)
    return pc.if_else(timed, pa.scalar(None, pa.string()), texts)


def _integer(values: pa.Array) -> pa.Array:
    fits = pa.types.is_integer(values.type) or pa.types.is_string(values.type)
    return parse(values, "int") if fits else pa.nulls(len(values), TYPES["int"])


def _id(values: pa.Array) -> pa.Array:
    fits = pa.types.is_integer(values.type) or pa.types.is_string(values.type)
    return to_text(values) if fits else pa.nulls(len(values), pa.string())


def _stream(values: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return pa.nulls(len(values), pa.string())
    known = pc.is_in(values, pa.array(["stdout", "stderr"]))
    return pc.if_else(known, values, pa.scalar(None, pa.string()))


def span_status(text: str) -> str | None:
    """Return OK, ERROR or UNSET of a span's status; None for any other text."""
    found = text.strip().upper().removeprefix("STATUS_CODE_")
    return found if found in _SPAN_STATUSES else None


def _span_kind(text: str) -> str | None:
    found = text.strip().lower().removeprefix("spankind.").removeprefix("span_").removeprefix("kind_")
    return found if found in _SPAN_KINDS else None


def _words(read: Callable[[str], str | None]) -> Callable[[pa.Array], pa.Array]:
    def words(values: pa.Array) -> pa.Array:
        if not pa.types.is_string(values.type):
            return pa.nulls(len(values), pa.string())
        return by_value(values, read, pa.string())

    return words


def _flag(values: pa.Array) -> pa.Array:
    if pa.types.is_boolean(values.type):
        return values
    if not (pa.types.is_string(values.type) or pa.types.is_integer(values.type)):
        return pa.nulls(len(values), pa.bool_())
    return by_value(to_text(values), lambda text: _FLAGS.get(text.strip().lower()), pa.bool_())


def _header(values: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return pa.nulls(len(values), pa.string())
    return by_value(values, trace_of_header, pa.string())


_READINGS: dict[str, Callable[[pa.Array], pa.Array]] = {
    names.TEXT: _text,
    names.CALLER: _caller,
    names.PROGRAM: _program,
    names.SPAN_KIND: _words(_span_kind),
    names.SPAN_STATUS: _words(span_status),
    names.FLAG: _flag,
    names.INTEGER: _integer,
    names.HEX_ID: _id,
    names.STREAM: _stream,
    names.TRACE_HEADER: _header,
    names.STACK: stack_texts,
    names.LEVEL: read_levels,
    names.PRIORITY: read_priorities,
}
