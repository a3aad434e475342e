"""What changed between two commits: the commits with their files, and the files of the diff.

git is run with fixed arguments and the hashes of commits, never with a name from the data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from obskit.errors import InvalidArgument
from obskit.readers.markers.git.command import run_git

MOST_COMMITS = 1_000
Status = Literal["added", "deleted", "modified"]
_STATUS: dict[str, Status] = {"A": "added", "D": "deleted"}
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Nothing of the repository may start a program to compare or convert files.
_PLAIN = ("--no-ext-diff", "--no-textconv", "--no-renames")


@dataclass(frozen=True)
class Commit:
    """A commit.

    Attributes:
        revision: its hash.
        at: when it was committed.
        subject: the first line of its message.
        files: the paths that it changed; none for a merge.
    """

    revision: str
    at: datetime
    subject: str
    files: tuple[str, ...]


def read_commits(repository: str | Path, old: str, new: str) -> list[Commit]:
    """Return the newest commits that are in the history of `new` and not in that of `old`.

    Args:
        repository: a folder in the repository.
        old: a commit's hash.
        new: another one's.

    Returns:
        At most 1,000 commits, the newest first.

    Raises:
        InvalidArgument: one of them is not the whole hash of a commit.
        NoSuchPath, MissingDependency, ReadError, LimitExceeded: as `run_git`.
    """
    wanted = (f"--max-count={MOST_COMMITS}", _range(old, new), "--")
    listed = run_git(repository, ("rev-list", "--no-commit-header", "--format=%H %ct %s", *wanted))
    named = run_git(repository, ("log", "-z", "--name-only", "--format=%H", *_PLAIN, *wanted))
    found: dict[str, tuple[int, str]] = {}
    for line in listed.decode("utf-8", "replace").split("\n"):
        revision, _, rest = line.partition(" ")
        time, _, subject = rest.partition(" ")
        if _HASH.fullmatch(revision):
            found[revision] = int(time), subject
    files: dict[str, list[str]] = {revision: [] for revision in found}
    current: list[str] = []
    for text in named.decode("utf-8", "replace").split("\0"):
        # git writes a line break before the first file of a commit.
        name = text.removeprefix("\n")
        if name in files:
            current = files[name]
        elif name:
            current.append(name)
    return [
        Commit(revision, datetime.fromtimestamp(time, UTC), subject, tuple(files[revision]))
        for revision, (time, subject) in found.items()
    ]


def read_files(repository: str | Path, old: str, new: str) -> dict[str, Status]:
    """Return the files that differ between two commits.

    Args:
        repository: a folder in the repository.
        old: a commit's hash.
        new: another one's.

    Returns:
        Path -> "added", "deleted" or "modified", in git's order; a renamed file is deleted and added.

    Raises:
        InvalidArgument: one of them is not the whole hash of a commit.
        NoSuchPath, MissingDependency, ReadError, LimitExceeded: as `run_git`.
    """
    _range(old, new)
    output = run_git(repository, ("diff-tree", "-r", "-z", "--name-status", *_PLAIN, old, new, "--"))
    parts = output.decode("utf-8", "replace").split("\0")
    return {
        path: _STATUS.get(status, "modified") for status, path in zip(parts[::2], parts[1::2], strict=False)
    }


def _range(old: str, new: str) -> str:
    for revision in (old, new):
        if not _HASH.fullmatch(revision):
            raise InvalidArgument(
                f"a commit must be given by its whole hash, got {revision!r}",
                hint="git rev-parse NAME prints it",
            )
    return f"{old}..{new}"
