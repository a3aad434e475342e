"""The Explorer without a kernel: for notebooks that are reopened, exported or not trusted."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from obskit.display.bars import comparison_html
from obskit.display.heatmap import data_uri
from obskit.explorer.state import State
from obskit.explorer.view import Picture


def html(state: State, picture: Picture | None, found: Mapping[str, Any] | None, name: str) -> str:
    """Return the picture and the explanation as HTML without scripts or anything to load.

    Args:
        state: what is shown.
        picture: the heatmap, or None.
        found: the explanation as a dict, or None.
        name: class of the block; the widget on the same page finds it by this class and hides it.
    Returns:
        HTML; all text of the data is escaped.
    """
    parts = [f"<p><b>{escape(_title(state))}</b></p>"]
    if picture is not None:
        caption = escape(picture.words)
        parts.append(
            f'<img alt="{caption}" width="700" height="240" style="background-color:#fff" '
            f'src="{data_uri(picture.grid)}"><p>{caption}</p>'
        )
    if found is not None:
        parts.append(comparison_html(found))
    return f'<div class="{escape(name)}">{"".join(parts)}</div>'


def text(state: State, picture: Picture | None, found: Any) -> str:
    """Return the same as plain text."""
    lines = [f"Explorer({_title(state)})"]
    if picture is not None:
        lines.append(picture.words)
    if found is not None:
        lines += ["", str(found)]
    return "\n".join(lines)


def _title(state: State) -> str:
    narrowed = f" where {' and '.join(state.conditions)}" if state.conditions else ""
    return f"{state.y.field} over {state.x.field}{narrowed}"
