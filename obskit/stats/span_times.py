"""Self time, critical path and depth of spans, for all traces at once.

Spans are rows of arrays: `start` and `end` in ns (int64), and `parent`, the row of each span's parent, or a
negative number for a span at the top of its trace.

    0        100      root 0-100, self 40: its children cover 60 of it
    |--------|
     |--| |--|        a 10-40, b 70-100; both on the critical path, and the root in between

Millions of spans are fastest in parts that fit into the caches of a processor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from obskit.stats.counting_sort import rows_by_group

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_MOST = 2**61  # sums of durations stay below this, so that no offset overflows
_FEW = 32  # parents that are still being walked, from which on one at a time is faster


class CriticalPath(NamedTuple):
    """The critical path of every trace.

    Attributes:
        time: ns of each span on the path of its trace; those of a trace sum to the durations of its roots.
        on: whether a span is on the path.
    """

    time: Ints
    on: Bools


def cut_cycles(parent: Ints) -> tuple[Ints, Bools]:
    """Return the parents without cycles.

    Args:
        parent: the row of each span's parent; negative without one.

    Returns:
        The parents, -1 for spans that are their own ancestors, and which spans those are.

    Cost: that of `depths`; with cycles as much again.
    """
    stuck = depths(parent) < 0
    if not stuck.any():
        return parent, stuck
    # Every row of a cycle, and only those, is the 2^k-th ancestor of a row that leads to it.
    at = np.flatnonzero(stuck)
    jump = parent.copy()
    for _ in range(max(1, len(at).bit_length())):
        jump[at] = jump[jump[at]]
    cyclic = np.zeros(len(parent), bool)
    cyclic[jump[at]] = True
    return np.where(cyclic, -1, parent), cyclic


def depths(parent: Ints) -> npt.NDArray[np.int32]:
    """Return how many ancestors each span has: 0 for one without a parent, -1 for one that leads to a cycle.

    Args:
        parent: the row of each span's parent; negative without one.

    Returns:
        One depth per span.

    Cost: O(n log d), where d is the greatest depth; with cycles O(n log n).
    """
    depth = np.append(parent >= 0, False).astype(np.int32)
    enough = len(parent).bit_length()
    for step, jump in enumerate(_ancestors(parent)):
        if step == enough:  # what has further ancestors leads to a cycle
            depth[jump != len(parent)] = -1
            break
        depth += depth[jump]
    return depth[:-1]


def _ancestors(parent: Ints) -> Iterator[Ints]:
    """Yield each span's ancestor 1, 2, 4, ... levels up; it ends with cycles too.

    One more row, the last, represents that there is no ancestor, and is its own.

    If what is known of a span comes from its ancestors, and is known of the next 2^k levels above every one,
    then joining it with what is known of the ancestor 2^k levels up makes it known of the next 2^(k+1).
    """
    top = len(parent)
    jump = np.append(np.where(parent < 0, top, parent), top)
    for _ in range(top.bit_length() + 1):
        if not (jump != top).any():
            return
        yield jump
        jump = jump[jump]


def self_times(start: Ints, end: Ints, parent: Ints) -> Ints:
    """Return the time of each span in which none of its children was running.

    Args:
        start: ns.
        end: ns, not before `start`.
        parent: the row of each span's parent; negative without one.

    Returns:
        Durations in ns less the union of the children's intervals, each cut to the span's own.

    Cost: O(n log n); about 2 million spans a second.
    """
    own = end - start
    order, begins = rows_by_group(np.maximum(parent, -1) + 1, len(parent) + 1)
    child = order[begins[1] :]  # by parent, after the spans without one
    above = parent[child]
    if not len(above):
        return own
    low, high = start[child] - start[above], end[child] - start[above]
    low, high = np.clip(low, 0, own[above]), np.clip(high, 0, own[above])
    # Each parent has a stretch of one long axis, so one running maximum serves all of them.
    base, shift = _offsets(np.where(np.diff(begins[1:]) > 0, own, 0))
    low, high = (low >> shift) + base[above], (high >> shift) + base[above]
    if (np.diff(low) < 0).any():  # the spans are not in the order of their starts
        by_start = np.argsort(low, kind="stable")
        above, low, high = above[by_start], low[by_start], high[by_start]
    reached = np.concatenate([[0], np.maximum.accumulate(high)[:-1]])
    covered = np.maximum(0, high - np.maximum(low, reached))
    ends = np.flatnonzero(np.concatenate([above[1:] != above[:-1], [True]]))
    total = np.cumsum(covered)[ends]
    union = np.diff(total, prepend=0) << shift
    out: Ints = own.copy()
    out[above[ends]] -= np.minimum(union, own[above[ends]])
    return out


def critical_path(start: Ints, end: Ints, parent: Ints) -> CriticalPath:
    """Return the critical path of every trace: what its end waited for.

    From the end of a span backward: the child that ended last, at or before this moment, is on the path; go
    on from its start. The gaps are the span's own. Children are cut to their parent's interval first.

    Args:
        start: ns.
        end: ns, not before `start`.
        parent: the row of each span's parent, without cycles; negative without one.

    Returns:
        CriticalPath; a trace with several roots has a path for each.

    Cost: O(n log n), and one step per child of the span with most; about 3 million spans a second.

    Source: Zhang et al., CRISP: Critical Path Analysis of Large-Scale Microservice Architectures (2022).
        A child that overlaps the next one by a little is not on the path here; there it is.
    """
    limits = np.iinfo(np.int64)
    first, last = np.append(start, limits.min), np.append(end, limits.max)
    for jump in _ancestors(parent):
        low, high = first[jump], last[jump]
        first, last = np.clip(first, low, high), np.clip(last, low, high)
    first, last = first[:-1], last[:-1]
    left = last - first
    picked = _picked(first, last, parent)
    inner = np.flatnonzero(picked)
    time = left.copy()
    np.subtract.at(time, parent[inner], left[inner])
    on = np.append(picked | (parent < 0), True)
    for jump in _ancestors(parent):
        on &= on[jump]
    on = on[:-1]
    return CriticalPath(np.where(on, time, 0), on)


def _picked(first: Ints, last: Ints, parent: Ints) -> Bools:
    """Return which spans their parent waited for; times are cut to the parent's."""
    picked = np.zeros(len(first), bool)
    child = np.flatnonzero((parent >= 0) & (last > first))
    if not len(child):
        return picked
    is_parent = np.zeros(len(first), bool)
    is_parent[parent[child]] = True
    base, shift = _offsets(np.where(is_parent, last - first, 0))
    child, key = _by_end(child, ((last[child] - first[parent[child]]) >> shift) + base[parent[child]], first)
    above = parent[child]
    begins = np.concatenate([[True], above[1:] != above[:-1]])
    least = np.flatnonzero(begins)  # where the children of each parent begin in `child`, and where they end
    most = np.append(least[1:], len(child))
    rows = above[least]
    cursor = last[rows] - first[rows]
    while len(rows) > _FEW:
        at = np.searchsorted(key, base[rows] + (cursor >> shift), side="right")
        # Below the one before also where the unit is so large that both have the same key.
        at = np.minimum(at, most) - 1
        more = at >= least
        rows, least, most = rows[more], least[more], at[more]
        picked[child[most]] = True
        cursor = first[child[most]] - first[rows]
        more = cursor > 0
        rows, least, most, cursor = rows[more], least[more], most[more], cursor[more]
    for row, begin, end, moment in zip(*(a.tolist() for a in (rows, least, most, cursor)), strict=True):
        keys = (key[begin:end] - base[row]).tolist()
        starts = (first[child[begin:end]] - first[row]).tolist()
        found, there = [], len(keys)
        while moment > 0 and (there := bisect_right(keys, moment >> shift, 0, there) - 1) >= 0:
            found.append(there)
            moment = starts[there]
        picked[child[begin:end][found]] = True
    return picked


def _by_end(child: Ints, key: Ints, first: Ints) -> tuple[Ints, Ints]:
    """Return spans and their keys in ascending order of key; those with equal ones by start, then by row."""
    order = np.argsort(key)  # not stable, and so several times as fast as a sort by all three
    key = key[order]
    again = key[1:] == key[:-1]
    if again.any():
        tied = np.zeros(len(key), bool)
        tied[1:] = again
        tied[:-1] |= again
        some = order[tied]
        order[tied] = some[np.lexsort((some, first[child[some]], key[tied]))]
    return child[order], key


def _offsets(length: Ints) -> tuple[Ints, int]:
    """Return where each span's stretch begins on one long axis, and by how many bits its unit is larger.

    The unit is 1 ns unless the durations add up to more than 70 years.
    """
    shift = 0
    while float(length.sum(dtype=np.float64)) / (1 << shift) > _MOST:
        shift += 1
    scaled = (length >> shift) + 1  # so that the end of a stretch is not the start of the next
    return np.cumsum(scaled) - scaled, shift
