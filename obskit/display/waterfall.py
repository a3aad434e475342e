"""A trace as a plotly figure: one span per row, children below their parent in order of start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.chart import Chart, chart, literal, plotly
from obskit.display.palette import ERROR, SERIES
from obskit.display.trace.tree import order
from obskit.text import pluralize


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
