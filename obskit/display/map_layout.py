"""Where the nodes and edges of a service map are: callers left of what they call, few crossings, no overlaps.

The steps are those of layered drawing: break cycles, give each node a column, order the columns so that few
edges cross, place the nodes near their neighbors. The same graph always gets the same layout.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Node = Hashable
_SWEEPS = 12
_BEND = 0.35  # height of the place where a long edge passes through a column, as a share of a node's


@dataclass(frozen=True)
class Layout:
    """Positions without a unit: columns count from the left, heights in rows from the top.

    Attributes:
        columns: column of each node.
        heights: height of each node's middle; nodes of a column are at least 1 apart.
        bends: for each edge that skips columns, the heights at which it passes through them, from left to
            right.
        backward: the edges that are drawn from right to left, because they close a cycle.
    """

    columns: dict[Node, int]
    heights: dict[Node, float]
    bends: dict[tuple[Node, Node], tuple[float, ...]]
    backward: frozenset[tuple[Node, Node]]


def layered_layout(nodes: Sequence[Node], edges: Sequence[tuple[Node, Node]], *, tallest: int) -> Layout:
    """Return a layered layout of a directed graph.

    Args:
        nodes: the most important ones first; they decide ties.
        edges: pairs of nodes; an edge from a node to itself has no effect.
        tallest: at most so many nodes in a column; further ones move right.
    Returns:
        Layout.
    Cost: O(sweeps x edges log edges), with a long edge counted once per column that it passes.
    Source: Sugiyama, Tagawa, Toda: Methods for Visual Understanding of Hierarchical System Structures (1981).
    """
    known = list(dict.fromkeys(nodes))
    pairs = [pair for pair in dict.fromkeys(edges) if pair[0] != pair[1]]
    backward = _closing(known, pairs)
    forward = list(dict.fromkeys((b, a) if (a, b) in backward else (a, b) for a, b in pairs))
    columns = _columns(known, forward, tallest)
    chains = {edge: _chain(edge, columns) for edge in forward}
    rows = _ordered(known, columns, chains)
    heights = _heights(rows, chains)
    bends = {}
    for edge, chain in chains.items():
        between = tuple(heights[node] for node in chain[1:-1])
        if between:
            bends[edge] = between
    return Layout(columns, {node: heights[node] for node in known}, bends, frozenset(backward))


def _closing(nodes: Sequence[Node], edges: Sequence[tuple[Node, Node]]) -> set[tuple[Node, Node]]:
    """Return edges without which there is no cycle: those that lead back in a search from the callers."""
    below: dict[Node, list[Node]] = {node: [] for node in nodes}
    called = set()
    for caller, callee in edges:
        below[caller].append(callee)
        called.add(callee)
    closing: set[tuple[Node, Node]] = set()
    done: set[Node] = set()
    for root in [*(node for node in nodes if node not in called), *nodes]:
        if root in done:
            continue
        path = {root}
        stack = [(root, iter(below[root]))]
        while stack:
            node, rest = stack[-1]
            for callee in rest:
                if callee in path:
                    closing.add((node, callee))
                elif callee not in done:
                    path.add(callee)
                    stack.append((callee, iter(below[callee])))
                    break
            else:
                stack.pop()
                path.discard(node)
                done.add(node)
    return closing


def _columns(nodes: Sequence[Node], edges: Sequence[tuple[Node, Node]], tallest: int) -> dict[Node, int]:
    """Return a column for each node, to the right of all its callers, with a bounded number in each."""
    callers: dict[Node, list[Node]] = {node: [] for node in nodes}
    below: dict[Node, list[Node]] = {node: [] for node in nodes}
    for caller, callee in edges:
        callers[callee].append(caller)
        below[caller].append(callee)
    waiting = {node: len(callers[node]) for node in nodes}
    columns: dict[Node, int] = {}
    filled: dict[int, int] = {}
    ready = [node for node in nodes if not waiting[node]]
    while ready:
        following = []
        # Nodes that call others keep their column; leaves are the first to move.
        for node in sorted(ready, key=lambda node: not below[node]):
            column = max((columns[caller] + 1 for caller in callers[node]), default=0)
            while filled.get(column, 0) >= tallest:
                column += 1
            columns[node] = column
            filled[column] = filled.get(column, 0) + 1
            for callee in below[node]:
                waiting[callee] -= 1
                if not waiting[callee]:
                    following.append(callee)
        ready = following
    return columns


@dataclass(frozen=True)
class _Bend:
    """A place where a long edge passes through a column."""

    edge: tuple[Node, Node]
    column: int


def _chain(edge: tuple[Node, Node], columns: dict[Node, int]) -> list[Node]:
    left, right = edge
    return [left, *(_Bend(edge, column) for column in range(columns[left] + 1, columns[right])), right]


def _ordered(
    nodes: Sequence[Node], columns: dict[Node, int], chains: dict[tuple[Node, Node], list[Node]]
) -> list[list[Node]]:
    """Return the nodes and bends of each column from top to bottom, with few crossings."""
    rows: list[list[Node]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
    for node in nodes:
        rows[columns[node]].append(node)
    left: dict[Node, list[Node]] = {}
    right: dict[Node, list[Node]] = {}
    for chain in chains.values():
        for node in chain[1:-1]:
            rows[node.column].append(node)  # type: ignore[attr-defined]
        for a, b in pairwise(chain):
            right.setdefault(a, []).append(b)
            left.setdefault(b, []).append(a)
    best, fewest = [list(row) for row in rows], _crossings(rows, right)
    for sweep in range(_SWEEPS):
        neighbors = left if sweep % 2 == 0 else right
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for column in order:
            at = {
                node: place for place, node in enumerate(rows[column - 1 if sweep % 2 == 0 else column + 1])
            }
            mean = {}
            for place, node in enumerate(rows[column]):
                places = [at[other] for other in neighbors.get(node, ())]
                mean[node] = sum(places) / len(places) if places else float(place)
            rows[column].sort(key=mean.__getitem__)
        crossed = _crossings(rows, right)
        if crossed < fewest:
            best, fewest = [list(row) for row in rows], crossed
    return best


def _crossings(rows: Sequence[Sequence[Node]], right: dict[Node, list[Node]]) -> int:
    """Return how many pairs of edges cross."""
    total = 0
    for column, following in pairwise(rows):
        at = {node: place for place, node in enumerate(following)}
        seen: list[int] = []
        for node in column:
            ends = sorted(at[other] for other in right.get(node, ()))
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _heights(
    rows: Sequence[Sequence[Node]], chains: dict[tuple[Node, Node], list[Node]]
) -> dict[Node, float]:
    """Return heights near those of the neighbors, in the order of the rows and without overlap."""
    near: dict[Node, list[Node]] = {}
    for chain in chains.values():
        for a, b in pairwise(chain):
            near.setdefault(a, []).append(b)
            near.setdefault(b, []).append(a)
    heights: dict[Node, float] = {}
    for row in rows:
        offsets = _offsets(row)
        middle = offsets[-1] / 2 if offsets else 0.0
        heights |= {node: offset - middle for node, offset in zip(row, offsets, strict=True)}
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            wanted = []
            for node in row:
                others = near.get(node, [])
                wanted.append(sum(heights[o] for o in others) / len(others) if others else heights[node])
            heights |= dict(zip(row, _apart(wanted, _offsets(row)), strict=True))
    top = min((heights[node] - _size(node) / 2 for node in heights), default=0.0)
    return {node: height - top for node, height in heights.items()}


def _size(node: Node) -> float:
    return _BEND if isinstance(node, _Bend) else 1.0


def _offsets(row: Sequence[Node]) -> list[float]:
    """Return the heights of a column's nodes if each is as near to the one above it as it may be."""
    out = [0.0] if row else []
    for above, node in pairwise(row):
        out.append(out[-1] + (_size(above) + _size(node)) / 2)
    return out


def _apart(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """Return the heights nearest to the wanted ones that keep the order and the distances (least squares)."""
    blocks: list[tuple[float, int]] = []  # mean and number of values that are tied together
    for height, offset in zip(wanted, offsets, strict=True):
        mean, size = height - offset, 1
        while blocks and blocks[-1][0] > mean:
            above, count = blocks.pop()
            mean, size = (above * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    means = [mean for mean, size in blocks for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
