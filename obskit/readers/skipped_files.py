"""Files of a folder or archive that hold no events: they are skipped, and named once in the report.

incident/graph.png  pods.yaml  empty.log      ->  skipped 3 files that hold no events: graph.png (a PNG
                                                  image), pods.yaml (YAML), empty.log (empty)
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from obskit.errors import ReadError
from obskit.schema import LoadReport
from obskit.text import pluralize

NAMED = 10
"""Files that the note names."""

_DOCUMENT_NAMES = frozenset(
    {"readme", "license", "licence", "copying", "notice", "changelog", "authors", "makefile", "dockerfile"}
)
_DOCUMENT_SUFFIXES = frozenset(
    {".md", ".rst", ".adoc", ".html", ".htm", ".css", ".pdf", ".svg", ".png", ".jpg", ".jpeg", ".gif"}
    | {".webp", ".py", ".sh", ".ipynb", ".sha256", ".md5", ".yaml", ".yml", ".toml", ".docx", ".pptx"}
    | {".bmp", ".ico", ".mp4", ".mov", ".webm", ".drawio"}
)
# Written by obskit next to the data: a Dataset's manifest, its codes, what `obskit demo` planted.
OWN_FILES = frozenset({"obskit.json", ".codes", "planted.json"})
# What is written next to events while they are investigated: pins, the rows that they keep, ledgers.
OWN_SUFFIXES = (".pin.json", ".pin.rows", ".ledger.jsonl")
DESKTOP_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
"""What a desktop leaves in folders."""


class Unrecognized(ReadError):
    """A file that no reader reads.

    Args:
        message: what is wrong, and with which file; it may quote the file.
        reason: the same in words that do not depend on the file, by which rejections are counted.
        hint: what to do about it.

    Example:
        print(Unrecognized("a.txt cannot be read: it looks like 'hello'", reason="plain text").reason)
    """

    def __init__(self, message: str, *, reason: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class NoEvents(Unrecognized):
    """A file of a kind that never holds events, such as a picture. In a folder it is skipped.

    Args:
        message: what is wrong, and with which file.
        reason: what the file is, such as "a PNG image".
        hint: what to do about it.

    Example:
        print(NoEvents("graph.png cannot be read as events: it is a PNG image", reason="a PNG image").reason)
    """


def is_own_name(name: str) -> bool:
    """Return whether obskit itself wrote a file or folder next to the data, by its name.

    Args:
        name: its name, without the folder.

    Returns:
        Whether to skip it in a folder.

    Example:
        print(is_own_name("incident.pin.json"), is_own_name("events.json"))
    """
    return name in OWN_FILES or name.endswith(OWN_SUFFIXES)


def is_document_name(name: str) -> bool:
    """Return whether a file belongs to data but holds none, by its name.

    Args:
        name: its name, without the folder.

    Returns:
        Whether it is a README, a picture, a manifest or the like.

    Example:
        print(is_document_name("README.md"), is_document_name("events.jsonl"))
    """
    name = name.lower()
    return (
        os.path.splitext(name)[1] in _DOCUMENT_SUFFIXES
        or name.partition(".")[0] in _DOCUMENT_NAMES
        or is_own_name(name)
        or name in DESKTOP_FILES
    )


def reason_of(path: Path, error: ReadError) -> str:
    """Return why a file cannot be read, for the load report.

    Args:
        path: the file.
        error: what reading it raised.

    Returns:
        The message without the file, or the constant reason of an `Unrecognized` one.

    Example:
        from pathlib import Path

        print(reason_of(Path("a.csv"), Unrecognized("a.csv is torn", reason="torn")))
    """
    if isinstance(error, Unrecognized):
        return error.reason
    return error.message.removeprefix(f"{path} ").removeprefix(f"{path}: ")


@dataclass
class SkippedFiles:
    """Collects the files that hold no events.

    Attributes:
        count: number of files.
        named: the first of them, with what they are.
    """

    count: int = 0
    named: list[str] = field(default_factory=list)

    def by_name(self, path: Path, parts: Sequence[str]) -> bool:
        """Return whether to skip a member of an archive because of its name: a document, or hidden.

        Args:
            path: of the member, for the note.
            parts: the folders and the name of the member.

        Returns:
            Whether it is skipped. Hidden files are skipped without being named, as in folders.
        """
        if parts and is_document_name(parts[-1]):
            self.add(path, "")
            return True
        return any(part.startswith(".") for part in parts)

    def by_error(self, path: Path, error: ReadError) -> bool:
        """Return whether to skip a file that cannot be read, because it is of a kind without events.

        Args:
            path: of the file, for the note.
            error: what reading it raised.

        Returns:
            Whether it is skipped.
        """
        if not isinstance(error, NoEvents):
            return False
        self.add(path, error.reason)
        return True

    def add(self, path: Path, what: str) -> None:
        """Count a file.

        Args:
            path: of the file; its name is used.
            what: what it is; empty if its name says so.
        """
        self.count += 1
        if len(self.named) < NAMED:
            archive, separator, member = str(path).partition("!")
            name = f"{os.path.basename(archive)}{separator}{member}"
            self.named.append(f"{name} ({what})" if what else name)

    def absorb(self, other: SkippedFiles) -> None:
        """Add files that come after these.

        Args:
            other: the files.
        """
        self.count += other.count
        self.named = [*self.named, *other.named][:NAMED]

    def note(self, report: LoadReport) -> None:
        """Add one note about all files to a report.

        Args:
            report: of the load.
        """
        if self.count:
            more = f" and {self.count - len(self.named):,} more" if self.count > len(self.named) else ""
            files = pluralize(self.count, "file")
            verb = "holds" if self.count == 1 else "hold"
            report.note(f"skipped {files} that {verb} no events: {', '.join(self.named)}{more}")
