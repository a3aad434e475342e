"""Bands: names for ranges of the metrics; off by default.

They invite comparing what is not comparable, so nothing here has limits of its own.

    version = "shop 2026"

    [bands]
    names = ["fast", "usual", "slow"]
    lead_time = ["1d", "7d"]             # below a day is fast, from seven days on slow
    deployment_frequency = [1.0, 0.2]    # per day; more is better
    change_fail_rate = [0.05, 0.15]
    recovery_time = ["1h", "1d"]

A group is in a band only if the whole interval is; else the bands that the interval touches are listed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obskit.delivery.metrics import Metric
from obskit.errors import InvalidArgument, NoSuchPath
from obskit.text import first_line

METRICS = ("lead_time", "deployment_frequency", "change_fail_rate", "recovery_time", "rework_rate")
_MORE_IS_BETTER = "deployment_frequency"
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d|w)")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_HINT = 'such as {"version": "ours 1", "bands": {"names": ["fast", "slow"], "lead_time": ["1d"]}}'


@dataclass(frozen=True)
class Bands:
    """Names of ranges of the metrics.

    Attributes:
        version: which definition it is.
        names: of the bands, the best first.
        limits: metric -> the limits between bands, the best first; one fewer than names.
    """

    version: str
    names: tuple[str, ...]
    limits: Mapping[str, tuple[float, ...]]

    def of(self, metric: Metric) -> str | None:
        """Return the band of a metric, or the bands that its interval touches; None if it has none."""
        limits, interval = self.limits.get(metric.name), metric.interval
        if limits is None or interval.value is None:
            return None
        low = self._band(limits, interval.low if interval.low is not None else 0.0, metric.name)
        unbounded = float("inf")
        high = self._band(limits, interval.high if interval.high is not None else unbounded, metric.name)
        best, worst = sorted((low, high))
        return self.names[best] if best == worst else f"{self.names[best]} to {self.names[worst]}"

    def _band(self, limits: tuple[float, ...], value: float, name: str) -> int:
        if name == _MORE_IS_BETTER:
            return sum(value < limit for limit in limits)
        return sum(value >= limit for limit in limits)


def read_bands(given: Bands | Mapping[str, Any] | str | Path | None) -> Bands | None:
    """Read bands.

    Args:
        given: a TOML file, a mapping of the same form, or None for none.

    Returns:
        The bands; None if none are given.

    Raises:
        NoSuchPath: there is no such file, or it cannot be read.
        InvalidArgument: it does not define bands.
    """
    if given is None or isinstance(given, Bands):
        return given
    if isinstance(given, (str, Path)):
        given = _load(Path(given))
    bands = given.get("bands") if isinstance(given, Mapping) else None
    version = given.get("version") if isinstance(given, Mapping) else None
    if not isinstance(bands, Mapping) or not isinstance(version, str) or not version:
        raise InvalidArgument("bands must have a version and a table called bands", hint=_HINT)
    names = bands.get("names")
    if (
        not isinstance(names, (list, tuple))
        or len(names) < 2
        or not all(isinstance(name, str) for name in names)
    ):
        raise InvalidArgument(f"names of bands must be two or more texts, got {names!r}", hint=_HINT)
    limits = {name: _limits(name, value, len(names)) for name, value in bands.items() if name != "names"}
    return Bands(version, tuple(names), limits)


def _load(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoSuchPath(
            f"{path} cannot be read: {error.strerror or error}", hint="bands are a TOML file"
        ) from error
    except ValueError as error:
        raise InvalidArgument(f"{path} is not TOML: {first_line(error)}", hint=_HINT) from error


def _limits(name: str, given: Any, names: int) -> tuple[float, ...]:
    if name not in METRICS:
        raise InvalidArgument(
            f"there is no metric {name!r} for a band", hint=f"the metrics are {', '.join(METRICS)}"
        )
    if not isinstance(given, (list, tuple)) or len(given) != names - 1:
        raise InvalidArgument(
            f"{name} must have {names - 1} limits between {names} bands, got {given!r}", hint=_HINT
        )
    limits = [_limit(name, one) for one in given]
    if limits != sorted(limits, reverse=name == _MORE_IS_BETTER):
        raise InvalidArgument(f"limits of {name} must be in order, the best first, got {given!r}", hint=_HINT)
    return tuple(limits)


def _limit(name: str, given: Any) -> float:
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        return float(given)
    found = _LENGTH.fullmatch(given) if isinstance(given, str) and name.endswith("_time") else None
    if found is None:
        raise InvalidArgument(
            f"{given!r} is not a limit of {name}", hint='a limit is a number, or a length such as "1d"'
        )
    return float(found[1]) * _SECONDS[found[2]]
