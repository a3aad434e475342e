"""Find signs that a load, although every row was read, is not what its reader expects.

`Doubts` sees every batch of events and keeps a few numbers. `doubts` turns them into sentences, each with
what to do:

    durations longer than the file    a unit that was taken for another
    all times in 1970                 seconds that are milliseconds, or an uptime
    exactly 10,000 rows               an export that stopped at its limit
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.names import flat_field
from obskit.names import flat_fields as names
from obskit.schema.copies import COMPARED, Copies
from obskit.schema.flat_columns import DATE_ONLY
from obskit.schema.flat_values import plausible
from obskit.schema.parse import parse
from obskit.schema.report import LoadReport
from obskit.schema.status_doubts import StatusDoubts
from obskit.schema.time_format import format_hint, is_ambiguous
from obskit.schema.types import TIMESTAMP
from obskit.text import pluralize, safe

LONG_LIST = 1_000
"""Items of a list that may be a file's events."""

LIMITS = frozenset({1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000})
"""Numbers of rows at which tools stop an export unless they are told otherwise."""

MOSTLY = 0.9
"""Share of values that cannot be parsed, from which the field is probably something else."""

COPIES = 0.01
"""Share of rows without ids that are copies, from which it is a doubt: log lines may well be equal."""

_CLOCK_ALONE = re.compile(r"\s*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([AaPp][Mm])?\s*$")
_DAY = 86_400_000_000
_DAYS = 20_000
_NUMBERED = ("time", "date", "stamp", "epoch", "created", "start", "when")


class Doubts:
    """Numbers about the events of a load, and the doubts that follow from them."""

    def __init__(self) -> None:
        self._days: Counter[int] = Counter()
        self._first: int | None = None
        self._last: int | None = None
        self._durations: list[float] = []
        self._timed = 0
        self._negative = 0
        self._lists: dict[str, int] = {}
        self._records: dict[str, int] = {}
        self._parsed: Counter[str] = Counter()
        self._like_times: dict[str, _Seen] = {}
        self._unitless: dict[str, None] = {}
        self._copies = Copies()
        self._statuses = StatusDoubts()

    def parsed(self, name: str, rows: int) -> None:
        """Count values of a field that were parsed as its known type."""
        self._parsed[name] += rows

    def add(self, batch: pa.RecordBatch) -> None:
        """Look at a batch of events."""
        times = batch.column("timestamp").cast(pa.int64()).drop_null().to_numpy(zero_copy_only=False)
        if len(times):
            first, last = int(times.min()), int(times.max())
            self._cover(first, last)
            if len(self._days) < _DAYS:
                low, high = first // _DAY, last // _DAY
                if low == high:
                    self._days[low] += len(times)
                else:
                    days, counts = np.unique(times // _DAY, return_counts=True)
                    self._days.update(dict(zip(days.tolist(), counts.tolist(), strict=True)))
        durations = np.empty(0)
        if "duration_ms" in batch.schema.names:
            durations = batch.column("duration_ms").drop_null().to_numpy(zero_copy_only=False)
            durations = durations[np.isfinite(durations)]
            if len(durations):
                self._negative += int((durations < 0).sum())
                self._durations.append(float(np.median(durations)))
        self._timed += len(durations)
        self._look_at_columns(batch, without_times=len(times) < batch.num_rows)
        self._statuses.add(batch)
        self._copies.add(batch, has_times=len(times) > 0)

    def _look_at_columns(self, batch: pa.RecordBatch, *, without_times: bool) -> None:
        for field, values in zip(batch.schema, batch.columns, strict=True):
            kind = field.type
            if pa.types.is_list(kind):
                longest = pc.max(pc.list_value_length(values)).as_py() or 0
                if longest >= LONG_LIST:
                    self._lists[field.name] = max(longest, self._lists.get(field.name, 0))
                elif without_times and longest and _are_objects(values):
                    self._records[field.name] = max(longest, self._records.get(field.name, 0))
            elif (
                without_times and field.name not in self._like_times and _looks_like_time(field.name, values)
            ):
                self._like_times[field.name] = _seen(values)
            elif _is_number(kind) and values.null_count < len(values):
                meaning = flat_field(field.name)
                if meaning is not None and meaning.reading == names.DURATION and not meaning.milliseconds:
                    self._unitless[field.name] = None

    def to_state(self) -> dict[str, Any]:
        """Return the numbers as JSON-safe values, which `absorb` reads."""
        return {
            "days": list(self._days.items()),
            "span": None if self._first is None else [self._first, self._last],
            "durations": self._durations,
            "timed": self._timed,
            "negative": self._negative,
            "lists": self._lists,
            "records": self._records,
            "parsed": self._parsed,
            "like_times": self._like_times,
            "unitless": list(self._unitless),
            "copies": self._copies.to_state(),
            "statuses": self._statuses.to_state(),
        }

    def absorb(self, state: Mapping[str, Any]) -> None:
        """Add the numbers of events that come after all others so far.

        Args:
            state: what `to_state` returned for them.
        """
        if len(self._days) < _DAYS:
            self._days.update(dict(state["days"]))
        if state["span"] is not None:
            self._cover(*state["span"])
        self._durations += state["durations"]
        self._timed += state["timed"]
        self._negative += state["negative"]
        for mine, other in ((self._lists, state["lists"]), (self._records, state["records"])):
            for name, longest in other.items():
                mine[name] = max(longest, mine.get(name, 0))
        self._parsed.update(state["parsed"])
        for name, seen in state["like_times"].items():
            self._like_times.setdefault(name, _Seen(*seen))
        self._unitless |= dict.fromkeys(state["unitless"])
        self._copies.absorb(state["copies"])
        self._statuses.absorb(state["statuses"])

    def _cover(self, first: int, last: int) -> None:
        self._first = first if self._first is None else min(self._first, first)
        self._last = last if self._last is None else max(self._last, last)

    def sentences(self, report: LoadReport) -> list[str]:
        """Return the doubts, the gravest first.

        Args:
            report: of the same load, for its counts.

        Returns:
            Sentences, each with what to do.
        """
        out = [*self._about_times(report), *self._about_durations(report), *self._statuses.sentences()]
        for name, failed in report.unparsed.items():
            tried = failed + self._parsed[name]
            if name == "timestamp" and self._like_times:  # the first sentence is about it
                continue
            if failed >= MOSTLY * tried:
                form = ""
                if name == "timestamp":
                    form = ', or its format: {"timestamp": {"from": NAME, "format": "%d/%m/%Y %H:%M:%S"}}'
                out.append(
                    f"{name} could not be parsed in {failed:,} of {tried:,} rows: is another column meant? "
                    f"A mapping says which (--mapping FILE.json){form}"
                )
        if report.rows_read <= 10:
            lists = {**(self._records if report.untimed >= report.rows_read else {}), **self._lists}
            for name, items in lists.items():
                out.append(
                    f"a row holds a list of {pluralize(items, 'item')} in {name}, which may be the events: "
                    f"write one item per line, such as with jq -c '.{name}[]'"
                )
        found = self._copies.rows
        if found and (self._copies.with_ids or found >= COPIES * report.rows_read):
            copies = pluralize(found, "row is an exact copy", "rows are exact copies")
            # Copies in different batches are only counted if the whole batch is one.
            more = "at least " if self._copies.batches > 1 or report.rows_read > COMPARED else ""
            out.append(f"{more}{copies} of another: was a file given twice, or exported twice?")
        if report.rows_read in LIMITS and not report.replaced:
            rows = f"exactly {report.rows_read:,} rows"
            out.append(f"{rows}: the export may have stopped at a limit, and left out the rest")
        return [safe(text) for text in out]

    def _about_times(self, report: LoadReport) -> list[str]:
        if report.untimed and self._like_times:
            return [self._name_times(report)]
        if self._first is None or self._last is None:
            return []
        first, last = _utc(self._first), _utc(self._last)
        if first is not None and last is not None and first.year == last.year == 1970:
            return [
                "all times are in 1970: their numbers may be in another unit, or no times since 1970 at all. "
                'A mapping says the unit: {"timestamp": {"from": NAME, "unit": "s", "ms", "us" or "ns"}}'
            ]
        if first is not None and first > datetime.now(UTC) + timedelta(days=1):
            return [
                f"all times are in the future, from {first:%Y-%m-%d}: their unit may be another one, or the "
                "clock is wrong"
            ]
        return self._far_away()

    def _name_times(self, report: LoadReport) -> str:
        """Name the fields that look like times, for rows that have none."""
        all_rows = report.untimed >= report.rows_read
        which = "no row has a" if all_rows else f"{pluralize(report.untimed, 'row has', 'rows have')} no"
        usable = {name: seen for name, seen in self._like_times.items() if seen.readable}
        found = list((usable or self._like_times).items())[:5]
        shown = ", ".join(f"{name} ({seen.example})" for name, seen in found)
        if not usable:
            name, seen = found[0]
            if _CLOCK_ALONE.match(seen.example):
                return (
                    f"{which} timestamp. {shown} may be times, but without a date: write them as "
                    "2026-05-04T10:00:00Z"
                )
            unclear = (
                "either the day or the month is first. Say which"
                if is_ambiguous(seen.example)
                else "in a form that obskit does not know. Say the form"
            )
            return (
                f"{which} timestamp. {shown} may be times, but {unclear}: {format_hint(name, seen.example)}"
            )
        name, seen = found[0]
        source = f'{{"from": "{name}", "unit": "s"}}' if seen.number else f'"{name}"'
        unit = ", and its unit" if seen.number else ""
        return (
            f"{which} timestamp. These fields look like times: {shown}. Say which one is{unit}: "
            f'--mapping FILE.json with {{"timestamp": {source}}}'
        )

    def _far_away(self) -> list[str]:
        """Find days far from those of 98% of the rows."""
        total = sum(self._days.values())
        if len(self._days) < 2 or len(self._days) >= _DAYS or total < 100:
            return []
        days = np.array(sorted(self._days))
        counts = np.array([self._days[day] for day in days.tolist()])
        most = days[(np.cumsum(counts) > 0.01 * total) & (np.cumsum(counts[::-1])[::-1] > 0.01 * total)]
        if not len(most):
            return []
        margin = max(30, 10 * int(most[-1] - most[0]))
        far = (days < most[0] - margin) | (days > most[-1] + margin)
        if not far.any():
            return []
        moments = [_utc(day * _DAY) for day in days[far].tolist()[:: max(1, int(far.sum()) - 1)][:2]]
        shown = " and ".join(f"{moment:%Y-%m-%d}" for moment in moments if moment is not None)
        rows = pluralize(int(counts[far].sum()), "row has a time", "rows have times")
        return [
            f"{rows} far from the rest ({shown}): a clock was not set, or it is another kind of time. "
            "--between leaves them out"
        ]

    def _about_durations(self, report: LoadReport) -> list[str]:
        out = []
        if self._negative:
            rows = pluralize(self._negative, "row has a negative duration", "rows have negative durations")
            out.append(
                f"{rows}: they span two clocks, or start and end are exchanged. Leave them out with "
                '--where "duration_ms >= 0"'
            )
        if self._timed >= 5 and self._first is not None and self._last is not None:
            covered = (self._last - self._first) / 1_000
            usual = float(np.median(self._durations))
            if usual > max(covered, 1_000.0):
                out.append(
                    f"most durations are longer than the time that the rows cover ({_shown(usual)}, but "
                    f"{_shown(covered)}): their unit may be another one. A mapping says it: "
                    '{"duration_ms": {"from": NAME, "unit": "us"}}'
                )
        if not self._timed and self._unitless and report.rows_read:
            fields, name = ", ".join(self._unitless), next(iter(self._unitless))
            have = "has" if len(self._unitless) == 1 else "have"
            out.append(
                f"{fields} {have} no unit, so no row has a duration. Say the unit: --mapping FILE.json with "
                f'{{"duration_ms": {{"from": "{name}", "unit": "ms"}}}}'
            )
        return out


def _are_objects(values: pa.Array) -> bool:
    """Whether the first item of lists of text is an object or a list as JSON."""
    if not pa.types.is_string(values.type.value_type):
        return False
    first = pc.first(pc.list_flatten(values), skip_nulls=True).as_py() or ""
    return len(first) > 2 and first[:1] + first[-1:] in ("{}", "[]")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _looks_like_time(name: str, values: pa.Array) -> bool:
    if values.null_count == len(values) or name in ("timestamp", "duration_ms", DATE_ONLY):
        return False
    meaning = flat_field(name)
    named = meaning is not None and meaning.target == "timestamp"
    if not named and not any(part in name.lower() for part in _NUMBERED):
        return bool(pa.types.is_timestamp(values.type))
    if pa.types.is_string(values.type):
        first = pc.first(values, skip_nulls=True).as_py() or ""
        if (number := parse(pa.array([first]), "float")).null_count == 0:
            return bool(plausible(number)[0].as_py())
        return len(first) <= 64 and any(char.isdigit() for char in first)
    if _is_number(values.type):  # a `time` of 0.25 is a duration or an uptime
        sure = "stamp" in name.lower() or "date" in name.lower()
        return sure or bool(plausible(values.drop_null().slice(0, 1))[0].as_py())
    return named or bool(pa.types.is_timestamp(values.type))


class _Seen(NamedTuple):
    """A field that looks like a time: an example, and whether it can be read as one."""

    example: str
    readable: bool
    number: bool


def _seen(values: pa.Array) -> _Seen:
    first = values.drop_null().slice(0, 1)
    number = _is_number(values.type)
    readable = number or parse(first, "timestamp").null_count == 0
    return _Seen(str(first[0].as_py())[:40], readable, number)


def _utc(microseconds: int) -> datetime | None:
    try:
        moment: datetime | None = pa.scalar(microseconds, pa.int64()).cast(TIMESTAMP).as_py()
    except (OverflowError, ValueError):  # beyond the years of a datetime
        return None
    return moment


def _shown(ms: float) -> str:
    for size, unit in ((86_400_000, "days"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")):
        if ms >= size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms:.3g} ms"
