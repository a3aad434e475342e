"""The known readers, and the choice of the one that fits a file's content."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from obskit.errors import InvalidArgument, ReadError
from obskit.readers.faults import NOT_FAULTS
from obskit.readers.io.source import Source
from obskit.readers.skipped_files import NoEvents, Unrecognized
from obskit.readers.sniffing import UTF8_BOM, after_banner
from obskit.readers.unsupported import Unsupported, description, refusal
from obskit.schema import READ_AS_IS, FileReport, ReadOptions

GROUP = "obskit.readers"
"""Entry-point group in which other packages name their `Reader`."""

_COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz")


class Match(IntEnum):
    """How sure a reader is that the first bytes of a file are of its format.

    Example:
        def sniff(head):
            return Match.CERTAIN if head.startswith(b"TALLY 1") else Match.NO
    """

    NO = 0
    POSSIBLE = 1
    CERTAIN = 2
    DIALECT = 3
    """Certain, where a reader of a more general format is certain too: nginx's JSON is also JSON lines."""


@dataclass(frozen=True)
class Reader:
    """A format: its name, and how to recognize and read its files.

    Attributes:
        name: what people call the format.
        suffixes: usual suffixes, such as ".jsonl", without that of a compression; they only break ties.
        sniff: takes the first 64 KiB after decompression and returns how well they match.
        read: yields batches with names as found; schemas may differ between batches. It counts what it cannot
            read in the report, and raises `ReadError` only if the whole file cannot be read. A `read` that
            takes `mapping` in place of options works too.
        lines: set if each line is a record of its own, so that a preview may skip lines: "text" always,
            "json" unless the first line is not JSON by itself.
        select_files: for a format that lays out whole folders: takes a folder and the names of its entries,
            and returns the files to read and the subfolders to enter; None for any other folder.
        claims: returns whether a path is of this format by its name, whatever its content.
        sniff_log_format: takes the place of `sniff` where the caller gives the layout of the lines as
            `log_format`, and returns how well the first bytes match that layout: CERTAIN decides, and
            POSSIBLE only if no other reader matches.

    Example:
        import pyarrow as pa

        from obskit.readers import LineBlocks, Match, Reader

        def read(source, report, options):
            with source.stream() as stream:
                for block in LineBlocks(stream, report):
                    names = [line.decode() for _position, line in block.lines()]
                    yield pa.RecordBatch.from_pydict({"name": names})

        reader = Reader("tally", (".tally",), lambda head: Match.NO, read)
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], Match]
    read: Callable[[Source, FileReport, ReadOptions], Iterator[pa.RecordBatch]]
    lines: Literal["text", "json"] | None = None
    select_files: Callable[[Path, Collection[str]], list[Path] | None] | None = None
    claims: Callable[[Path], bool] | None = None
    sniff_log_format: Callable[[bytes, ReadOptions], Match] | None = None

    def __post_init__(self) -> None:
        if _takes_mapping(self.read):
            object.__setattr__(self, "read", _MappingRead(self.read))

    def has_suffix(self, path: Path) -> bool:
        """Return whether a path has one of the reader's suffixes, before that of a compression if any."""
        name = path.name.lower()
        for suffix in _COMPRESSIONS:
            name = name.removesuffix(suffix)
        return name.endswith(self.suffixes)


@dataclass(frozen=True)
class _MappingRead:
    """A `read` written before `ReadOptions`, which takes `mapping` alone."""

    read: Callable[..., Iterator[pa.RecordBatch]]

    def __call__(self, source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
        return self.read(source, report, mapping=options.mapping)


def _takes_mapping(read: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(read).parameters
    except (TypeError, ValueError):  # a function written in C may not have a signature
        return False
    return "mapping" in parameters and "options" not in parameters


class Registry:
    """Readers by name. Those of other packages are loaded the first time that readers are asked for.

    Example:
        print([reader.name for reader in REGISTRY.readers()])
    """

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}
        self._loaded = False

    def register(self, reader: Reader) -> None:
        """Add a reader.

        Args:
            reader: of a format; adding the same one again changes nothing.

        Raises:
            InvalidArgument: another reader has that name.
        """
        if self._readers.get(reader.name, reader) != reader:
            raise InvalidArgument(
                f"another reader is already registered as '{reader.name}'",
                hint="give your Reader another name",
            )
        self._readers = dict(sorted({**self._readers, reader.name: reader}.items()))

    def readers(self) -> list[Reader]:
        """Return all readers, sorted by name."""
        if not self._loaded:
            self._loaded = True
            for entry in entry_points(group=GROUP):
                self.register(entry.load())
        return list(self._readers.values())

    def choose(self, source: Source, options: ReadOptions = READ_AS_IS) -> Reader:
        """Return the reader whose `sniff` matches best; among equals, the one with the file's suffix.

        Args:
            source: the file.
            options: a `log_format` decides for files whose lines match it, and for text of unknown format.

        Returns:
            The one reader.

        Raises:
            ReadError: the file is empty, it is of a format that is known not to be supported, no reader
                recognizes it, or several do equally well. `NoEvents` if files of its kind never hold events.
        """
        path = source.path
        if not source.head.strip():
            raise _empty(source)
        readers = self.readers()
        for reader in readers:
            if reader.claims is not None and reader.claims(path):
                return reader
        if (kind := refusal(source.head)) is not None:
            raise _unsupported(path, kind)
        layout_reader = None
        if options.log_format is not None:
            for reader in readers:
                match = _match_log_format(reader, source.head, options)
                if match >= Match.CERTAIN:
                    return reader
                layout_reader = reader if match is not Match.NO else layout_reader
            readers = [reader for reader in readers if reader.sniff_log_format is None]
        matches = _matches(readers, source.head)
        best = max((match for match, _ in matches), default=Match.NO)
        if best < Match.DIALECT and (rest := after_banner(source.head)):
            # Lines of text or a torn line come first: without them, a format may know its own.
            again = _matches(readers, rest)
            if max(match for match, _ in again) > best:
                matches, best = again, max(match for match, _ in again)
        if best is Match.NO and layout_reader is not None:
            return layout_reader  # which says where the first line differs from the layout
        if best is Match.NO:
            raise _unsupported(path, description(source.head, source.whole))
        found = [reader for match, reader in matches if match is best]
        if len(found) > 1:
            found = [reader for reader in found if reader.has_suffix(path)] or found
        if len(found) > 1:
            raise _ambiguous(path, found)
        return found[0]


def is_own(reader: Reader) -> bool:
    """Return whether a reader is obskit's; of those of other packages nothing is known.

    Args:
        reader: any reader.

    Returns:
        Whether its `sniff` is in this package.

    Example:
        print([reader.name for reader in REGISTRY.readers() if not is_own(reader)])
    """
    return str(reader.sniff.__module__).startswith("obskit.readers.")


def _matches(readers: list[Reader], head: bytes) -> list[tuple[Match, Reader]]:
    return [(_match(reader, head), reader) for reader in readers]


def _match(reader: Reader, head: bytes) -> Match:
    """Return how well a reader matches; one whose `sniff` has a fault does not match."""
    try:
        return reader.sniff(head.removeprefix(UTF8_BOM))
    except NOT_FAULTS:
        raise
    except Exception:
        return Match.NO


def _match_log_format(reader: Reader, head: bytes, options: ReadOptions) -> Match:
    """Return how well the first bytes match the caller's `log_format`, by a reader that takes it."""
    return Match.NO if reader.sniff_log_format is None else reader.sniff_log_format(head, options)


def _empty(source: Source) -> ReadError:
    if source.damage:
        return ReadError(
            f"{source.path} has no readable content: {source.damage}", hint="copy the file again"
        )
    return NoEvents(
        f"{source.path} is empty", reason="empty", hint="it may be truncated: a file needs at least one event"
    )


def _unsupported(path: Path, kind: Unsupported) -> ReadError:
    detail = f": {kind.detail}" if kind.detail else ""
    message = f"{path} cannot be read as events: it looks like {kind.what}{detail}"
    if kind.may_hold_events:
        reason = f"cannot be read as events: it looks like {kind.what}"
        return Unrecognized(message, reason=reason, hint=kind.hint)
    return NoEvents(message, reason=kind.what, hint=kind.hint)


def _ambiguous(path: Path, found: list[Reader]) -> ReadError:
    names = " or ".join(reader.name for reader in found)
    own = {
        reader.name: [
            suffix
            for suffix in reader.suffixes
            if not any(suffix in other.suffixes for other in found if other is not reader)
        ]
        for reader in found
    }
    choices = ", ".join(f"{suffixes[0]} for {name}" for name, suffixes in own.items() if suffixes)
    message = f"{path} could be {names}, and its suffix does not decide"
    if choices:
        return ReadError(message, hint=f"rename the file; its suffix selects the reader: {choices}")
    return ReadError(message, hint="make `sniff` of one of these readers stricter")


REGISTRY = Registry()


def register_reader(reader: Reader) -> None:
    """Add a reader of another format to those that `load` tries.

    Args:
        reader: of the format; adding the same one again changes nothing.

    Raises:
        InvalidArgument: another reader has that name.

    Example:
        from obskit.readers import Match, Reader, register_reader

        def read(source, report, options):
            yield from ()

        register_reader(Reader("tally", (".tally",), lambda head: Match.NO, read))
    """
    REGISTRY.register(reader)
