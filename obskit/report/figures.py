"""Plotly's JSON as charts that a page can draw without plotly, which would be five megabytes."""

from __future__ import annotations

import base64
import binascii
import html
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from obskit.report.blocks import Block, Figure, Pre

MOST_POINTS = 20_000
"""Most points of a trace."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?\Z")
_ZONE = re.compile(r"(Z|[+-]\d\d:?\d\d)\Z")
_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"[<>=|]?[bhilqBHILQfd0-9iuf]{1,3}\Z")


def figures_of(content: Mapping[str, Any]) -> list[Block]:
    """Return a plotly figure as charts, one per y axis.

    Args:
        content: the value of `application/vnd.plotly.v1+json`.

    Returns:
        Charts of its lines, bars and heatmaps; a line of text names the traces that cannot be drawn.
    """
    layout = content.get("layout")
    layout = layout if isinstance(layout, Mapping) else {}
    data = content.get("data")
    traces = [trace for trace in data if isinstance(trace, Mapping)] if isinstance(data, list) else []
    panels: dict[str, list[dict[str, Any]]] = {}
    strange: list[str] = []
    for trace in traces:
        converted = _trace(trace)
        if converted is None:
            strange.append(str(trace.get("type", "scatter")))
        else:
            panels.setdefault(str(trace.get("yaxis") or "y"), []).append(converted)
    title = _text(layout.get("title"))
    x_title = next(
        (found for key in sorted(layout) if key.startswith("xaxis") and (found := _title(layout, key))), ""
    )
    blocks: list[Block] = []
    for axis, drawn in panels.items():
        key = "yaxis" + axis[1:]
        xs = [x for trace in drawn for x in trace["x"] if x is not None]
        time = bool(xs) and all(isinstance(x, str) and _TIME.match(x) for x in xs)
        if time:
            for trace in drawn:
                trace["x"] = [None if x is None else _utc(x) for x in trace["x"]]
        y_axis = layout.get(key)
        log = isinstance(y_axis, Mapping) and y_axis.get("type") == "log"
        names = _title(layout, key)
        blocks.append(
            Figure(
                title=" · ".join(part for part in (title, names) if part) or "Chart",
                traces=drawn,
                time=time,
                x_title=x_title or ("time (UTC)" if time else ""),
                y_title=names,
                log_y=log,
                marks=_marks(layout) if time else (),
            )
        )
    if strange:
        blocks.append(Pre(f"(not drawn in a report: {', '.join(dict.fromkeys(strange))})"))
    return blocks


def _trace(trace: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = trace.get("type", "scatter")
    x, y = _array(trace.get("x")), _array(trace.get("y"))
    name = _plain(str(trace.get("name") or ""))
    if kind in ("scatter", "scattergl", "bar") and x and len(x) == len(y):
        if kind == "bar" and trace.get("orientation") == "h":
            x, y = y, x
        if not _are_numbers(y):
            return None
        if len(x) > MOST_POINTS:
            name = f"{name} (the first {MOST_POINTS:,} of {len(x):,} points)".strip()
        shape = "bar" if kind == "bar" else "line"
        return {"type": shape, "name": name, "x": list(x[:MOST_POINTS]), "y": list(y[:MOST_POINTS])}
    if kind == "heatmap":
        counts = trace.get("customdata")
        z = _array(trace.get("z") if counts is None else counts)
        wide = [row for row in z if isinstance(row, list)]
        if wide and all(map(_are_numbers, wide)) and len(x) == len(wide[0]) + 1 and len(y) == len(wide) + 1:
            return {"type": "grid", "name": name, "x": list(x), "y": list(y), "z": wide}
    return None


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(value is None or isinstance(value, int | float) for value in values)


def _array(value: Any) -> list[Any]:
    """Return an array of plotly's JSON, which may be base64, as values that JSON can hold."""
    if isinstance(value, Mapping):
        kind, data = str(value.get("dtype", "")), value.get("bdata")
        if not isinstance(data, str) or not _NUMBER.match(kind):
            return []
        try:
            array = np.frombuffer(base64.b64decode(data), dtype=np.dtype(kind))
            if "shape" in value:
                array = array.reshape([int(part) for part in str(value["shape"]).split(",")])
        except (ValueError, TypeError, binascii.Error):
            return []
        value = array.tolist()
    return [_cell(item) for item in value] if isinstance(value, list) else []


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return [_cell(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _plain(value)
    return value if isinstance(value, int | bool) else None


def _plain(text: str) -> str:
    return html.unescape(_TAG.sub(" ", text)).strip()


def _utc(text: str) -> str:
    """Return a time in a form that every browser reads alike; times without a zone are shown as they are."""
    text = text.replace(" ", "T", 1) if "T" not in text else text
    text = text if _ZONE.search(text) or len(text) == 10 else f"{text}Z"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds")


def _title(layout: Mapping[str, Any], key: str) -> str:
    axis = layout.get(key)
    return _text(axis.get("title")) if isinstance(axis, Mapping) else ""


def _text(title: Any) -> str:
    text = title.get("text") if isinstance(title, Mapping) else title
    return _plain(text) if isinstance(text, str) else ""


def _marks(layout: Mapping[str, Any]) -> list[dict[str, str]]:
    marks: Sequence[Any] = layout.get("annotations") or ()
    return [
        {"at": _utc(mark["x"]), "label": _plain(str(mark.get("text") or ""))}
        for mark in (marks if isinstance(marks, list) else ())
        if isinstance(mark, Mapping) and isinstance(mark.get("x"), str) and _TIME.match(mark["x"])
    ]
