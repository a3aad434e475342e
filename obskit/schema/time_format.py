"""Read times by a format that the caller gives, in the codes of `strptime`.

"%d/%m/%Y %H:%M:%S" becomes a regular expression with named groups, which Arrow applies to a whole column:

    04/05/2026 10:00:00   ->   2026-05-04T10:00:00Z
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pyarrow as pa

from obskit.errors import InvalidArgument
from obskit.schema.time_text import Noting, read_times, silent
from obskit.schema.types import to_text

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_CODES = {
    "Y": r"(?P<y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "b": rf"(?P<b>(?i:{'|'.join(name[:3] for name in _MONTHS.split('|'))}))",
    "B": rf"(?P<b>(?i:{_MONTHS}))",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<H>0?[1-9]|1[0-2])",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp])\.?[Mm]\.?",
    "z": r"(?P<z>[Zz]|[+-]\d{2}:?\d{2})",
    "Z": r"(?P<z>[A-Za-z]{1,5})",
    "a": rf"(?i:{'|'.join(name[:3] for name in _DAYS.split('|'))})",
    "A": rf"(?i:{_DAYS})",
    "%": "%",
}
_WIDTH = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2}
"""Digits of numbers that have nothing between them."""
_SHORT = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M"}
_EXAMPLE = "%d/%m/%Y %H:%M:%S"
_TOKEN = re.compile(r"%(.?)|(\s+)|([^%\s]+)", re.DOTALL)
_AMBIGUOUS = re.compile(
    r"\s*\d{1,2}([/.-])\d{1,2}[/.-](\d{4}|\d{2})"
    r"(?:(,? |T)(\d{1,2}:\d{2})(:\d{2})?([.,]\d+)?( ?[AaPp][Mm])?(\s*(?:[Zz]|[+-]\d{2}:?\d{2}))?)?\s*",
    re.ASCII,
)


@dataclass(frozen=True)
class TimeFormat:
    """A format of times.

    Args:
        text: as the caller wrote it, in the codes of `strptime`.
        pattern: the regular expression of a time in this format.
    """

    text: str
    pattern: str

    @classmethod
    def of(cls, text: str) -> TimeFormat:
        """Compile a format.

        Args:
            text: codes of `strptime` that give year, month and day, such as "%d/%m/%Y %H:%M:%S".

        Returns:
            The format.

        Raises:
            InvalidArgument: an unknown code, a code twice, or no year, month or day.
        """
        parts: list[str] = []
        groups: list[str] = []
        tokens = list(_TOKEN.finditer(re.sub(r"%([TFDR])", lambda found: _SHORT[found[1]], text)))
        for i, token in enumerate(tokens):
            code, space, literal = token.groups()
            if code is None:
                parts.append(r"\s+" if space else re.escape(literal))
                continue
            if code not in _CODES:
                raise _invalid(text, f"%{code} is not a code of times")
            pattern = _CODES[code]
            if code in _WIDTH and _touches(tokens, i):  # %Y%m%d: each has its full width
                pattern = re.sub(r">.*\)$", rf">\\d{{{_WIDTH[code]}}})", pattern)
            if group := re.match(r"\(\?P<(\w)>", pattern):
                if group[1] in groups:
                    raise _invalid(text, f"%{code} gives a part of the time a second time")
                groups.append(group[1])
            parts.append(pattern)
        missing = [
            part
            for part, given in (("year", "y"), ("month", "mb"), ("day", "d"))
            if not any(group in groups for group in given)
        ]
        if missing:
            raise _invalid(text, f"it has no {' and no '.join(missing)}")
        if ("p" in groups) != ("%I" in text):
            raise _invalid(text, "%I and %p go together")
        parts += [f"(?P<{name}>)" for name in "HMSz" if name not in groups]
        return cls(text, rf"^\s*{''.join(parts)}\s*$")

    def read(self, values: pa.Array, zone: ZoneInfo | None = None, note: Noting = silent) -> pa.Array:
        """Read times.

        Args:
            values: text, or whole numbers such as 20260504; times stay as they are.
            zone: time zone of values that have none; None is UTC.
            note: called with a remark about times that happened twice or never.

        Returns:
            Timestamps in microseconds, UTC; null for values that are not in this format.
        """
        return read_times(to_text(values), zone, note, shapes=(self.pattern,))


def _touches(tokens: list[re.Match[str]], at: int) -> bool:
    """Return whether another number is directly before or after the code."""
    return any(0 <= i < len(tokens) and tokens[i][1] in (*_WIDTH, "f") for i in (at - 1, at + 1))


def _invalid(text: str, reason: str) -> InvalidArgument:
    return InvalidArgument(
        f"invalid format of times {text!r}: {reason}",
        hint=f'write year, month and day in the codes of strptime, such as "{_EXAMPLE}"',
    )


def format_hint(name: str, example: str) -> str:
    """Return what a caller can write to have a field of unclear times read.

    Args:
        name: of the field.
        example: one of its values, such as "05/04/2026 10:00:00 AM".

    Returns:
        The mapping as JSON: with both orders of day and month if the example may have either, else with
        three dots in place of the format.
    """
    name = name.removeprefix("attributes.") if name == "attributes.timestamp" else name
    found = _AMBIGUOUS.fullmatch(example)
    if found is None:
        form = f'"format": "..."}}}}, in the codes of strptime, such as "{_EXAMPLE}"'
        return f'--mapping FILE.json with {{"timestamp": {{"from": "{name}", {form}'
    by, year, between, clock, seconds, fraction, half, zone = found.groups()
    rest = f"{by}{'%Y' if len(year) == 4 else '%y'}"
    if clock:
        rest += f"{between}{'%I' if half else '%H'}:%M{':%S' if seconds else ''}"
        rest += f"{fraction[0]}%f" if fraction else ""
        rest += half.replace(half.strip(), "%p") if half else ""
        rest += zone.replace(zone.strip(), "%z") if zone else ""
    return (
        f'--mapping FILE.json with {{"timestamp": {{"from": "{name}", "format": "%d{by}%m{rest}"}}}} '
        f'if the day is first, or "%m{by}%d{rest}" if the month is'
    )


def is_ambiguous(example: str) -> bool:
    """Return whether a text is a date whose day and month are numbers before the year."""
    return _AMBIGUOUS.fullmatch(example) is not None
