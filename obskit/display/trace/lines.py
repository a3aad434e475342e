"""What is written about each row of a waterfall; the text is not escaped yet."""

from __future__ import annotations

import math
from dataclasses import dataclass

from obskit.display import formatting
from obskit.display.trace.model import TraceModel
from obskit.display.trace.pairs import TraceRows
from obskit.text import pluralize


@dataclass(frozen=True)
class Bar:
    """Where a span is on the time axis, as shares of the whole, in [0, 1].

    Attributes:
        start: where it begins.
        width: its length; 0 if the duration is unknown or 0.
        path: (start, width) of its stretches of the critical path.
        marks: (position, whether it is an error) of its events and log records.
    """

    start: float
    width: float
    path: tuple[tuple[float, float], ...] = ()
    marks: tuple[tuple[float, bool], ...] = ()


@dataclass(frozen=True)
class Line:
    """A row of a waterfall.

    Attributes:
        depth: 0 for a span without a parent here.
        service: its service, or "".
        name: its name.
        length: its duration.
        own: its self time.
        error: whether it is an error.
        notes: what else there is to say: its exception, a missing parent, the number of its points.
        bar: None if the time is unknown.
        other: the duration of the same span in the other trace; "" without one.
        other_bar: the bar of the same span in the other trace.
    """

    depth: int
    service: str
    name: str
    length: str
    own: str
    error: bool
    notes: tuple[str, ...]
    bar: Bar | None
    other: str = ""
    other_bar: Bar | None = None


def trace_lines(
    rows: TraceRows, model: TraceModel, other: TraceModel | None = None, *, most: int | None = None
) -> list[Line]:
    """Return the lines of a waterfall.

    Args:
        rows: the rows.
        model: the trace.
        other: the trace next to it.
        most: at most so many lines, the first ones; None for all.
    Returns:
        One line per row. The bars of both traces have one scale and begin at the left.
    """
    whole = max(model.length_ms, 0.0 if other is None else other.length_ms) or 1.0
    here, there = _Drawer(model, whole), None if other is None else _Drawer(other, whole)
    out = []
    for row in range(len(rows) if most is None else min(most, len(rows))):
        a, b = int(rows.here[row]), int(rows.there[row])
        drawer, span = (here, a) if a >= 0 or there is None else (there, b)
        shown = drawer.model
        notes = [*notes_of(shown, span), *drawer.points(span)]
        if there is not None and (a < 0 or b < 0) and _is_first_alone(rows, row):
            notes.insert(0, "only in the other trace" if a < 0 else "not in the other trace")
        out.append(
            Line(
                depth=int(rows.depths[row]),
                service=shown.services[span],
                name=shown.names[span],
                length=length(float(model.durations[a])) if a >= 0 else "",
                own=length(float(model.own[a])) if a >= 0 else "",
                error=bool(shown.errors[span]),
                notes=tuple(notes),
                bar=here.bar(a) if a >= 0 else None,
                other=length(float(there.model.durations[b])) if there is not None and b >= 0 else "",
                other_bar=there.bar(b) if there is not None and b >= 0 else None,
            )
        )
    return out


def _is_first_alone(rows: TraceRows, row: int) -> bool:
    """Return whether a row of one trace alone is not below another such row."""
    parent = int(rows.parents[row])
    return parent < 0 or (rows.here[parent] >= 0 and rows.there[parent] >= 0)


def notes_of(model: TraceModel, span: int) -> tuple[str, ...]:
    """Return what has to be said about a span besides its name and times."""
    out = []
    if model.errors[span]:
        out.append(f"ERROR {model.faults[span]}".rstrip())
    if model.origins[span] == "missing":
        out.append(f"its parent {model.parent_ids[span]} is not among these spans")
    elif model.origins[span] == "ring":
        out.append("its parents form a ring, cut here")
    if not math.isfinite(model.starts[span]):
        out.append("no timestamp")
    if shift := float(model.shifts[span]):
        out.append(f"clock corrected by {'+' if shift > 0 else '-'}{formatting.duration(abs(shift))}")
    return tuple(out)


def length(milliseconds: float) -> str:
    """Return a duration as people read it."""
    return formatting.duration(milliseconds) if math.isfinite(milliseconds) else "unknown"


def summary(model: TraceModel) -> str:
    """Return what a trace is: spans, services, duration, errors, and since when."""
    parts = [pluralize(len(model), "span"), pluralize(len(set(model.services) - {""}), "service")]
    if model.duration_ms is not None:
        parts.append(formatting.duration(model.duration_ms))
    failed = int(model.errors.sum())
    parts.append(pluralize(failed, "error") if failed else "no errors")
    if model.begin is not None:
        parts.append(formatting.time(model.begin))
    return " · ".join(parts)


def clock_note(model: TraceModel) -> str | None:
    """Return a note about clocks that were corrected; None if none was."""
    moved = [abs(float(shift)) for shift in model.shifts if shift]
    if not moved:
        return None
    return (
        f"the clocks disagree: {pluralize(len(moved), 'span is', 'spans are')} moved by up to "
        f"{formatting.duration(max(moved))}, because a span cannot begin before its parent"
    )


class _Drawer:
    """Places the spans of a trace on a time axis."""

    def __init__(self, model: TraceModel, whole: float) -> None:
        self.model, self._whole, self._low = model, whole, model.low_ms
        self._path: dict[int, list[tuple[float, float]]] = {}
        for span, low, high in model.segments:
            self._path.setdefault(span, []).append((self._at(low), (high - low) / whole))
        self._marks: dict[int, list[tuple[float, bool]]] = {}
        self._points: dict[int, list[int]] = {}
        for mark in model.marks:
            self._points.setdefault(mark.span, [0, 0])[mark.kind == "log"] += 1
            if not math.isfinite(mark.at_ms):
                continue
            at = self._at(mark.at_ms + float(model.shifts[mark.span]))
            self._marks.setdefault(mark.span, []).append((min(1.0, max(0.0, at)), mark.error))

    def _at(self, milliseconds: float) -> float:
        return (milliseconds - self._low) / self._whole

    def points(self, span: int) -> tuple[str, ...]:
        """Return how many events and log records a span has, in words."""
        events, logs = self._points.get(span, (0, 0))
        return tuple(pluralize(n, what) for n, what in ((events, "point"), (logs, "log record")) if n)

    def bar(self, span: int) -> Bar | None:
        model = self.model
        if not math.isfinite(model.starts[span]):
            return None
        start = self._at(float(model.starts[span] + model.shifts[span]))
        width = float(model.durations[span]) / self._whole if math.isfinite(model.durations[span]) else 0.0
        return Bar(start, width, tuple(self._path.get(span, ())), tuple(self._marks.get(span, ())))
