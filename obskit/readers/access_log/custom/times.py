"""Times in a format of the caller: Apache's `%{format}t`, where several directives may make one time.

%{%d/%b/%Y:%H:%M:%S}t.%{msec_frac}t %{%z}t    04/May/2026:10:00:01.250 +0200  ->  08:00:01.250 UTC
%{sec}t, %{msec}t, %{usec}t                   since 1970, in the unit that the name says
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import InvalidArgument
from obskit.schema.parse import by_value, from_epoch, parse

_SHAPES = {
    **dict.fromkeys("dmHMSyI", r"\d\d"),
    "Y": r"\d{4}",
    "j": r"\d{3}",
    "b": r"\w{3}",
    "h": r"\w{3}",
    "a": r"\w{3}",
    "B": r"\w+",
    "A": r"\w+",
    "e": r"[ \d]\d",
    "k": r"[ \d]\d",
    "p": r"[AP]M",
    "z": r"(?:[+-]\d\d:?\d\d|Z)",
    "Z": r"\w+",
}
_WHOLE = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M"}
_EPOCH = {"sec": "s", "msec": "ms", "usec": "us", "s": "s"}
_FRACTIONS = {"msec_frac": (r"\d{3}", "%f"), "usec_frac": (r"\d{6}", "%f")}
_LETTER = re.compile(r"%(-?)(.)")
_MICROSECOND = timedelta(microseconds=1)
# Letters that strptime does not know, and the ones that it reads the same text with.
_PYTHON = {"e": "%d", "h": "%b", "k": "%H"}


def _expanded(format: str) -> str:
    """Return a format without the prefix that says which end of the request is meant, and in full."""
    plain = re.sub(r"^(?:begin|end):", "", format)
    return _LETTER.sub(lambda found: _WHOLE.get(found[2], found[0]), plain)


def time_pattern(format: str, text: str) -> str:
    """Return the regular expression of a time.

    Args:
        format: in strftime's notation, or one of Apache's words such as `msec`.
        text: the whole directive, for the message.

    Returns:
        The pattern, without groups.

    Raises:
        InvalidArgument: the format has a letter of which the length is not known.
    """
    plain = _expanded(format)
    if plain in _EPOCH or plain == "%s":
        return r"\d{1,17}"
    if plain in _FRACTIONS:
        return _FRACTIONS[plain][0]
    out, at = "", 0
    for found in _LETTER.finditer(plain):
        if found[2] not in _SHAPES and found[2] not in "%nt":
            raise InvalidArgument(
                f"log_format has an unknown time format %{found[2]} in {text}",
                hint="use letters that Python's strptime reads, such as %{%Y-%m-%dT%H:%M:%S%z}t",
            )
        out += re.escape(plain[at : found.start()])
        out += {"%": "%", "n": r"\n", "t": r"\t"}.get(found[2]) or _SHAPES[found[2]]
        at = found.end()
    return out + re.escape(plain[at:])


def read_times(parts: Sequence[tuple[str, pa.Array]], tz: str | None) -> pa.Array:
    """Parse times of which each part is in a column.

    Args:
        parts: format and column, in the order of the log.
        tz: time zone of times without one; None is UTC.

    Returns:
        Microseconds since 1970; null where the parts are not a time.
    """
    formats = [_expanded(format) for format, _ in parts]
    for format, (_, values) in zip(formats, parts, strict=True):
        if format in _EPOCH or format == "%s":
            return from_epoch(parse(values, "int"), _EPOCH.get(format, "s")).cast(pa.int64())
    joined = parts[0][1]
    for _, values in parts[1:]:
        joined = pc.binary_join_element_wise(joined, values, " ")
    whole = " ".join(_FRACTIONS[format][1] if format in _FRACTIONS else _python(format) for format in formats)
    zone = UTC if tz is None else ZoneInfo(tz)

    def moment(text: str) -> int | None:
        try:
            found = datetime.strptime(text, whole)
        except ValueError:
            return None
        found = found.replace(tzinfo=zone) if found.tzinfo is None else found
        try:
            return (found.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
        except OverflowError:
            return None

    return by_value(joined, moment, pa.int64())


def _python(format: str) -> str:
    return _LETTER.sub(lambda found: _PYTHON.get(found[2], f"%{found[2]}"), format)
