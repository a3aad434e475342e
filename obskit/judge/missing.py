"""Notice values that one arm has and the other lacks: sample weights, and what errors are recognized by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.judge.arms import Arms, NotJudged
from obskit.judge.observations import STATUSES, Hit, Observations

Ints = npt.NDArray[Any]
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
            _compare(arms, known, (False, True), f"{name}, by which errors are recognized")
    if observed.weight is None or WEIGHT not in observed.scope.schema.names:
        return []
    known = _known(observed, WEIGHT)
    lost = int(known[:, :, 0].sum())
    if not lost:
        return []
    some = (((False, True), "requests"), ((True,), "failed requests"), ((False,), "other requests"))
    for failed, which in some:
        _compare(arms, known, failed, "sample weight", which)
    return [f"warning: {lost:,} of {int(known.sum()):,} requests have no sample weight, counted as 1"]


def _known(observed: Observations, field: str) -> Ints:
    """Return the number of observations by arm, failure, and whether they have a value."""
    found, _ = observed.by_value(field, Hit())
    cell = (found.candidate.astype(np.int64) * 2 + found.hit) * 2 + (found.code > 0)
    return np.bincount(cell, found.count, 8).reshape(2, 2, 2)


def _compare(arms: Arms, known: Ints, failed: Sequence[bool], what: str, which: str = "requests") -> None:
    """Raise NotJudged if most requests of one arm have a value and most of the other lack it.

    Args:
        arms: the arms.
        known: the number of observations by arm, failure, and whether they have the value.
        failed: whether to look at requests that did not fail, at those that did, or at both.
        what: the value, for the sentence.
        which: the observations that are looked at, for the sentence.
    """
    lack, have = None, None
    for candidate, arm in ((0, arms.baseline), (1, arms.candidate)):
        without, with_it = known[candidate, [int(one) for one in failed]].sum(axis=0)
        if not without + with_it:
            return
        if with_it / (without + with_it) < MOST:
            lack = arm.label
        else:
            have = arm.label
    if lack is not None and have is not None:
        raise NotJudged(
            "error",
            f"Most {which} of {lack} have no {what}, but those of {have} do, so how often they fail cannot "
            "be compared.",
        )
