"""A sample of the compared rows: whole clusters, the same ones each time a question is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from obskit.dataset import Codes, FieldCodes, JointCodes, JointGroup, mix_bits
from obskit.engine import Scope
from obskit.explain.bit_rows import mask_rows
from obskit.explain.group_masks import GroupMasks
from obskit.explain.grouped_rows import SIDES, GroupedRows
from obskit.explain.weights import Bools, Rows, Segment, join_weights

# About so many rows of each group.
MOST_SELECTED = 20_000
MOST_BASELINE = 60_000
# Where no conjunctions are screened, fewer rows are enough to tell traces and causes apart.
MOST_BASELINE_SINGLES = 20_000
# Rows are drawn for this many times the sample, so that the next questions need no others, and drawn again if
# they are many times too many.
SPARE, MOST_SPARE = 1.3, 6
# What was drawn of datasets in use, by cluster field.
_DRAWN: WeakKeyDictionary[Codes, dict[str | None, _Drawn]] = WeakKeyDictionary()
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
        The sampled rows with the groups "selected" and "baseline", one after the other, and the cluster of
        each row (a number below 0 of its own where it has none).
    """
    stored = scope.dataset.codes
    ids = stored.numbers(cluster) if cluster else None
    parts = [
        _members(scope, cluster, masks.groups[group], size) for group, size in zip(SIDES, most, strict=True)
    ]
    # all selected rows, then the others: the rows of a group are next to each other
    rows_of = [rows for part in parts for rows in part.rows]
    total = sum(map(len, rows_of))
    sizes = [sum(map(len, part.rows)) for part in parts]
    known: dict[str, FieldCodes] = {}

    def gathered(name: str) -> FieldCodes:
        """Return a field's codes of the sampled rows, as if they were one file."""
        if name not in known:
            found = codes(name)
            joined = np.empty(total, np.min_scalar_type(max(found.size - 1, 0)))
            for part, into in zip(parts, np.split(joined, [sizes[0]]), strict=True):
                part.gather(found, into)
            known[name] = replace(found, parts=[(joined, None)])
        return known[name]

    selected = np.arange(total) < sizes[0]
    segment = Segment(0, total, None, join_weights([*stored.weights(), *stored.weights()], rows_of))
    rows = GroupedRows(gathered, [segment], {"selected": [selected], "baseline": [~selected]})
    return rows, _numbers(ids, parts)


def _numbers(
    ids: Sequence[npt.NDArray[np.uint32]] | None, parts: Sequence[_Members]
) -> npt.NDArray[np.int64]:
    """Return the cluster of each row, and one below 0 for each row without a cluster.

    Rows without one are numbered down from -1 in the order of the files, whatever their group.
    """
    found: list[list[npt.NDArray[np.int64]]] = [[] for _ in parts]
    before = 0
    for f, picked in enumerate(zip(*(part.rows for part in parts), strict=True)):
        every = np.sort(np.concatenate(picked))  # no row is in both groups
        for into, rows in zip(found, picked, strict=True):
            own = np.zeros(len(rows), dtype=np.int64) if ids is None else ids[f][rows].astype(np.int64)
            alone = -1 - before - np.searchsorted(every, rows)
            into.append(np.where(own > 0, own, alone))
        before += len(every)
    return np.concatenate([part for parts_of in found for part in parts_of])


class _Members:
    """The sampled rows of a group.

    Args:
        rows: sorted row numbers of each file.
        drawn: rows of which these are some, with codes that are kept; None if none are.
        at: the positions of the rows in `drawn`.
        joint: joint codes of the dataset, if there are any.
    """

    def __init__(
        self,
        rows: list[Rows],
        drawn: _Drawn | None = None,
        at: Rows | None = None,
        joint: JointCodes | None = None,
    ) -> None:
        self.rows, self._drawn, self._at = rows, drawn, at
        self._joint = joint
        self._combinations: dict[JointGroup, npt.NDArray[np.uint16]] = {}

    def gather(self, codes: FieldCodes, into: npt.NDArray[Any]) -> None:
        """Write the code of each row into an array."""
        group = None if self._joint is None else self._joint.group_of(codes)
        if self._drawn is not None and self._at is not None:
            np.take(self._drawn.codes(codes), self._at, out=into, mode="clip")
        elif group is not None:
            np.take(group.decoder(codes), self._combined(group), out=into, mode="clip")
        else:
            _gather(codes, self.rows, into)

    def _combined(self, group: JointGroup) -> npt.NDArray[np.uint16]:
        """Return the combination of codes of each row in a group of fields."""
        if group not in self._combinations:
            parts = zip(group.tables, group.columns, self._blocks, strict=True)
            self._combinations[group] = np.concatenate([table[own[:, at]] for table, at, own in parts])
        return self._combinations[group]

    @cached_property
    def _blocks(self) -> list[npt.NDArray[np.uint16]]:
        assert self._joint is not None
        return [part[rows] for part, rows in zip(self._joint.parts, self.rows, strict=True)]


class _Drawn:
    """The rows of a dataset whose lot is below a limit: somewhat more than a sample needs.

    Successive questions draw nearly the same rows, which are scattered over the files: their codes are kept.

    Args:
        limit: lots below it are drawn.
        lots: the lot of each row, per file.
    """

    def __init__(self, limit: int, lots: Sequence[npt.NDArray[np.uint32]]) -> None:
        self.limit = limit
        self.rows = [np.flatnonzero(own <= np.uint32(limit - 1)) for own in lots]
        self.lots = [own[rows] for own, rows in zip(lots, self.rows, strict=True)]
        self._codes: WeakKeyDictionary[FieldCodes, npt.NDArray[Any]] = WeakKeyDictionary()

    def codes(self, codes: FieldCodes) -> npt.NDArray[Any]:
        """Return the code of each row."""
        if codes not in self._codes:
            made = np.empty(sum(map(len, self.rows)), np.min_scalar_type(max(codes.size - 1, 0)))
            _gather(codes, self.rows, made)
            self._codes[codes] = made
        return self._codes[codes]


def _members(scope: Scope, cluster: str | None, masks: Sequence[Bools], most: int) -> _Members:
    """Return about `most` rows of a group: all of a smaller one."""
    share = most / max(sum(map(np.count_nonzero, masks)), 1)
    joint = scope.dataset.codes.opened_joint
    if share >= 1:
        return _Members([mask_rows(mask) for mask in masks], joint=joint)
    limit = np.uint32(share * 2**32)
    if share * scope.dataset.rows > MOST_SPARE * most:  # a small part of all rows
        every = [mask_rows(mask) for mask in masks]
        lots = _lots(scope, cluster)
        return _Members([rows[own[rows] < limit] for own, rows in zip(lots, every, strict=True)], joint=joint)
    drawn = _drawn(scope, cluster, int(limit))
    rows: list[Rows] = []
    places: list[Rows] = []
    start = 0
    for mask, numbers, own in zip(masks, drawn.rows, drawn.lots, strict=True):
        at = np.flatnonzero((own < limit) & mask[numbers])
        rows.append(numbers[at])
        places.append(at + start)
        start += len(numbers)
    return _Members(rows, drawn, np.concatenate(places))


def _drawn(scope: Scope, cluster: str | None, limit: int) -> _Drawn:
    """Return rows among which all with a lot below a limit are, and not many more."""
    known = _DRAWN.setdefault(scope.dataset.codes, {})
    found = known.get(cluster)
    if found is None or not found.limit // MOST_SPARE <= limit <= found.limit:
        known[cluster] = found = _Drawn(min(int(limit * SPARE) + 1, 2**32), _lots(scope, cluster))
    return found


def _gather(codes: FieldCodes, rows_of: Sequence[Rows], into: npt.NDArray[Any]) -> None:
    """Write the codes of some rows of each file into an array."""
    start = 0
    for (local, remap), rows in zip(codes.parts, rows_of, strict=True):
        found = local.take(rows)
        into[start : start + len(rows)] = found if remap is None else remap.take(found)
        start += len(rows)


def _lots(scope: Scope, cluster: str | None) -> list[npt.NDArray[np.uint32]]:
    """Return a fixed pseudo-random number for each row of each file, equal for rows of one cluster.

    They take four bytes per row and are kept while the dataset is in use: every question draws by them.
    """
    stored = scope.dataset.codes
    known = _LOTS.setdefault(stored, {})
    if cluster not in known:
        ends = np.cumsum([file.rows for file in scope.dataset.files])
        keys = np.split(np.arange(scope.dataset.rows, dtype=np.int64), ends[:-1])
        if cluster is not None:
            numbers = [number.astype(np.int64) for number in stored.numbers(cluster)]
            keys = [np.where(number > 0, number, ~key) for number, key in zip(numbers, keys, strict=True)]
        known[cluster] = [_shuffled(key) for key in keys]
    return known[cluster]


def _shuffled(key: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    return (mix_bits(key.view(np.uint64)) >> np.uint64(32)).astype(np.uint32)
