"""The observations of both arms in order of time: one per trace and arm, with its look and its operation.

Retries and repeated calls within a trace fail together, so that counting each row would make chance look like
a regression. A trace counts once per arm, at its first request; it has failed if any of its requests within
the same look has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.engine import Scope
from obskit.judge.arms import Arms, Bools, value_masks
from obskit.judge.clusters import STICKY, TRACE, cluster_ids, is_sticky, leaders
from obskit.judge.operations import Operations, find_operations

Ints = npt.NDArray[Any]  # int32 or int64
MOST_LOOKS = 10_000
_MICROS = timedelta(microseconds=1)


@dataclass(frozen=True)
class Looks:
    """The looks of a comparison: equal steps of time.

    Attributes:
        start: the start of the first look in µs.
        length: the length of a look in µs.
        count: the number of complete looks.
    """

    start: int
    length: int
    count: int

    @property
    def end(self) -> int:
        """The end of the last look in µs."""
        return self.start + self.length * self.count

    def end_of(self, look: int) -> int:
        """Return the end of a look in µs."""
        return self.start + self.length * (look + 1)


def plan_looks(start: int, end: int, step: timedelta | None) -> tuple[Looks, list[str]]:
    """Divide a window of time into looks.

    Args:
        start: the start of the window in µs.
        end: its end in µs.
        step: the time between two looks; None for one look.

    Returns:
        The looks, of which all are complete, and a note if they had to be longer.
    """
    span = max(0, end - start)
    length = span if step is None else max(1, step // _MICROS)
    if not length:
        return Looks(start, 1, 0), []
    notes = []
    if span // length > MOST_LOOKS:
        length *= -(-span // (length * MOST_LOOKS))
        notes.append(f"looks are {timedelta(microseconds=length)} long: there are at most {MOST_LOOKS:,}")
    return Looks(start, length, span // length), notes


@dataclass(frozen=True, eq=False)
class Requests:
    """All requests of both arms, before those of a trace were put together.

    Attributes:
        rows: their rows in each file of the dataset.
        look: the number of the look of each.
        candidate: whether it is one of the candidate.
    """

    rows: list[Ints]
    look: Ints
    candidate: Bools


@dataclass(frozen=True, eq=False)
class Observations:
    """The observations of both arms in order of time; arrays have one entry per observation.

    Attributes:
        scope: the events.
        looks: the looks.
        rows: their rows in each file of the dataset.
        look: the number of the look.
        candidate: whether it is one of the candidate.
        operation: the number of the operation.
        operations: the operations.
        failed: whether it failed; None if the events have no errors.
        weight: sample weight; None if all weigh the same.
        duration: code of the duration, in `durations`; None if the events have no durations.
        durations: the codes of the field `duration_ms`.
        requests: all requests, before they were put together by trace.
        counted: how many they are, of the baseline and of the candidate.
        notes: what a reader must know.
    """

    scope: Scope
    looks: Looks
    rows: list[Ints]
    look: Ints
    candidate: Bools
    operation: Ints
    operations: Operations
    failed: Bools | None
    weight: npt.NDArray[np.float64] | None
    duration: npt.NDArray[Any] | None
    durations: FieldCodes | None
    requests: Requests
    counted: tuple[int, int]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.look)

    @cached_property
    def stratum(self) -> Ints:
        """The number of each observation's look, operation and arm, in this order."""
        return (self.look * len(self.operations) + self.operation) * 2 + self.candidate

    def codes(self, field: str) -> tuple[Ints, FieldCodes]:
        """Return the code of a field for every observation, and the codes of the field."""
        found = self.scope.codes(field)
        parts = [found.codes(file)[rows] for file, rows in enumerate(self.rows)]
        return _join(parts, np.int32), found

    def clusters(self, field: str) -> Ints:
        """Return the number of each observation's value of a field, however many there are; 0 is missing."""
        return cluster_ids(self.scope, field, self.rows)


def observe(
    arms: Arms, looks: Looks, cluster: str | None, left_out: Sequence[Bools] | None = None
) -> Observations:
    """Return the observations of both arms within the looks.

    Args:
        arms: the arms.
        looks: the looks.
        cluster: the field whose equal values are one observation per arm; None if each row is one.
        left_out: rows that are left out, one mask per file.

    Returns:
        The observations.

    Cost: one pass over the codes of the fields; memory O(rows of the arms).
    """
    scope, dataset = arms.scope, arms.scope.dataset
    errors = value_masks(scope, "error", ["true"]) if "error" in scope.schema.names else None
    notes: list[str] = []
    rows: list[Ints] = []
    looks_of: list[Ints] = []
    for times, mine, other in zip(
        dataset.codes.times(), arms.candidate.masks, arms.baseline.masks, strict=True
    ):
        mask = mine | other
        if left_out is not None:
            mask = mask & ~left_out[len(rows)]
        found, look = _in_looks(times, mask, looks)
        rows.append(found)
        looks_of.append(look)
    look = _join(looks_of, np.int32)
    candidate = _join([m[r] for m, r in zip(arms.candidate.masks, rows, strict=True)], np.bool_)
    failed = None
    if errors is not None:
        failed = _join([e[r] for e, r in zip(errors, rows, strict=True)], np.bool_)
    counted = np.bincount(candidate, minlength=2)
    requests = Requests(rows, look, candidate)
    if cluster is not None:
        ids = cluster_ids(scope, cluster, rows)
        if cluster != TRACE and not is_sticky(ids, candidate):
            notes.append(
                f"warning: more than {STICKY:.0%} of the values of {cluster} are in both arms, so the split "
                "does not follow it; each request counts"
            )
        else:
            order = None
            when = _join([t[r] for t, r in zip(dataset.codes.times(), rows, strict=True)], np.int64)
            if (when[1:] < when[:-1]).any():  # of files that overlap in time
                order = np.argsort(when, kind="stable")
            kept, failed = _first_requests(leaders(ids, candidate, order), look, failed)
            look, candidate = look[kept], candidate[kept]
            ends = np.cumsum([len(r) for r in rows])[:-1]
            rows = [r[k] for r, k in zip(rows, np.split(kept, ends), strict=True)]
    operations, operation = find_operations(scope, rows)
    return Observations(
        scope=scope,
        looks=looks,
        rows=rows,
        look=look,
        candidate=candidate,
        operation=operation,
        operations=operations,
        failed=failed,
        weight=weights_of(scope, rows),
        duration=_durations(scope, rows),
        durations=scope.codes("duration_ms") if "duration_ms" in scope.schema.names else None,
        requests=requests,
        counted=(int(counted[0]), int(counted[1])),
        notes=tuple(notes),
    )


def _first_requests(leader: Ints, look: Ints, failed: Bools | None) -> tuple[Bools, Bools | None]:
    """Return which requests are the first of their cluster, and which of those have failed.

    The first request has failed if any request of its cluster in the same look has.
    """
    kept = leader == np.arange(len(leader))
    if failed is None:
        return kept, None
    again = np.flatnonzero(failed & ~kept)
    again = again[look[again] == look[leader[again]]]
    failed = failed.copy()
    failed[leader[again]] = True
    return kept, failed[kept]


def _in_looks(times: Ints, mask: Bools, looks: Looks) -> tuple[Ints, Ints]:
    """Return the rows of a file that are within the looks, and the look of each."""
    ends = looks.start + looks.length * np.arange(looks.count + 1, dtype=np.int64)
    if len(times) and not (times[1:] >= times[:-1]).all():
        rows = np.flatnonzero(mask & (times >= looks.start) & (times < looks.end))
        rows = rows[np.argsort(times[rows], kind="stable")]
        return rows, (times[rows] - looks.start) // looks.length
    bounds = np.searchsorted(times, ends)
    first, last = int(bounds[0]), int(bounds[-1])
    rows = np.flatnonzero(mask[first:last]) + first
    sizes = np.diff(np.searchsorted(rows, bounds))
    return rows, np.repeat(np.arange(looks.count), sizes)


def weights_of(scope: Scope, rows: Sequence[Ints]) -> npt.NDArray[np.float64] | None:
    """Return the sample weights times event counts of rows; None if all are equal."""
    parts = []
    for weights, r in zip(scope.dataset.codes.weights(), rows, strict=True):
        if weights.classes is not None:
            parts.append((weights.w * weights.n)[weights.classes[r]])
        else:
            parts.append((weights.rows_w() * weights.rows_n())[r])
    out = _join(parts, np.float64)
    return None if not len(out) or (out == out[0]).all() else out


def _durations(scope: Scope, rows: Sequence[Ints]) -> npt.NDArray[Any] | None:
    if "duration_ms" not in scope.schema.names:
        return None
    codes = scope.codes("duration_ms")
    return _join([codes.codes(file)[r] for file, r in enumerate(rows)], np.int32)


def _join(parts: Sequence[npt.NDArray[Any]], kind: Any) -> npt.NDArray[Any]:
    return np.concatenate(parts).astype(kind, copy=False) if parts else np.zeros(0, kind)
