"""The widget's JavaScript and style sheet, put together from the files in `front`.

A widget is one ES module. Ours is written as four files, which declare functions and constants only, so that
two widgets on a page share no state.
"""

from __future__ import annotations

from importlib.resources import files

_SCRIPTS = ("dom.js", "plot.js", "panel.js", "explorer.js")


def script() -> str:
    """Return the ES module of the Explorer; its default export has the `render` that anywidget calls."""
    return "\n".join(_read(name) for name in _SCRIPTS)


def style() -> str:
    """Return the Explorer's style sheet."""
    return _read("explorer.css")


def _read(name: str) -> str:
    return (files(__package__) / "front" / name).read_text(encoding="utf-8")
