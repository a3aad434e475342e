"""Numbers and conditions as text for people; the text is not escaped yet."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from obskit.display import zone
from obskit.text import pluralize

# The smallest length in milliseconds that a unit is used for, the unit, and its length in milliseconds.
_UNITS = ((7_200_000, "h", 3_600_000), (120_000, "min", 60_000), (1_000, "s", 1_000))


_VALUES = 4
"""Values of a list that are shown; the others are counted."""

# Text and names in quotes are kept whole: they may hold what looks like a list.
_ITEM = r"(?:'(?:[^']|'')*'|[^'\"(),\s]+)"
_QUOTED_OR_LIST = re.compile(rf"""'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<=\bin )\({_ITEM}(?:, {_ITEM})*\)""")


def count(value: float | None) -> str:
    """Return a number of events with thousands separated ("12,345")."""
    return "?" if value is None else f"{value:,.0f}"


def events(side: Mapping[str, Any]) -> str:
    """Return the size of a group: how many events were seen and, if sampled, how many they represent."""
    seen = side.get("events")
    text = pluralize(seen, "event")
    estimated = side.get("estimated")
    return text if estimated is None else f"{text} (representing {count(estimated)})"


def points(of_span: Any) -> str:
    """Return how many events a span carries ("2 points"); "" if it has none."""
    if not isinstance(of_span, (list, tuple)) or not of_span:
        return ""
    return pluralize(len(of_span), "point")


def asked(side: Mapping[str, Any]) -> str:
    """Return what a group is: its condition and, if it has one, its window of time."""
    during = side.get("during")
    return shorten(str(side.get("condition"))) + (f" during {during}" if during else "")


def without(what_if: Mapping[str, Any] | None) -> str | None:
    """Return what p99 would be without a finding's events ("p99 1.34 s, without these 655 ms"), if known."""
    whole, rest = (what_if or {}).get("p99_ms"), (what_if or {}).get("p99_ms_without")
    if whole is None or rest is None:
        return None
    return f"p99 {duration(whole)}, without these {duration(rest)} (arithmetic, not cause)"


def number(value: float) -> str:
    """Return a number with three significant digits ("12,345", "0.123"); integers with all their digits."""
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e15 or size < 1e-4:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(milliseconds: float) -> str:
    """Return a length of time in a suitable unit: 12.3 ms, 1.23 s, 4.5 min, 2.1 h."""
    if not math.isfinite(milliseconds):
        return number(milliseconds)
    size = abs(milliseconds)
    for least, unit, length in _UNITS:
        if size >= least:
            return f"{number(float(milliseconds) / length)} {unit}"
    return f"{number(float(milliseconds))} ms"


def size(count: float) -> str:
    """Return a number of bytes with its unit: 900 B, 1.5 MiB."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"


def time(moment: datetime) -> str:
    """Return a time in ISO 8601 with the precision that it has, in the zone that results are shown in.

    That is UTC by default. A naive time is UTC.
    """
    shown_in = zone.current()
    if shown_in is None:
        return utc(moment)
    try:
        local = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(shown_in)
    except OverflowError:  # the first or the last day that a datetime can be
        return utc(moment)
    text, offset = local.replace(tzinfo=None).isoformat(), local.isoformat()[-6:]
    return (text[:-3] if local.microsecond and local.microsecond % 1000 == 0 else text) + offset


def utc(moment: datetime) -> str:
    """Return a time in ISO 8601 and UTC, with the precision that it has; a naive time is UTC."""
    plain = (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
    text = plain.isoformat()
    return (text[:-3] if plain.microsecond and plain.microsecond % 1000 == 0 else text) + "Z"


def share(value: float | None) -> str:
    """Return a share in [0, 1] as a percentage; a share above 0 is never written as 0%."""
    if value is None or math.isnan(value):
        return "?"
    percent = 100 * value
    if percent == 0 or percent == 100:
        return f"{percent:.0f}%"
    if 0 < percent < 0.01:
        return "<0.01%"
    if 99.99 < percent < 100:
        return ">99.99%"
    if percent < 1:
        return f"{percent:.2g}%"
    return f"{percent:.1f}%" if percent < 99.9 else f"{percent:.2f}%"


def ratio(value: float | None) -> str:
    """Return a ratio ("12.3×"); None means infinite."""
    if value is None or math.isinf(value):
        return "∞×"
    return f"{value:,.0f}×" if value >= 100 else f"{value:.3g}×"


def condition(item: Mapping[str, Any]) -> str:
    """Return one condition of a finding in words ("200 ≤ size ≤ 400", "region is missing")."""
    name, op = str(item.get("field")), item.get("op")
    if op == "missing":
        return f"{name} is missing"
    if op == "between":
        low, high = item.get("low"), item.get("high")
        if low is None and high is None:
            return f"{name} has a value"
        if low is None:
            return f"{name} ≤ {_value(high)}"
        if high is None:
            return f"{name} ≥ {_value(low)}"
        return f"{_value(low)} ≤ {name} ≤ {_value(high)}"
    if op == "in":
        return f"{name} in {_some(item.get('values') or ())}"
    return f"{name} = {_value(item.get('value'))}"


def shorten(text: str, most: int | None = None) -> str:
    """Return the text of a condition for people: of a long list of values, the first few and a count.

    Args:
        text: a condition, as `where` reads it.
        most: the most characters; longer text is cut. None for no limit.

    Returns:
        Text such as `service.name in ('a', 'b', 'c', 'd' and 120 more)`.
    """

    def few(match: re.Match[str]) -> str:
        if not match[0].startswith("("):
            return match[0]
        items = re.findall(_ITEM, match[0][1:-1])
        if len(items) <= _VALUES + 1:
            return match[0]
        return f"({', '.join(items[:_VALUES])} and {len(items) - _VALUES:,} more)"

    short = _QUOTED_OR_LIST.sub(few, text)
    return short if most is None or len(short) <= most else short[: most - 1] + "…"


def conjunction(items: Sequence[Mapping[str, Any]]) -> str:
    """Return the conditions of a finding in words, joined by "and"."""
    return " and ".join(condition(item) for item in items)


def strength(finding: Mapping[str, Any]) -> str:
    """Return how strong a finding is ("12.3× (10.1–15×) the rate elsewhere · 12 traces")."""
    low, high = finding.get("risk_ratio_low"), finding.get("risk_ratio_high")
    parts = [f"{ratio(finding.get('risk_ratio'))} ({ratio(low)[:-1]}–{ratio(high)}) the rate elsewhere"]
    excess = finding.get("excess_share")
    if excess is not None:
        parts.append(f"explains {share(max(0.0, excess))} of the selection")
    if finding.get("traces"):
        parts.append(pluralize(finding["traces"], "trace"))
    if finding.get("new"):
        parts.append("new: no earlier events")
    return " · ".join(parts)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and (not value or value.strip() != value):
        return f"'{value}'"
    return str(value)


def _some(values: Sequence[Any]) -> str:
    if len(values) <= _VALUES + 1:
        return f"({', '.join(map(_value, values))})"
    return f"({', '.join(map(_value, values[:_VALUES]))} and {len(values) - _VALUES:,} more)"
