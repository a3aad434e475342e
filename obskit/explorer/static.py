"""The Explorer without a kernel: for notebooks that are reopened, exported or not trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from obskit.display import formatting
from obskit.display.bars import comparison_html
from obskit.display.heatmap import Marks, data_uri
from obskit.display.live import hide_missing_widget
from obskit.engine import moment
from obskit.explorer.state import InvestigationState
from obskit.explorer.view import Picture
from obskit.text import safe


def html(
    state: InvestigationState, picture: Picture | None, found: Mapping[str, Any] | None, code: str, name: str
) -> str:
    """Return the picture and the explanation as HTML without scripts or anything to load.

    Args:
        state: what is shown.
        picture: the heatmap, or None.
        found: the explanation as a dict, or None.
        code: the lines of Python that reproduce it.
        name: class of the block; the widget on the same page finds it by this class and hides it.
    Returns:
        HTML; all text of the data is escaped.
    """
    parts = [f"<p><b>{escape(_title(state))}</b></p>"]
    if picture is not None:
        caption = escape(safe(" ".join([picture.words, *_legend(state, picture.view)])))
        parts.append(
            f'<img alt="{caption}" width="700" height="240" style="background-color:#fff" '
            f'src="{data_uri(picture.grid, marks=_marks(state, picture.view))}"><p>{caption}</p>'
        )
    if found is not None:
        parts.append(comparison_html(found))
    elif state.selection is not None:
        parts.append(f"<p>selected: <code>{escape(safe(state.selection))}</code></p>")
    shown = escape(safe(code, lines=True))
    parts.append(f"<details><summary>Code that reproduces this</summary><pre>{shown}</pre></details>")
    return f'<div class="{escape(name)}">{"".join(parts)}</div>{hide_missing_widget(name)}'


def _marks(state: InvestigationState, view: Mapping[str, Any]) -> Marks:
    """Return the box and the markers as fractions of the picture."""
    x, y, brush = view["x"], view["y"], state.brush
    lines = tuple(_fraction(x, mark["at"]) for mark in view["markers"])
    if brush is None or state.selection is None:
        return Marks(lines)
    left, right, bottom, top = (
        rim if side is None else _fraction(axis, side)
        for axis, side, rim in (
            (x, brush.x0, 0.0),
            (x, brush.x1, 1.0),
            (y, brush.y0, 0.0),
            (y, brush.y1, 1.0),
        )
    )
    return Marks(lines, (left, right, bottom, top))


def _fraction(axis: Mapping[str, Any], value: float) -> float:
    """Return where a value is on an axis: 0 at its low end, 1 at its high end."""
    low, high = axis["low"], axis["high"]
    if not high > low:
        return 0.5
    if axis["log"]:
        return math.log(value / low) / math.log(high / low) if value > 0 else 0.0
    return float((value - low) / (high - low))


def _legend(state: InvestigationState, view: Mapping[str, Any]) -> list[str]:
    """Return what the marks of the picture are, as sentences."""
    out = [] if state.selection is None else [f"The frame is the box: {state.selection}."]
    markers = [f"{mark['label']} ({formatting.utc(moment(mark['at']))})" for mark in view["markers"]]
    return [*out, *([f"Dashed lines: {', '.join(markers)}."] if markers else [])]


def text(state: InvestigationState, picture: Picture | None, found: Any) -> str:
    """Return the same as plain text."""
    lines = [f"Explorer({_title(state)})"]
    if picture is not None:
        lines.append(picture.words)
    if found is not None:
        lines += ["", str(found)]
    return "\n".join(lines)


def _title(state: InvestigationState) -> str:
    narrowed = f" where {' and '.join(state.conditions)}" if state.conditions else ""
    return f"{state.y.field} over {state.x.field}{narrowed}"
