"""Pairs of windows in which an error budget may not burn too fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from obskit.checks.options import Options
from obskit.display import formatting
from obskit.engine import parse_span
from obskit.errors import ConditionError

_BURN = ({"long": "1h", "short": "5m", "max": 14.4},)
_HINT = 'burn = [{ long = "1h", short = "5m", max = 14.4 }]'


@dataclass(frozen=True)
class Burn:
    """A pair of windows in which the budget may not burn faster than `most`.

    Attributes:
        long, short: lengths of the windows, as text and as lengths.
        most: the largest burn rate allowed.
    """

    long: str
    short: str
    long_length: timedelta
    short_length: timedelta
    most: float


@dataclass(frozen=True)
class BurnRate:
    """How fast the budget burns in a pair of windows.

    Attributes:
        pair: the windows.
        long, short: the burn rates; None for a window without events.
    """

    pair: Burn
    long: float | None
    short: float | None

    @property
    def too_fast(self) -> bool:
        """Whether it burns faster than allowed in both windows."""
        most = self.pair.most
        return self.long is not None and self.short is not None and self.long > most and self.short > most

    def describe(self) -> str:
        """Return one clause for people."""
        long, short = (
            "an unknown rate (no events)" if rate is None else formatting.number(rate)
            for rate in (self.long, self.short)
        )
        limit = f"too fast (at most {self.pair.most:g})" if self.too_fast else f"at most {self.pair.most:g}"
        return f"it burns at {long} over {self.pair.long} and {short} over {self.pair.short}, {limit}"

    def to_dict(self) -> dict[str, Any]:
        """Return the rates as values that JSON can hold."""
        pair = {"long": self.pair.long, "short": self.pair.short, "max": self.pair.most}
        return {**pair, "long_rate": self.long, "short_rate": self.short}


def burn_of(options: Options) -> tuple[Burn, ...]:
    """Return the pairs of windows of an objective's entry; raises InvalidArgument."""
    return tuple(_burn(options, one) for one in _pairs(options))


def _pairs(options: Options) -> Sequence[Any]:
    found = options.given.get("burn", _BURN)
    if found is False:
        return ()
    if not isinstance(found, (list, tuple)):
        raise options.error(f"burn must be a list of windows, got {found!r}", _HINT)
    return found


def _burn(options: Options, given: Any) -> Burn:
    most = given.get("max") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or set(given) != {"long", "short", "max"}:
        raise options.error(f"burn must have long, short and max, got {given!r}", _HINT)
    if isinstance(most, bool) or not isinstance(most, (int, float)) or not most > 0:
        raise options.error(f"max of burn must be a number above 0, got {most!r}", _HINT)
    try:
        long, short = (parse_span(str(given[name])) for name in ("long", "short"))
    except ConditionError as error:
        raise options.error(
            f"long and short of burn must be lengths of time, got {given!r}", _HINT
        ) from error
    if not timedelta(0) < short < long:
        raise options.error(f"short must be shorter than long, got {given!r}", _HINT)
    return Burn(str(given["long"]), str(given["short"]), long, short, float(most))
