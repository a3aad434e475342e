"""`Difference`: the operation in which slow traces spend more time than normal ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.display import formatting
from obskit.traces.findings import LEAST, rows_of
from obskit.traces.scores import Sides, score
from obskit.traces.spans import TraceSpans, block_of
from obskit.traces.tables import tables

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Difference:
    """What changed in one operation; the columns of a `TraceComparison` with the same names.

    Attributes:
        service, operation: where the time goes; of a call between services, the caller.
        child: the service and name called, or empty.
        what: "self time", "network", "calls" or "child spans".
        before, now: ms per call, calls per call of the parent, or the share of the parent's calls.
        unit: "ms", "calls" or "share".
        ratio, ratio_low, ratio_high: of now to before, with its 95% interval.
        excess_share: share of all excess time, in [0, 1]; None unless the unit is "ms".
        evidence: in nats.
    """

    service: str
    operation: str
    child: str
    what: str
    before: float
    now: float
    unit: str
    ratio: float
    ratio_low: float
    ratio_high: float
    excess_share: float | None
    evidence: float

    def describe(self) -> str:
        """Return the operation and what changed, as part of a sentence."""
        of = f"{self.service} {self.operation}"
        if self.unit == "ms":
            where = (
                f"self time of {of}" if self.what == "self time" else f"network between {of} and {self.child}"
            )
            times = f"{formatting.duration(self.before)} → {formatting.duration(self.now)}"
            return f"{where}, {times} per call"
        if self.unit == "calls":
            return (
                f"{of}, which calls {self.child} {formatting.number(self.now)} times instead of "
                f"{formatting.number(self.before)}"
            )
        return (
            f"{of}, which calls {self.child} in {formatting.share(self.now)} of its calls instead of "
            f"{formatting.share(self.before)}"
        )


def find_difference(spans: TraceSpans, slow: Bools, normal: Bools) -> Difference | None:
    """Return in which operation slow traces spend more time than normal ones.

    Args:
        spans: the spans of a dataset.
        slow: which trace numbers are slow.
        normal: which are normal; no trace is both.

    Returns:
        The strongest increase in the service with the most evidence; None if none differs beyond chance. Log
        records are not looked at, because they take no time.

    Cost: that of `Traces.compare`, without reading log records.
    """
    blocks = np.zeros(len(slow), np.int64)
    both = np.flatnonzero(slow | normal)
    blocks[both] = block_of(spans, both)
    sides = Sides(slow, normal, blocks)
    scores = score(spans, tables(spans, slow | normal, logs=False), sides)
    rows = rows_of(spans, scores, sides)
    for service in scores.services:
        if not service.beyond or service.evidence < LEAST:
            continue
        more = [row for row in rows if service.service in row["ends"] and row["now"] > row["before"]]
        if more:
            return _difference(max(more, key=lambda row: row["evidence"]))
    return None


def _difference(row: dict[str, Any]) -> Difference:
    values: dict[str, Any] = {name: row.get(name) for name in Difference.__dataclass_fields__}
    return Difference(**values)
