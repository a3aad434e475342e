"""A query over time as lines: one per group and value, with gaps where a value is null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.display import zone
from obskit.display.chart import Chart, chart, literal, plotly

MOST_LINES = 40


def series(
    table: pa.Table | Mapping[str, Sequence[Any]],
    time: str,
    values: Sequence[str],
    by: Sequence[str] = (),
    *,
    title: str | None = None,
    markers: Sequence[tuple[Any, str]] = (),
) -> Chart:
    """Draw the values of a query with `every` as lines over time.

    Args:
        table: an Arrow table, or columns by name; one row per bucket of time and group, in any order.
        time: the column with the start of the bucket.
        values: columns to draw, each in a panel of its own; the panels share the time axis.
        by: columns whose values name a group; each group is a line, in the same color in every panel.
        title: text above the figure.
        markers: (time, label) of vertical lines.
    Returns:
        A plotly figure; null is a gap. At most the 40 groups with the most rows are drawn; the title says so.
    Raises:
        MissingDependency: plotly is not installed.
    """
    go = plotly()
    columns = (
        table.to_pydict() if isinstance(table, pa.Table) else {name: list(v) for name, v in table.items()}
    )
    first = min((at for at in columns[time] if at is not None), default=None)
    offset, axis_title = zone.axis(first, time)
    columns[time] = [zone.shifted(at, offset) for at in columns[time]]
    keys = list(zip(*(columns[name] for name in by), strict=True)) if by else [()] * len(columns[time])
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(keys):
        groups.setdefault(key, []).append(row)
    shown = sorted(groups, key=lambda key: -len(groups[key]))[:MOST_LINES]
    shown = [key for key in groups if key in set(shown)]
    if len(shown) < len(groups):
        title = f"{title or ''} ({len(shown)} of {len(groups)} groups)".strip()
    palette = chart([]).layout.colorway
    traces = []
    for panel, value in enumerate(values, 1):
        for index, key in enumerate(shown):
            rows = sorted(
                (row for row in groups[key] if columns[time][row] is not None), key=lambda r: columns[time][r]
            )
            name = ", ".join("(missing)" if part is None else str(part) for part in key) or value
            traces.append(
                go.Scatter(
                    name=literal(name),
                    legendgroup=literal(name),
                    showlegend=bool(by) and panel == 1,
                    mode="lines" if len(rows) > 1 else "markers",
                    x=[columns[time][row] for row in rows],
                    y=[_number(columns[value][row]) for row in rows],
                    line={"color": palette[index % len(palette)], "dash": _DASHES[index // len(palette) % 4]},
                    yaxis="y" if panel == 1 else f"y{panel}",
                    connectgaps=False,
                )
            )
    figure = _panels(traces, values, title, [(zone.shifted(at, offset), label) for at, label in markers])
    if axis_title != time:
        figure.update_xaxes(title={"text": literal(axis_title)})
    return figure


_DASHES = ("solid", "dash", "dot", "dashdot")


def _panels(
    traces: list[Any], values: Sequence[str], title: str | None, markers: Sequence[tuple[Any, str]]
) -> Chart:
    """Stack one y axis per value over a shared time axis."""
    high = 1 / max(1, len(values))
    axes: dict[str, Any] = {}
    for panel, value in enumerate(values, 1):
        top = 1 - (panel - 1) * high
        axis = {
            "title": {"text": literal(value)},
            "domain": [max(0.0, top - high + (0.06 if panel < len(values) else 0.0)), top],
            "rangemode": "tozero",
            "automargin": True,
        }
        axes["yaxis" if panel == 1 else f"yaxis{panel}"] = axis
    figure = chart(
        traces,
        height=120 + 220 * max(1, len(values)),
        hovermode="x unified",
        xaxis={"anchor": "y" if len(values) < 2 else f"y{len(values)}", "type": "date"},
        **({"title": {"text": literal(title)}} if title else {}),
        **axes,
    )
    grid = chart([]).layout.yaxis.gridcolor
    figure.update_yaxes(gridcolor=grid, zeroline=False)
    for at, label in markers:
        figure.add_shape(
            type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"dash": "dash", "width": 1}
        )
        figure.add_annotation(x=at, y=1, yref="paper", yanchor="bottom", text=literal(label), showarrow=False)
    return figure


def _number(value: Any) -> float | None:
    """Return a value that plotly can draw: None if it isn't a finite number, because JSON has no NaN."""
    if value is None:
        return None
    number = float(value)
    return number if np.isfinite(number) else None
