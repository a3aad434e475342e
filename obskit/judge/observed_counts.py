"""Count the observations of both arms file by file: those that are alike are one entry with a count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.judge.arms import Arms, Bools
from obskit.judge.clusters import TRACE
from obskit.judge.file_masks import codes_key
from obskit.judge.file_rows import FileObservations, FileRows
from obskit.judge.looks import Looks
from obskit.judge.observations import Observations, join_parts, observe, status_codes
from obskit.judge.operations import operation_codes, operations_of
from obskit.stats.combinations import count_combinations

Ints = npt.NDArray[Any]


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
    statuses = status_codes(scope)
    fields = tuple(codes_key(scope, each) for each in (*named, *statuses))
    parts: list[tuple[Ints, ...]] = []
    for file in source.files:
        classes = weights[file].classes
        assert classes is not None

        def columns(found: FileRows, file: int = file, classes: Ints = classes) -> list[Ints]:
            failed = np.zeros(len(found.rows), np.bool_) if found.failed is None else found.failed
            own = [source.local_codes(each, file) for each in named]
            known = failed.copy()
            for each in statuses:
                known |= source.local_codes(each, file) > 0
            return [found.look, found.candidate, failed, known, classes[found.rows], *own]

        if None not in fields:
            table = source.table(file, ("counts", fields), columns)
        else:
            table = count_combinations(columns(source.observations(file)))
        (look, candidate, failed, known, weight, *own), count = table
        own = [_in_all(each, file, part) for each, part in zip(named, own, strict=True)]
        each_weight = (weights[file].w * weights[file].n)[weight]
        parts.append((look, candidate, failed, known, each_weight, count, *own))
    size = 6 + len(named)
    columns_of = list(zip(*parts, strict=True)) or [()] * size
    look, candidate, failed, known, weight, count, *own = (
        join_parts(column, kind)
        for column, kind in zip(
            columns_of,
            (np.int32, np.bool_, np.bool_, np.bool_, np.float64, np.int64, *(np.int32,) * len(named)),
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
        known=known if statuses else None,
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
