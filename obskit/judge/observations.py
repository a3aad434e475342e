"""The observations of both arms in order of time: one per trace and arm, with its look and its operation.

Retries and repeated calls within a trace fail together, so that counting each row would make chance look like
a regression. A trace counts once per arm, at its first request; it has failed if any of its requests within
the same look has.

A verdict on many events does not hold them row by row: observations that are alike are one entry with a count
(`observe_counts`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.engine import Scope
from obskit.judge.arms import Arms, Bools, value_masks
from obskit.judge.clusters import STICKY, TRACE, cluster_ids, is_sticky, join, leaders
from obskit.judge.file_masks import is_stored
from obskit.judge.file_rows import FileObservations, FileRows, first_requests
from obskit.judge.looks import Looks, rows_in_looks
from obskit.judge.operations import Operations, find_operations, operation_codes, operations_of
from obskit.stats.combinations import count_combinations

Ints = npt.NDArray[Any]  # int32 or int64


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
        counted: the number of rows of both arms before they were put together by trace.
        notes: what a reader must know.
        count: the number of observations of each entry; None if each is one.
        by_file: the observations in each file; None if each entry is one.
        rowwise: returns the observations with one entry each, if these have a count.
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
    counted: tuple[int, int]
    notes: tuple[str, ...]
    count: Ints | None = None
    by_file: FileObservations | None = None
    rowwise: Callable[[], Observations] | None = None

    def __len__(self) -> int:
        return len(self.look)

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
        """The sample weight of each entry, over all of its observations."""
        assert self.weight is not None
        return self.weight if self.count is None else self.weight * self.count

    def as_rows(self) -> Observations:
        """Return the observations with one entry each."""
        return self if self.rowwise is None else self.rowwise()

    @cached_property
    def stratum(self) -> Ints:
        """The number of each observation's look, operation and arm, in this order."""
        return (self.look * len(self.operations) + self.operation) * 2 + self.candidate

    def codes(self, field: str) -> tuple[Ints, FieldCodes]:
        """Return the code of a field for every observation, and the codes of the field."""
        assert self.count is None
        found = self.scope.codes(field)
        parts = [found.codes(file)[rows] for file, rows in enumerate(self.rows)]
        return _join(parts, np.int32), found

    def clusters(self, field: str) -> Ints:
        """Return the number of each observation's value of a field, however many there are; 0 is missing."""
        return join(cluster_ids(self.scope, field, self.rows))

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
        parts = [self._values_in(self.by_file, file, codes, hit) for file in self.by_file.files]
        joined = (np.concatenate(column) for column in zip(*parts, strict=True))
        code, operation, candidate, flags, count = joined
        return ValueCounts(code, operation, candidate.astype(bool), flags.astype(bool), count), codes

    def _values_in(
        self, source: FileObservations, file: int, codes: FieldCodes, hit: Hit | None
    ) -> tuple[Ints, ...]:
        """Return the entries of `by_value` of one file."""
        shown = self.operations.codes

        def columns(found: FileRows) -> list[Ints]:
            own = [source.local_codes(each, file) for each in (codes, *shown)]
            operation = self.operations.number_of(file, own[1:], len(found.rows))
            duration = None if self.durations is None else self.durations.codes(file)[found.rows]
            flags = self._flags(hit, found.failed, operation, duration, len(found.rows))
            return [*own, found.candidate, flags]

        names = (codes.name, *(each.name for each in shown))
        if not all(is_stored(self.scope, name) for name in names):
            values = count_combinations(columns(source.observations(file)))
        else:
            edges = None if hit is None or hit.edges is None else self.operations.by_key(hit.edges)
            what = ("values", names, hit is None, edges)
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


def observe_counts(
    arms: Arms, looks: Looks, cluster: str | None, left_out: Sequence[Bools] | None = None
) -> Observations:
    """Return the observations of both arms within the looks; those that are alike are one entry.

    Args:
        arms: the arms.
        looks: the looks.
        cluster: the field whose equal values are one observation per arm; None if each row is one.
        left_out: rows that are left out, one mask per file.

    Returns:
        The observations; as those of `observe` if the cluster is not the trace, or if there are so many
        sample weights that hardly two observations are alike.

    Cost: as `observe` for files that were not counted before; else one table of counts per file.
    """
    scope = arms.scope
    weights = scope.dataset.codes.weights()
    if cluster not in (None, TRACE) or any(each.classes is None for each in weights):
        return observe(arms, looks, cluster, left_out)
    source = FileObservations(arms, looks, cluster, left_out)
    shown = operation_codes(scope)
    timed = "duration_ms" in scope.schema.names
    durations = scope.codes("duration_ms") if timed else None
    named = [*shown, durations] if durations is not None else shown
    stored = all(is_stored(scope, each.name) for each in named)
    parts: list[tuple[Ints, ...]] = []
    for file in source.files:
        classes = weights[file].classes
        assert classes is not None

        def columns(found: FileRows, file: int = file, classes: Ints = classes) -> list[Ints]:
            failed = np.zeros(len(found.rows), np.bool_) if found.failed is None else found.failed
            own = [source.local_codes(each, file) for each in named]
            return [found.look, found.candidate, failed, classes[found.rows], *own]

        if stored:
            table = source.table(file, ("counts", tuple(each.name for each in named)), columns)
        else:
            table = count_combinations(columns(source.observations(file)))
        (look, candidate, failed, weight, *own), count = table
        own = [_in_all(each, file, part) for each, part in zip(named, own, strict=True)]
        each_weight = (weights[file].w * weights[file].n)[weight]
        parts.append((look, candidate, failed, each_weight, count, *own))
    size = 5 + len(named)
    columns_of = list(zip(*parts, strict=True)) or [()] * size
    look, candidate, failed, weight, count, *own = (
        _join(column, kind)
        for column, kind in zip(
            columns_of,
            (np.int32, np.bool_, np.bool_, np.float64, np.int64, *(np.int32,) * len(named)),
            strict=True,
        )
    )
    operations, operation = operations_of(shown, own[: len(shown)], count)
    return Observations(
        scope=scope,
        looks=looks,
        rows=[],
        look=look,
        candidate=candidate,
        operation=operation,
        operations=operations,
        failed=failed if "error" in scope.schema.names else None,
        weight=None if not len(weight) or (weight == weight[0]).all() else weight,
        duration=own[-1] if durations is not None else None,
        durations=durations,
        counted=source.counted(),
        notes=(),
        count=count,
        by_file=source,
        rowwise=lambda: observe(arms, looks, cluster, left_out),
    )


def _in_all(codes: FieldCodes, file: int, local: Ints) -> Ints:
    """Return codes of a file as those of all files."""
    remap = codes.parts[file][1]
    return local if remap is None else remap[local]


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
    look = _join(looks_of, np.int32)
    candidate = _join([m[r] for m, r in zip(arms.candidate.masks, rows, strict=True)], np.bool_)
    failed = None
    if errors is not None:
        failed = _join([e[r] for e, r in zip(errors, rows, strict=True)], np.bool_)
    counted = np.bincount(candidate, minlength=2)
    if cluster is not None:
        ids = cluster_ids(scope, cluster, rows)
        if cluster != TRACE and not is_sticky(ids, candidate):
            notes.append(
                f"warning: more than {STICKY:.0%} of the values of {cluster} are in both arms, so the split "
                "does not follow it; each request counts"
            )
        else:
            order = None
            if len(ids) == 1 and not (look[1:] >= look[:-1]).all():  # of files that overlap in time
                when = _join([t[r] for t, r in zip(dataset.codes.times(), rows, strict=True)], np.int64)
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
        counted=(int(counted[0]), int(counted[1])),
        notes=tuple(notes),
    )


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
