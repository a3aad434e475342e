"""The live service map: an anywidget that shows Python's SVG image in the notebook's colors.

A click on a service leaves only its own calls in full strength.
"""

from __future__ import annotations

import anywidget
import traitlets

from obskit.display.live.source import map_script, map_style


class ServiceMapView(anywidget.AnyWidget):  # type: ignore[misc]
    """A service map in a notebook.

    Args:
        svg: the image, from `service_map_svg`.
        still: class of the static HTML of the same map, which the widget hides.
    """

    _esm = map_script()
    _css = map_style()
    _svg = traitlets.Unicode().tag(sync=True)
    _still = traitlets.Unicode().tag(sync=True)

    def __init__(self, svg: str, *, still: str = "") -> None:
        super().__init__(_svg=svg, _still=still)
