"""One trace as arrays that text, HTML, SVG and the widget draw."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.display.trace.clocks import CLOCK_FIELDS, clock_shifts
from obskit.display.trace.path import span_times
from obskit.display.trace.tree import Origin, Place, is_point, place

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]
_READ = dict.fromkeys(
    (
        "timestamp", "duration_ms", "name", "kind", "span_id", "parent_span_id", "error", "status_message",
        "error.type", "exception.type", "exception.message", "body", "severity_text", "severity_number",
        "events", "links", "service.name", *CLOCK_FIELDS,
    )
)  # fmt: skip
_MOST_TEXT = 200  # characters of a name or a message in a row


@dataclass(frozen=True)
class Mark:
    """A point in time on a span's bar.

    Attributes:
        span: index of the span.
        at_ms: when, from the begin of the trace, by the span's clock as recorded; NaN if unknown.
        kind: "event", "exception" or "log".
        text: what it says.
        error: whether it is an exception, or a log record of severity ERROR or above.
    """

    span: int
    at_ms: float
    kind: str
    text: str
    error: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class TraceModel:
    """A trace ready to draw: one entry per span, parents before children, times in ms from its begin.

    A log record is a mark on its span; one whose span is missing is an entry of its own.

    Attributes:
        begin: the first timestamp; None if no row has one.
        rows: index of each span's row in the table.
        shown_as: for each row of the table, index of the span that it is, or that it is a log record of.
        parents: index of each span's parent; -1 without one.
        depths: 0 for a span without a parent here.
        origins: how each span got its place: "root", "child", "missing" or "ring".
        starts: when each span began, as recorded; NaN if unknown.
        shifts: what has to be added to its times, because its clock is proven wrong; see `clock_shifts`.
        durations: NaN if unknown, infinite or negative.
        own: time in none of its children; NaN if unknown.
        critical: time on the critical path.
        segments: (span, from, to) of the critical path, in corrected times.
        names: name of each span; cut where very long.
        services: service of each span; "" if unknown.
        kinds: kind of each span; "" if unknown.
        ids: id of each span; None if it has none.
        parent_ids: id of the parent that each span names; None if it names none.
        errors: whether each span is an error.
        faults: what went wrong in a span that is an error, such as its exception; "" if nothing is known.
        linked: whether each span has links to others.
        marks: events and log records, by span and time.
    """

    begin: datetime | None
    rows: Indexes
    shown_as: Indexes
    parents: Indexes
    depths: Indexes
    origins: tuple[Origin, ...]
    starts: Floats
    shifts: Floats
    durations: Floats
    own: Floats
    critical: Floats
    segments: tuple[tuple[int, float, float], ...]
    names: tuple[str, ...]
    services: tuple[str, ...]
    kinds: tuple[str, ...]
    ids: tuple[str | None, ...]
    parent_ids: tuple[str | None, ...]
    errors: npt.NDArray[np.bool_]
    faults: tuple[str, ...]
    linked: npt.NDArray[np.bool_]
    marks: tuple[Mark, ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ends(self) -> Floats:
        """When each span ended, as recorded, in ms; its start if its duration is unknown."""
        out: Floats = self.starts + np.nan_to_num(self.durations)
        return out

    @functools.cached_property
    def axis(self) -> tuple[float, float]:
        """First and last time of spans, events and log records, by corrected clocks; (0, 0) without any."""
        marks = [
            mark.at_ms + float(self.shifts[mark.span]) for mark in self.marks if math.isfinite(mark.at_ms)
        ]
        times = np.concatenate([(self.starts + self.shifts), (self.ends + self.shifts), marks])
        times = times[np.isfinite(times)]
        return (float(times.min()), float(times.max())) if len(times) else (0.0, 0.0)

    @property
    def low_ms(self) -> float:
        """The begin of the time axis, in ms from `begin`."""
        return self.axis[0]

    @property
    def length_ms(self) -> float:
        """The length of the time axis."""
        return self.axis[1] - self.axis[0]

    @property
    def duration_ms(self) -> float | None:
        """The time from the first start of a span to the last end of one; None if no span has a time."""
        moved = (self.starts + self.shifts)[np.isfinite(self.starts)]
        ends = (self.ends + self.shifts)[np.isfinite(self.starts)]
        return float(ends.max() - moved.min()) if len(moved) else None


def trace_model(table: pa.Table) -> TraceModel:
    """Arrange the rows of one trace.

    Args:
        table: rows with `timestamp`, `duration_ms`, `name`, `span_id`, `parent_span_id` and, where known, the
            other columns of spans and log records; in any order.
    Returns:
        The trace; every span once, and every log record as a mark or as an entry.
    Cost: O(rows log rows); about a second for 20,000 spans.
    """
    read = table.select([name for name in _READ if name in table.schema.names]).to_pylist()
    tree = place(read)
    at = [p for p in tree if not (p.parent is not None and is_point(read[p.row]))]
    index = {placed.row: here for here, placed in enumerate(at)}
    spans = [read[placed.row] for placed in at]
    parents = np.array([-1 if p.parent is None else index[p.parent] for p in at], dtype=np.int64)
    begin = min((row["timestamp"] for row in read if row.get("timestamp") is not None), default=None)
    starts = np.array([_after(begin, row.get("timestamp")) for row in spans], dtype=np.float64)
    durations = np.array([_length(row.get("duration_ms")) for row in spans], dtype=np.float64)
    shifts = clock_shifts(spans, starts, starts + durations, parents)
    moved = starts + shifts
    times = span_times(moved, durations, parents)
    model = TraceModel(
        begin=begin,
        rows=np.array([placed.row for placed in at], dtype=np.int64),
        shown_as=_shown_as(len(read), tree, index),
        parents=parents,
        depths=np.array([placed.depth for placed in at], dtype=np.int64),
        origins=tuple(placed.origin for placed in at),
        starts=starts,
        shifts=shifts,
        durations=durations,
        own=times.own,
        critical=times.critical,
        segments=times.segments,
        names=tuple(_name(row) for row in spans),
        services=tuple(cut(row.get("service.name") or "") for row in spans),
        kinds=tuple(str(row.get("kind") or "") for row in spans),
        ids=tuple(row.get("span_id") for row in spans),
        parent_ids=tuple(row.get("span_id" if is_point(row) else "parent_span_id") for row in spans),
        errors=np.array([bool(row.get("error")) for row in spans], dtype=np.bool_),
        faults=tuple(_fault(row) if row.get("error") else "" for row in spans),
        linked=np.array([bool(row.get("links")) for row in spans], dtype=np.bool_),
        marks=(),
    )
    logs = [(index[p.parent], read[p.row]) for p in tree if p.parent is not None and p.row not in index]
    return dataclasses.replace(model, marks=_marks(begin, spans, logs))


def _shown_as(rows: int, tree: Sequence[Place], index: Mapping[int, int]) -> Indexes:
    out = np.full(rows, -1, dtype=np.int64)
    for placed in tree:
        out[placed.row] = index[placed.row if placed.row in index or placed.parent is None else placed.parent]
    return out


def cut(text: Any, most: int = _MOST_TEXT) -> str:
    """Return text of at most so many characters; a cut is marked with …"""
    whole = str(text)
    return whole if len(whole) <= most else whole[: most - 1] + "…"


def is_error_log(row: Mapping[str, Any]) -> bool:
    """Return whether a log record has severity ERROR or above."""
    number = row.get("severity_number")
    return bool(row.get("error")) or (number is not None and number >= 17)


def _name(row: Mapping[str, Any]) -> str:
    return cut(row.get("name") or (row.get("body") if is_point(row) else None) or "?")


def _fault(row: Mapping[str, Any]) -> str:
    kind = row.get("exception.type") or row.get("error.type")
    said = row.get("exception.message") or row.get("status_message")
    return cut(": ".join(str(part) for part in (kind, said) if part))


def _marks(
    begin: datetime | None, spans: Sequence[Mapping[str, Any]], logs: Sequence[tuple[int, Mapping[str, Any]]]
) -> tuple[Mark, ...]:
    out = []
    for span, row in enumerate(spans):
        for event in row.get("events") or ():
            at = _after(begin, event.get("timestamp"))
            kind = "exception" if event.get("name") == "exception" else "event"
            out.append(Mark(span, at, kind, cut(event.get("name") or "?"), kind == "exception"))
    for span, row in logs:
        at = _after(begin, row.get("timestamp"))
        severity = row.get("severity_text")
        text = " ".join(str(part) for part in (severity, row.get("body") or row.get("name")) if part)
        out.append(Mark(span, at, "log", cut(text), is_error_log(row)))
    return tuple(sorted(out, key=lambda mark: (mark.span, math.isnan(mark.at_ms), mark.at_ms)))


def _after(begin: datetime | None, at: datetime | None) -> float:
    return math.nan if begin is None or at is None else (at - begin).total_seconds() * 1000


def _length(value: float | None) -> float:
    return float(value) if value is not None and math.isfinite(value) and value >= 0 else math.nan
