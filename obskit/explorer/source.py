"""The front end's text, put together from the files beside this module.

A widget is one ES module; ours is written as four files that read in order. They declare functions and
constants only, so that two widgets on a page share no state.
"""

from __future__ import annotations

from importlib.resources import files

_SCRIPTS = ("dom.js", "plot.js", "panel.js", "explorer.js")


def script() -> str:
    """Return the ES module of the Explorer; its default export has `render`, as anywidget wants it."""
    return "\n".join(_read(name) for name in _SCRIPTS)


def style() -> str:
    """Return the Explorer's style sheet."""
    return _read("explorer.css")


def _read(name: str) -> str:
    return (files(__package__) / "front" / name).read_text(encoding="utf-8")
