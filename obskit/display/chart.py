"""Plotly figures that upload nothing and embed no library in the notebook.

Plotly's own display embeds five megabytes of script in a notebook, and its toolbar has a button that uploads
the data to a cloud. `Chart` has neither: it shows the JSON that JupyterLab's own renderer draws. Everything
else that plotly offers (`to_html`, `write_html`, `show`) works with the same configuration.
"""

from __future__ import annotations

import json
from typing import Any

from obskit.display.palette import GRID, INK, SERIES
from obskit.errors import MissingDependency
from obskit.text import safe

try:
    import plotly.graph_objects as go
except ImportError:  # static HTML and PNG work without it
    go = None

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["sendChartToCloud", "sendDataToCloud", "editInChartStudio", "lasso2d"],
}

_Figure: Any = object if go is None else go.Figure


class Chart(_Figure):  # type: ignore[misc]
    """A plotly figure without upload, logo or embedded library."""

    _ipython_display_ = None  # plotly's own would be used instead of the MIME bundle, with its five megabytes

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, Any]:
        figure = json.loads(self.to_json(validate=False, remove_uids=False))
        figure["config"] = CONFIG
        return {"application/vnd.plotly.v1+json": figure, "text/plain": repr(self)}

    def _repr_html_(self) -> None:
        return None

    def __repr__(self) -> str:
        kinds = ", ".join(dict.fromkeys(trace.type for trace in self.data)) or "empty"
        title = (self.layout.title.text or "").replace("<br>", " · ")
        return f"Chart({kinds}{': ' + title if title else ''})"

    def show(self, *args: Any, **kwargs: Any) -> Any:
        """Show the figure as plotly does, without upload or logo."""
        return super().show(*args, **_configured(kwargs))

    def to_html(self, *args: Any, **kwargs: Any) -> str:
        """Return the figure as HTML as plotly does, without upload or logo."""
        return str(super().to_html(*args, **_configured(kwargs)))

    def write_html(self, *args: Any, **kwargs: Any) -> Any:
        """Write the figure as HTML as plotly does, without upload or logo."""
        return super().write_html(*args, **_configured(kwargs))


def chart(traces: list[Any], **layout: Any) -> Chart:
    """Return a figure in the common style: transparent with gray text, readable in light and dark themes."""
    axis = {"gridcolor": GRID, "zeroline": False, "linecolor": GRID, "automargin": True}
    base: dict[str, Any] = {
        "template": "none",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 12},
        "colorway": list(SERIES),
        "margin": {"l": 64, "r": 16, "t": 40, "b": 48},
        "height": 360,
        "hoverlabel": {"namelength": -1},
        "xaxis": axis,
        "yaxis": axis,
    }
    for key, value in layout.items():
        base[key] = (
            {**base[key], **value} if isinstance(base.get(key), dict) and isinstance(value, dict) else value
        )
    return Chart(data=traces, layout=base)


def plotly() -> Any:
    """Return `plotly.graph_objects`.

    Returns:
        The module.
    Raises:
        MissingDependency: plotly is not installed.
    """
    if go is None:
        raise MissingDependency.of("notebook", "A plotly figure")
    return go


def literal(text: object) -> str:
    """Return text that plotly shows as it is; plotly reads a few HTML tags and entities in labels."""
    return safe(str(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _configured(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**kwargs, "config": {**CONFIG, **(kwargs.get("config") or {})}}
