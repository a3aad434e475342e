"""The Explorer's JavaScript and style sheet: what all widgets share, and the files in `front`."""

from __future__ import annotations

from obskit.display.live.source import (
    read_front,
    shared_script,
    shared_style,
    waterfall_part,
    waterfall_part_style,
)

_SCRIPTS = (
    "plot.js",
    "strip.js",
    "filter.js",
    "controls.js",
    "values.js",
    "difference.js",
    "tabs.js",
    "fields.js",
    "rows.js",
    "traces.js",
    "record.js",
    "connection.js",
    "explorer.js",
)


def script() -> str:
    """Return the ES module of the Explorer; its default export has the `render` that anywidget calls."""
    own = (read_front(__package__, name) for name in _SCRIPTS)
    return "\n".join([shared_script(), waterfall_part(), *own])


def style() -> str:
    """Return the Explorer's style sheet."""
    return shared_style() + waterfall_part_style() + read_front(__package__, "explorer.css")
