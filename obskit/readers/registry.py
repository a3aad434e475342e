"""The readers that there are, and which of them a file's content asks for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from importlib.metadata import entry_points
from typing import Any

import pyarrow as pa

from obskit.errors import InvalidArgument, ReadError
from obskit.readers.io.live_files import is_segment
from obskit.readers.io.source import Source
from obskit.readers.unsupported import describe
from obskit.schema import FileReport, ReadOptions

SEGMENTS = "OTLP protobuf"
"""The reader of a receiver's segments."""

GROUP = "obskit.readers"
"""Entry-point group in which other packages name their `Reader`."""


class Match(IntEnum):
    """How sure a reader is that bytes are of its format."""

    NO = 0
    POSSIBLE = 1
    CERTAIN = 2
    DIALECT = 3
    """Certain, and of a kind that a reader of a wider format would be certain of too."""


@dataclass(frozen=True)
class Reader:
    """A format: its name, the suffixes its files tend to have, how to tell it, how to read it.

    Attributes:
        name: as people call the format.
        suffixes: like ".jsonl", without that of a compression; they only break ties.
        sniff: told the first 64 KiB after decompression, says how well they match.
        read: gives batches with names as found; schemas may differ between batches. What cannot be read is
            counted in the report; only a file that cannot be read at all raises `ReadError`. A `read` that
            takes `mapping` in place of options works too.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], Match]
    read: Callable[[Source, FileReport, ReadOptions], Iterator[pa.RecordBatch]]

    def __post_init__(self) -> None:
        if _takes_mapping(self.read):
            object.__setattr__(self, "read", _MappingRead(self.read))


@dataclass(frozen=True)
class _MappingRead:
    """A `read` written before `ReadOptions`, which takes `mapping` alone."""

    read: Callable[..., Iterator[pa.RecordBatch]]

    def __call__(self, source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
        return self.read(source, report, mapping=options.mapping)


def _takes_mapping(read: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(read).parameters
    except (TypeError, ValueError):  # a function of C may not tell
        return False
    return "mapping" in parameters and "options" not in parameters


class Registry:
    """Readers by name; those of other packages are loaded when first asked for."""

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}
        self._loaded = False

    def register(self, reader: Reader) -> None:
        """Add a reader.

        Raises:
            InvalidArgument: another reader has that name.
        """
        if self._readers.get(reader.name, reader) != reader:
            raise InvalidArgument(
                f"there is a reader named '{reader.name}' already", hint="give yours another name"
            )
        self._readers[reader.name] = reader

    def readers(self) -> list[Reader]:
        """Return all readers, by name."""
        if not self._loaded:
            self._loaded = True
            for entry in entry_points(group=GROUP):
                self.register(entry.load())
        return [self._readers[name] for name in sorted(self._readers)]

    def choose(self, source: Source) -> Reader:
        """Return the reader whose sniff matches best; of equals the one with the file's suffix.

        Raises:
            ReadError: the file is empty, no reader knows it, or several do equally.
        """
        path = source.path
        if not source.head.strip():
            if source.damage:
                raise ReadError(f"{path}: {source.damage} before its first byte", hint="copy the file again")
            raise ReadError(
                f"{path} is empty", hint="was it written to its end? A file needs at least one event"
            )
        if is_segment(path) and path.suffix == ".otlp":
            # What was acknowledged is read, though a first request may be too odd to be told by its content.
            return next(reader for reader in self.readers() if reader.name == SEGMENTS)
        matches = [(reader.sniff(source.head), reader) for reader in self.readers()]
        best = max((match for match, _ in matches), default=Match.NO)
        if best is Match.NO:
            what, hint = describe(source.head)
            formats = ", ".join(reader.name for _, reader in matches)
            raise ReadError(
                f"{path} cannot be read as events: it looks like {what}",
                hint=hint or f"obskit reads {formats}",
            )
        found = [reader for match, reader in matches if match is best]
        if len(found) > 1:
            name = path.name.lower().removesuffix(".gz").removesuffix(".zst").removesuffix(".bz2")
            found = [reader for reader in found if name.endswith(reader.suffixes)] or found
        if len(found) > 1:
            names = " and ".join(reader.name for reader in found)
            raise ReadError(
                f"{path} may be {names}", hint=f"give it a suffix that tells: {', '.join(found[0].suffixes)}"
            )
        return found[0]


REGISTRY = Registry()


def register_reader(reader: Reader) -> None:
    """Add a reader of another format to those that `load` tries.

    Raises:
        InvalidArgument: another reader has that name.
    """
    REGISTRY.register(reader)
