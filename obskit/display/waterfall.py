"""A trace as a waterfall: one span per row, children below their parent in order of start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.chart import Chart, chart, literal, plotly
from obskit.display.palette import SERIES
from obskit.text import pluralize

ERROR = "#D55E00"
_CALLING, _CALLED = ("client", "producer"), ("server", "consumer")


def order(spans: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return (index, depth) of every span, parents before their children, siblings by start.

    Args:
        spans: rows with `span_id`, `parent_span_id`, `timestamp` and, where known, `kind` and
            `service.name`; any of them may be None.
    Returns:
        Every index once. Two sides of a call may share an id, as in Zipkin: the server is then below the
        client, and a child with that parent id is below the side of its own service, else below the server.
        A span without a known parent has depth 0. So has one span of a ring of parents, where the ring is
        entered.
    """
    children: dict[int, list[int]] = {}
    roots = []
    for index, parent in enumerate(_parents(spans)):
        if parent is None:
            roots.append(index)
        else:
            children.setdefault(parent, []).append(index)

    def start(index: int) -> tuple[bool, Any]:
        at = spans[index].get("timestamp")
        return (at is None, at if at is not None else 0)

    out: list[tuple[int, int]] = []
    seen: set[int] = set()
    # A stack instead of recursion: a trace may be deeper than Python's limit.
    for root in [*sorted(roots, key=start), *range(len(spans))]:
        stack = [(root, 0)]
        while stack:
            index, depth = stack.pop()
            if index in seen:
                continue
            seen.add(index)
            out.append((index, depth))
            stack.extend(
                (child, depth + 1) for child in sorted(children.get(index, ()), key=start, reverse=True)
            )
    return out


def _parents(spans: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Return the index of every span's parent; None if the parent is not among the spans."""
    # The first two spans for each key: one of them may be the span itself.
    where: dict[tuple[Any, ...], list[int]] = {}
    for index, span in enumerate(spans):
        if (own := span.get("span_id")) is not None:
            side, service = _side(span), span.get("service.name")
            for key in ((own,), (own, side), (own, None, service), (own, side, service)):
                if len(have := where.setdefault(key, [])) < 2:
                    have.append(index)

    def above(index: int) -> int | None:
        span = spans[index]
        parent, service = span.get("parent_span_id"), span.get("service.name")
        wanted = [(parent, "called", service), (parent, None, service), (parent, "called"), (parent,)]
        if _side(span) == "called":
            wanted.insert(0, (span.get("span_id"), "calling"))
        if service is None:
            wanted = [key for key in wanted if len(key) < 3]
        found = (other for key in wanted for other in where.get(key, ()) if other != index)
        return next(found, None)

    return [above(index) for index in range(len(spans))]


def _side(span: Mapping[str, Any]) -> str | None:
    kind = span.get("kind")
    return "calling" if kind in _CALLING else "called" if kind in _CALLED else None


def waterfall(spans: pa.Table | Sequence[Mapping[str, Any]], *, most: int = 500) -> Chart:
    """Draw the spans of one trace.

    Args:
        spans: an Arrow table or rows, with `timestamp`, `duration_ms`, `name`, `span_id`, `parent_span_id`
            and, where known, `service.name`, `kind`, `error`; other columns are ignored.
        most: at most so many spans are drawn, the first in order; the title says so.
    Returns:
        A plotly figure, in milliseconds from the start of the trace. Each service has a color, and each row
        its name; errors are hatched and labeled.
    Raises:
        MissingDependency: plotly is not installed.
    """
    go = plotly()
    rows = spans.to_pylist() if isinstance(spans, pa.Table) else list(spans)
    placed = order(rows)
    shown = [(row, depth) for row, depth in placed[:most] if rows[row].get("timestamp") is not None]
    begin: Any = min((rows[row]["timestamp"] for row, _ in shown), default=None)
    services = list(dict.fromkeys(str(rows[row].get("service.name") or "") for row, _ in shown))
    base, length, colour, pattern, label, hover = [], [], [], [], [], []
    for row, depth in shown:
        span = rows[row]
        service, failed = str(span.get("service.name") or ""), bool(span.get("error"))
        base.append(_milliseconds(begin, span["timestamp"]))
        length.append(float(span.get("duration_ms") or 0.0))
        colour.append(SERIES[services.index(service) % len(SERIES)])
        pattern.append("x" if failed else "")
        label.append(
            literal("\u2003" * depth + " ".join(filter(None, (service, str(span.get("name") or "?")))))
        )
        points = formatting.points(span.get("events"))
        more = f"{' · ERROR' if failed else ''}{f' · {points}' if points else ''}"
        hover.append(f"{literal(span.get('span_id'))}{more}")
    bar = go.Bar(
        orientation="h",
        y=list(range(len(shown))),
        base=base,
        # A bar without length can't be seen or pointed at.
        x=[max(value, 1e-3) for value in length],
        marker={"color": colour, "pattern": {"shape": pattern, "fgcolor": ERROR}},
        text=[
            f"{value:,.3g} ms{' · error' if shape else ''}"
            for value, shape in zip(length, pattern, strict=True)
        ],
        textposition="auto",
        customdata=[[text, more, value] for text, more, value in zip(label, hover, length, strict=True)],
        hovertemplate="%{customdata[0]}<br>%{customdata[2]:.6~g} ms from %{base:.6~g} ms"
        "<br>%{customdata[1]}<extra></extra>",
    )
    title = pluralize(len(rows), "span") + (
        f", {len(shown):,} of them drawn" if len(shown) < len(rows) else ""
    )
    return chart(
        [bar],
        title={"text": title},
        height=110 + 24 * max(1, len(shown)),
        bargap=0.25,
        showlegend=False,
        xaxis={"title": {"text": "milliseconds from the start"}, "rangemode": "tozero"},
        yaxis={
            "autorange": "reversed",
            "tickmode": "array",
            "tickvals": list(range(len(shown))),
            "ticktext": label,
            "showgrid": False,
        },
    )


def _milliseconds(begin: datetime, at: datetime) -> float:
    return (at - begin).total_seconds() * 1000
