"""The observations of both arms in order of time: one per trace and arm, with its look and its operation.

Retries and repeated calls within a trace fail together, so that counting each row would make chance look like
a regression. A trace counts once per arm, at its first request; it has failed if any of its requests within
the same look has.

A verdict on many events does not hold them row by row: observations that are alike are one entry with a count
(`observe_counts`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.engine import Scope
from obskit.judge.arms import Arms, Bools, value_masks
from obskit.judge.clusters import STICKY, TRACE, cluster_ids, is_sticky, leaders
from obskit.judge.file_masks import codes_key
from obskit.judge.file_rows import FileObservations, FileRows, first_requests
from obskit.judge.looks import Looks, rows_in_looks
from obskit.judge.operations import Operations, find_operations
from obskit.stats.combinations import count_combinations

Ints = npt.NDArray[Any]  # int32 or int64
STATUSES = ("http.response.status_code", "status_code")
"""Fields by which errors are recognized."""


@dataclass(frozen=True, eq=False)
class Hit:
    """An outcome of an observation: it failed, or it is slower than a threshold of its operation.

    Attributes:
        edges: the threshold of each operation as a bucket; None for failures.
        bucket: the bucket of each code of the durations.
    """

    edges: Ints | None = None
    bucket: Ints | None = None


@dataclass(frozen=True, eq=False)
class ValueCounts:
    """How many observations have a value: arrays with one entry per combination of the following.

    Attributes:
        code: the code of the field.
        operation: the number of the operation.
        candidate: whether they are of the candidate.
        hit: whether they have the outcome.
        count: their number.
    """

    code: Ints
    operation: Ints
    candidate: Bools
    hit: Bools
    count: Ints


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
    """The observations of both arms; arrays have one entry per observation, or per kind of observation.

    Attributes:
        scope: the events.
        looks: the looks.
        rows: their rows in each file of the dataset; empty for entries with a count.
        look: the number of the look.
        candidate: whether it is one of the candidate.
        operation: the number of the operation.
        operations: the operations.
        failed: whether it failed; None if the events have no errors.
        weight: sample weight; None if all weigh the same.
        duration: code of the duration, in `durations`; None if the events have no durations.
        durations: the codes of the field `duration_ms`.
        known: whether the outcome of each is recorded: it has a status or failed; None if the events have no
            status.
        counted: how many they are, of the baseline and of the candidate.
        notes: what a reader must know.
        count: the number of observations of each entry; None if each is one.
        by_file: the observations in each file; None if each entry is one.
        rowwise: returns the observations with one entry each, if these have a count.
        every: all requests, if each entry is one observation.
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
    known: Bools | None
    counted: tuple[int, int]
    notes: tuple[str, ...]
    count: Ints | None = None
    by_file: FileObservations | None = None
    rowwise: Callable[[], Observations] | None = None
    every: Requests | None = None

    def __len__(self) -> int:
        return len(self.look)

    @property
    def numbers(self) -> Ints:
        """The number of observations of each entry."""
        return np.ones(len(self), np.int64) if self.count is None else self.count

    def number(self, chosen: Bools | None = None) -> int:
        """Return the number of observations, in all or of the chosen entries."""
        if self.count is None:
            return len(self) if chosen is None else int(chosen.sum())
        return int((self.count if chosen is None else self.count[chosen]).sum())

    def tally(self, cell: Ints, size: int, chosen: Ints | Bools | None = None) -> Ints:
        """Return the number of observations by cell, of all or of the chosen entries."""
        count = self.count
        if chosen is not None:
            cell, count = cell[chosen], None if count is None else count[chosen]
        found = np.bincount(cell, count, size)
        return found if count is None else found.astype(np.int64)

    @cached_property
    def whole_weight(self) -> npt.NDArray[np.float64]:
        """The sample weight of each entry, over all of its observations; 1 for each without weights."""
        return self.numbers.astype(np.float64) if self.weight is None else self.weight * self.numbers

    def as_rows(self) -> Observations:
        """Return the observations with one entry each."""
        return self._as_rows

    @cached_property
    def _as_rows(self) -> Observations:
        return self if self.rowwise is None else self.rowwise()

    @cached_property
    def requests(self) -> Requests:
        """All requests, before those of a trace were put together."""
        found = self.as_rows().every
        assert found is not None
        return found

    @cached_property
    def stratum(self) -> Ints:
        """The number of each observation's look, operation and arm, in this order."""
        return (self.look * len(self.operations) + self.operation) * 2 + self.candidate

    def codes(self, field: str) -> tuple[Ints, FieldCodes]:
        """Return the code of a field for every observation, and the codes of the field."""
        assert self.count is None
        found = self.scope.codes(field)
        parts = [found.codes(file)[rows] for file, rows in enumerate(self.rows)]
        return join_parts(parts, np.int32), found

    def clusters(self, field: str) -> Ints:
        """Return the number of each observation's value of a field, however many there are; 0 is missing."""
        return cluster_ids(self.scope, field, self.rows)

    def by_value(self, field: str, hit: Hit | None) -> tuple[ValueCounts, FieldCodes]:
        """Return how many observations have each value of a field.

        Args:
            field: the field.
            hit: an outcome to tell observations by; None for none.

        Returns:
            The counts, and the codes of the field.
        """
        codes = self.scope.codes(field)
        if self.by_file is None:
            number, _ = self.codes(field)
            flags = self._flags(hit, self.failed, self.operation, self.duration, len(self))
            every = np.ones(len(self), np.int64)
            return ValueCounts(number, self.operation, self.candidate, flags, every), codes
        timed = () if self.durations is None else (self.durations,)
        fields = tuple(codes_key(self.scope, each) for each in (codes, *self.operations.codes, *timed))
        parts = [self._values_in(self.by_file, file, codes, hit, fields) for file in self.by_file.files]
        joined = (np.concatenate(column) for column in zip(*parts, strict=True))
        code, operation, candidate, flags, count = joined
        return ValueCounts(code, operation, candidate.astype(bool), flags.astype(bool), count), codes

    def _values_in(
        self,
        source: FileObservations,
        file: int,
        codes: FieldCodes,
        hit: Hit | None,
        fields: tuple[Hashable | None, ...],
    ) -> tuple[Ints, ...]:
        """Return the entries of `by_value` of one file; `fields` are the keys of all codes."""
        shown = self.operations.codes

        def columns(found: FileRows) -> list[Ints]:
            own = [source.local_codes(each, file) for each in (codes, *shown)]
            operation = self.operations.number_of(file, own[1:], len(found.rows))
            duration = None if self.durations is None else self.durations.codes(file)[found.rows]
            flags = self._flags(hit, found.failed, operation, duration, len(found.rows))
            return [*own, found.candidate, flags]

        if None in fields:
            values = count_combinations(columns(source.observations(file)))
        else:
            edges = None if hit is None or hit.edges is None else self.operations.by_key(hit.edges)
            what = ("values", fields, hit is None, edges)
            values = source.table(file, what, columns)
        (code, *rest), count = values
        *own, candidate, flags = rest
        remap = codes.parts[file][1]
        code = code if remap is None else remap[code]
        return code, self.operations.number_of(file, own, len(count)), candidate, flags, count

    @staticmethod
    def _flags(
        hit: Hit | None, failed: Bools | None, operation: Ints, duration: Ints | None, size: int
    ) -> Bools:
        """Return which observations have an outcome."""
        if hit is not None and hit.edges is not None and hit.bucket is not None and duration is not None:
            return np.asarray(hit.bucket[duration] > hit.edges[operation], np.bool_)
        known = hit is not None and hit.edges is None and failed is not None
        return failed if known and failed is not None else np.zeros(size, np.bool_)


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
        found, look = rows_in_looks(times, mask, looks)
        rows.append(found)
        looks_of.append(look)
    look = join_parts(looks_of, np.int32)
    candidate = join_parts([m[r] for m, r in zip(arms.candidate.masks, rows, strict=True)], np.bool_)
    failed = None
    if errors is not None:
        failed = join_parts([e[r] for e, r in zip(errors, rows, strict=True)], np.bool_)
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
            when = join_parts([t[r] for t, r in zip(dataset.codes.times(), rows, strict=True)], np.int64)
            if (when[1:] < when[:-1]).any():  # of files that overlap in time
                order = np.argsort(when, kind="stable")
            kept, failed = first_requests(leaders(ids, candidate, order), look, failed)
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
        known=_known(scope, rows, failed),
        counted=(int(counted[0]), int(counted[1])),
        notes=tuple(notes),
        every=requests,
    )


def status_codes(scope: Scope) -> list[FieldCodes]:
    """Return the codes of the fields by which errors are recognized."""
    return [scope.codes(name) for name in STATUSES if name in scope.schema.names]


def _known(scope: Scope, rows: Sequence[Ints], failed: Bools | None) -> Bools | None:
    """Return whether the outcome of some rows is recorded; None if the events have no status."""
    statuses = status_codes(scope)
    if not statuses:
        return None
    known = np.zeros(sum(map(len, rows)), np.bool_) if failed is None else failed.copy()
    for each in statuses:
        known |= join_parts([each.codes(file)[r] for file, r in enumerate(rows)], np.int64) > 0
    return known


def weights_of(scope: Scope, rows: Sequence[Ints]) -> npt.NDArray[np.float64] | None:
    """Return the sample weights times event counts of rows; None if all are equal."""
    parts = []
    for weights, r in zip(scope.dataset.codes.weights(), rows, strict=True):
        if weights.classes is not None:
            parts.append((weights.w * weights.n)[weights.classes[r]])
        else:
            parts.append((weights.rows_w() * weights.rows_n())[r])
    out = join_parts(parts, np.float64)
    return None if not len(out) or (out == out[0]).all() else out


def _durations(scope: Scope, rows: Sequence[Ints]) -> npt.NDArray[Any] | None:
    if "duration_ms" not in scope.schema.names:
        return None
    codes = scope.codes("duration_ms")
    return join_parts([codes.codes(file)[r] for file, r in enumerate(rows)], np.int32)


def join_parts(parts: Sequence[npt.NDArray[Any]], kind: Any) -> npt.NDArray[Any]:
    """Return arrays one after the other as one of a type."""
    return np.concatenate(parts).astype(kind, copy=False) if parts else np.zeros(0, kind)
