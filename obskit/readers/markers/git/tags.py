"""Tags of git: the output of `git for-each-ref`, and a repository itself (`repo/.git`, or a bare one).

    git for-each-ref refs/tags --sort=creatordate \\
        --format='%(refname:short) %(creatordate:iso-strict) %(objecttype) %(objectname) %(*objectname)'

A tag is a version. Its time is that of the tag's creation, not that of a deployment, so its marker is called
`git.tag`. The commit of an annotated tag is the last name, of any other tag the first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa

from obskit.errors import ReadError
from obskit.names.markers import TAG
from obskit.readers.batches.row_batcher import RowBatcher
from obskit.readers.io.source import Source
from obskit.readers.markers.git.command import run_git
from obskit.readers.markers.lines import read_lines
from obskit.readers.markers.rows import Row, version
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import NAMED, FileReport, ReadOptions

FORMAT = "%(refname:short) %(creatordate:iso-strict) %(objecttype) %(objectname) %(*objectname)"
ARGUMENTS = ("for-each-ref", "refs/tags", "--sort=creatordate", f"--format={FORMAT}")

_LINE = re.compile(
    r"(?P<name>\S+) (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))"
    r" (?P<type>commit|tag|tree|blob) (?P<object>[0-9a-f]{40}|[0-9a-f]{64})"
    r"(?: (?P<peeled>[0-9a-f]{40}|[0-9a-f]{64})?)?"
)
_PREFIX = re.compile(r"(?P<service>[A-Za-z][\w.-]*?)[-@/_]v?\d+(?:\.\d+)+")
_LAYOUT = {"HEAD", "objects", "refs"}
_TAGS = f"{os.sep}refs{os.sep}tags{os.sep}"


def parse_tag(line: str) -> Row | str:
    """Return the marker of a line, or why it is not one."""
    found = _LINE.fullmatch(line.rstrip(" "))
    found = found or _LINE.fullmatch(line)
    if found is None:
        return "not a tag: name, time, type, object and the object that it is a name for"
    if found["type"] in ("tree", "blob"):
        return f"the tag names a {found['type']}, not a commit"
    name = found["name"].removeprefix("refs/tags/").removeprefix("tags/")
    service = _PREFIX.fullmatch(name)
    row = {
        "timestamp": found["time"],
        "name": TAG,
        "kind": "event",
        "body": name,
        "service.name": service["service"] if service else None,
        "service.version": version(name) or name,
        "vcs.ref.head.name": name,
        "vcs.ref.head.type": "tag",
        "vcs.ref.head.revision": found["peeled"] or found["object"],
    }
    return {key: value for key, value in row.items() if value is not None}


def sniff(head: bytes) -> Match:
    """Return whether the first lines are tags."""
    lines = head.removeprefix(UTF8_BOM).split(b"\n")[:20]
    whole = [line.decode("utf-8", "replace").strip("\r") for line in lines if line.strip()]
    if not whole or _LINE.match(whole[0]) is None:
        return Match.NO
    tags = sum(_LINE.match(line) is not None for line in whole)
    return Match.DIALECT if 2 * tags >= len(whole) else Match.NO


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the tags of a file as batches.

    Args:
        source: the output of `git for-each-ref`; or a file of a repository that names tags.
        report: counts the lines that are not tags, and the tags that do not name a commit.
        _options: not used.

    Yields:
        Batches in the file's order; none for a file of a repository that names no tag.

    Raises:
        ReadError: the output has no tag, or git cannot read the repository.
        MissingDependency: git is not installed, and the file is one of a repository.
    """
    folder = _repository(source.path)
    if folder is not None:
        yield from _read_repository(folder, source.path, report)
        return
    good = 0
    for batch in read_lines(source, report, parse_tag, header=False):
        good += batch.num_rows
        yield batch
    if not good:
        raise ReadError(
            f"{source.path} has no tag", hint=f"write it with git for-each-ref --format='{FORMAT}'"
        )


def select_files(folder: Path, names: Collection[str]) -> list[Path] | None:
    """Return the files that name the tags of a repository; None for a folder that is not one."""
    if not set(names) >= _LAYOUT or not (folder / "objects").is_dir():
        return None
    loose = sorted(path for path in (folder / "refs" / "tags").rglob("*") if path.is_file())
    return [path for path in (folder / "packed-refs", *loose) if path.is_file()]


def claims(path: Path) -> bool:
    """Whether a file holds tags of a repository: `packed-refs`, or a file below `refs/tags`."""
    return _repository(path) is not None


def _repository(path: Path) -> Path | None:
    if path.name == "packed-refs":
        folder = path.parent
    else:
        place = str(path).rfind(_TAGS)  # text first: this is asked about every file of a folder
        if place < 0:
            return None
        folder = Path(str(path)[:place] or "/")
    return folder if all((folder / name).exists() for name in _LAYOUT) else None


def _read_repository(folder: Path, path: Path, report: FileReport) -> Iterator[pa.RecordBatch]:
    """Yield the tags that one file of a repository names, as git reads them."""
    loose = folder / "refs" / "tags"
    own = None if path.name == "packed-refs" else path.relative_to(loose).as_posix()
    batcher = RowBatcher(dict(NAMED))
    lines = run_git(folder, ARGUMENTS).decode("utf-8", "replace").splitlines()
    for number, line in enumerate(lines, start=1):
        name = line.partition(" ")[0]
        # A tag with a file of its own is not taken from `packed-refs`, which may hold an older one.
        if name != own if own is not None else (loose / name).is_file():
            continue
        found = parse_tag(line)
        if isinstance(found, str):
            report.reject(f"tag {number}", found)
        else:
            batcher.add(found)
    if batcher.rows:
        yield batcher.take()


READER = Reader("git tags", (".txt",), sniff, read, select_files=select_files, claims=claims)
