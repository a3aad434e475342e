"""One trace is one unit of evidence: of a trace with hundreds of retries, only a few rows are compared.

A design effect takes back the evidence of rows that repeat each other. But it can't tell what the other
traces say, once one of them has a large part of the rows: next to 300 retries, the 200 failures of 200 other
traces are noise. So clusters that are far larger than nearly all others are cut to size first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from obskit.explain.group_masks import GroupMasks
from obskit.explain.question import Question
from obskit.explain.weights import Bools
from obskit.stats.cluster_sizes import LEAST, most_rows

# In a larger group, one trace says little, and looking for it takes long.
MOST_ROWS = 250_000


def without_repeats(question: Question, masks: GroupMasks) -> GroupMasks:
    """Leave out the rows of clusters that are far larger than the others of their group.

    Args:
        question: what is compared; `cluster` is the field whose equal values are one observation.
        masks: the rows of each group.
    Returns:
        The masks without these rows, and how many they are. The first rows of each cluster are kept.
    Cost: one pass over the rows of each group of at most 250,000 rows.
    """
    if question.cluster is None:
        return masks
    ids = question.scope.dataset.codes.numbers(question.cluster)
    groups = dict(masks.groups)
    outside: list[list[Bools]] = []
    for name, within in (
        ("selected", ()),
        ("baseline", ()),
        ("history_selected", ("history",)),
        ("history", ()),
    ):
        if name not in groups:
            continue
        parts = groups[name]
        if name == "history":  # those with the outcome are cut already
            parts = [every & ~hits for every, hits in zip(parts, groups["history_selected"], strict=True)]
        repeats = _repeats(parts, ids)
        if repeats is None:
            continue
        for group in (name, *within):
            groups[group] = [part & ~gone for part, gone in zip(groups[group], repeats, strict=True)]
        outside += [repeats] if name in ("selected", "baseline") else []
    if all(groups[name] is parts for name, parts in masks.groups.items()):
        return masks
    repeated = sum(int(gone.sum()) for repeats in outside for gone in repeats)
    if masks.from_totals and outside:
        known = groups.get("excluded") or [np.zeros(len(part), dtype=bool) for part in groups["selected"]]
        groups["excluded"] = [np.logical_or.reduce(parts) for parts in zip(known, *outside, strict=True)]
    return replace(masks, groups=groups, repeated=repeated)


def _repeats(parts: Sequence[Bools], ids: Sequence[npt.NDArray[np.uint32]]) -> list[Bools] | None:
    """Return per file the rows of a group that are too many of their cluster; None if there are none."""
    if not LEAST < sum(map(np.count_nonzero, parts)) <= MOST_ROWS:
        return None
    rows = [np.flatnonzero(part) for part in parts]
    number = np.concatenate([own[at] for own, at in zip(ids, rows, strict=True)])
    size = np.bincount(number)
    size[:1] = 0  # rows without a cluster
    every = size[size > 0]
    if every.max(initial=0) <= LEAST:
        return None
    most = most_rows(every)
    at = np.flatnonzero(size[number] > most)
    if not len(at):
        return None
    at = at[np.argsort(number[at], kind="stable")]
    first = np.flatnonzero(np.diff(number[at].astype(np.int64), prepend=-1))
    place = np.arange(len(at)) - np.repeat(first, np.diff(np.append(first, len(at))))
    gone = np.zeros(len(number), dtype=bool)
    gone[at[place >= most]] = True
    out = [np.zeros(len(part), dtype=bool) for part in parts]
    ends = np.cumsum([len(there) for there in rows])
    for mask, there, of_file in zip(out, rows, np.split(gone, ends[:-1]), strict=True):
        mask[there] = of_file
    return out
