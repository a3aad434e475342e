"""Conditions that hold for the same rows are one: a version, its image and its pods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.weights import Bits, Rows

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
            group = [at, *(int(i) for i in known.like(at) if free[i] and i != at)]
            free[group] = False
            groups.append(group)
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
        self._sizes = {group: rows.sizes(group, self._bits) for group in SIDES} if slices else {}

    def like(self, at: int) -> Rows:
        """Return the slices with nearly the same rows as one of them."""
        near = np.ones(len(self._bits), dtype=bool)
        for sizes in self._sizes.values():
            # rows that differ in number by more cannot be the same rows
            near &= np.minimum(sizes, sizes[at]) >= SAME_ROWS * np.maximum(sizes, sizes[at])
        found = near.nonzero()[0]
        if len(found) == 1:  # the slice itself
            return found
        for group, sizes in self._sizes.items():
            both = self._rows.sizes(group, self._bits[found] & self._bits[at])
            union = sizes[found].astype(np.int64) + int(sizes[at]) - both
            found = found[(union == 0) | (both > SAME_ROWS * union)]
        return found
