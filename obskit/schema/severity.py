"""Log levels: which words are levels, and the number that OpenTelemetry gives each of them.

    "WARN", "warning", "W", 40 in pino's scale, 4 in syslog's      13

Numbers of scales become words of the program that wrote them, so that `severity_text` can be read.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.parse import by_value, parse

ERROR = 17
"""Least severity number of an error."""

USUAL = 0.9
"""Share of the numbers of a column of levels that are of pino's scale, at least."""

_NUMBERS: dict[int, str] = {
    1: "trace verbose finest trc silly v t",
    5: "debug dbg fine finer config d",
    9: "info information informational notice success log inf i",
    13: "warn warning wrn w",
    ERROR: "error err severe eror e",
    21: "fatal critical crit ftl emerg emergency alert panic dpanic f",
}
_LEVELS = {word: number for number, words in _NUMBERS.items() for word in words.split()}
_BETWEEN = re.compile(r"(debug|info|warn|error)([+-]\d{1,2})")
"""Levels of Go's slog between the named ones, such as WARN+1; they are as far apart as OpenTelemetry's."""

_PINO = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}
_SCALE = pa.array(list(_PINO), pa.int64())
_SYSLOG = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")


def severity_numbers(texts: pa.Array) -> pa.Array:
    """Return OpenTelemetry's severity numbers of level words; null for words that are no known level.

    Args:
        texts: words such as "WARN", in any case.

    Returns:
        int32: TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17, FATAL 21.
    """
    return by_value(texts, _number, pa.int32())


def _number(text: str) -> int | None:
    word = text.strip().strip("[]").lower()
    if word in _LEVELS:
        return _LEVELS[word]
    found = _BETWEEN.fullmatch(word)
    return min(max(_LEVELS[found[1]] + int(found[2]), 1), 24) if found else None


def read_levels(values: pa.Array) -> pa.Array:
    """Return the texts of a column of levels; null throughout if it isn't one.

    Args:
        values: words, of which at least half are known, so that a customer's "gold" isn't a level; or
            numbers of the scale of pino and bunyan, except for a few of a program's own between them.

    Returns:
        Words as written, or pino's words; null for numbers that aren't pino's.
    """
    nothing = pa.nulls(len(values), pa.string())
    if pa.types.is_string(values.type):
        values = _words_for_numbers(values)
        known = severity_numbers(values)
        present = len(values) - values.null_count
        return values if 2 * (len(known) - known.null_count) >= present else nothing
    if pa.types.is_integer(values.type) and _is_scale(values.drop_null()):
        return by_value(values, _PINO.get, pa.string())
    return nothing


def _is_scale(numbers: pa.Array) -> bool:
    """Return whether numbers are levels of pino; its users add some, such as 35 for requests."""
    if not len(numbers):
        return False
    extremes = pc.min_max(numbers).as_py()
    known = pc.sum(pc.is_in(numbers, _SCALE)).as_py()
    return bool(extremes["min"] > 0 and extremes["max"] < 100 and known >= USUAL * len(numbers))


def _words_for_numbers(values: pa.Array) -> pa.Array:
    """Return texts with pino's words in place of its numbers, which are texts where other rows have words."""
    digits = pc.match_substring_regex(values, r"^\d+$")
    if not pc.any(digits).as_py() or pc.all(digits).as_py():
        return values
    if not pc.all(pc.is_in(values.filter(digits).drop_null(), _SCALE.cast(pa.string()))).as_py():
        return values
    return by_value(values, lambda text: _PINO[int(text)] if text.isdigit() else text, pa.string())


def read_priorities(values: pa.Array) -> pa.Array:
    """Return syslog's words for its severities 0 to 7, given as integers or digits; null for others."""
    if not (pa.types.is_integer(values.type) or pa.types.is_string(values.type)):
        return pa.nulls(len(values), pa.string())
    numbers = parse(values, "int")
    return by_value(numbers, lambda n: _SYSLOG[n] if 0 <= n < len(_SYSLOG) else None, pa.string())
