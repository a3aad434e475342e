"""Widgets below the Explorer, for results that a notebook shows live.

Everything here needs the extra `notebook` and is imported only when a notebook with a kernel shows a result.
Without it, a result is shown as static HTML or as text.
"""

from __future__ import annotations

import importlib.util
import secrets
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["can_show", "hide_missing_widget", "show_service_map", "show_trace"]


def can_show() -> bool:
    """Return whether widgets can be shown: there is a kernel, and the extra `notebook` is installed."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    has_kernel = getattr(shell, "kernel", None) is not None
    return has_kernel and importlib.util.find_spec("anywidget") is not None


def show_trace(still: Callable[[str], str], text: str, **shown: Any) -> None:
    """Show a trace in a notebook.

    Args:
        still: makes the static HTML, given a class that the widget finds it by.
        text: the same as text.
        **shown: the arguments of `WaterfallView`.
    """
    from obskit.display.live.waterfall import WaterfallView

    _show(lambda name: WaterfallView(**shown, still=name), still, text)


def show_service_map(still: Callable[[str], str], text: str, svg: str) -> None:
    """Show a service map in a notebook.

    Args:
        still: makes the static HTML, given a class that the widget finds it by.
        text: the same as text.
        svg: the image, from `service_map_svg`.
    """
    from obskit.display.live.service_map import ServiceMapView

    _show(lambda name: ServiceMapView(svg, still=name), still, text)


def hide_missing_widget(name: str) -> str:
    """Return a style sheet that hides JupyterLab's error where a widget should be but has no kernel.

    "Error displaying widget" says nothing to a reader who sees the static HTML above it.

    Args:
        name: class of the static HTML, which is in the output before that of the widget.
    Returns:
        HTML.
    """
    return (
        f"<style>.jp-OutputArea-child:has(.{name}) + .jp-OutputArea-child .jupyter-widgets:not(:has(*)) "
        "{ display: none; }</style>"
    )


def _show(make: Callable[[str], Any], still: Callable[[str], str], text: str) -> None:
    """Show static HTML, and a widget that hides it while it works.

    JupyterLab shows an error in place of a widget without a kernel, whatever else the same output holds. So
    the static HTML is a separate output.
    """
    from IPython.display import display

    name = f"obskit-still-{secrets.token_hex(8)}"
    display({"text/html": still(name) + hide_missing_widget(name), "text/plain": text}, raw=True)
    bundle = make(name)._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    display({**data, "text/html": "<span></span>", "text/plain": ""}, metadata=metadata, raw=True)
