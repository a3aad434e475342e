"""Conditions that hold for the same rows are one: a version, its image and its pods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.weights import Bits, Bools, Rows

# Two slices are the same where more than this share of their union is in both.
SAME_ROWS = 0.9
# Of conditions on the same rows, the one that people act on is named.
PREFERRED = (
    "service.version",
    "deployment.id",
    "obskit.deployment.track",
    "service.name",
    "http.route",
    "name",
    "db.query.summary",
    "error.type",
    "cloud.region",
    "cloud.availability_zone",
    "host.name",
)


def preference(condition: FieldCondition) -> tuple[int, int, str]:
    """Return a sort key: of conditions that hold for the same rows, the first one is named."""
    rank = PREFERRED.index(condition.field) if condition.field in PREFERRED else len(PREFERRED)
    spec = condition.spec
    vague = spec["op"] == "missing" or (
        spec["op"] == "between" and spec["low"] is None and spec["high"] is None
    )
    return int(vague), rank, condition.field


def aliases(rows: GroupedRows, conditions: Sequence[FieldCondition]) -> list[list[int]]:
    """Return groups of conditions that hold for the same rows in both groups of a sample.

    An empty union counts as the same. Groups are made around the condition seen first, so callers pass the
    strongest first.
    """
    known = SameRows(rows, [rows.bits(condition) for condition in conditions])
    free = np.ones(len(conditions), dtype=bool)
    groups: list[list[int]] = []
    for at in range(len(conditions)):
        if free[at]:
            group = known.like(at, free).tolist()
            free[group] = False
            groups.append([at, *(i for i in group if i != at)])
    return groups


class SameRows:
    """Which slices hold nearly the same rows in both groups; two empty slices do.

    Args:
        rows: a sample.
        slices: bit sets over it.
    """

    def __init__(self, rows: GroupedRows, slices: Sequence[Bits]) -> None:
        self._rows = rows
        self._bits = np.stack(slices) if slices else np.zeros((0, 0), dtype=np.uint64)
        self._near = np.ones((len(slices), len(slices)), dtype=bool)
        self._sizes: dict[str, Rows] = {}
        for group in SIDES if slices else ():
            sizes = rows.sizes(group, self._bits).astype(np.int64)
            # rows that differ in number by more cannot be the same rows
            self._near &= np.minimum.outer(sizes, sizes) >= SAME_ROWS * np.maximum.outer(sizes, sizes)
            self._sizes[group] = sizes

    def like(self, at: int, among: Bools | None = None) -> Rows:
        """Return the slices with nearly the same rows as one of them.

        Args:
            at: the slice.
            among: the slices to look at, itself included; None means all.
        Returns:
            Their positions.
        """
        near: Bools = self._near[at] if among is None else self._near[at] & among
        found: Rows = near.nonzero()[0]
        if len(found) == 1:  # the slice itself
            return found
        for group, sizes in self._sizes.items():
            both = self._rows.sizes(group, self._bits[found] & self._bits[at])
            union = sizes[found] + sizes[at] - both
            found = found[(union == 0) | (both > SAME_ROWS * union)]
        return found
