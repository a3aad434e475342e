"""`trace`: the spans of one trace as a tree."""

from __future__ import annotations

import dataclasses
import functools
import html
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from obskit.display.live import can_show, show_trace
from obskit.display.result import Result
from obskit.display.tables import link_html
from obskit.display.trace.lines import Line, clock_note, summary, trace_lines
from obskit.display.trace.model import TraceModel, trace_model
from obskit.display.trace.page import SHOWN, trace_html, trace_text
from obskit.display.trace.pairs import TraceRows, trace_rows
from obskit.display.trace.side import TraceSide
from obskit.display.trace.svg import SVG_ROWS, trace_svg
from obskit.display.trace.tree import is_point, place
from obskit.display.waterfall import waterfall
from obskit.engine import Scope, format_condition
from obskit.errors import EmptySelection, InvalidArgument
from obskit.query.lookup import NO_TRACES, with_units
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.text import pluralize, safe

MOST_SPANS = 20_000
LEAST_PREFIX = 8
COLUMNS = (
    "timestamp", "duration_ms", "name", "service.name", "kind", "error", "status_message", "span_id",
    "parent_span_id", "trace_id",
)  # fmt: skip

_TREE = ("span_id", "parent_span_id", "timestamp", "kind", "service.name", "duration_ms", "body")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Trace(Result):
    """The rows of one trace, parents before children.

    Attributes:
        trace_id: the id, in lower case.
        depths: the depth of each row in the tree; 0 for a root.
        span: id of the span that is selected when a notebook shows the trace; None for none.
        beside: the trace that is shown next to this one; None for none.
    """

    trace_id: str
    depths: tuple[int, ...]
    span: str | None = None
    beside: Trace | None = None

    @functools.cached_property
    def model(self) -> TraceModel:
        """The trace as arrays: tree, times, self time, critical path."""
        return trace_model(self.table)

    def plot(self, **options: Any) -> Any:
        """Draw the waterfall as a plotly figure."""
        return waterfall(self.table, **options)

    def to_svg(self, path: str | Path | None = None) -> str:
        """Draw the waterfall as an SVG image, in light colors or dark ones as its viewer prefers.

        Args:
            path: the file to write; None to write none.

        Returns:
            The image, which loads nothing; at most 2,000 rows.
        """
        image = trace_svg(f"trace {self.trace_id}", self._lines(SVG_ROWS), len(self._rows))
        if path is not None:
            Path(path).write_text(image, encoding="utf-8")
        return image

    @functools.cached_property
    def _rows(self) -> TraceRows:
        return trace_rows(self.model, None if self.beside is None else self.beside.model)

    def _lines(self, most: int) -> list[Line]:
        other = None if self.beside is None else self.beside.model
        return trace_lines(self._rows, self.model, other, most=most)

    def __str__(self) -> str:
        titles = [f"trace {self.trace_id}: {summary(self.model)}"]
        if self.beside is not None:
            titles.append(f"beside {self.beside.trace_id}: {summary(self.beside.model)}")
        return trace_text(titles, self._lines(SHOWN), len(self._rows), self.footer())

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        """Show the live waterfall in a notebook with a kernel."""
        if not can_show():
            raise NotImplementedError  # IPython then tries the other ways
        traces = [self] if self.beside is None else [self, self.beside]
        show_trace(
            self._still,
            str(self),
            sides=[TraceSide(one.trace_id, one.table, one.model) for one in traces],
            rows=self._rows,
            span=None if self.span is None else self.model.ids.index(self.span),
            notes=self.footer(),
            display_tz=self.display_tz,
        )

    def _repr_html_(self) -> str:
        return self._still()

    def _still(self, name: str | None = None) -> str:
        traces = [self] if self.beside is None else [self, self.beside]
        titles = []
        for one in traces:
            shown = f"<code>{html.escape(safe(one.trace_id))}</code>"
            if "trace_id" in self.links:
                shown = link_html(self.links["trace_id"], "trace_id", one.trace_id, shown)
            titles.append(f"trace {shown}: {html.escape(summary(one.model))}")
        headings = None if self.beside is None else (self.trace_id[:8], self.beside.trace_id[:8])
        return trace_html(
            "<br>beside ".join(titles),
            self._lines(SHOWN),
            len(self._rows),
            self.footer(),
            name=name,
            headings=headings,
        )


def _whole_id(scope: Scope, start: str) -> str:
    """Return the only trace id that begins with some digits; the digits if none does."""
    found = scope.run(lambda t: t.filter(t.trace_id.startswith(start)).select("trace_id").distinct().limit(2))
    ids = found.table.column(0).to_pylist()
    if len(ids) > 1:
        raise InvalidArgument(f"several trace ids begin with {start!r}", hint=f"give more digits: {ids[0]}")
    return str(ids[0]) if ids else start


def trace(scope: Scope, trace_id: str, *, span: str | None = None, beside: str | None = None) -> Trace:
    """Return the rows of one trace, as a tree.

    Args:
        scope: the rows to look in.
        trace_id: the id in hex, in any case; or its beginning, at least 8 digits, if no other id has it.
        span: id of the span to select.
        beside: id of the trace to show next to it.

    Returns:
        The rows, parents before children; of more than 20,000, the first ones by time.

    Raises:
        EmptySelection: no row has the id, or the trace has no such span.
        InvalidArgument: the events have no trace ids, or several begin like this.

    Cost: one scan of the ids; Parquet's statistics skip some of it.
    """
    other = None if beside is None else trace(scope, beside)
    if "trace_id" not in scope.schema.names:
        raise InvalidArgument("the events have no trace_id", hint=NO_TRACES)
    wanted_id = str(trace_id).strip().lower()
    if LEAST_PREFIX <= len(wanted_id) < 16:
        wanted_id = _whole_id(scope, wanted_id)
    # Some tools show 64-bit ids, which are padded with zeros here.
    ids = list(dict.fromkeys([wanted_id, wanted_id.rjust(32, "0")]))
    same = scope.condition(format_condition([{"field": "trace_id", "op": "in", "values": ids}]))
    names = [name for name in COLUMNS if name in scope.schema.names]
    names += [name for name in scope.schema.names if name not in names]
    output = scope.run(lambda t: t.filter(same.to_ibis(t)).select(*names).limit(MOST_SPANS + 1))
    order = [name for name in ("timestamp", "span_id") if name in names]
    if output.table.num_rows > MOST_SPANS and order:
        # Any rows were enough to know that they are too many.
        output = scope.run(
            lambda t: t.filter(same.to_ibis(t)).select(*names).order_by(order).limit(MOST_SPANS + 1)
        )
    table = output.table
    if not table.num_rows:
        raise EmptySelection(
            f"no event has the trace id {wanted_id!r}",
            hint="give the id in hex, or at least its first 8 digits; events.traces() lists some",
        )
    notes = list(scope.notes)
    if table.num_rows > MOST_SPANS:
        table = table.slice(0, MOST_SPANS)
        notes.append(
            f"only the first {MOST_SPANS:,} rows of this trace are included; self times and the critical "
            "path are of these"
        )
    rows = table.select([name for name in _TREE if name in names]).to_pylist()
    selected = None if span is None else _check_span(rows, wanted_id, span)
    placed = place(rows)
    table = table.take(pa.array([one.row for one in placed]))
    lost = [is_point(rows[one.row]) for one in placed if one.origin == "missing"]
    if spans := lost.count(False):
        notes.append(f"{pluralize(spans, 'span has', 'spans have')} a parent that is not among these rows")
    if again := _repeated(rows):
        notes.append(f"{pluralize(again, 'span has', 'spans have')} the id, kind and service of another span")
    if logs := lost.count(True):
        belong = pluralize(logs, "log record belongs", "log records belong")
        notes.append(f"{belong} to a span that is not among these rows")
    found = Trace(
        kind="trace",
        table=with_units(table),
        query=format_call("trace", wanted_id, scope=scope, span=selected, beside=other and other.trace_id),
        sql=join_statements(scope, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(notes, () if other is None else other.notes),
        trace_id=wanted_id,
        depths=tuple(one.depth for one in placed),
        span=selected,
        beside=other,
    )
    moved = clock_note(found.model)
    return found if moved is None else dataclasses.replace(found, notes=merge_notes(found.notes, [moved]))


def _repeated(rows: list[dict[str, Any]]) -> int:
    """Return how many spans repeat another one. Both sides of a call may share an id, but not their kind."""
    keys = [
        (row["span_id"], row.get("kind"), row.get("service.name"))
        for row in rows
        if row.get("span_id") is not None and not is_point(row)
    ]
    return len(keys) - len(set(keys))


def _check_span(rows: list[dict[str, Any]], trace_id: str, span: str) -> str:
    """Return the id of a span of the trace."""
    wanted = str(span).strip()
    known = {row["span_id"] for row in rows if row.get("span_id") is not None}
    for candidate in (wanted, wanted.lower(), wanted.lower().rjust(16, "0")):
        if candidate in known:
            return candidate
    raise EmptySelection(
        f"trace {trace_id} has no span {wanted!r}",
        hint=f"events.trace({trace_id!r}) shows its spans; to_arrow() has their span_id",
    )
