"""A sample of the compared rows: whole clusters, the same ones each time a question is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from obskit.dataset import Codes, FieldCodes
from obskit.engine import Scope
from obskit.explain.group_masks import GroupMasks
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.weights import Bools, Segment, join_weights

# About so many rows of each group.
MOST_SELECTED = 20_000
MOST_BASELINE = 60_000
# Where no conjunctions are screened, fewer rows are enough to tell traces and causes apart.
MOST_BASELINE_SINGLES = 20_000
# One pseudo-random number per row, by cluster field, of datasets in use.
_LOTS: WeakKeyDictionary[Codes, dict[str | None, list[npt.NDArray[np.uint32]]]] = WeakKeyDictionary()


def sample_rows(
    scope: Scope,
    codes: Callable[[str], FieldCodes],
    masks: GroupMasks,
    cluster: str | None,
    most: tuple[int, int] = (MOST_SELECTED, MOST_BASELINE),
) -> tuple[GroupedRows, npt.NDArray[np.int64]]:
    """Return a sample of whole clusters from both groups.

    The choice is by a hash of the cluster, so the same question has the same sample.

    Args:
        scope: the events.
        codes: the codes of a field by its name.
        masks: the rows to draw from.
        cluster: field whose equal values are drawn together; None where every row is drawn alone.
        most: about so many rows of the selection and of the baseline; a smaller group is taken whole.
    Returns:
        The sampled rows with the groups "selected" and "baseline", and the cluster of each row (-1 where it
        has none).
    """
    weights = scope.dataset.codes.weights()
    ids = scope.dataset.codes.clusters(cluster) if cluster else None
    share = {}
    for group, size in zip(SIDES, most, strict=True):
        share[group] = size / max(sum(int(mask.sum()) for mask in masks.groups[group]), 1)
    rows_of: list[npt.NDArray[np.int64]] = []
    member: dict[str, list[Bools]] = {group: [] for group in SIDES}
    numbers: list[npt.NDArray[np.int64]] = []
    for f in range(len(scope.dataset.files)):
        picked = {}
        for group in SIDES:
            mask = masks.groups[group][f]
            if share[group] < 1:
                mask = mask & (_lots(scope, cluster)[f] < np.uint32(share[group] * 2**32))
            picked[group] = mask
        rows = np.flatnonzero(picked["selected"] | picked["baseline"])
        rows_of.append(rows)
        for group in SIDES:
            member[group].append(picked[group][rows])
        own = np.full(len(rows), -1, dtype=np.int64) if ids is None else ids[f][rows].astype(np.int64)
        numbers.append(np.where(own > 0, own + (f << 32), -1))
    joined = join_weights(weights, rows_of)
    total = sum(map(len, rows_of))
    known: dict[str, FieldCodes] = {}

    def gathered(name: str) -> FieldCodes:
        """Return a field's codes of the sampled rows, as if they were one file."""
        if name not in known:
            found = codes(name)
            parts = [_gather(found, f, rows) for f, rows in enumerate(rows_of)]
            known[name] = replace(found, parts=[(np.concatenate(parts), None)])
        return known[name]

    groups = {group: [np.concatenate(parts)] for group, parts in member.items()}
    return GroupedRows(gathered, [Segment(0, total, None, joined)], groups), np.concatenate(numbers)


def _gather(codes: FieldCodes, file: int, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    local, remap = codes.parts[file]
    found = local[rows]
    return found.astype(np.int32) if remap is None else remap[found]


def _lots(scope: Scope, cluster: str | None) -> list[npt.NDArray[np.uint32]]:
    """Return a fixed pseudo-random number for each row of each file, equal for rows of one cluster.

    They take four bytes per row and are kept while the dataset is in use: every question draws by them.
    """
    stored = scope.dataset.codes
    known = _LOTS.setdefault(stored, {})
    if cluster not in known:
        lots = []
        for f, file in enumerate(scope.dataset.files):
            key = np.arange(file.rows, dtype=np.int64)
            if cluster is not None:
                own = stored.clusters(cluster)[f].astype(np.int64)
                key = np.where(own > 0, own, ~key)
            lots.append(_shuffled(key, f))
        known[cluster] = lots
    return known[cluster]


def _shuffled(key: npt.NDArray[np.int64], salt: int) -> npt.NDArray[np.uint32]:
    x = key.view(np.uint64) + np.uint64(0x9E3779B97F4A7C15 * (salt + 1) % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x >> np.uint64(32)).astype(np.uint32)
