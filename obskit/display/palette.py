"""Colors: one sequential hue for counts, and two for selection and baseline that most people can tell apart.

Color is never the only sign: whatever is colored is also labeled, hatched or placed apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

SELECTION = "#E69F00"
BASELINE = "#56B4E9"

# From few to many, away from the background of the page; the dark ramp is not the light one reversed.
RAMP_LIGHT = ("#e4dcf1", "#c2b0e0", "#9a7fcb", "#6d4aa6", "#35155f")
RAMP_DARK = ("#33234f", "#553a85", "#8561bf", "#b698e0", "#f3ecff")

# Gray that is readable on white (4.5:1) and near black (4.2:1): a plotly figure can't know the page's theme.
INK = "#777777"
GRID = "rgba(128,128,128,0.25)"
# Colors of series; neighbors differ in lightness as well as in hue.
SERIES = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#9E4C8F", "#8C8C8C")

# Services have a color and, from the eighth on, a pattern too; the color of errors is not among them.
ERROR = "#D55E00"
SERVICES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#9E4C8F", "#8C8C8C")
PATTERNS = 4
"""Fillings of a bar: solid, and three kinds of stripes."""


def service_style(index: int) -> tuple[str, int]:
    """Return the color and the pattern (0 is solid) of the n-th service; 28 of them differ."""
    return SERVICES[index % len(SERVICES)], index // len(SERVICES) % PATTERNS


def ramp(dark: bool = False, steps: int = 255) -> npt.NDArray[np.uint8]:
    """Return the sequential ramp from few to many, as `steps` x 3 bytes (red, green, blue)."""
    stops = np.array([rgb(colour) for colour in (RAMP_DARK if dark else RAMP_LIGHT)], dtype=np.float64)
    at = np.linspace(0, len(stops) - 1, steps)
    channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue (0 to 255) of a color such as "#E69F00"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
