"""Counts of many fields at once in scattered rows, from their joint codes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from obskit.dataset import JointCodes, JointGroup, Weights
from obskit.explain.cores import spread
from obskit.explain.weights import Rows, class_sums
from obskit.stats.counts import Counts

# Of fewer rows, the counts of all combinations would take longer than those of each field.
LEAST_ROWS = 2_000
# So many rows are counted at a time: few enough for the cache, many enough next to the combinations.
ROWS_AT_ONCE = 1 << 16


def joint_counts(
    joint: JointCodes,
    names: Collection[str],
    picked: Sequence[tuple[int, Rows]],
    weights: Weights,
    rows: int,
) -> dict[str, Counts]:
    """Return the counts of some rows for each code of many fields.

    Args:
        joint: the joint codes.
        names: the fields; those that share no joint code with another one are left out.
        picked: numbers of parts, with the numbers of their rows.
        weights: of all of these rows, in their order.
        rows: how many rows the dataset has.
    Returns:
        The counts by field, as `tally_rows` returns them.
    """
    total = sum(len(own) for _, own in picked)
    wanted = frozenset(names)
    kinds = len(weights.n)
    groups = [
        group
        for group in joint.groups
        if sum(field.name in wanted for field in group.fields) > 1
        and kinds * group.size <= ROWS_AT_ONCE  # with more cells than rows, each field is faster
    ]
    if weights.classes is None or total < LEAST_ROWS or not groups:
        return {}
    runs = _runs(picked)

    def count(some: Sequence[tuple[int, Sequence[tuple[int, Rows]]]]) -> list[npt.NDArray[np.int64]]:
        hits = [np.zeros(kinds * group.size, dtype=np.int64) for group in groups]
        for start, run in some:
            _add(joint, groups, run, weights, start, hits)
        return hits

    # the counts of all combinations take some memory, once per core
    halves = [part for part in (runs[::2], runs[1::2]) if part]
    found = [sum(parts[1:], parts[0]) for parts in zip(*spread(count, halves, rows), strict=True)]
    out: dict[str, Counts] = {}
    for group, hits in zip(groups, found, strict=True):
        for name, own in group.marginals(hits.reshape(kinds, group.size)).items():
            # where there are more cells than rows, weights are added up row by row, which rounds otherwise
            if name in wanted and (kinds == 1 or own.size <= 2 * total):
                out[name] = Counts(*class_sums(own, weights))
    return out


def _runs(picked: Sequence[tuple[int, Rows]]) -> list[tuple[int, list[tuple[int, Rows]]]]:
    """Return the rows in runs of about as many, each with the number of rows before it."""
    out: list[tuple[int, list[tuple[int, Rows]]]] = []
    size = ROWS_AT_ONCE
    before = 0
    for file, rows in picked:
        for at in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[at : at + ROWS_AT_ONCE]
            if size + len(some) > ROWS_AT_ONCE:
                out.append((before, []))
                size = 0
            out[-1][1].append((file, some))
            size += len(some)
            before += len(some)
    return out


def _add(
    joint: JointCodes,
    groups: Sequence[JointGroup],
    run: Sequence[tuple[int, Rows]],
    weights: Weights,
    start: int,
    hits: Sequence[npt.NDArray[np.int64]],
) -> None:
    """Add the rows of a run to the counts of all combinations."""
    blocks = [(file, joint.parts[file][rows]) for file, rows in run]
    total = sum(len(block) for _, block in blocks)
    kinds = len(weights.n)
    assert weights.classes is not None
    classes = weights.classes[start : start + total].astype(np.intp)
    key = np.empty(total, dtype=np.intp)
    for group, into in zip(groups, hits, strict=True):
        at = 0
        for file, block in blocks:
            key[at : at + len(block)] = group.tables[file][block[:, group.columns[file]]]
            at += len(block)
        if kinds > 1:
            key += classes * group.size
        into += np.bincount(key, minlength=len(into))
