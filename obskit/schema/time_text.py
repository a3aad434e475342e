"""Read times that are written in other ways than ISO 8601, and give naive times their zone.

Each shape is a regular expression with named groups, which Arrow applies to a whole column:

    04/May/2026:10:00:00 +0200                               common log format
    2026-05-04 10:00:00.123456789 +0000 UTC m=+0.000012345   Go's time.String()
    Mon, 04 May 2026 10:00:00 GMT                            RFC 1123
    2026-05-04 10:00:00,123                                  Python's logging
    20260504T100000Z, 2026/05/04 10:00:00, 2026-05-04 10:00:00 CEST

A time of day without a date, or a date whose day and month cannot be told apart, is not a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.types import TIMESTAMP

Integers = npt.NDArray[np.int64]

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 86_400 * _SECOND
_BUCKET = 15 * _MINUTE  # the offset of a time zone changes at most every 15 minutes, on the quarter hour
_MONTH_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = _MONTH_NAMES.split()

# Abbreviations that mean one offset wherever they are used, and those that RFC 2822 defines. Not IST (India,
# Israel, Ireland), AST and others, of which several are in use.
_HOURS = {
    "z": 0.0, "utc": 0, "gmt": 0, "ut": 0, "wet": 0, "west": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3,
    "msk": 3, "jst": 9, "kst": 9, "aest": 10, "aedt": 11, "acst": 9.5, "nzst": 12, "nzdt": 13, "bst": 1,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9,
    "akdt": -8, "hst": -10,
}  # fmt: skip

_CLOCK = (
    r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,:](?P<f>\d{1,9})\d*)?)?"
    r"(?: ?(?P<p>[AaPp])\.?[Mm]\.?)?"
)
_ZONE = (
    r"(?:\s*(?P<z>(?:GMT|UTC)?[+-]\d{2}:?(?:\d{2})?|[A-Za-z]{1,5}))?"
    r"(?:\s+[A-Za-z]{1,5}|\s+\([A-Za-z ]+\)|\s+[+-]\d{2,4})?"
)
_MON = r"(?P<b>[A-Za-z]{3})[a-z]*\.?"
_WEEKDAY = r"(?:[A-Za-z]{3,9},? )?"
_YEAR = r"(?P<y>\d{4})"
_D = r"(?P<d>\d{1,2})"
_M = r"(?P<m>\d{1,2})"
_ABOUT_ZONE = r"(?: m=[+-][0-9.]+)?(?:\[[A-Za-z_/+-]+\])?"  # Go's monotonic clock, Java's name of the zone
_SHAPES = [
    # ISO 8601 and its relatives: other separators, a comma before the fraction, Go's zone twice.
    rf"{_YEAR}[-/.]{_M}[-/.]{_D}(?:[T _]|, | at ){_CLOCK}{_ZONE}{_ABOUT_ZONE}",
    rf"{_YEAR}(?P<m>\d{{2}})(?P<d>\d{{2}})[T _-]?(?P<H>\d{{2}}):?(?P<M>\d{{2}}):?(?P<S>\d{{2}})"
    rf"(?:[.,](?P<f>\d{{1,9}})\d*)?{_ZONE}",
    # Common log format; RFC 1123, 850 and 2822; `04-May-2026 10:00:00`.
    rf"{_WEEKDAY}{_D}[-/ ]{_MON}[-/ ](?P<y>\d{{4}}|\d{{2}})(?::|,? |, | at |T){_CLOCK}{_ZONE}",
    # `May 4, 2026, 10:00:00 AM`; `Mon May  4 10:00:00 2026`, with or without a zone before the year.
    rf"{_WEEKDAY}{_MON} {{1,2}}{_D},? {_YEAR}(?:,? | at |T| @ ){_CLOCK}{_ZONE}",
    rf"{_WEEKDAY}{_MON} {{1,2}}{_D} {_CLOCK}(?: (?P<z>[+-]\d{{2}}:?\d{{2}}|[A-Za-z]{{1,5}}))? {_YEAR}",
]
# Day and month as numbers before the year: with slashes the order is unclear, with dots the day comes first.
_DOTTED = rf"{_D}\.{_M}\.{_YEAR}(?:,? |T){_CLOCK}{_ZONE}"
_SLASHED = rf"(?P<a>\d{{1,2}})[/-](?P<c>\d{{1,2}})[/-]{_YEAR}(?:,? |T){_CLOCK}{_ZONE}"
_ALL = [rf"^\s*\[?{shape}\]?\s*$" for shape in (*_SHAPES, _DOTTED, _SLASHED)]

Noting = Callable[[str], None]
"""Adds a remark to the load report."""


def silent(_text: str) -> None:
    """Ignore a remark."""


def read_times(
    texts: pa.Array, zone: ZoneInfo | None = None, note: Noting = silent, *, shapes: Sequence[str] = _ALL
) -> pa.Array:
    """Read times of any of the shapes.

    Args:
        texts: strings.
        zone: time zone of texts that have none; None is UTC.
        note: called with a remark about each choice that the text did not decide.
        shapes: regular expressions of times, with groups as above.

    Returns:
        Timestamps in microseconds, UTC; null for text that is not a time.
    """
    out = np.zeros(len(texts), np.int64)
    good = np.zeros(len(texts), bool)
    left = pc.is_valid(texts).to_numpy(zero_copy_only=False).copy()
    for _ in range(2 * len(shapes)):
        rows = np.flatnonzero(left)
        if not len(rows):
            break
        shape = _shape_of(texts[int(rows[0])].as_py(), shapes)
        if shape is None:
            # Not a time, like the others that are equal in form: look for the next one that is.
            rest = texts.take(pa.array(rows))
            shape = next(
                (i for i, p in enumerate(shapes) if pc.any(pc.match_substring_regex(rest, p)).as_py()), None
            )
            if shape is None:
                break
        some = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
        parts = pc.extract_regex(some, shapes[shape])
        matched = pc.is_valid(parts).to_numpy(zero_copy_only=False)
        moments, fine = _moments(parts.filter(pa.array(matched)), zone, note)
        at = rows[matched]
        out[at], good[at], left[at] = moments, fine, False
        if not matched.any():  # Python's and RE2's idea of the shape differ
            left[rows[0]] = False
    return pa.array(out, pa.int64(), mask=~good).cast(TIMESTAMP)


def _shape_of(text: str, shapes: Sequence[str]) -> int | None:
    return next((i for i, shape in enumerate(shapes) if re.match(shape, text, re.ASCII)), None)


def _moments(
    parts: pa.StructArray, zone: ZoneInfo | None, note: Noting
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Return microseconds since 1970 of split texts, and which of them exist in the calendar."""
    fields = {parts.type.field(i).name: child for i, child in enumerate(parts.flatten())}
    year = _number(fields["y"])
    year = np.where(year < 100, year + np.where(year < 70, 2000, 1900), year)
    fine = np.ones(len(year), bool)
    if "b" in fields:
        names = pc.utf8_slice_codeunits(pc.ascii_lower(fields["b"]), 0, 3)
        month = pc.fill_null(pc.index_in(names, pa.array(_MONTHS)), -1).to_numpy(zero_copy_only=False) + 1
        day = _number(fields["d"])
    elif "a" in fields:
        month, day, fine = _month_and_day(fields, note)
    else:
        month, day = _number(fields["m"]), _number(fields["d"])
    hour, minute, second = (_number(fields[name]) for name in "HMS")
    if "p" in fields:
        half = pc.ascii_lower(fields["p"])
        is_12h = pc.not_equal(half, "").to_numpy(zero_copy_only=False)
        fine &= ~is_12h | ((hour >= 1) & (hour <= 12))
        hour = np.where(is_12h, hour % 12 + 12 * pc.equal(half, "p").to_numpy(zero_copy_only=False), hour)
    fine &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1) & (year <= 9999)
    fine &= (hour < 24) & (minute < 60) & (second <= 60)
    first = (np.where(fine, (year - 1970) * 12 + month - 1, 0)).astype("datetime64[M]")
    date = first.astype("datetime64[D]") + (day - 1)
    fine &= date.astype("datetime64[M]") == first  # 31 February
    local = date.astype(np.int64) * _DAY + ((hour * 60 + minute) * 60 + second) * _SECOND
    if "f" in fields:
        digits = pc.utf8_slice_codeunits(pc.utf8_rpad(fields["f"], 6, "0"), 0, 6)
        local += _number(digits)
    return _to_utc(local, fields["z"], fine, zone, note)


def _number(texts: pa.Array) -> Integers:
    filled = pc.if_else(pc.equal(texts, ""), "0", texts)
    return np.array(pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False))


def _month_and_day(
    fields: dict[str, pa.Array], note: Noting
) -> tuple[Integers, Integers, npt.NDArray[np.bool_]]:
    """Decide which of two numbers is the month, by all of the column's values."""
    one, two = _number(fields["a"]), _number(fields["c"])
    day_first, month_first = bool((one > 12).any()), bool((two > 12).any())
    fine = np.ones(len(one), bool)
    if day_first == month_first:
        note(
            "dates such as 05/04/2026 may be 5 April or 4 May: not read as times. Say which: --mapping "
            'FILE.json with {"timestamp": {"from": NAME, "format": "%d/%m/%Y %H:%M:%S"}} if the day is '
            'first, or "%m/%d/%Y %H:%M:%S" if the month is'
        )
        return one, two, ~fine
    return (one, two, fine) if month_first else (two, one, fine)


def _to_utc(
    local: Integers, zones: pa.Array, fine: npt.NDArray[np.bool_], zone: ZoneInfo | None, note: Noting
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    encoded = zones.dictionary_encode()
    offsets = [_offset(text) for text in encoded.dictionary.to_pylist()]
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    for code, offset in enumerate(offsets):
        rows = codes == code
        if offset is None:
            fine[rows] = False
        elif offset is NAIVE:
            if zone is not None:
                local[rows] = in_zone(local[rows], zone, note)
        else:
            local[rows] -= int(offset)
    # A leap second or an offset may lead out of the years of a datetime.
    return local, fine & (local >= FIRST) & (local <= LAST)


NAIVE: Any = object()
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Microseconds since 1970 of the first and the last moment that Python's datetime supports."""


def _offset(text: str) -> Any:
    """Return the microseconds of an offset such as `+02:00` or `CEST`; NAIVE without one; None if unknown."""
    if not text:
        return NAIVE
    text = text.removeprefix("GMT").removeprefix("UTC") or "UTC"
    if text[0] in "+-":
        digits = text[1:].replace(":", "").ljust(4, "0")
        size = int(digits[:2]) * 60 + int(digits[2:])
        return None if size > 18 * 60 else (-size if text[0] == "-" else size) * _MINUTE
    hours = _HOURS.get(text.lower())
    return None if hours is None else int(hours * 60) * _MINUTE


def in_zone(local: Integers, zone: ZoneInfo, note: Noting = silent) -> Integers:
    """Return times of a zone's clocks as UTC.

    Args:
        local: microseconds since 1970 as the clock shows them.
        zone: the time zone.
        note: called if a time happened twice (the earlier one is taken) or never (it is moved forward).

    Returns:
        Microseconds since 1970, UTC.
    """
    if not len(local):
        return local
    buckets, index = np.unique(local // _BUCKET, return_inverse=True)
    offsets = np.zeros(len(buckets), np.int64)
    twice = np.zeros(len(buckets), bool)
    never = np.zeros(len(buckets), bool)
    for i, bucket in enumerate(buckets.tolist()):
        try:
            moment = datetime(1970, 1, 1) + timedelta(microseconds=bucket * _BUCKET)
        except OverflowError:
            continue
        # The first of the two offsets is the earlier one of a time that happened twice. For a time that never
        # happened it is the offset before the change, which moves 02:30 to 03:30.
        first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
        offsets[i] = first // timedelta(microseconds=1)
        twice[i], never[i] = first > second, first < second
    for which, what in (
        (twice, "happened twice when the clocks went back: the earlier one is taken"),
        (never, "never happened, because the clocks went forward: they are moved forward"),
    ):
        if which.any():
            note(f"some times in {zone.key} {what}")
    return local - offsets[index]
