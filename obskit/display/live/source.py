"""The JavaScript and the style sheets of widgets, put together from files.

A widget is one ES module. Ours are written as several files, which declare functions and constants only, so
that two widgets on a page share no state.
"""

from __future__ import annotations

from importlib.resources import files

_WATERFALL = ("trace_model.js", "trace_time.js", "trace_rows.js", "trace_details.js", "trace.js")


def read_front(package: str, name: str) -> str:
    """Return a file of the folder `front` of a package."""
    return (files(package) / "front" / name).read_text(encoding="utf-8")


def shared_script() -> str:
    """Return the JavaScript that all widgets begin with."""
    return read_front(__package__, "dom.js")


def shared_style() -> str:
    """Return the style sheet that all widgets begin with."""
    return read_front(__package__, "base.css")


def map_script() -> str:
    """Return the ES module of the service map."""
    return "\n".join([shared_script(), read_front(__package__, "map.js")])


def map_style() -> str:
    """Return the style sheet of the service map."""
    return shared_style() + read_front(__package__, "map.css")


def waterfall_script() -> str:
    """Return the ES module of the waterfall; its default export has the `render` that anywidget calls."""
    return f"{shared_script()}\n{_waterfall()}\nexport default {{ render }};\n"


def waterfall_part() -> str:
    """Return JavaScript for the module of another widget: `waterfall`, whose `render` draws one."""
    return f"const waterfall = (() => {{\n{_waterfall()}\nreturn {{ render }};\n}})();\n"


def waterfall_style() -> str:
    """Return the style sheet of the waterfall."""
    return shared_style() + waterfall_part_style()


def waterfall_part_style() -> str:
    """Return the style sheet of the waterfall without what all widgets begin with."""
    return read_front(__package__, "trace.css")


def _waterfall() -> str:
    return "\n".join(read_front(__package__, name) for name in _WATERFALL)
