"""The files that a pin names: list them, find them again, and say how they changed."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obskit.dataset import is_dataset, is_url, list_inputs, open_dataset, redact_url
from obskit.errors import ChangedData, InvalidArgument, ObskitError
from obskit.text import pluralize

_DELTA_LOG = "_delta_log"
_COMPRESSED = (".gz", ".zst", ".bz2")
_SHOWN = 5  # names of files in a message


@dataclass(frozen=True)
class PinnedFile:
    """One file: its path below the source, its size in bytes, its modification time in ns."""

    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True)
class PinnedSource:
    """One path that was loaded.

    Attributes:
        given: the path as it was given.
        absolute: the same as an absolute path; of a URL the URL.
        kind: "file", "folder", "pattern", "delta" or "url".
        files: what was read of it; of a Delta table the entry of its log that says the version.
    """

    given: str
    absolute: str
    kind: str
    files: tuple[PinnedFile, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the source as values that JSON can hold."""
        files = [[file.path, file.size, file.modified_ns] for file in self.files]
        return {"given": self.given, "absolute": self.absolute, "kind": self.kind, "files": files}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> PinnedSource:
        """Return the source that `to_dict` returned; raises KeyError, TypeError or ValueError."""
        files = tuple(PinnedFile(str(name), int(size), int(at)) for name, size, at in content["files"])
        if not files and content["kind"] == "delta":
            raise ValueError(f"the source {content['given']!r} has no files")
        return cls(str(content["given"]), str(content["absolute"]), str(content["kind"]), files)


def describe(given: str) -> PinnedSource:
    """List the files of a path.

    Args:
        given: a path, pattern or URL that `load` was given.

    Returns:
        The source.

    Raises:
        InvalidArgument: a URL holds credentials, which a pin must not keep.
        NoSuchPath, ReadError: there are no files any more.
    """
    if is_url(given):
        if redact_url(given) != given:
            raise InvalidArgument(
                f"a pin cannot keep {redact_url(given)}: the URL has credentials or a query",
                hint="pass credentials in the environment, or keep the rows: ok.pin(events, PATH, copy=True)",
            )
        return PinnedSource(given, given, "url", ())
    absolute = os.path.abspath(os.path.expanduser(given))
    base = _base(absolute)
    kind = "file" if os.path.isfile(absolute) else "folder" if base == absolute else "pattern"
    if os.path.isfile(absolute):
        base = os.path.dirname(absolute)
    if is_dataset(absolute):
        names = [str(file.path) for file in open_dataset(absolute).files]
    else:
        names = list_inputs([Path(absolute)])
    if kind == "folder" and len(names) == 1 and os.path.basename(os.path.dirname(names[0])) == _DELTA_LOG:
        kind = "delta"
    files = []
    for name in names:
        status = os.stat(name)
        files.append(
            PinnedFile(Path(os.path.relpath(name, base)).as_posix(), status.st_size, status.st_mtime_ns)
        )
    return PinnedSource(given, absolute, kind, tuple(files))


def find(source: PinnedSource, root: Path | None, beside: Path | None) -> tuple[str, list[str]]:
    """Find a source again, where it was or elsewhere.

    Args:
        source: the source.
        root: the folder that holds a copy, or that is the copy; None for where it was.
        beside: the folder of the pin's file, where the source is looked for if it is not where it was.

    Returns:
        The path to load, and the files there that were written since the pin was made.

    Raises:
        ChangedData: the source is nowhere, or its files are not those that were pinned.
    """
    if source.kind == "url":
        return source.absolute, []
    found: list[tuple[str, list[str]]] = []
    for place in _places(source, root, beside):
        path = os.path.join(place, source.files[0].path) if source.kind == "delta" else place
        try:
            if source.kind == "delta":
                now = [PinnedFile(source.files[0].path, *_size_and_time(path))]
            else:
                now = list(describe(path).files)
        except (ObskitError, OSError):
            continue
        changes = _changes(source, now)
        if not changes:
            was = {file.path: file.modified_ns for file in source.files}
            return path, [file.path for file in now if was.get(file.path) != file.modified_ns]
        found.append((path, changes))
    if found:
        path, changes = found[0]
        raise ChangedData(f"{path} is not what was pinned: {'; '.join(changes)}", hint=_hint(changes))
    where = f"below {root}" if root is not None else f"at {source.absolute}"
    what = f"{len(source.files):,} pinned files" if len(source.files) > 1 else "the pinned file"
    raise ChangedData(
        f"{source.given} is missing: {what} should be {where}",
        hint="if it was moved or copied, name its folder: ok.load(pin, root=FOLDER)",
    )


def repacked(sources: Sequence[PinnedSource], names: Sequence[str]) -> list[str]:
    """Return those files that were compressed or decompressed since they were pinned.

    Args:
        sources: what was pinned.
        names: paths of files below their source, as `find` returns them.

    Returns:
        Some of the names.
    """
    before = {file.path for source in sources for file in source.files}
    suffixes = {_plain(name): _suffix(name) for name in before}
    return [name for name in names if _suffix(name) != suffixes.get(_plain(name), _suffix(name))]


def _size_and_time(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


def _base(absolute: str) -> str:
    """Return a path up to its first part that is a pattern."""
    if os.path.lexists(absolute) or not glob.has_magic(absolute):
        return absolute
    parts = Path(absolute).parts
    first = next(at for at, part in enumerate(parts) if glob.has_magic(part))
    return str(Path(*parts[:first]))


def _places(source: PinnedSource, root: Path | None, beside: Path | None) -> Iterator[str]:
    """Yield the paths where a source may be, the most likely first."""
    base = source.absolute
    if source.kind == "pattern":
        parts = Path(source.absolute).parts
        first = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
        base = str(Path(*parts[:first]))
    tail = os.path.relpath(source.absolute, base) if source.kind == "pattern" else ""
    relative = os.path.relpath(base, source.absolute[: -len(source.given)] or os.sep)
    name = os.path.basename(base)
    tops = [] if root is None and beside is None else [root if root is not None else beside]
    moved = [str(top) for top in tops]
    places = [] if root is not None else [base]
    for top in moved:
        places += [os.path.join(top, name)]
        if not source.given.startswith((os.sep, "~")) and source.absolute.endswith(source.given):
            places.append(os.path.join(top, relative))
    if root is not None and source.kind != "file":
        places.append(str(root))
    for place in dict.fromkeys(map(os.path.normpath, places)):
        yield os.path.join(place, tail) if tail else place


def _changes(source: PinnedSource, now: Sequence[PinnedFile]) -> list[str]:
    """Return in words how files differ from the pinned ones; a file that was only compressed does not."""
    before = {_plain(file.path): file for file in source.files}
    after = {_plain(file.path): file for file in now}
    if source.kind == "file" and len(before) == len(after) == 1:  # a copy may have another name
        after = dict(zip(before, after.values(), strict=True))
    changes = []
    missing = [file.path for name, file in before.items() if name not in after]
    new = [file.path for name, file in after.items() if name not in before]
    sizes = [
        f"{file.path}: {after[name].size:,} bytes, pinned {file.size:,}"
        for name, file in before.items()
        if name in after and after[name].size != file.size and _suffix(after[name].path) == _suffix(file.path)
    ]
    if missing:
        changes.append(f"{pluralize(len(missing), 'file is', 'files are')} missing ({_some(missing)})")
    if sizes:
        changes.append(f"{pluralize(len(sizes), 'file has', 'files have')} another size ({_some(sizes)})")
    if new:
        changes.append(f"{pluralize(len(new), 'file is', 'files are')} new ({_some(new)})")
    return changes


def _hint(changes: Sequence[str]) -> str:
    if len(changes) == 1 and " new (" in changes[0]:
        return "load the path itself for newer data, or a copy of the pinned files: ok.load(pin, root=FOLDER)"
    return "restore the files, or name the folder of a copy of them: ok.load(pin, root=FOLDER)"


def _plain(path: str) -> str:
    return path.removesuffix(_suffix(path))


def _suffix(path: str) -> str:
    return next((suffix for suffix in _COMPRESSED if path.endswith(suffix)), "")


def _some(names: Sequence[str]) -> str:
    more = f", and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
