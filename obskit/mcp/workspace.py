"""The events that a server may read: the paths it was started with, and nothing else.

An agent can narrow a call to a file or a folder of these paths. It is compared with the files that the paths
name, so hidden files, documents and links that lead out are out of reach.
"""

from __future__ import annotations

import glob
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from obskit.errors import InvalidArgument
from obskit.events import Events
from obskit.readers import expand
from obskit.text import pluralize

Opener = Callable[[Sequence[str]], Events]
"""Loads paths as events, with the options of the command line."""

_OPEN = 4  # narrowed sets of events that stay open
_NAMED = 10  # files that an overview and an error name
_WHOLE = ""


class Workspace:
    """The events behind all calls; for several threads.

    Calls see the files as they were at the last overview, so that the results of an investigation belong
    together.

    Args:
        paths: files, folders and patterns on this machine.
        opener: loads them, or a part of them.
    """

    def __init__(self, paths: Sequence[str], opener: Opener) -> None:
        self._paths = list(paths)
        self._opener = opener
        self._lock = threading.Lock()
        self._open: OrderedDict[str, Events] = OrderedDict()
        # Relative paths stay those of the start.
        self._given = [os.path.abspath(os.path.expanduser(path)) for path in paths]

    def check(self) -> None:
        """Check that the paths exist and hold no link to a file outside them.

        Raises:
            NoSuchPath: a path does not exist.
            ReadError: a path is neither a file nor a folder.
            InvalidArgument: a link leads out.
        """
        self._files()

    def events(self, path: str | None = None, *, fresh: bool = False) -> Events:
        """Return the events.

        Args:
            path: a file or folder among the given ones; None for all.
            fresh: whether to read files that have changed since, for all later calls too.

        Returns:
            The events.

        Raises:
            InvalidArgument: the path is not among the given ones, or a link leads out of them.
            ObskitError: as from `load`.
        """
        with self._lock:
            key = _WHOLE if path is None else path
            before = self._open.get(key)
            if fresh:
                self._open.clear()
            if key not in self._open:
                files = self._files()
                chosen = self._paths if path is None else [self._locate(path, files)]
                self._open[key] = _unless_same(self._opener(chosen), before)
                while len(self._open) > _OPEN:
                    # The whole stays open.
                    self._open.pop(next(name for name in self._open if name != _WHOLE))
            return self._open[key]

    def file_names(self) -> tuple[list[str], int]:
        """Return the names of the first files, relative to the given folders, and the number of files."""
        files = self._files()
        return [self._name(file) for file in files[:_NAMED]], len(files)

    def _roots(self) -> list[str]:
        """Return the real paths of what was given; a pattern means the paths that match it now."""
        found = []
        for path in self._given:
            matched = [path] if os.path.lexists(path) else glob.glob(path, recursive=True)
            found += [os.path.realpath(name) for name in matched]
        return found

    def _files(self) -> list[str]:
        roots = self._roots()
        files = [str(file) for file in expand(self._given)]
        for file in files:
            if not any(_inside(os.path.realpath(file), root) for root in roots):
                raise InvalidArgument(
                    f"{self._name(file)} is a link that leads out of the given paths",
                    hint="remove the link, or start obskit mcp with the target as a PATH too",
                )
        return files

    def _locate(self, path: str, files: Sequence[str]) -> str:
        """Return the real path of a file or folder among the given ones."""
        wanted = path.replace("\\", "/").strip().rstrip("/") or path
        candidates = (
            [wanted] if os.path.isabs(wanted) else [os.path.join(root, wanted) for root in self._given]
        )
        # A given file or folder is also known by its last name.
        candidates += [root for root in self._given if os.path.basename(root) == wanted]
        real = {os.path.realpath(file) for file in files}
        for candidate in candidates if "\0" not in wanted else []:
            there = os.path.realpath(candidate)
            if there in real:
                return there
            within = any(_inside(there, root) for root in self._roots())
            if within and os.path.isdir(there) and any(_inside(file, there) for file in real):
                return there
        names = ", ".join(self._name(file) for file in files[:_NAMED]) or "none: leave out path"
        raise InvalidArgument(
            f"path must be a file or folder among those that obskit mcp was started with, got {path!r}",
            hint=f"one of {pluralize(len(files), 'file')}: {names}"
            + (", ..." if len(files) > _NAMED else ""),
        )

    def _name(self, file: str) -> str:
        for root in self._given:
            if os.path.isdir(root) and _inside(os.path.abspath(file), root):
                return str(Path(os.path.abspath(file)).relative_to(root))
        return os.path.basename(file)


def _unless_same(fresh: Events, before: Events | None) -> Events:
    """Return the events as they are now, or the same ones from before, whose indexes are in memory."""
    same = (
        before is not None
        and before.fingerprint == fresh.fingerprint
        and before.load_report.to_dict() == fresh.load_report.to_dict()
    )
    return before if same and before is not None else fresh


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
