"""Commits of a git repository: which of them a deployment brought, and when each was committed.

git is run three times with fixed arguments; nothing from the data is passed to it. Commits between two others
are found in memory, as `git rev-list old..new` finds them.
"""

from __future__ import annotations

import bisect
import heapq
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from obskit.readers.markers.git.command import run_git
from obskit.readers.markers.git.tags import ARGUMENTS, parse_tag
from obskit.readers.markers.rows import Row

_COMMITS = ("rev-list", "--all", "--topo-order", "--reverse", "--no-commit-header", "--format=%H %ct %P")
_LEAST_PREFIX = 7
_NEW, _OLD = 1, 2


@dataclass(frozen=True, eq=False)
class Repository:
    """The commits of a repository, parents before children.

    Attributes:
        path: where it is.
        hashes: of the commits.
        times: when each was committed, in seconds since 1970.
        parents: of each, as indices.
        tag_rows: the markers of its tags.
        shallow: whether older commits are missing.
    """

    path: str
    hashes: tuple[str, ...]
    times: tuple[int, ...]
    parents: tuple[tuple[int, ...], ...]
    tag_rows: tuple[Row, ...] = ()
    shallow: bool = False

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.hashes)}

    @cached_property
    def tags(self) -> dict[str, str]:
        """Name of a tag -> hash of its commit."""
        return {row["vcs.ref.head.name"]: row["vcs.ref.head.revision"] for row in self.tag_rows}

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.hashes)

    def find(self, revision: str | None, version: str | None) -> int | None:
        """Return the commit of a deployment.

        Args:
            revision: its hash, or the first seven characters or more; it wins.
            version: the name of a tag, with or without `v`.

        Returns:
            The commit's index; None if the repository does not have it, or several match.
        """
        if revision is not None:
            return self._by_hash(revision.lower())
        for name in (version, f"v{version}", (version or "").removeprefix("v")):
            if name in self.tags:
                return self._index.get(self.tags[name])
        return None

    def _by_hash(self, revision: str) -> int | None:
        if revision in self._index:
            return self._index[revision]
        if len(revision) < _LEAST_PREFIX:
            return None
        at = bisect.bisect_left(self._sorted, revision)
        near = [name for name in self._sorted[at : at + 2] if name.startswith(revision)]
        return self._index[near[0]] if len(near) == 1 else None

    def between(self, old: int, new: int) -> list[int]:
        """Return the commits that are in the history of `new` and not in that of `old`.

        Args:
            old: a commit's index.
            new: another one's.

        Returns:
            Indices; none if `new` is in the history of `old`.

        Cost: the number of commits by which the two histories differ, and of those between them.
        """
        found: list[int] = []
        sides = {new: _NEW}
        sides[old] = sides.get(old, 0) | _OLD
        queue = [-at for at in sides]
        heapq.heapify(queue)
        only_new = sum(side == _NEW for side in sides.values())
        while only_new:
            at = -heapq.heappop(queue)
            side = sides.pop(at)  # all of its children were before it, so this is final
            if side == _NEW:
                found.append(at)
                only_new -= 1
            for parent in self.parents[at]:
                before = sides.get(parent, 0)
                after = before | side
                if not before:
                    heapq.heappush(queue, -parent)
                only_new += (after == _NEW) - (before == _NEW)
                sides[parent] = after
        return found


def read_repository(path: str | Path) -> Repository:
    """Read the commits and tags of a repository.

    Args:
        path: its folder.

    Returns:
        The repository. Commits that no branch or tag reaches are not in it.

    Raises:
        NoSuchPath: there is no such folder.
        MissingDependency: git is not installed.
        ReadError: git cannot read it.
        LimitExceeded: it is too large.
    """
    lines = run_git(path, _COMMITS).decode("ascii", "replace").splitlines()
    index: dict[str, int] = {}
    times: list[int] = []
    parents: list[tuple[int, ...]] = []
    for line in lines:
        name, time, *above = line.split()
        index[name] = len(times)
        times.append(int(time))
        parents.append(tuple(index[parent] for parent in above if parent in index))
    lines = run_git(path, ARGUMENTS).decode("utf-8", "replace").splitlines()
    tags = tuple(row for row in map(parse_tag, lines) if not isinstance(row, str))
    shallow = run_git(path, ("rev-parse", "--is-shallow-repository")).strip() == b"true"
    return Repository(str(path), tuple(index), tuple(times), tuple(parents), tags, shallow)
