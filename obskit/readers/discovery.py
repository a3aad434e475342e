"""Expand paths, folders and patterns into the files to read."""

from __future__ import annotations

import fnmatch
import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from obskit.errors import NoSuchPath, ReadError
from obskit.names import nearest
from obskit.readers.io.live_files import current, entries_of
from obskit.readers.registry import REGISTRY

# Written by obskit next to the data: a Dataset's manifest, its codes, what `obskit demo` planted.
_OWN_FILES = frozenset({"obskit.json", ".codes", "planted.json"})
_DOCUMENT_NAMES = frozenset(
    {"readme", "license", "licence", "copying", "notice", "changelog", "authors", "makefile"}
)
_DOCUMENT_SUFFIXES = frozenset(
    {".md", ".rst", ".adoc", ".html", ".htm", ".css", ".pdf", ".svg", ".png", ".jpg", ".jpeg", ".gif"}
    | {".webp", ".py", ".sh", ".ipynb", ".sha256", ".md5"}
)


def expand(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], passed: list[Path] | None = None
) -> list[Path]:
    """Return the files that paths name: files, folders with everything below, patterns (`*.jsonl.gz`, `**`).

    In folders, hidden files and folders are skipped, and so are files that belong to data but hold none: what
    obskit itself writes (`obskit.json`, `planted.json`), and documents by their name (`README`, `LICENSE`,
    `*.md`, pictures, ...). A file that is named itself is always taken. If a reader selects the files of a
    folder (`Reader.select_files`), only those are taken: of a Delta table the newest entry of its log.

    Args:
        paths: one or several.
        passed: documents that are skipped are appended to it.

    Returns:
        The files, sorted within each path. Each file is listed once, also if links lead to it again.

    Raises:
        NoSuchPath: a path does not exist, or a pattern matches nothing.
        ReadError: a folder has no file.

    Example:
        from pathlib import Path

        path = Path("events.jsonl")
        path.write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "book"}\\n')
        print(expand("."), expand("*.jsonl"))
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    found: dict[str, Path] = {}
    for given in paths:
        path = Path(os.path.expanduser(given))
        if os.path.isdir(path):  # unlike Path.is_dir, False for a name that is too long
            files = _without_documents(_below(path), passed)
            if not files:
                raise ReadError(
                    f"the folder {path} has no file to read", hint="name a folder that holds events"
                )
        elif os.path.exists(path):
            files = [path]
        elif glob.has_magic(str(path)):
            files = _matching(str(path), passed)
            if not files:
                raise NoSuchPath(f"nothing matches {path}", hint="check the pattern, and quote it in a shell")
        else:
            shown = str(path) if len(str(path)) <= 300 else f"{str(path)[:300]}…"
            raise NoSuchPath(f"{shown} does not exist", hint=_hint(path))
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    return current(list(found.values()))


def _without_documents(files: list[Path], passed: list[Path] | None) -> list[Path]:
    """Return the files of a folder that may hold events; documents are appended to `passed`."""
    kept = []
    for path in files:
        if not is_document(path):
            kept.append(path)
        elif passed is not None and path not in passed:
            passed.append(path)
    return kept


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
    name = path.name.lower()
    return (
        path.suffix.lower() in _DOCUMENT_SUFFIXES
        or name.partition(".")[0] in _DOCUMENT_NAMES
        or name in _OWN_FILES
    )


def _matching(pattern: str, passed: list[Path] | None) -> list[Path]:
    parts = Path(pattern).parts
    if "**" in parts:
        return _matching_below(parts, passed)
    files: list[Path] = []
    for name in sorted(glob.glob(pattern)):
        path = Path(name)
        if path.is_dir():
            files += _without_documents(_below(path), passed)
        elif path.is_file() and path.name not in _OWN_FILES:
            files.append(path)
    return files


def _matching_below(parts: tuple[str, ...], passed: list[Path] | None) -> list[Path]:
    """Return the files that a pattern with `**` matches, and all files below the folders that it matches.

    Each folder is entered once: with links that lead back there would be exponentially many paths.
    """
    at = parts.index("**")
    top = str(Path(*parts[:at])) if at else "."
    files: list[Path] = []
    for root in sorted(glob.glob(top)) if glob.has_magic(top) else [top]:
        for path in _below(Path(root)):
            below = path.relative_to(root).parts
            if _matches(below, parts[at:]):
                files.append(path)
            elif any(_matches(below[:depth], parts[at:]) for depth in range(1, len(below))):
                files += _without_documents([path], passed)
    return files


def _matches(names: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Return whether the names of a path match a pattern; `**` matches any number of names, also none."""
    # The positions in `names` that the parts of the pattern so far may end at.
    ends = {0}
    for part in pattern:
        if part == "**":
            ends = set(range(min(ends), len(names) + 1)) if ends else set()
        else:
            ends = {end + 1 for end in ends if end < len(names) and fnmatch.fnmatchcase(names[end], part)}
    return len(names) in ends


def _below(folder: Path) -> list[Path]:
    seen: set[tuple[int, int]] = set()
    files: list[Path] = []
    waiting = [folder]
    while waiting:
        where = waiting.pop()
        try:
            status = os.stat(where)
            key = (status.st_dev, status.st_ino)
            entries = [] if key in seen else entries_of(where)
        except OSError:
            continue  # no permission, or deleted meanwhile
        seen.add(key)
        selected = _selected(where, entries)
        shown: Sequence[Path | os.DirEntry[str]] = entries if selected is None else selected
        shown = [path for path in shown if not path.name.startswith(".") and path.name not in _OWN_FILES]
        waiting += [Path(path) for path in reversed(shown) if path.is_dir()]
        files += [Path(path) for path in shown if path.is_file()]
    return sorted(files)


def _selected(folder: Path, entries: list[os.DirEntry[str]]) -> list[Path] | None:
    """Return what to read of a folder that some reader's format lays out; None for any other folder."""
    names = {entry.name for entry in entries}
    for reader in REGISTRY.readers():
        if reader.select_files is not None and (paths := reader.select_files(folder, names)) is not None:
            return paths
    return None


def _hint(path: Path) -> str:
    if os.path.islink(path):
        return f"it is a link to {os.readlink(path)}, which does not exist"
    parent = path.parent
    near = nearest(path.name, os.listdir(parent), n=1) if os.path.isdir(parent) else []
    if near:
        return f"did you mean {parent / near[0]}?"
    return f"check the path; the current folder is {Path.cwd()}"
