"""A map of services as an SVG image: callers on the left, what they call on the right.

A box is a service, a line is calls (dashed: messages), thicker where there are more. What became slower or
faster than a baseline has a color, an arrow and a number; so have errors.
"""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.map_layout import Layout, layered_layout
from obskit.display.svg import fit, plain_text, svg_page, text_node
from obskit.text import pluralize, safe

MOST_SERVICES = 150
SLOWER, FASTER = "#D55E00", "#0072B2"
NOTABLE = 1.2
"""A median that is so many times the baseline's, or a fraction of that, is colored."""
_WIDTH, _HEIGHT, _GAP_X, _ROW, _EDGE = 178, 50, 140, 64, 16
_LABELED = 60  # edges up to which each one gets a label; beyond, those with errors or a notable change do
_PLACES = (0.65, 0.58, 0.5, 0.42, 0.35, 0.75, 0.25)
_Point = tuple[float, float]
_Cubic = tuple[_Point, _Point, _Point, _Point]


def service_map_svg(nodes: pa.Table, edges: pa.Table, *, title: str = "Service map") -> str:
    """Draw services and the calls between them.

    Args:
        nodes: one row per service: `service`, `calls`, `errors`, `p50_ms`, `p99_ms`, `self_ms`, `change`.
        edges: one row per caller, callee and kind: `caller`, `callee`, `kind` ("call" or "message"), `calls`,
            `errors`, `p50_ms`, `p99_ms`, `network_ms`, `change`. A service that only `edges` names is drawn
            without numbers. `change` is the ratio of the median to the baseline's, null where there is none.
        title: what the image shows.
    Returns:
        An SVG image in the notebook's colors, or in light or dark ones as its viewer prefers. It loads
        nothing; names are text. At most 150 services are drawn, those with the most calls; the image says so.
    """
    services = {_name(row["service"]): row for row in nodes.to_pylist()}
    calls = [_Edge.of(row) for row in edges.to_pylist()]
    for edge in calls:
        for name in (edge.caller, edge.callee):
            services.setdefault(name, {"service": name})
    ranked = sorted(services, key=lambda name: (-(services[name].get("calls") or 0), name))
    shown = ranked[:MOST_SERVICES]
    kept = set(shown)
    drawn = [edge for edge in calls if edge.caller in kept and edge.callee in kept]
    compared = any(row.get("change") is not None for row in (*services.values(), *(e.row for e in calls)))
    tallest = max(5, math.ceil(1.6 * math.sqrt(len(shown))))
    layout = layered_layout(shown, [(edge.caller, edge.callee) for edge in drawn], tallest=tallest)
    boxes = {
        name: (_left(layout.columns[name]), _EDGE + layout.heights[name] * _ROW - _HEIGHT / 2)
        for name in shown
    }
    canvas = _Canvas(boxes, layout)
    body = [canvas.line(edge) for edge in drawn]
    body += [_box(services[name], number, boxes[name], compared) for number, name in enumerate(shown)]
    body += canvas.labels(drawn, compared)
    width = max((x for x, _ in boxes.values()), default=0.0) + _WIDTH + _EDGE
    height = max((y for _, y in boxes.values()), default=0.0) + _HEIGHT + _EDGE
    low = canvas.lowest + 8
    legend = _legend(compared, len(ranked) - len(shown))
    bottom = max(height, low)
    body += [
        text_node(_EDGE, bottom + 14 + 16 * line, text, soft=True, most=200)
        for line, text in enumerate(legend)
    ]
    width = max(width, 560.0)
    return svg_page(width, bottom + 16 * len(legend) + 10, title, "".join(body), shrink=False)


def service_map_html(
    nodes: pa.Table, edges: pa.Table, *, title: str = "Service map", name: str | None = None
) -> str:
    """Return the map as HTML that a notebook shows without a kernel and without trust.

    Args:
        nodes: as in `service_map_svg`.
        edges: as in `service_map_svg`.
        title: what the image shows.
        name: class of the whole; the widget on the same page finds it by this class and hides it.
    Returns:
        HTML: the image as data, because JupyterLab keeps no SVG elements of a notebook that is not trusted. A
        large one scrolls instead of shrinking.
    """
    image = base64.b64encode(service_map_svg(nodes, edges, title=title).encode()).decode()
    kind = "" if name is None else f' class="{escape(name)}"'
    return (
        f'<div{kind} style="overflow:auto;max-width:100%;max-height:820px">'
        f'<img alt="{escape(safe(title))}" style="max-width:none" '
        f'src="data:image/svg+xml;base64,{image}"></div>'
    )


@dataclass(frozen=True)
class _Edge:
    """A line of the map."""

    caller: str
    callee: str
    message: bool
    row: Mapping[str, Any]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _Edge:
        return cls(_name(row["caller"]), _name(row["callee"]), row.get("kind") == "message", row)

    @property
    def notable(self) -> bool:
        return bool(self.row.get("errors")) or _colour(self.row) is not None


def _name(service: Any) -> str:
    return str(service) if service else "(no service.name)"


def _left(column: int) -> float:
    return float(_EDGE + column * (_WIDTH + _GAP_X))


class _Canvas:
    """Draws lines between boxes, and finds room for their labels."""

    def __init__(self, boxes: Mapping[str, _Point], layout: Layout) -> None:
        self._boxes, self._layout = boxes, layout
        self._numbers = {name: number for number, name in enumerate(boxes)}
        self._curves: dict[int, list[_Cubic]] = {}
        self.lowest = 0.0

    def line(self, edge: _Edge) -> str:
        """Return the line of an edge."""
        curve = self._curve(edge)
        self._curves[id(edge)] = curve
        self.lowest = max(self.lowest, *(y for cubic in curve for _, y in cubic))
        thick = 1 + min(5.0, math.log10(max(1, edge.row.get("calls") or 1)))
        colour = _colour(edge.row)
        stroke = f'stroke="{colour or "var(--ok-line)"}" stroke-width="{thick:.1f}"'
        stroke += ' stroke-dasharray="7 4"' if edge.message else ""
        title = plain_text(fit(_edge_text(edge), 400))
        drawn = f'<path d="{_path(curve)}" fill="none" {stroke}/>{_arrow(curve, colour)}'
        ends = f'data-caller="{self._numbers[edge.caller]}" data-callee="{self._numbers[edge.callee]}"'
        return f"<g {ends}><title>{title}</title>{drawn}</g>"

    def _curve(self, edge: _Edge) -> list[_Cubic]:
        (x0, y0), (x1, y1) = self._boxes[edge.caller], self._boxes[edge.callee]
        middle = _HEIGHT / 2
        if edge.caller == edge.callee:
            left, right, top = x0 + _WIDTH * 0.7, x0 + _WIDTH * 0.9, y0 - 12
            return [((left, y0), (left + 6, top), (right - 6, top), (right, y0))]
        pair = (edge.caller, edge.callee)
        if pair in self._layout.backward:
            low = max(y0, y1) + _HEIGHT + 12
            start, end = (x0, y0 + middle + 8), (x1 + _WIDTH, y1 + middle + 8)
            return [(start, (x0 - 40, low), (x1 + _WIDTH + 40, low), end)]
        # Calls and messages between the same two services are next to each other.
        aside = 7.0 if edge.message else 0.0
        points = [(x0 + _WIDTH, y0 + middle + aside)]
        for n, height in enumerate(self._layout.bends.get(pair, ())):
            left, y = _left(self._layout.columns[edge.caller] + 1 + n), _EDGE + height * _ROW + aside
            points += [(left, y), (left + _WIDTH, y)]
        points.append((x1, y1 + middle + aside))
        return [_horizontal(start, end) for start, end in pairwise(points)]

    def labels(self, edges: list[_Edge], compared: bool) -> list[str]:
        """Return the labels for which there is room; those with something notable come first."""
        taken = [(x, y, x + _WIDTH, y + _HEIGHT) for x, y in self._boxes.values()]
        chosen = edges if len(edges) <= _LABELED else [edge for edge in edges if edge.notable]
        meeting = Counter(name for edge in chosen for name in (edge.caller, edge.callee))
        out = []
        for edge in sorted(chosen, key=lambda edge: not edge.notable):
            lines = _label(edge, compared)
            wide, high = 3.3 * max(map(len, lines)) + 3, 7.0 * len(lines)
            # Lines are crowded where many of them meet: their labels are nearer to the other end.
            more = meeting[edge.caller] - meeting[edge.callee]
            wanted = 0.5 + 0.15 * ((more > 0) - (more < 0))
            for at in sorted(_PLACES, key=lambda at: abs(at - wanted)):
                x, y = _along(self._curves[id(edge)], at)
                room = (x - wide, y - high, x + wide, y + high)
                if edge.caller == edge.callee or any(_overlap(room, other) for other in taken):
                    continue
                taken.append(room)
                box = f'x="{x - wide:.1f}" y="{y - high:.1f}" width="{2 * wide:.1f}" height="{2 * high:.0f}"'
                out.append(f'<rect {box} class="page"/>')
                for n, line in enumerate(lines):
                    out.append(
                        text_node(
                            x,
                            y - high + 11 + 14 * n,
                            line,
                            anchor="middle",
                            soft=not n,
                            error=bool(n) and bool(edge.row.get("errors")),
                            size=11,
                        )
                    )
                break
        return out


def _label(edge: _Edge, compared: bool) -> list[str]:
    """Return how many calls and how long, and on a second line what is wrong or has changed."""
    row = edge.row
    usual = [_short(row.get("calls"))]
    if row.get("p50_ms") is not None:
        usual.append(formatting.duration(row["p50_ms"]))
    odd = [f"✕ {_errors(row)}"] if row.get("errors") else []
    if compared and _colour(row) is not None:
        odd.append(str(_change(row)))
    return [" · ".join(parts) for parts in (usual, odd) if parts]


def _edge_text(edge: _Edge) -> str:
    row = edge.row
    what = "messages" if edge.message else "calls"
    lines = [f"{edge.caller} → {edge.callee}", f"{formatting.count(row.get('calls'))} {what}"]
    lines += _numbers(row, "network" if not edge.message else "waiting")
    return "\n".join(lines)


def _numbers(row: Mapping[str, Any], outside: str | None = None) -> list[str]:
    out = []
    if row.get("errors"):
        out.append(f"{row['errors']:,} errors ({_errors(row)})")
    for name, words in (
        ("p50_ms", "p50"),
        ("p99_ms", "p99"),
        ("self_ms", "self time per call"),
        ("network_ms", outside),
    ):
        if words and row.get(name) is not None:
            out.append(f"{words} {formatting.duration(row[name])}")
    if change := _change(row):
        out.append(f"median against the baseline: {change}")
    return out


def _box(row: Mapping[str, Any], number: int, corner: _Point, compared: bool) -> str:
    x, y = corner
    name = _name(row["service"])
    colour = _colour(row)
    edge = f'stroke="{colour}" stroke-width="3"' if colour else 'stroke="var(--ok-soft)" stroke-width="1"'
    known = row.get("calls") is not None
    numbers = [f"{_short(row['calls'])} calls"] if known else ["no spans of its own"]
    if row.get("p99_ms") is not None:
        numbers.append(f"p99 {formatting.duration(row['p99_ms'])}")
    said = []
    if row.get("errors"):
        said.append((f"✕ {_errors(row)}", True))
    if compared and known:
        said.append((_change(row) or "not compared", False))
    full = plain_text(
        fit("\n".join([name, f"{formatting.count(row.get('calls'))} calls", *_numbers(row)]), 600)
    )
    parts = [
        f'<g data-service="{number}"><title>{full}</title>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" '
        f'class="node" {edge}/>',
        text_node(x + 8, y + 16, name, weight=600, most=24),
        text_node(x + 8, y + 30, " · ".join(numbers), soft=True, most=28, size=11),
    ]
    left = x + 8
    for text, bad in said:
        parts.append(
            text_node(
                left,
                y + 44,
                text,
                error=bad,
                soft=not bad and colour is None,
                most=18,
                size=11,
                weight=600 if bad or colour else 400,
            )
        )
        left += 7 * len(text) + 8
    return "".join(parts) + "</g>"


def _colour(row: Mapping[str, Any]) -> str | None:
    change = row.get("change")
    if change is None or not math.isfinite(change):
        return None
    return SLOWER if change >= NOTABLE else FASTER if change <= 1 / NOTABLE else None


def _change(row: Mapping[str, Any]) -> str | None:
    change = row.get("change")
    if change is None or not math.isfinite(change):
        return None
    arrow = "▲" if change >= NOTABLE else "▼" if change <= 1 / NOTABLE else "="
    return f"{arrow} {formatting.ratio(change)}"


def _errors(row: Mapping[str, Any]) -> str:
    calls = row.get("calls")
    return formatting.share(row["errors"] / calls) if calls else str(row["errors"])


def _short(count: float | None) -> str:
    if count is None:
        return "?"
    for least, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if count >= least:
            return f"{count / (1e3 if unit == 'k' else least):.3g} {unit}"
    return formatting.count(count)


def _legend(compared: bool, left_out: int) -> list[str]:
    lines = [
        "box: service · line: number and median of calls, thicker where there are more · dashed: messages · "
        "✕ share of errors"
    ]
    if compared:
        lines.append(
            f"median against the baseline's: ▲ at least {NOTABLE:g} times (orange) · "
            f"▼ at most 1/{NOTABLE:g} (blue) · = between"
        )
    if left_out:
        lines.append(f"{pluralize(left_out, 'service')} with fewer calls not drawn")
    return lines


def _horizontal(start: _Point, end: _Point) -> _Cubic:
    """Return a smooth curve that leaves and arrives horizontally."""
    half = (end[0] - start[0]) / 2
    return (start, (start[0] + half, start[1]), (end[0] - half, end[1]), end)


def _path(curve: list[_Cubic]) -> str:
    parts = [f"M{curve[0][0][0]:.1f} {curve[0][0][1]:.1f}"]
    parts += ["C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in cubic[1:]) for cubic in curve]
    return "".join(parts)


def _along(curve: list[_Cubic], at: float) -> _Point:
    """Return the point of a line at a share of its pieces."""
    which = min(int(at * len(curve)), len(curve) - 1)
    t = at * len(curve) - which
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x, y = (sum(w * point[k] for w, point in zip(weights, curve[which], strict=True)) for k in (0, 1))
    return x, y


def _arrow(curve: list[_Cubic], colour: str | None) -> str:
    """Return the head of an arrow at the end of a line."""
    (x0, y0), (x1, y1) = curve[-1][2:]
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    left, right = (x1 - 8 * ux - 4 * uy, y1 - 8 * uy + 4 * ux), (x1 - 8 * ux + 4 * uy, y1 - 8 * uy - 4 * ux)
    fill = f'fill="{colour}"' if colour else 'class="soft"'
    return f'<path {fill} d="M{x1:.1f} {y1:.1f}L{left[0]:.1f} {left[1]:.1f}L{right[0]:.1f} {right[1]:.1f}z"/>'


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
