"""What an archive holds: its entries, one after the other, with the bytes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

PIECE = 1024 * 1024

NOT_A_FILE = "not a file"
"""The `problem` of links, devices and folders: they are skipped, and lead nowhere."""


class Damaged(Exception):
    """The bytes of a member end early, or are not what the archive says; the message says why."""


@dataclass(frozen=True)
class Entry:
    """An entry of an archive.

    Attributes:
        name: as the archive has it. It is only a name: no file is created at it, and `..` leads nowhere.
        modified: when it was last modified, in seconds since 1970; None if the archive does not say.
        problem: why it cannot be read; empty for a member that can.
        pieces: yields its bytes, and raises `Damaged` where they end early. Use it before the next entry.

    Example:
        entry = Entry("logs/app.log", 1777888800.0, "", lambda: iter([b"a line\\n"]))
        print(entry.name, b"".join(entry.pieces()))
    """

    name: str
    modified: float | None
    problem: str
    pieces: Callable[[], Iterator[bytes]]


def no_pieces() -> Iterator[bytes]:
    """Return an empty iterator, for an entry that cannot be read."""
    return iter(())
