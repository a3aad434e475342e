"""The services of two arms: only requests of a service that the candidate has can be its baseline.

A flag, or a condition, may be true in one service and false in many. What those others answered says nothing
about the candidate, and before and after a switch it would be counted as a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from obskit.engine import Scope, format_condition
from obskit.judge.arms import Arm, NotJudged, texts_of
from obskit.text import pluralize

SERVICE = "service.name"
MOST_NAMED = 5
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SharedServices:
    """Two arms within the services that both have.

    Attributes:
        scope: the rows of those services.
        candidate, baseline: the arms.
        only: the service, if there is one and the arms had others.
        notes: what is left out.
    """

    scope: Scope
    candidate: Arm
    baseline: Arm
    only: str | None = None
    notes: tuple[str, ...] = ()


def shared_services(scope: Scope, candidate: Arm, baseline: Arm) -> SharedServices:
    """Leave out the requests of services that only one arm has.

    Args:
        scope: the rows of both arms; they have the field of services.
        candidate: the candidate.
        baseline: the baseline.

    Returns:
        What is left, and notes about what is left out.

    Raises:
        NotJudged: no service has requests of both arms.
    """
    ours, theirs = (_requests(scope, arm) for arm in (candidate, baseline))
    alone, others = (ours > 0) & (theirs == 0), (theirs > 0) & (ours == 0)
    if not (alone.any() or others.any()):
        return SharedServices(scope, candidate, baseline)
    names = ["no service", *texts_of(scope.codes(SERVICE).values)]
    both = (ours > 0) & (theirs > 0)
    if not both.any():
        raise NotJudged(
            "error",
            "The arms are different services, which cannot be compared: "
            f"{_named(alone, names)} is the candidate, {_named(others, names)} the baseline.",
        )
    notes = []
    if others.any():
        notes.append(
            f"{pluralize(int(theirs[others].sum()), 'request')} of {_named(others, names)} are left out of "
            "the baseline, because the candidate has none there"
        )
    if alone.any():
        notes.append(
            f"warning: {pluralize(int(ours[alone].sum()), 'request')} of the candidate are of "
            f"{_named(alone, names)}, where the baseline has none: they are not judged"
        )
    kept = sorted(names[at] for at in np.flatnonzero(both).tolist() if at)
    only = kept[0] if len(kept) == 1 and not both[0] else None
    condition = _condition(kept, missing=bool(both[0]))
    codes = scope.codes(SERVICE)

    def within(arm: Arm) -> Arm:
        masks = [mask & both[codes.codes(file)] for file, mask in enumerate(arm.masks)]
        # A single service stands beside the conditions, as that of a version does.
        whole = arm.condition if only is not None else f"({arm.condition}) and {condition}"
        return replace(arm, masks=masks, condition=whole)

    return SharedServices(scope.narrow(condition), within(candidate), within(baseline), only, tuple(notes))


def _requests(scope: Scope, arm: Arm) -> Counts:
    """Return how many requests an arm has of each service; first those without one."""
    codes = scope.codes(SERVICE)
    out = np.zeros(codes.size, np.int64)
    for file, mask in enumerate(arm.masks):
        out += np.bincount(codes.codes(file)[mask], minlength=codes.size)
    return out


def _named(chosen: npt.NDArray[np.bool_], names: Sequence[str]) -> str:
    shown = sorted(names[at] for at in np.flatnonzero(chosen).tolist())
    more = len(shown) - MOST_NAMED
    return ", ".join(shown[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _condition(services: Sequence[str], *, missing: bool) -> str:
    parts = []
    if services:
        parts.append(format_condition([{"field": SERVICE, "op": "in", "values": list(services)}]))
    if missing:
        parts.append(format_condition([{"field": SERVICE, "op": "missing"}]))
    return f"({' or '.join(parts)})"
