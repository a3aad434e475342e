"""Notice values that one arm has and the other lacks: sample weights, and what errors are recognized by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from obskit.judge.arms import Arms, NotJudged
from obskit.judge.observations import Observations

Bools = npt.NDArray[np.bool_]
STATUSES = ("http.response.status_code", "status_code")
WEIGHT = "sample_weight"
MOST = 0.5  # of the requests of an arm


def check_values(arms: Arms, observed: Observations) -> list[str]:
    """Return notes about values that are missing on a part of the requests.

    Args:
        arms: the arms.
        observed: their observations.

    Returns:
        The notes.

    Raises:
        NotJudged: most requests of one arm have a value that matters, and most of the other lack it.
    """
    for name in STATUSES:
        if observed.failed is not None and name in observed.scope.schema.names:
            known = _known(observed, name)
            every = np.ones(len(observed), np.bool_)
            _compare(arms, observed, known, every, f"{name}, by which errors are recognized")
    if observed.weight is None or WEIGHT not in observed.scope.schema.names:
        return []
    known = _known(observed, WEIGHT)
    if known.all():
        return []
    failed = np.zeros(len(observed), np.bool_) if observed.failed is None else observed.failed
    every = np.ones(len(observed), np.bool_)
    for some, which in ((every, "requests"), (failed, "failed requests"), (~failed, "other requests")):
        _compare(arms, observed, known, some, "sample weight", which)
    lost = int((~known).sum())
    return [f"warning: {lost:,} of {len(known):,} requests have no sample weight, counted as 1"]


def _known(observed: Observations, field: str) -> Bools:
    """Return which observations have a value."""
    number, _ = observed.codes(field)
    return np.asarray(number > 0, np.bool_)


def _compare(
    arms: Arms, observed: Observations, known: Bools, of: Bools, what: str, which: str = "requests"
) -> None:
    """Raise NotJudged if most requests of one arm have a value and most of the other lack it.

    Args:
        arms: the arms.
        observed: their observations.
        known: which of them have the value.
        of: the observations to look at.
        what: the value, for the sentence.
        which: the observations that are looked at, for the sentence.
    """
    lack, have = None, None
    for candidate, arm in ((False, arms.baseline), (True, arms.candidate)):
        mine = of & (observed.candidate == candidate)
        if not mine.any():
            return
        if float(known[mine].mean()) < MOST:
            lack = arm.label
        else:
            have = arm.label
    if lack is not None and have is not None:
        raise NotJudged(
            "error",
            f"Most {which} of {lack} have no {what}, but those of {have} do, so how often they fail cannot "
            "be compared.",
        )
