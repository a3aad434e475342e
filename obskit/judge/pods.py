"""Tell a bad version from a bad pod: does one pod carry the excess of the candidate?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.display.result import plain
from obskit.engine import format_condition
from obskit.judge.observations import Observations
from obskit.judge.setting import PODS

ONE_POD = 0.8  # share of the excess above which it is the pod's
FEW_PODS = 2


@dataclass(frozen=True)
class PodShare:
    """What one pod of the candidate contributes.

    Attributes:
        field: the field of the pod.
        pod: its name.
        n: observations.
        x: observations with the outcome.
        excess: share of the candidate's excess that it has.
        condition: the pod as a condition.
    """

    field: str
    pod: str
    n: int
    x: int
    excess: float
    condition: str

    def to_dict(self) -> dict[str, Any]:
        """Return the share as values that JSON can hold."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}


def pods_of(observed: Observations, hit: npt.NDArray[np.bool_] | None) -> list[PodShare]:
    """Return the candidate's pods, those with the largest excess first.

    Args:
        observed: the observations.
        hit: whether each has the outcome; None to list the pods only.

    Returns:
        The pods; none if the events do not name them.
    """
    field = _pod_field(observed)
    if field is None:
        return []
    number, codes = observed.codes(field)
    ours = observed.candidate & (number > 0)
    n = np.bincount(number[ours], minlength=codes.size)
    flags = hit if hit is not None else np.zeros(len(observed), np.bool_)
    x = np.bincount(number[ours & flags], minlength=codes.size)
    # What the pod's requests would have at the baseline's rate of each operation.
    theirs, operations = ~observed.candidate, len(observed.operations)
    every = np.bincount(observed.operation[theirs], minlength=operations)
    rate = np.bincount(observed.operation[theirs & flags], minlength=operations) / np.maximum(every, 1)
    expected = np.bincount(number[ours], rate[observed.operation[ours]], codes.size)
    excess = np.maximum(x - expected, 0.0)
    total = max(float(excess.sum()), 1e-9)
    order = [int(at) for at in np.lexsort((-n, -excess)) if n[at]]
    return [
        PodShare(
            field=field,
            pod=(pod := str(codes.values[at - 1])),
            n=int(n[at]),
            x=int(x[at]),
            excess=float(excess[at]) / total if hit is not None else 0.0,
            condition=format_condition([{"field": field, "op": "=", "value": pod}]),
        )
        for at in order
    ]


def one_bad_pod(pods: list[PodShare]) -> PodShare | None:
    """Return the pod that has more than 80% of the excess, if there are others; None if none has."""
    if len(pods) < FEW_PODS or pods[0].excess <= ONE_POD or pods[0].n > ONE_POD * sum(p.n for p in pods):
        return None
    return pods[0]


def _pod_field(observed: Observations) -> str | None:
    """Return the first field of pods that most of the candidate's requests have."""
    ours = max(int(observed.candidate.sum()), 1)
    for name in PODS:
        if name not in observed.scope.schema.names:
            continue
        number, codes = observed.codes(name)
        if codes.kind == "value" and int((observed.candidate & (number > 0)).sum()) > ours / 2:
            return name
    return None
