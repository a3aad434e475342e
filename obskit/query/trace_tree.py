"""`trace`: the spans of one trace as a tree."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import Result
from obskit.display.tables import NULL, html_page, link_html
from obskit.display.waterfall import order, waterfall
from obskit.engine import Scope, format_condition
from obskit.errors import EmptySelection, InvalidArgument
from obskit.query.lookup import NO_TRACES, with_units
from obskit.query.output import dataset_of, format_call, join_statements, merge_notes
from obskit.text import pluralize, safe

MOST_SPANS = 20_000
SHOWN = 300
BAR = 30
COLUMNS = (
    "timestamp", "duration_ms", "name", "service.name", "kind", "error", "status_message", "span_id",
    "parent_span_id", "trace_id",
)  # fmt: skip

_TREE = ("span_id", "parent_span_id", "timestamp", "kind", "service.name")


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Trace(Result):
    """The rows of one trace, parents before children.

    Attributes:
        trace_id: the id, in lower case.
        depths: the depth of each row in the tree; 0 for a root.
    """

    trace_id: str
    depths: tuple[int, ...]

    def plot(self, **options: Any) -> Any:
        """Draw the waterfall."""
        return waterfall(self.table, **options)

    def __str__(self) -> str:
        rows = _span_lines(self.table, self.depths)
        name = max((len(row.label) for row in rows), default=0)
        name = min(name, 60)
        length = max((len(row.length) for row in rows), default=0)
        lines = [f"trace {safe(self.trace_id)}: {pluralize(self.table.num_rows, 'span')}"]
        for row in rows:
            bar = " " * row.start + ("█" * row.width if row.width else "╎")
            label = row.label if len(row.label) <= name else row.label[: name - 1] + "…"
            mark = "  ERROR" if row.error else ""
            mark += f"  {row.points}" if row.points else ""
            lines.append(f"{label.ljust(name)}  {row.length.rjust(length)}  {bar}{mark}".rstrip())
        if self.table.num_rows > SHOWN:
            lines.append(f"… {self.table.num_rows - SHOWN:,} more")
        return "\n".join([*lines, *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = html.escape(safe(self.trace_id))
        if "trace_id" in self.links:
            shown = link_html(self.links["trace_id"], "trace_id", self.trace_id, shown)
        rows = []
        for row in _span_lines(self.table, self.depths):
            left, width = 100 * row.start / BAR, max(0.5, 100 * row.width / BAR)
            colour = "var(--jp-error-color1,#d55e00)" if row.error else "var(--jp-brand-color1,#0072b2)"
            bar = (
                '<div style="position:relative;width:16em;height:.9em"><div style="position:absolute;'
                f"left:{left:.2f}%;width:{min(width, 100 - left):.2f}%;height:100%;background:{colour};"
                'border-radius:2px"></div></div>'
            )
            name = html.escape(row.label.strip()) + (" <b>error</b>" if row.error else "")
            name += f" <small>{row.points}</small>" if row.points else ""
            rows.append(
                f'<tr><td style="text-align:left;padding-left:{0.8 + row.depth:.1f}em">{name}</td>'
                f'<td class="n" style="text-align:right">{html.escape(row.length)}</td><td>{bar}</td></tr>'
            )
        more = f"<p>… {self.table.num_rows - SHOWN:,} more</p>" if self.table.num_rows > SHOWN else ""
        below = "".join(f"<p>{html.escape(safe(line))}</p>" for line in self.footer())
        return html_page(
            f"<p>trace <code>{shown}</code>, {pluralize(self.table.num_rows, 'span')}</p>",
            f"<table>{''.join(rows)}</table>{more}{below}",
        )


@dataclass(frozen=True)
class _SpanLine:
    label: str
    length: str
    start: int
    width: int
    error: bool
    depth: int
    points: str


def _span_lines(table: pa.Table, depths: tuple[int, ...]) -> list[_SpanLine]:
    spans = table.slice(0, SHOWN).to_pylist()
    begins = [span["timestamp"] for span in spans if span.get("timestamp") is not None]
    begin = min(begins, default=None)
    ends = [_offset_ms(begin, span) + _bar_length(span.get("duration_ms")) for span in spans]
    whole = max(ends, default=0.0) or 1.0
    out = []
    for span, depth in zip(spans, depths, strict=False):
        length, after = span.get("duration_ms"), _offset_ms(begin, span)
        start = min(BAR - 1, int(BAR * (max(0.0, after) / whole)))
        width = 0 if length is None else max(1, min(BAR - start, round(BAR * (_bar_length(length) / whole))))
        parts = [span.get("service.name"), span.get("name") or "?"]
        label = "  " * depth + safe(" ".join(str(part) for part in parts if part))
        out.append(
            _SpanLine(
                label,
                NULL if length is None else formatting.duration(length),
                start,
                width,
                bool(span.get("error")),
                depth,
                formatting.points(span.get("events")),
            )
        )
    return out


def _offset_ms(begin: datetime | None, span: dict[str, Any]) -> float:
    at = span.get("timestamp")
    return 0.0 if at is None or begin is None else (at - begin).total_seconds() * 1000


def _bar_length(length: float | None) -> float:
    """Return the length of a bar; 0 if the duration is missing, infinite or negative."""
    return length if length is not None and math.isfinite(length) and length > 0 else 0.0


def trace(scope: Scope, trace_id: str) -> Trace:
    """Return the rows of one trace, as a tree.

    Args:
        scope: the rows to look in.
        trace_id: the whole id in hex, in any case.

    Returns:
        The rows, parents before children; at most 20,000.

    Raises:
        EmptySelection: no row has the id.
        InvalidArgument: the events have no trace ids.

    Cost: one scan of the ids; Parquet's statistics skip some of it.
    """
    if "trace_id" not in scope.schema.names:
        raise InvalidArgument("the events have no trace_id", hint=NO_TRACES)
    wanted_id = str(trace_id).strip().lower()
    # Some tools show 64-bit ids, which are padded with zeros here.
    ids = list(dict.fromkeys([wanted_id, wanted_id.rjust(32, "0")]))
    same = scope.condition(format_condition([{"field": "trace_id", "op": "in", "values": ids}]))
    names = [name for name in COLUMNS if name in scope.schema.names]
    names += [name for name in scope.schema.names if name not in names]
    output = scope.run(lambda t: t.filter(same.to_ibis(t)).select(*names).limit(MOST_SPANS + 1))
    table = output.table
    if not table.num_rows:
        raise EmptySelection(
            f"no event has the trace id {wanted_id!r}",
            hint="give the whole id in hex; events.traces() lists some",
        )
    notes = list(scope.notes)
    if table.num_rows > MOST_SPANS:
        table = table.slice(0, MOST_SPANS)
        notes.append(f"only the first {MOST_SPANS:,} rows of this trace are included")
    rows = table.select([name for name in _TREE if name in names]).to_pylist()
    placed = order([{"span_id": None, "parent_span_id": None, **row} for row in rows])
    table = table.take(pa.array([at for at, _ in placed]))
    known = {row.get("span_id") for row in rows}
    lost = sum(
        1 for row in rows if row.get("parent_span_id") is not None and row["parent_span_id"] not in known
    )
    if lost:
        notes.append(f"{pluralize(lost, 'span has', 'spans have')} a parent that is not among these rows")
    return Trace(
        kind="trace",
        table=with_units(table),
        query=format_call("trace", wanted_id, scope=scope),
        sql=join_statements(scope, [output.sql]),
        dataset=dataset_of(scope),
        notes=merge_notes(notes),
        trace_id=wanted_id,
        depths=tuple(depth for _, depth in placed),
    )
