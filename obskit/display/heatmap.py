"""A grid of counts as a picture: log counts in one hue; empty cells stay empty."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.display import zone
from obskit.display.chart import Chart, chart, literal, plotly
from obskit.display.palette import RAMP_DARK, RAMP_LIGHT, SELECTION, ramp, rgb

Grid = npt.NDArray[Any]
_FRAME, _INK = 254, 255  # entries of the palette of a picture with marks


def heatmap(
    grid: Grid,
    x_edges: Grid,
    y_edges: Grid,
    *,
    x: str = "timestamp",
    y: str = "duration_ms",
    markers: Iterable[tuple[Any, str]] = (),
    labels: Sequence[str] = (),
    dark: bool = False,
) -> Chart:
    """Draw counts over two fields.

    Args:
        grid: counts, rows = bins of y from the lowest, columns = bins of x.
        x_edges: edges of the bins of x, one more than bins, ascending.
        y_edges: the same of y, which has a log axis if all of them are positive.
        x: name of the field on the horizontal axis.
        y: name of the field on the vertical axis.
        markers: (x value, label) of vertical lines, for example deployments.
        labels: the names of the bins of y, for an axis of names instead of numbers.
        dark: whether the page is dark: few events are dark then, and many are light.
    Returns:
        A plotly figure; cells without events are empty, not in the color of few events.
    Raises:
        MissingDependency: plotly is not installed.
    """
    go = plotly()
    x_edges, x, offset = _in_zone(x_edges, x)
    y_edges, y, _ = _in_zone(y_edges, y)
    counts = np.asarray(grid, dtype=np.float64)
    with np.errstate(divide="ignore"):
        z = np.where(counts > 0, np.log10(counts), np.nan)
    stops = RAMP_DARK if dark else RAMP_LIGHT
    top = float(np.nanmax(z)) if np.isfinite(z).any() else 0.0
    ticks = list(range(int(top) + 1))
    trace = go.Heatmap(
        x=x_edges,
        y=y_edges,
        z=z.astype(np.float32),
        customdata=counts.astype(np.float32),
        zmin=min(0.0, float(np.nanmin(z))) if np.isfinite(z).any() else 0.0,
        zmax=max(top, 1e-9),
        colorscale=[[index / (len(stops) - 1), colour] for index, colour in enumerate(stops)],
        colorbar={
            "title": {"text": "events"},
            "tickvals": ticks,
            "ticktext": [f"{10**tick:,}" for tick in ticks],
        },
        hovertemplate="%{x}<br>%{y:.4~g}<br>%{customdata:,.0f} events<extra></extra>",
    )
    logarithmic = bool(len(y_edges)) and float(np.min(y_edges)) > 0 and not labels
    figure = chart(
        [trace],
        xaxis={"title": {"text": literal(x)}, "showgrid": False},
        yaxis={"title": {"text": literal(y)}, "type": "log" if logarithmic else "linear", "showgrid": False},
    )
    if labels:
        middles = [float(low + high) / 2 for low, high in pairwise(y_edges)]
        figure.update_yaxes(tickvals=middles, ticktext=[literal(label) for label in labels])
    for given, label in markers:
        at = zone.shifted(given, offset)
        figure.add_shape(
            type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line={"dash": "dash", "width": 1}
        )
        figure.add_annotation(x=at, y=1, yref="paper", yanchor="bottom", text=literal(label), showarrow=False)
    return figure


def _in_zone(edges: Grid, name: str) -> tuple[Grid, str, timedelta]:
    """Return the edges of an axis as they are shown, its title, and the offset that was added."""
    if edges.dtype.kind != "M" or not len(edges):
        return edges, name, timedelta()
    offset, title = zone.axis(edges[0].astype("datetime64[us]").item(), name)
    return edges + np.timedelta64(offset), title, offset


def shades(grid: Grid) -> npt.NDArray[np.uint8]:
    """Return the shade of each cell: 0 if it is empty, else from 1 (few events) to 255 (the most), by log."""
    counts = np.asarray(grid, dtype=np.float64)
    top = float(counts.max()) if counts.size else 0.0
    if top <= 0:
        return np.zeros(counts.shape, dtype=np.uint8)
    filled = counts > 0
    # Weighted counts may be below 1: the scale then starts at the smallest one.
    foot = min(1.0, float(counts[filled].min()))
    span = max(np.log(top / foot), 1e-9)
    level = np.log(np.where(filled, counts, foot) / foot) / span
    return np.where(filled, 1 + np.round(254 * level), 0).astype(np.uint8)


@dataclass(frozen=True)
class Marks:
    """What is drawn over a picture; all positions are fractions, from the left and from the bottom.

    Attributes:
        lines: positions of dashed vertical lines.
        box: (left, right, bottom, top) of a frame, or None.
    """

    lines: tuple[float, ...] = ()
    box: tuple[float, float, float, float] | None = None


def png(grid: Grid, *, scale: int = 3, dark: bool = False, marks: Marks | None = None) -> bytes:
    """Return the grid as an indexed PNG.

    Args:
        grid: counts, rows = bins of y from the lowest (drawn at the bottom), columns = bins of x.
        scale: width and height of a cell in pixels.
        dark: whether the page is dark.
        marks: a frame and lines over it.
    Returns:
        The bytes of a PNG file; cells without events are transparent.
    """
    shade = np.repeat(np.repeat(shades(grid)[::-1], scale, axis=0), scale, axis=1)
    height, width = shade.shape
    colours = np.vstack([np.zeros((1, 3), np.uint8), ramp(dark)])
    if marks is not None:
        shade = _marked(shade, marks)
        own = [rgb(SELECTION), rgb("#eeeeee" if dark else "#111111")]
        colours = np.vstack([np.zeros((1, 3), np.uint8), ramp(dark, _FRAME - 1), np.array(own, np.uint8)])
    # One filter byte (0: none) before each row.
    rows = np.hstack([np.zeros((height, 1), np.uint8), shade]).tobytes()
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", max(width, 1), max(height, 1), 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", colours.tobytes()),
            _chunk(b"tRNS", b"\0"),
            _chunk(b"IDAT", zlib.compress(rows or b"\0\0", 9)),
            _chunk(b"IEND", b""),
        )
    )


def data_uri(grid: Grid, *, scale: int = 3, dark: bool = False, marks: Marks | None = None) -> str:
    """Return `png` as a data URI, for HTML that loads no files."""
    image = png(grid, scale=scale, dark=dark, marks=marks)
    return "data:image/png;base64," + base64.b64encode(image).decode("ascii")


def _marked(shade: npt.NDArray[np.uint8], marks: Marks) -> npt.NDArray[np.uint8]:
    """Return the pixels with the marks over them; their entries of the palette are the last two."""
    out = (1 + (shade.astype(np.uint16) - 1) * (_FRAME - 2) // 254).astype(np.uint8)
    out[shade == 0] = 0
    height, width = out.shape
    if not out.size:
        return out
    for at in marks.lines:
        if 0 <= at <= 1:
            column = min(int(at * width), width - 1)
            out[np.arange(height) % 6 < 4, column] = _INK
    if marks.box is not None:
        left, right, bottom, top = (min(max(side, 0.0), 1.0) for side in marks.box)
        columns = slice(int(left * (width - 1)), max(int(right * width), int(left * (width - 1)) + 1))
        rows = slice(
            int((1 - top) * (height - 1)), max(int((1 - bottom) * height), int((1 - top) * (height - 1)) + 1)
        )
        frame = out[rows, columns]
        for colour, thickness in ((_INK, 3), (_FRAME, 2)):
            edge = np.ones(frame.shape, bool)
            edge[thickness:-thickness, thickness:-thickness] = False
            frame[edge] = colour
    return out


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
