"""Parse margins: by how much an error rate or a latency may rise, as in "larger of x1.5, +0.1pp"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from obskit.errors import InvalidArgument

_PART = re.compile(
    r"(?P<times>[x×])\s*(?P<factor>\d+(?:\.\d+)?)|\+?\s*(?P<more>\d+(?:\.\d+)?)\s*(?P<unit>%|pp)"
)


@dataclass(frozen=True)
class Margin:
    """The largest rise of a rate that a deployment may cause: the larger of a ratio and a difference.

    Attributes:
        ratio: the rate may rise by this factor, at least 1.
        difference: the rate may rise by this much, in [0, 1).
        text: the margin as it was written.
    """

    ratio: float
    difference: float
    text: str


def parse_margin(given: Any, name: str = "errors") -> Margin:
    """Parse the margin of an error rate.

    Args:
        given: "x1.5" or "+50%" for a ratio, "+0.1pp" (percentage points) for a difference, or both as in
            "larger of x1.5, +0.1pp".
        name: the argument, for errors.

    Returns:
        The margin.

    Raises:
        InvalidArgument: the text is not a margin.
    """
    parts = _parts(given, name, "larger of x1.5, +0.1pp")
    ratios = [value for kind, value in parts if kind == "ratio"]
    differences = [value for kind, value in parts if kind == "difference"]
    if len(ratios) > 1 or len(differences) > 1:
        raise InvalidArgument(
            f"{name} must have at most one ratio and one difference, got {given!r}",
            hint='write it as in "larger of x1.5, +0.1pp"',
        )
    return Margin(ratios[0] if ratios else 1.0, differences[0] if differences else 0.0, str(given).strip())


def parse_growth(given: Any, name: str) -> float:
    """Parse by how much a latency may rise.

    Args:
        given: "+20%" or "x1.2".
        name: the argument, for errors.

    Returns:
        The rise as a share: 0.2.

    Raises:
        InvalidArgument: the text is not a rise.
    """
    parts = _parts(given, name, "+20%")
    if len(parts) != 1 or parts[0][0] != "ratio":
        raise InvalidArgument(f"{name} must be a rise such as '+20%', got {given!r}", hint=f'{name}="+20%"')
    return parts[0][1] - 1


def parse_share(given: Any, name: str) -> float:
    """Parse a share such as 0.05 or "5%".

    Args:
        given: a number in (0, 1), or a percentage as text.
        name: the argument, for errors.

    Returns:
        The share, in (0, 1).

    Raises:
        InvalidArgument: the value is not a share.
    """
    value = given
    if isinstance(given, str):
        text = given.strip()
        try:
            value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            value = math.nan
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1:
        raise InvalidArgument(
            f"{name} must be a share between 0 and 1, got {given!r}", hint=f'write {name}=0.05 or {name}="5%"'
        )
    return float(value)


def _parts(given: Any, name: str, example: str) -> list[tuple[str, float]]:
    """Return ("ratio" or "difference", value) of each part of a margin."""
    hint = f'write it as in "{example}"'
    if not isinstance(given, str):
        raise InvalidArgument(f"{name} must be text, got {given!r}", hint=hint)
    out = []
    for part in given.strip().lower().removeprefix("larger of").split(","):
        match = _PART.fullmatch(part.strip())
        if match is None:
            raise InvalidArgument(f"{name} must be a margin, got {given!r}", hint=hint)
        if match["times"]:
            value = float(match["factor"])
        elif match["unit"] == "%":
            value = 1 + float(match["more"]) / 100
        else:
            out.append(("difference", float(match["more"]) / 100))
            continue
        if not 1 <= value <= 1000:
            raise InvalidArgument(f"{name} must allow a rise of x1 to x1000, got {given!r}", hint=hint)
        out.append(("ratio", value))
    if any(kind == "difference" and value >= 1 for kind, value in out):
        raise InvalidArgument(f"{name} must allow a rise of less than 100pp, got {given!r}", hint=hint)
    return out
