"""Vectorized parser for times as Apache and nginx write them: `04/May/2026:10:00:00 +0200`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from obskit.readers.access_log.line_parser import MONTHS

CLOCK_SIZE = 26

_MONTH = {int.from_bytes(name.encode(), "big"): at + 1 for at, name in enumerate(MONTHS)}
_MONTH_KEYS = np.array(sorted(_MONTH), np.int64)
_MONTH_NUMBERS = np.array([_MONTH[key] for key in sorted(_MONTH)], np.int64)
_LENGTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
# The offsets of digits in `04/May/2026:10:00:00 +0200`, and of the characters between them.
_DIGITS = (0, 1, 7, 8, 9, 10, 12, 13, 15, 16, 18, 19, 22, 23, 24, 25)
_BETWEEN = ((2, "/"), (6, "/"), (11, ":"), (14, ":"), (17, ":"), (20, " "))


def parse_clocks(
    clocks: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Parse times.

    Args:
        clocks: the bytes of each time; shape (n, `CLOCK_SIZE`).

    Returns:
        Microseconds since 1970, and which rows are valid times; both of shape (n,).
    """
    good = np.ones(len(clocks), bool)
    for place in _DIGITS:
        good &= (clocks[:, place] >= ord("0")) & (clocks[:, place] <= ord("9"))
    for place, sign in _BETWEEN:
        good &= clocks[:, place] == ord(sign)
    minus = clocks[:, 21] == ord("-")
    good &= minus | (clocks[:, 21] == ord("+"))
    number = clocks - ord("0")

    def two(place: int) -> npt.NDArray[np.int64]:
        pair: npt.NDArray[np.int64] = number[:, place] * 10 + number[:, place + 1]
        return pair

    day, year = two(0), two(7) * 100 + two(9)
    key = (clocks[:, 3] << 16) + (clocks[:, 4] << 8) + clocks[:, 5]
    found = np.minimum(np.searchsorted(_MONTH_KEYS, key), len(_MONTH_KEYS) - 1)
    good &= _MONTH_KEYS[found] == key
    month = _MONTH_NUMBERS[found]
    hour, minute, second, far, near = two(12), two(15), two(18), two(22), two(24)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= (day >= 1) & (day <= _LENGTHS[month]) & ((month != 2) | leap | (day < 29)) & (year >= 1)
    good &= (hour < 24) & (minute < 60) & (second <= 60) & (far < 24) & (near < 60)
    # Days since 1970, with years that begin in March so that the leap day is the last day of a year.
    late = month <= 2
    years = year - late
    era = years // 400
    of_era = years - era * 400
    of_year = (153 * (month + np.where(late, 9, -3)) + 2) // 5 + day - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    offset = np.where(minus, -1, 1) * (far * 3600 + near * 60)
    return (days * 86_400 + hour * 3600 + minute * 60 + second - offset) * 1_000_000, good
