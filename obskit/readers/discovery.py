"""Which files a user means by a path, a folder or a pattern."""

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

# Written by obskit beside the data: a Dataset's own description, its codes, what `obskit demo` planted.
_OURS = frozenset({"obskit.json", ".codes", "planted.json"})
_PAPERS = frozenset({"readme", "license", "licence", "copying", "notice", "changelog", "authors", "makefile"})
_DOCUMENTS = frozenset(
    {".md", ".rst", ".adoc", ".html", ".htm", ".css", ".pdf", ".svg", ".png", ".jpg", ".jpeg", ".gif"}
    | {".webp", ".py", ".sh", ".ipynb", ".sha256", ".md5"}
)


def expand(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], passed: list[Path] | None = None
) -> list[Path]:
    """Return the files that paths mean: files, folders with all below them, patterns (`*.jsonl.gz`, `**`).

    Sorted within each path, each file once, also where a link names it again; hidden files and folders are
    passed over, and a folder that a link leads back to is entered once. In a folder what goes with data but
    holds none is passed over too: what obskit itself writes beside events (`obskit.json`, `planted.json`),
    and documents by their name (`README`, `LICENSE`, `*.md`, pictures, ...). A file that is named itself is
    taken whatever it is called. A Delta table is its log's newest entry; of a block of Tempo's only the data
    is taken.

    Args:
        paths: one or several.
        passed: the documents that were passed over are added to it.

    Raises:
        NoSuchPath: a path that is not there, or a pattern that matches nothing.
        ReadError: a folder without a file.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    found: dict[str, Path] = {}
    for given in paths:
        path = Path(os.path.expanduser(given))
        if os.path.isdir(path):  # which, unlike Path's, is false for a name that is too long to be one
            files = _events(_below(path), passed)
            if not files:
                raise ReadError(
                    f"{path} is a folder without a file to read", hint="name a folder that holds events"
                )
        elif os.path.exists(path):
            files = [path]
        elif glob.has_magic(str(path)):
            files = _matching(str(path), passed)
            if not files:
                raise NoSuchPath(f"nothing matches {path}", hint="quote a pattern, so that obskit expands it")
        else:
            shown = str(path) if len(str(path)) <= 300 else f"{str(path)[:300]}…"
            raise NoSuchPath(f"there is no {shown}", hint=_hint(path))
        for file in files:
            found.setdefault(os.path.realpath(file), file)
    return current(list(found.values()))


def _events(files: list[Path], passed: list[Path] | None) -> list[Path]:
    """Return what of a folder's files may hold events; documents go to `passed`."""
    kept = []
    for path in files:
        if not is_document(path):
            kept.append(path)
        elif passed is not None and path not in passed:
            passed.append(path)
    return kept


def is_document(path: Path) -> bool:
    """Whether a file goes with data but holds none, by its name: a README, a picture, what we write."""
    name = path.name.lower()
    return path.suffix.lower() in _DOCUMENTS or name.partition(".")[0] in _PAPERS or name in _OURS


def _matching(pattern: str, passed: list[Path] | None) -> list[Path]:
    parts = Path(pattern).parts
    if "**" in parts:
        return _matching_below(parts, passed)
    files: list[Path] = []
    for name in sorted(glob.glob(pattern)):
        path = Path(name)
        if path.is_dir():
            files += _events(_below(path), passed)
        elif path.is_file() and path.name not in _OURS:
            files.append(path)
    return files


def _matching_below(parts: tuple[str, ...], passed: list[Path] | None) -> list[Path]:
    """Return what a pattern with `**` matches: files by their names, and all files of folders by theirs.

    Each folder is entered once: links that lead back would make as many ways as there are stars in the sky.
    """
    at = parts.index("**")
    top = str(Path(*parts[:at])) if at else "."
    files: list[Path] = []
    for root in sorted(glob.glob(top)) if glob.has_magic(top) else [top]:
        for path in _below(Path(root)):
            below = path.relative_to(root).parts
            if _fits(below, parts[at:]):
                files.append(path)
            elif any(_fits(below[:depth], parts[at:]) for depth in range(1, len(below))):
                files += _events([path], passed)
    return files


def _fits(names: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether a path's names are those of a pattern; `**` is any number of them, none included."""
    # Which of the names may be the next one, part of the pattern after part.
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
            continue  # not ours to look into, or gone by now
        seen.add(key)
        shown: Sequence[Path | os.DirEntry[str]] = _selected(where, entries) or entries
        shown = [path for path in shown if not path.name.startswith(".") and path.name not in _OURS]
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
        return f"it is a link to {os.readlink(path)}, which is not there"
    parent = path.parent
    near = nearest(path.name, os.listdir(parent), n=1) if os.path.isdir(parent) else []
    return f"did you mean {parent / near[0]}?" if near else f"looked from {Path.cwd()}"
