"""The arguments of `explain` next to the selection, as one frozen value."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from obskit.dataset import Progress
from obskit.engine import Population, check_population
from obskit.errors import InvalidArgument

if TYPE_CHECKING:
    from obskit.explain.result import Explanation

# These say how the work is watched, not what is asked.
CALLBACKS = ("first", "progress", "cancelled")


class Cancelled(Exception):
    """A newer question made this one pointless."""


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """How to explain a selection. Each field has the meaning of the argument of `Events.explain`.

    Attributes:
        during: when it happened: (start, end), "start/end" in ISO 8601, "-30m" (counted from the newest
            event), or a condition. None means all of the time.
        baseline: condition of the events to compare with. None means the rest: events on which the selection
            is false. Events on which it is null are counted and left out.
        history: an earlier window whose rates are the usual ones; "auto" is everything before `during`,
            where there are events; None means no history. It must not overlap `during`.
        where: condition on both groups.
        fields: the only fields to look at. None means all fields that the selection does not name.
        population: "units" (units of work) or "all" events. A `where` that names `kind` or `name` chooses
            its own events.
        depth: the most conditions in one finding: 1, 2 or 3.
        cluster: field whose equal values count as one observation. None: every event is its own.
        thorough: also look for pairs of conditions that have no effect alone.
        first: called with an early answer of single conditions, before conjunctions are searched. It has no
            sets of values, traces, users, examples or what-ifs yet, and wider intervals: they hold for all
            conditions at once.
        progress: called as (what, done, total).
        cancelled: called between steps; true ends the work with `Cancelled`.
    Raises:
        InvalidArgument: `depth` or `population` has a value that it can't have.
    """

    during: Any = None
    baseline: Any = None
    history: Any = "auto"
    where: Any = None
    fields: Sequence[str] | None = None
    population: Population = "units"
    depth: int = 3
    cluster: str | None = "trace_id"
    thorough: bool = False
    first: Callable[[Explanation], None] | None = None
    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        # Not True or 2.0, which equal a number.
        if type(self.depth) is not int or self.depth not in (1, 2, 3):
            raise InvalidArgument(
                f"depth must be 1, 2 or 3, got {self.depth!r}",
                hint="leave it out for 3, or give 1 for single conditions",
            )
        check_population(self.population)

    @classmethod
    def from_mapping(cls, arguments: Mapping[str, Any]) -> ExplainOptions:
        """Return the options of arguments by name, such as {"cluster": None}.

        Args:
            arguments: names and values as `Events.explain` takes them.
        Returns:
            The options; what isn't given has its default.
        Raises:
            InvalidArgument: `explain` has no argument of that name, or a value is wrong.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        for name in arguments:
            if name not in known:
                near = get_close_matches(str(name), known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
                raise InvalidArgument(f"explain has no argument {name!r}", hint=hint)
        return cls(**arguments)

    def check_cancelled(self) -> None:
        """Raise `Cancelled` if `cancelled` returns true."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled

    def changed(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, by name, in the order of the signature."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in CALLBACKS and _differs(getattr(self, field.name), field.default)
        }


def _differs(value: Any, default: Any) -> bool:
    # an Ibis expression, which a condition may be, can't be compared as values are
    return type(value) is not type(default) or bool(value != default)
