"""Read times that end in the name of a time zone: `2026-05-04 10:00 Europe/Berlin` is 08:00 in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from obskit.errors import ConditionError
from obskit.text import safe

# A date comes first, so that no name of a field or a person is taken for a zone.
_ZONED = re.compile(r"(\d{4}-?\d\d.*?)\s+([A-Za-z][\w+-]*(?:/[\w+-]+)*)")


def zone_of(text: str) -> str | None:
    """Return the name of the time zone at the end of a text; None if it has none."""
    match = _ZONED.fullmatch(text.strip())
    return None if match is None else match[2]


def parse_zoned(text: str) -> datetime | None:
    """Read a local time with the name of its zone.

    Args:
        text: ISO 8601, a space and an IANA name: "2026-05-04 10:00 Europe/Berlin".

    Returns:
        The time, in UTC; None if the text does not end in a name.

    Raises:
        ConditionError: there is no such zone, the time has an offset as well, or clocks were changed so that
            the time did not exist, or happened twice.
    """
    match = _ZONED.fullmatch(text.strip())
    if match is None:
        return None
    written, name = match.groups()
    zone = _zone(name, text)
    try:
        local = datetime.fromisoformat(written)
    except ValueError:
        raise ConditionError(
            f"{text!r} is not a time",
            hint="write ISO 8601 and a zone, such as '2026-05-04 10:00 Europe/Berlin'",
        ) from None
    if local.tzinfo is not None:
        raise ConditionError(
            f"{text!r} has an offset and the name of a time zone", hint="leave out one of them"
        )
    earlier, later = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    try:
        if earlier.utcoffset() != later.utcoffset():
            raise _changed_clocks(text, earlier, later)
        return earlier.astimezone(UTC)
    except OverflowError:
        raise ConditionError(
            f"{text!r} is not within the years 1 to 9999", hint="write another time"
        ) from None


def _zone(name: str, text: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ConditionError(
            f"{safe(name)!r} in {text!r} is not the name of a time zone",
            hint="write a name such as Europe/Berlin, or an offset: '2026-05-04T10:00+02:00'",
        ) from None


def _changed_clocks(text: str, earlier: datetime, later: datetime) -> ConditionError:
    """Return the error for a time within a change of clocks; it names both readings."""
    first, second = (_reading(at) for at in (earlier, later))
    local = earlier.replace(tzinfo=None)
    exists = earlier.astimezone(UTC).astimezone(earlier.tzinfo).replace(tzinfo=None) == local
    what = (
        "happened twice, because clocks went back" if exists else "did not exist, because clocks went forward"
    )
    return ConditionError(
        f"{text!r} {what}: it can mean {first} or {second}", hint="write the one that you mean"
    )


def _reading(at: datetime) -> str:
    """Return one reading of a local time, as it is written with its offset."""
    return at.isoformat(timespec="seconds" if at.second or at.microsecond else "minutes")
