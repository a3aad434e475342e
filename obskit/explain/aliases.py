"""Conditions that hold for the same rows are one: a version, its image and its pods."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.weights import Bits

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
    """Return groups of conditions that hold for the same rows in both groups of a rows.

    An empty union counts as the same. Groups are made around the condition seen first, so callers pass the
    strongest first.
    """
    bits = [rows.bits(condition) for condition in conditions]
    sizes = np.array([[rows.overlap(group, one, one)[0] for group in SIDES] for one in bits])
    free = np.ones(len(conditions), dtype=bool)
    groups: list[list[int]] = []
    for at in range(len(conditions)):
        if not free[at]:
            continue
        # rows that differ in number by more cannot be the same rows
        small, large = np.minimum(sizes, sizes[at]), np.maximum(sizes, sizes[at])
        near = np.flatnonzero(free & (small >= SAME_ROWS * large).all(axis=1))
        group = [at, *(int(i) for i in near if i != at and same_rows(rows, bits[at], bits[i]))]
        free[group] = False
        groups.append(group)
    return groups


def same_rows(rows: GroupedRows, one: Bits, other: Bits) -> bool:
    """Return whether two slices hold nearly the same rows in both groups; two empty slices do."""
    for group in SIDES:
        both, union = rows.overlap(group, one, other)
        if union and both <= SAME_ROWS * union:
            return False
    return True
