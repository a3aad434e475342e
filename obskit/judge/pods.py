"""Tell a bad version from a bad pod: does one pod carry the excess of the candidate?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from obskit.display.result import plain
from obskit.engine import format_condition
from obskit.judge.observations import Hit, Observations
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


def pods_of(observed: Observations, hit: Hit | None) -> list[PodShare]:
    """Return the candidate's pods, those with the largest excess first.

    Args:
        observed: the observations.
        hit: the outcome; None to list the pods only.

    Returns:
        The pods; none if the events do not name them.
    """
    field = _pod_field(observed)
    if field is None:
        return []
    found, codes = observed.by_value(field, hit)
    ours, count, size = found.candidate & (found.code > 0), found.count, codes.size
    n = np.bincount(found.code[ours], count[ours], size)
    x = np.bincount(found.code[ours & found.hit], count[ours & found.hit], size)
    # What the pod's requests would have at the baseline's rate of each operation.
    theirs, operations = ~found.candidate, len(observed.operations)
    every = np.bincount(found.operation[theirs], count[theirs], operations)
    bad = theirs & found.hit
    rate = np.bincount(found.operation[bad], count[bad], operations) / np.maximum(every, 1)
    expected = np.bincount(found.code[ours], rate[found.operation[ours]] * count[ours], size)
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
    ours = max(observed.number(observed.candidate), 1)
    for name in PODS:
        if name not in observed.scope.schema.names:
            continue
        found, codes = observed.by_value(name, None)
        known = int(found.count[found.candidate & (found.code > 0)].sum())
        if codes.kind == "value" and known > ours / 2:
            return name
    return None
