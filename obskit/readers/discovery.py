"""Expand paths, folders and patterns into the files to read.

Files are text here, not `Path`: a folder may hold hundreds of thousands, and text takes a quarter of the
memory and of the time.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from obskit.errors import NoSuchPath, ReadError
from obskit.names import nearest
from obskit.readers.io.entries import Kind, Unreadable, closed, inspect
from obskit.readers.io.live_files import current, list_folder
from obskit.readers.patterns import matches
from obskit.readers.registry import REGISTRY
from obskit.readers.skipped_files import DESKTOP_FILES, is_document_name, is_own_name

Given = str | os.PathLike[str]

_NO_EVENTS = "name a folder that holds events"


def expand(
    paths: Given | Iterable[Given],
    passed: list[Path] | None = None,
    unreadable: list[Unreadable] | None = None,
) -> list[Path]:
    """Return the files that paths name: files, folders with everything below, patterns (`*.jsonl.gz`, `**`).

    In folders, hidden files and folders are skipped, and so are files that belong to data but hold none: what
    obskit itself writes (`obskit.json`, `planted.json`), and documents by their name (`README`, `LICENSE`,
    `*.md`, pictures, ...). A file that is named itself is always taken. If a reader selects the files of a
    folder (`Reader.select_files`), only those are taken: of a Delta table the newest entry of its log.

    Links are followed, also out of the folder, and each folder is entered once. Entries that cannot be read
    are skipped: links that lead nowhere or back to themselves, folders without permission, pipes, sockets and
    devices.

    Args:
        paths: one or several.
        passed: documents that are skipped are appended to it.
        unreadable: entries of folders that cannot be read are appended to it, with the reason.

    Returns:
        The files, sorted within each path. Each file is listed once, also if links lead to it again.

    Raises:
        NoSuchPath: a path does not exist, or a pattern matches nothing.
        ReadError: a folder has no file that can be read, or a path is neither a file nor a folder.

    Example:
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        print(expand("."), expand("*.jsonl"))
    """
    return [Path(name) for name in expand_names(paths, passed, unreadable)]


def expand_names(
    paths: Given | Iterable[Given],
    passed: list[Path] | None = None,
    unreadable: list[Unreadable] | None = None,
) -> list[str]:
    """Return what `expand` returns, as text.

    Args:
        paths: as in `expand`.
        passed: as in `expand`.
        unreadable: as in `expand`.

    Returns:
        The files, as in `expand`.

    Raises:
        NoSuchPath, ReadError: as in `expand`.

    Example:
        from pathlib import Path

        Path("events.jsonl").write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        print(expand_names("."))
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    named = [os.path.expanduser(Path(given)) for given in paths]
    walk = _Walk([] if passed is None else passed, [] if unreadable is None else unreadable)
    found: list[str] = []
    for path in named:
        found += _files_of(path, walk)
    if walk.followed or len(named) > 1:
        first: dict[str, str] = {}
        for name in found:
            first.setdefault(os.path.realpath(name), name)
        found = list(first.values())
    return current(found)


def is_document(path: Path) -> bool:
    """Return whether a file belongs to data but holds none, by its name: a README, a picture, a manifest.

    Args:
        path: the file; only its name matters.

    Returns:
        Whether to skip it in a folder.

    Example:
        from pathlib import Path

        print(is_document(Path("README.md")), is_document(Path("events.jsonl")))
    """
    return is_document_name(path.name)


def _files_of(path: str, walk: _Walk) -> list[str]:
    """Return the files of one path as it was given."""
    kind = inspect(path)
    before = len(walk.unreadable)
    if kind == "folder":
        files = walk.without_documents(walk.below(path))
        if not files:
            raise _nothing_in(f"the folder {path}", walk.unreadable[before:])
        return files
    if kind == "file":
        walk.followed = True  # it may be a link to a file that is listed too
        return [path]
    if glob.has_magic(path) and (kind.missing or not os.path.lexists(path)):
        files = _matching(path, walk)
        if not files and len(walk.unreadable) > before:
            raise _nothing_in(path, walk.unreadable[before:])
        if not files:
            raise NoSuchPath(f"nothing matches {path}", hint="check the pattern, and quote it in a shell")
        return files
    if kind.missing:
        shown = path if len(path) <= 300 else f"{path[:300]}…"
        raise NoSuchPath(f"{shown} does not exist", hint=_hint(Path(path)))
    if kind.reason == "a link that leads nowhere":
        target = kind.detail.removeprefix("link to ")
        raise NoSuchPath(f"{path} does not exist", hint=f"it is a link to {target}, which does not exist")
    raise ReadError(f"{path} cannot be read: {_as_clause(kind)}", hint=kind.hint)


def _as_clause(kind: Unreadable) -> str:
    """Return the reason as it follows "cannot be read: "."""
    reason = kind.reason.removeprefix("cannot be opened: ")
    return reason if reason != kind.reason else f"it is {reason}"


def _nothing_in(what: str, unreadable: list[Unreadable]) -> ReadError:
    if not unreadable:
        return ReadError(f"{what} has no file to read", hint=_NO_EVENTS)
    more = f" (and {len(unreadable) - 1:,} more)" if len(unreadable) > 1 else ""
    return ReadError(f"{what} has no file that can be read: {unreadable[0]}{more}", hint=unreadable[0].hint)


class _Walk:
    """Lists folders, and collects what it skips.

    Args:
        passed: receives documents.
        unreadable: receives entries that cannot be read.

    Attributes:
        passed: documents.
        unreadable: entries that cannot be read.
        followed: a link was met, so that a file may be listed twice.
    """

    def __init__(self, passed: list[Path], unreadable: list[Unreadable]) -> None:
        self.passed = passed
        self.unreadable = unreadable
        self.followed = False

    def skip(self, what: Unreadable) -> None:
        """Record an entry that cannot be read, once; one that has vanished meanwhile is ignored."""
        if not what.missing and what not in self.unreadable:
            self.unreadable.append(what)

    def without_documents(self, files: list[str]) -> list[str]:
        """Return the files of a folder that may hold events; documents are appended to `passed`."""
        kept = []
        for name in files:
            if not is_document_name(os.path.basename(name)):
                kept.append(name)
            elif (path := Path(name)) not in self.passed:
                self.passed.append(path)
        return kept

    def below(self, folder: str) -> list[str]:
        """Return the files in a folder and in all folders below, sorted by the names on their paths."""
        seen: set[tuple[int, int]] = set()
        files: list[str] = []
        waiting: list[Iterator[tuple[str, Kind | Unreadable]]] = [iter([(folder, "folder")])]
        while waiting:
            path, kind = next(waiting[-1], (None, None))
            if path is None or kind is None:
                waiting.pop()
            elif kind == "file":
                files.append(path)
            elif kind == "folder":
                waiting.append(self._entries(path, seen))
            else:
                self.skip(kind)
        return files

    def _entries(self, folder: str, seen: set[tuple[int, int]]) -> Iterator[tuple[str, Kind | Unreadable]]:
        """Yield path and kind of what is to be read of a folder, by name; nothing the second time."""
        try:
            status = os.stat(folder)
            key = (status.st_dev, status.st_ino)
            if key in seen:
                return
            seen.add(key)
            found = list_folder(folder)
        except FileNotFoundError:
            return  # deleted meanwhile
        except OSError as error:
            self.skip(closed(folder, error))
            return
        self.followed = self.followed or found.links
        selected = _selected(Path(folder), found.names)
        if selected is not None:
            self.followed = True
            for chosen in sorted(selected):
                if not _is_hidden(chosen.name):
                    yield str(chosen), inspect(str(chosen))
            return
        prefix = "" if folder == "." else folder if folder.endswith("/") else f"{folder}/"
        for name in found.names:
            if not _is_hidden(name):
                yield prefix + name, found.others.get(name, "file")


def _is_hidden(name: str) -> bool:
    return (name.startswith(".") and name.lower() not in DESKTOP_FILES) or is_own_name(name)


def _matching(pattern: str, walk: _Walk) -> list[str]:
    parts = Path(pattern).parts
    if "**" in parts:
        return _matching_below(parts, walk)
    walk.followed = True
    files: list[str] = []
    for name in sorted(glob.glob(pattern)):
        path = str(Path(name))
        if is_own_name(os.path.basename(path)):
            continue
        kind = inspect(path)
        if kind == "folder":
            files += walk.without_documents(walk.below(path))
        elif kind != "file":
            walk.skip(kind)
        else:
            files.append(path)
    return files


def _matching_below(parts: tuple[str, ...], walk: _Walk) -> list[str]:
    """Return the files that a pattern with `**` matches, and all files below the folders that it matches."""
    at = parts.index("**")
    top = str(Path(*parts[:at])) if at else "."
    files: list[str] = []
    for root in sorted(glob.glob(top)) if glob.has_magic(top) else [top]:
        for path in walk.below(root):
            below = Path(path).relative_to(root).parts
            if matches(below, parts[at:]):
                files.append(path)
            elif any(matches(below[:depth], parts[at:]) for depth in range(1, len(below))):
                files += walk.without_documents([path])
    return files


def _selected(folder: Path, names: list[str]) -> list[Path] | None:
    """Return what to read of a folder that some reader's format lays out; None for any other folder."""
    chosen = [reader.select_files for reader in REGISTRY.readers() if reader.select_files is not None]
    there = set(names) if chosen else set()
    for select in chosen:
        if (paths := select(folder, there)) is not None:
            return paths
    return None


def _hint(path: Path) -> str:
    parent = path.parent
    try:
        near = nearest(path.name, os.listdir(parent), n=1)
    except (OSError, ValueError):
        near = []
    if near:
        return f"did you mean {parent / near[0]}?"
    return f"check the path; the current folder is {Path.cwd()}"
