"""Vectorized parsers for the times of prefixes: ISO 8601 with a zone, and syslog's `May  4 10:00:00`.

2026-05-04T10:00:00.501234567+02:00 stdout F ...     1777881600501234 us, 35 bytes
May  4 10:00:00 web-1 nginx: ...                     1777888800000000 us, 15 bytes, year from the caller
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

ISO_SIZE = 36
"""Bytes that an ISO time may have: a fraction of at most nine digits, and a zone."""

BSD_SIZE = 27
"""Bytes that a syslog time may have: a year after the day, and a fraction of at most six digits."""

_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_MONTH_KEYS = np.array(sorted(int.from_bytes(name, "big") for name in _MONTHS), np.int64)
_MONTH_NUMBERS = np.array([_MONTHS.index(int(key).to_bytes(3, "big")) + 1 for key in _MONTH_KEYS], np.int64)
_LENGTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_ZERO, _NINE = np.uint8(ord("0")), np.uint8(9)
_ISO_DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
_MICROS = np.array([100_000, 10_000, 1_000, 100, 10, 1], np.int64)
_DAY = 86_400
_YEARS = 9  # 29 February is not in every year
_BSD_SHORT = len("May  4 10:00:00")
_FEW = 16  # times that are not worth a comparison with the first one
_BITS = {bits: np.uint64(bits) for bits in (0, 8, 16, 24, 32, 40, 48)}
_NIBBLE = np.uint64(0xF)
_SIXES = np.uint64(0x0606060606060606)
_ALL_HIGH_NIBBLES, _LOW_NIBBLES = np.uint64(0xF0F0F0F0F0F0F0F0), np.uint64(0x0F0F0F0F0F0F0F0F)
# "04T10:00" and ":00.": bytes that are the same in all times of one day, and bytes that are digits.
_HOURS_KEPT, _HOUR_DIGITS = np.uint64(0x0000FF0000FFFFFF), np.uint64(0x000000FFFF00FFFF)
_SECONDS_KEPT, _SECOND_DIGITS = np.uint64(0x00000000FF0000FF), np.uint64(0x0000000000FFFF00)
_CLOCK_DIGITS = np.uint64(0x00F0F0F0F000F0F0)


class Times(NamedTuple):
    """The times at some positions.

    Attributes:
        micros: microseconds since 1970, or since the epoch in the local zone; 0 where there is no time.
        size: bytes of each; 0 where there is no time.
        digits: digits of its fraction.
    """

    micros: Positions
    size: Positions
    digits: Positions


def windows(text: Bytes, at: Positions, size: int) -> Bytes:
    """Return the bytes at each offset, shape (n, size); `text` has at least `size` bytes beyond the last."""
    view = np.ndarray((max(len(text) - size + 1, 0),), f"V{size}", text, strides=(1,))
    return np.frombuffer(view[at].tobytes(), np.uint8).reshape(len(at), size)


def iso_times(text: Bytes, at: Positions, stops: Positions) -> Times:
    """Parse ISO times with a zone: `2026-05-04T10:00:00.501234567+02:00`.

    Args:
        text: a block, with at least `ISO_SIZE` bytes of padding.
        at: where each time begins.
        stops: where its line ends.

    Returns:
        The times; one without a zone is not a time here.
    """
    if len(at) < _FEW:
        return _any_iso(text, at, stops)
    first = _any_iso(text, at[:1], stops[:1])
    if not first.size[0]:
        return _any_iso(text, at, stops)
    like, micros = _like_first(text, at, stops, first)
    size = np.where(like, first.size[0], 0)
    digits = np.where(like, first.digits[0], 0)
    left = np.flatnonzero(~like)
    if len(left):
        others = _any_iso(text, at[left], stops[left])
        micros[left], size[left], digits[left] = others
    return Times(micros, size, digits)


def _like_first(text: Bytes, at: Positions, stops: Positions, first: Times) -> tuple[Flags, Positions]:
    """Return which times differ from the first one in digits of its clock only, and these times."""
    words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    digits, size = int(first.digits[0]), int(first.size[0])
    date, hours, seconds = words[at], words[at + 8], words[at + 16]
    zone_at = 20 + digits if digits else 19
    zone = words[at + zone_at] & _masks(size - zone_at)
    like = (date == date[0]) & (zone == zone[0]) & (at + size <= stops)
    # "04T10:00" and ":00.": the day, T, and what is between the digits are as in the first time.
    like &= ((hours ^ hours[0]) & _HOURS_KEPT) == 0
    kept = _SECONDS_KEPT if digits else _SECONDS_KEPT & _masks(3)
    like &= ((seconds ^ seconds[0]) & kept) == 0
    # Five digits of the clock as bytes of one number: HH, M, and SS.
    clock = ((hours >> _BITS[24]) & _HOUR_DIGITS) | ((seconds & _SECOND_DIGITS) << _BITS[32])
    like &= _are_digits(clock, _CLOCK_DIGITS)
    ten = np.uint64(10)

    def two(place: int) -> Any:
        return ((clock >> _BITS[place]) & _NIBBLE) * ten + ((clock >> _BITS[place + 8]) & _NIBBLE)

    hour, minute, second = two(0), two(24), two(40)
    like &= (hour < 24) & (minute < 60) & (second <= 60)
    micros = ((hour * np.uint64(60) + minute) * np.uint64(60) + second) * np.uint64(1_000_000)
    if digits:
        fraction = (seconds >> _BITS[32]) | (words[at + 24] << _BITS[32])
        like &= _are_digits(fraction, _masks(min(digits, 8)) & _ALL_HIGH_NIBBLES)
        if digits == 9:
            ninth = text[at + 28] - _ZERO
            like &= ninth <= _NINE
        micros += _six_digits(fraction & _masks(min(digits, 6)) & _LOW_NIBBLES)
    start = first.micros[0] - micros[0].astype(np.int64)
    return like, np.where(like, micros.astype(np.int64) + start, 0)


def _masks(size: int) -> np.uint64:
    """Return the mask of the first bytes of a word."""
    return np.uint64((1 << 8 * min(size, 8)) - 1)


def _are_digits(word: npt.NDArray[np.uint64], highs: np.uint64) -> Flags:
    """Return whether the bytes of each word are digits; `highs` has 0xF0 in each byte that matters."""
    threes = highs & np.uint64(0x3030303030303030)
    found: Flags = ((word & highs) == threes) & (((word + _SIXES) & highs) == threes)
    return found


def _six_digits(word: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the number that the first six bytes of each word are, one digit each."""
    pairs = (word * np.uint64(10) + (word >> _BITS[8])) & np.uint64(0x00FF00FF00FF00FF)
    first, second, third = (pairs >> _BITS[place] & np.uint64(0xFF) for place in (0, 16, 32))
    return (first * np.uint64(100) + second) * np.uint64(100) + third


def _any_iso(text: Bytes, at: Positions, stops: Positions) -> Times:
    """Parse ISO times of any shape."""
    columns = np.ascontiguousarray(windows(text, at, ISO_SIZE).T)
    number = columns - _ZERO
    digit = number <= _NINE
    good = np.logical_and.reduce(digit[_ISO_DIGITS], axis=0)
    for place, signs in ((4, b"-"), (7, b"-"), (10, b"T "), (13, b":"), (16, b":")):
        good &= _is_one_of(columns[place], signs)
    wide = number[:19].astype(np.int32)

    def two(place: int) -> npt.NDArray[np.int32]:
        pair: npt.NDArray[np.int32] = wide[place] * 10 + wide[place + 1]
        return pair

    year, month, day = two(0) * 100 + two(2), two(5), two(8)
    days, valid = _days(year, month, day)
    hour, minute, second = two(11), two(14), two(17)
    good &= valid & (hour < 24) & (minute < 60) & (second <= 60)
    digits, micros = _fraction(columns, digit, number, 19)
    end = np.where(digits > 0, 20 + digits, 19)
    zone_at, offset = _zones(columns, digit, number, end, good)
    seconds = days * _DAY + (hour * 3600 + minute * 60 + second) - offset
    size = np.where(good & (at + zone_at <= stops), zone_at, 0)
    return Times(np.where(size > 0, seconds * 1_000_000 + micros, 0), size, digits)


def _fraction(columns: Bytes, digit: Flags, number: Bytes, dot: int) -> tuple[Positions, Positions]:
    """Return how many digits follow the dot at a place, at most nine, and their microseconds."""
    mark = _is_one_of(columns[dot], b".,")
    run = np.empty((9, columns.shape[1]), bool)
    inside = mark
    for place in range(9):
        inside = inside & digit[dot + 1 + place] if dot + 1 + place < len(digit) else np.zeros_like(mark)
        run[place] = inside
    micros = np.zeros(columns.shape[1], np.int64)
    for place, unit in enumerate(_MICROS.tolist()):
        micros += np.where(run[place], number[dot + 1 + place], 0).astype(np.int64) * unit
    return run.sum(axis=0, dtype=np.int64), micros


def _zones(
    columns: Bytes, digit: Flags, number: Bytes, end: Positions, good: Flags
) -> tuple[Positions, Positions]:
    """Return where the zone at `end` ends, and its offset in seconds; clear `good` where there is none."""
    rows = np.arange(columns.shape[1])
    first = columns[end, rows]
    zulu = first == ord("Z")
    offset = np.zeros(len(rows), np.int64)
    if zulu.all():
        return end + 1, offset
    after = end + 1
    signed = np.flatnonzero(~zulu & good)
    at = end[signed]
    sign = columns[at, signed]
    colon = columns[at + 3, signed] == ord(":")
    places = [at + 1, at + 2, at + 3 + colon, at + 4 + colon]
    good[signed] &= _is_one_of(sign, b"+-") & np.logical_and.reduce([digit[p, signed] for p in places])
    a, b, c, d = (number[p, signed].astype(np.int64) for p in places)
    good[signed] &= (a * 10 + b < 24) & (c * 10 + d < 60)
    offset[signed] = np.where(sign == ord("-"), -1, 1) * ((a * 10 + b) * 3600 + (c * 10 + d) * 60)
    after[signed] = at + 5 + colon
    return after, offset


def bsd_times(text: Bytes, at: Positions, stops: Positions, newest: datetime) -> Times:
    """Parse syslog times: `May  4 10:00:00`, `May 04 10:00:00.123456`, `May  4 2026 10:00:00`.

    Args:
        text: a block, with at least `BSD_SIZE` bytes of padding.
        at: where each time begins.
        stops: where its line ends.
        newest: when the file was last written: a time without a year is in the last year before it.

    Returns:
        The times in the local zone.
    """
    if len(at) < _FEW:
        return _any_bsd(text, at, stops, newest)
    # Lines of one second follow each other, and have the same time, and the same two bytes after it.
    words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    early, late = words[at], words[at + _BSD_SHORT + 2 - 8]
    begins = np.flatnonzero(np.append(True, (early[1:] != early[:-1]) | (late[1:] != late[:-1])))
    if 2 * len(begins) < len(at) and (at + _BSD_SHORT <= stops).all():
        times = _any_bsd(text, at[begins], stops[begins], newest)
        if (times.size == _BSD_SHORT).all():
            lines = np.diff(begins, append=len(at))
            return Times(*(np.repeat(values, lines) for values in times))
    return _any_bsd(text, at, stops, newest)


def _any_bsd(text: Bytes, at: Positions, stops: Positions, newest: datetime) -> Times:
    """Parse syslog times of any shape."""
    columns = np.ascontiguousarray(windows(text, at, BSD_SIZE).T)
    key = (columns[0].astype(np.int64) << 16) + (columns[1].astype(np.int64) << 8) + columns[2]
    found = np.minimum(np.searchsorted(_MONTH_KEYS, key), len(_MONTH_KEYS) - 1)
    good = (_MONTH_KEYS[found] == key) & (columns[3] == ord(" ")) & (columns[6] == ord(" "))
    month = _MONTH_NUMBERS[found]
    number = columns - _ZERO
    digit = number <= _NINE
    good &= (digit[4] | (columns[4] == ord(" "))) & digit[5]
    day = np.where(digit[4], number[4].astype(np.int64) * 10, 0) + number[5]
    dated = np.logical_and.reduce(digit[7:11], axis=0) & (columns[11] == ord(" "))
    year = (number[7:11].astype(np.int64).T @ np.array([1000, 100, 10, 1])) if dated.any() else day
    shift = np.where(dated, 5, 0)
    rows = np.arange(len(at))

    def place(offset: int) -> Positions:
        moved: Positions = columns[7 + offset + shift, rows].astype(np.int64)
        return moved

    clock = [place(offset) - ord("0") for offset in (0, 1, 3, 4, 6, 7)]
    for value in clock:
        good &= (value >= 0) & (value <= 9)
    good &= (place(2) == ord(":")) & (place(5) == ord(":"))
    hour, minute, second = (clock[i] * 10 + clock[i + 1] for i in (0, 2, 4))
    good &= (hour < 24) & (minute < 60) & (second <= 60)
    seconds = hour * 3600 + minute * 60 + second
    days, valid = _days(np.where(dated, year, 1970), month, day)
    valid &= dated
    left = good & ~dated
    for candidate in range(newest.year + 1, newest.year - _YEARS, -1):  # New Year may be near
        if not left.any():
            break
        found_days, exists = _days(np.full(len(at), candidate), month, day)
        fits = left & exists & (found_days * _DAY + seconds <= newest.timestamp() + _DAY)
        days, valid, left = np.where(fits, found_days, days), valid | fits, left & ~fits
    digits, micros = _fraction(columns, digit, number, 15)
    digits, micros = np.where(dated, 0, digits), np.where(dated, 0, micros)
    size = 15 + shift + np.where(digits > 0, 1 + digits, 0)
    size = np.where(good & valid & (at + size <= stops), size, 0)
    return Times(np.where(size > 0, (days * _DAY + seconds) * 1_000_000 + micros, 0), size, digits)


def to_utc(micros: Positions, zone: str) -> tuple[Positions, int]:
    """Return local times as UTC, and how many of them occur twice or do not exist.

    Args:
        micros: microseconds since the epoch in the local zone.
        zone: IANA name.

    Returns:
        Microseconds since 1970. Of a time that occurs twice the earlier reading; one that does not exist,
        because the clock was set forward, is moved forward.
    """
    local = pa.array(micros).cast(pa.timestamp("us"))
    first = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest")
    last = pc.assume_timezone(local, zone, ambiguous="latest", nonexistent="earliest")
    odd = int(pc.sum(pc.not_equal(first, last)).as_py() or 0)
    return first.cast(pa.int64()).to_numpy(), odd


def _is_one_of(column: Bytes, signs: bytes) -> Flags:
    found: Flags = column == signs[0]
    for sign in signs[1:]:
        found = found | (column == sign)
    return found


def _days(year: npt.NDArray[Any], month: npt.NDArray[Any], day: npt.NDArray[Any]) -> tuple[Positions, Flags]:
    """Return days since 1970, and which dates exist."""
    if not len(year):
        return np.empty(0, np.int64), np.empty(0, bool)
    code = (year.astype(np.int64) * 16 + month) * 32 + day
    if (code == code[0]).all():  # most blocks are of one day
        days, valid = _civil(year[:1].astype(np.int64), month[:1].astype(np.int64), day[:1].astype(np.int64))
        return np.full(len(code), days[0]), np.full(len(code), valid[0])
    return _civil(year.astype(np.int64), month.astype(np.int64), day.astype(np.int64))


def _civil(year: Positions, month: Positions, day: Positions) -> tuple[Positions, Flags]:
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    valid &= (day <= _LENGTHS[np.clip(month, 0, 12)]) & ((month != 2) | leap | (day < 29))
    # Days since 1970, with years that begin in March so that the leap day is the last day of a year.
    late = month <= 2
    years = year - late
    era = years // 400
    of_era = years - era * 400
    of_year = (153 * (month + np.where(late, 9, -3)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468, valid
