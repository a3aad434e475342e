"""Turn the times of log records into timestamps, a column at a time.

    b"2026-05-04 10:00:00,123"         -> 2026-05-04T10:00:00.123Z     no zone: UTC, or that of `tz`
    b"Mon May 04 10:00:00.123456 2026" -> 2026-05-04T10:00:00.123456Z
    b"0504 10:00:00.123456"            -> the year is that of the file's last change

Columns of equally long ISO texts are converted with numpy; others value by value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema import TIMESTAMP
from obskit.schema.parse import localize

Micros = npt.NDArray[np.int64]

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = {name: number for number, name in enumerate(_MONTHS, start=1)}
_CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d\d):(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?"
_ZONE = r"(?:[ ]?(?P<zone>Z|[+-]\d\d(?::?\d\d)?|[A-Za-z][\w/+\-]*))?"
_SHAPES = tuple(
    re.compile(text, re.ASCII)
    for text in (
        rf"(?P<y>\d{{4}})[-/](?P<mo>\d\d)[-/](?P<d>\d\d)(?:T| {{1,2}}){_CLOCK}{_ZONE}",
        rf"(?P<y>\d{{4}})/(?P<mo>\d\d)/(?P<d>\d\d) - {_CLOCK}",
        rf"(?P<d>\d\d)[-/ ](?P<mon>[A-Z][a-z]{{2}})[-/ ](?P<y>\d{{4}})[ :]{_CLOCK}{_ZONE}",
        rf"[A-Z][a-z]{{2}} (?P<mon>[A-Z][a-z]{{2}}) +(?P<d>\d{{1,2}}) {_CLOCK} (?P<y>\d{{4}})",
        rf"(?P<mon>[A-Z][a-z]{{2}}) (?P<d>\d{{1,2}}), (?P<y>\d{{4}}),? {_CLOCK}\s?(?P<half>[AP]M)",
        rf"(?P<mo>\d\d)/(?P<d>\d\d)/(?P<y>\d{{4}}), {_CLOCK}\s?(?P<half>[AP]M)",
        rf"(?P<y>\d{{4}})(?P<mo>\d\d)(?P<d>\d\d) {_CLOCK}",
        rf"(?P<mo>\d\d)(?P<d>\d\d) {_CLOCK}",
        rf"(?P<y2>\d\d)/(?P<mo>\d\d)/(?P<d>\d\d) {_CLOCK}",
    )
)
_HOURS = {
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    "WET": 0,
    "WEST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "MSK": 3,
    "EST": -5,
    "EDT": -4,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "JST": 9,
    "AEST": 10,
}
"""Hours east of UTC by the abbreviations that mean one zone. CST, IST and BST mean several."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS = {length: 10 ** np.arange(length - 1, -1, -1, dtype=np.int64) for length in range(1, 10)}
_DATE = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])


class Context(NamedTuple):
    """What the texts alone do not say.

    Attributes:
        zone: of times that have none; None is UTC.
        modified: when the file was changed last; decides years that are missing. None if unknown.
        note: called with a remark about times that a change of the clocks makes doubtful.
    """

    zone: ZoneInfo | None
    modified: datetime | None
    note: Callable[[str], None]


def parse_times(texts: Sequence[bytes | None], context: Context) -> pa.Array:
    """Return the times of records.

    Args:
        texts: as they are in the file; None where there is none.
        context: zone and year of times that lack them.

    Returns:
        Timestamps in microseconds, UTC; null where a text is not a time.
    """
    fast = _uniform(texts)
    if fast is not None:
        micros, naive = fast
        values = pa.array(micros, pa.int64())
        return _localized(values, context) if naive else values.cast(TIMESTAMP)
    found = [_moment(text, context) for text in texts]
    values = pa.array([None if item is None else item[0] for item in found], pa.int64())
    plain = [item is not None and item[1] for item in found]
    if context.zone is None or not any(plain):
        return values.cast(TIMESTAMP)
    local = pc.if_else(pa.array(plain), values, pa.scalar(None, pa.int64()))
    return pc.coalesce(_localized(local, context), values.cast(TIMESTAMP))


def _localized(micros: pa.Array, context: Context) -> pa.Array:
    """Return times of the zone's clocks as timestamps."""
    if context.zone is not None:
        micros = localize(micros, context.zone, context.note)
    return micros.cast(TIMESTAMP)


def _uniform(texts: Sequence[bytes | None]) -> tuple[Micros, bool] | None:
    """Return microseconds of ISO texts of one length, and whether they lack a zone; None for other texts."""
    if not texts or texts[0] is None:
        return None
    first, rows = texts[0], len(texts)
    size = len(first)
    shape = _SHAPES[0].fullmatch(first.decode("ascii", "replace"))
    if shape is None:
        return None
    try:
        joined = b"".join(texts)  # type: ignore[arg-type]
    except TypeError:
        return None
    if len(joined) != rows * size or (rows > 1 and set(map(len, texts)) != {size}):  # type: ignore[arg-type]
        return None
    table = np.frombuffer(joined, np.uint8).reshape(rows, size)
    fraction = len(shape["f"] or "")
    end = 20 + fraction if fraction else 19
    same = [4, 7, 10, 13, 16, *([19] if fraction else []), *range(end, size)]
    if (table[:, same] != table[0, same]).any():
        return None
    places = np.concatenate([_DATE, np.arange(20, 20 + fraction)]) if fraction else _DATE
    digits = table[:, places].astype(np.int64) - ord("0")
    if ((digits < 0) | (digits > 9)).any():
        return None
    zone = _offset(shape["zone"])
    if shape["zone"] is not None and zone is None:
        return None
    micros = _from_digits(digits, fraction)
    if micros is None:
        return None
    return (micros, True) if zone is None else (micros - zone, False)


def _from_digits(digits: Micros, fraction: int) -> Micros | None:
    year, month = digits[:, :4] @ _DIGITS[4], digits[:, 4:6] @ _DIGITS[2]
    day, hour, minute, second = (digits[:, at : at + 2] @ _DIGITS[2] for at in (6, 8, 10, 12))
    if not ((year >= 1).all() and (month >= 1).all() and (month <= 12).all() and (day >= 1).all()):
        return None
    if (hour > 23).any() or (minute > 59).any() or (second > 60).any():
        return None
    months = (year - 1970) * 12 + month - 1
    start = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    if (day > after - start).any():
        return None
    seconds = (start + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second
    micros: Micros = seconds * 1_000_000
    if fraction:
        part = digits[:, 14:] @ _DIGITS[fraction]
        micros += part * 10 ** (6 - fraction) if fraction <= 6 else part // 10 ** (fraction - 6)
    return micros


def _offset(zone: str | None) -> int | None:
    """Return a zone's distance from UTC in microseconds; None if it is not known."""
    if zone is None:
        return None
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        seconds = int(digits[:2]) * 3_600 + int(digits[2:]) * 60
        return (-seconds if zone[0] == "-" else seconds) * 1_000_000
    hours = _HOURS.get(zone)
    return None if hours is None else hours * 3_600_000_000


@lru_cache(256)
def _region(zone: str) -> ZoneInfo | None:
    """Return the zone of a name such as Europe/Berlin, which PHP writes; None for others."""
    if "/" not in zone:
        return None
    try:
        return ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def _moment(text: bytes | None, context: Context) -> tuple[int, bool] | None:
    """Return a time in microseconds, and whether it lacks a zone; None if it is not a time."""
    if text is None:
        return None
    string = text.decode("utf-8", "replace")
    found = next((match for shape in _SHAPES if (match := shape.fullmatch(string))), None)
    if found is None:
        return None
    parts: dict[str, Any] = found.groupdict()
    month = _MONTH.get(parts.get("mon") or "") or int(parts.get("mo") or 0)
    hour = int(parts["h"])
    if (half := parts.get("half")) is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "PM" else 0)
    fraction = (parts["f"] or "")[:6].ljust(6, "0")
    zone = _offset(parts.get("zone"))
    region = None
    if parts.get("zone") is not None and zone is None and (region := _region(parts["zone"])) is None:
        return None
    year = 2000 + int(parts["y2"]) if parts.get("y2") else int(parts["y"]) if parts.get("y") else None
    rest = (month, int(parts["d"]), hour, int(parts["mi"]), int(parts["s"]), int(fraction))
    try:
        moment = _with_year(rest, context.modified) if year is None else datetime(year, *rest, tzinfo=UTC)
    except ValueError:
        return None
    if moment is None:
        return None
    if region is not None:
        return (moment.replace(tzinfo=region) - _EPOCH) // timedelta(microseconds=1), False
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    return (micros, True) if zone is None else (micros - zone, False)


def _with_year(rest: tuple[int, int, int, int, int, int], modified: datetime | None) -> datetime | None:
    """Return the last such day that is not after the file's last change; a clock may be a day ahead."""
    if modified is None:
        return None
    for year in range(modified.year + 1, modified.year - 9, -1):  # 29 February is not in every year
        try:
            moment = datetime(year, *rest, tzinfo=UTC)
        except ValueError:
            continue
        if moment <= modified + timedelta(days=1):
            return moment
    return None
