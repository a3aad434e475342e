"""Read the lines behind prefixes by readers of their own formats, and give each row the prefix of its line.

Lines of one source (a pod's container, a program of a host) are of one format, which its first lines decide.
A reader with a row per line gets the lines of all sources together: its rows and its rejections are as many
as the lines, so that each row's line is known. A reader whose records span several lines gets the lines of
each source by themselves, and says in which line each record begins (`Source.row_lines`). If it does not, its
rows get only the fields that all of their lines agree on. Lines that a reader rejects get a second reader if
one is sure of them. Lines of no known format are log records with a `body`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.errors import ReadError
from obskit.readers.faults import NOT_FAULTS, fault_reason
from obskit.readers.io.source import HEAD, Source
from obskit.readers.prefixed.detection import best_match
from obskit.readers.prefixed.inner_source import Collected, InnerSource
from obskit.readers.prefixed.kinds import Fields
from obskit.readers.prefixed.lines import Lines, Prefixes, joined
from obskit.readers.prefixed.rows import attach, bodies, used_prefixes
from obskit.readers.registry import Match, Reader
from obskit.schema import FileReport, LoadReport, ReadOptions
from obskit.schema.report import TORN

_NOT_JSON = "not JSON"
_TEXT_BEGINS = (b" ", b"\t", b"*", b"=", b"-", b"#", b"<", b"(")

_SECOND_READERS = 2
"""Readers that get the lines which others rejected."""

_FAULTS = 1_000
"""Lines that readers may have faults on, at most."""

_REMEMBERED = 10_000
"""Sources whose format is remembered."""

_FEW_HEADS = 16
_SMALL_HEAD = 8 * 1024
_POSITION = re.compile(r"line (\d+), byte \d+")
_PER_LINE = ("obskit.readers.access_log.", "obskit.readers.jsonl.")
"""Packages whose readers of lines make one row of each line, in their order, or reject it."""


class _Result(NamedTuple):
    """What a reader made of some lines.

    Attributes:
        batches: its rows.
        rejected: (index of the line, reason) of each rejected line.
        firsts: index of each row's first line; None if the reader does not say.
    """

    batches: list[pa.RecordBatch]
    rejected: list[tuple[int, str]]
    firsts: Any

    @property
    def rows(self) -> int:
        return sum(batch.num_rows for batch in self.batches)


def _first_lines(result: _Result, count: int, *, per_line: bool) -> Any:
    """Return the index of each row's first line; None if it is not known."""
    if not per_line:
        firsts = result.firsts
        return firsts if firsts is not None and len(firsts) == result.rows else None
    good = np.ones(count, bool)
    good[[row for row, _ in result.rejected]] = False
    firsts = np.flatnonzero(good)
    return firsts if len(firsts) == result.rows else None


class InnerLines:
    """Reads the lines of a file, chunk by chunk.

    Args:
        source: the file.
        report: counts what cannot be read.
        options: how to read it.
        keys: names of the fields that say who wrote a line.
        name: of the prefixes, for messages.
    """

    def __init__(
        self, source: Source, report: FileReport, options: ReadOptions, keys: Sequence[str], name: str
    ) -> None:
        self.formats: dict[str, None] = {}
        self._source = source
        self._report = report
        self._options = options
        self._keys = keys
        self._name = name
        self._readers: dict[Hashable, Reader] = {}
        self._begun: set[Hashable] = set()
        self._faults = 0
        self._last = True
        self._held: list[tuple[Lines, list[Fields]]] = []

    def read(
        self, lines: Lines, prefixes: Prefixes, *, last: bool, torn: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of lines.

        Args:
            lines: in the order of the file.
            prefixes: the different prefixes.
            last: whether no lines follow.
            torn: whether the last line may be incomplete.

        Yields:
            Batches with the fields of the prefixes; in the order of the file for each source.
        """
        self._last = last
        lines = self._with_held(lines, prefixes)
        blank = pc.less_equal(pc.binary_length(lines.lines), 2).to_numpy(zero_copy_only=False)
        blank[blank] = [not line.strip() for line in lines.lines.filter(pa.array(blank)).to_pylist()]
        if blank.any():
            yield bodies(lines.take(blank), prefixes)
            lines, torn = lines.take(~blank), torn and not blank[-1]
            if not len(lines.number):
                return
        for reader, rows in self._by_reader(lines, prefixes):
            part = lines if len(rows) == len(lines.number) else lines.take(rows)
            ends_torn = torn and bool(len(rows)) and int(rows[-1]) == len(lines.number) - 1
            if reader is None:
                yield from self._text(part, prefixes, torn=ends_torn)
            else:
                yield from self._read(part, prefixes, reader, [reader], torn=ends_torn)

    @property
    def waits(self) -> bool:
        """Whether lines are kept for the next chunk."""
        return bool(self._held)

    def _by_reader(self, lines: Lines, prefixes: Prefixes) -> Iterator[tuple[Reader | None, Any]]:
        """Yield each reader, None for text, and the rows of the lines that are for it."""
        sources, own = self._sources(lines, prefixes)
        readers: list[Reader | None] = []
        for number, key in enumerate(sources):
            reader = self._readers.get(key)
            if reader is None:
                rows = np.flatnonzero(own == number) if len(sources) > 1 else np.arange(len(own))
                reader = self._choose(lines, rows, len(sources), Match.POSSIBLE)
                if reader is not None and len(self._readers) < _REMEMBERED:
                    self._readers[key] = reader
            readers.append(reader)
        distinct: list[Reader | None] = []
        for reader in readers:
            if not any(reader is other for other in distinct):
                distinct.append(reader)
        if len(distinct) == 1:
            yield distinct[0], np.arange(len(own))
            return
        index = [next(i for i, other in enumerate(distinct) if other is reader) for reader in readers]
        of_row = np.array(index, np.int64)[own]
        for number, reader in enumerate(distinct):
            yield reader, np.flatnonzero(of_row == number)

    def _sources(self, lines: Lines, prefixes: Prefixes) -> tuple[list[Hashable], Any]:
        """Return the different sources, and the index of each line's source."""
        known: dict[Hashable, int] = {}
        own = np.zeros(len(prefixes.fields), np.int64)
        for number in used_prefixes(lines.prefix):
            fields = prefixes.fields[number]
            key = (tuple(fields.get(name) for name in self._keys), number != 0)
            own[number] = known.setdefault(key, len(known))
        if len(known) == 1:
            return list(known), np.zeros(len(lines.prefix), np.int64)
        return list(known), own[lines.prefix]

    def _choose(
        self, lines: Lines, rows: Any, sources: int, least: Match, without: Sequence[Reader] = ()
    ) -> Reader | None:
        """Return the reader that the first ones of some lines match best; None if none matches."""
        limit = HEAD if sources <= _FEW_HEADS else _SMALL_HEAD
        first: list[bytes] = []
        size = 0
        for line in lines.lines.take(pa.array(rows[:1_000])).to_pylist():
            first.append(line.rstrip(b"\n"))
            size += len(line)
            if size > limit:
                break
        match, reader = best_match(first, without, self._options)
        return reader if match >= least else None

    def _read(
        self, lines: Lines, prefixes: Prefixes, reader: Reader, asked: list[Reader], *, torn: bool
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of lines that are read by one reader."""
        count = len(lines.number)
        per_line = str(getattr(reader.read, "__module__", "")).startswith(_PER_LINE)
        if not per_line:
            sources, own = self._sources(lines, prefixes)
            if len(sources) > 1:
                for number in range(len(sources)):
                    rows = np.flatnonzero(own == number)
                    ends_torn = torn and int(rows[-1]) == count - 1
                    yield from self._read(lines.take(rows), prefixes, reader, asked, torn=ends_torn)
                return
        try:
            result = self._run(lines, reader, torn=torn)
        except NOT_FAULTS:
            raise
        except Exception as error:
            if count > 1:
                half = count // 2
                yield from self._read(lines.take(slice(half)), prefixes, reader, asked, torn=False)
                yield from self._read(lines.take(slice(half, None)), prefixes, reader, asked, torn=torn)
            else:
                self._reject_fault(lines, reader, error)
            return
        self.formats[reader.name] = None
        firsts = _first_lines(result, count, per_line=per_line)
        held = None
        if firsts is not None and not per_line and not self._last:
            held = self._hold(lines, prefixes, firsts)
        at = 0
        for batch in result.batches:
            own_lines = None if firsts is None else firsts[at : at + batch.num_rows]
            at += batch.num_rows
            if held is not None and own_lines is not None and (own_lines >= held).any():
                batch = batch.filter(pa.array(own_lines < held))
                own_lines = own_lines[own_lines < held]
            if batch.num_rows:
                yield attach(batch, lines, prefixes, own_lines)
        if firsts is None and result.rows and lines.timed.any():
            self._report.note(
                f"the times of {self._name} are left out for {reader.name}: "
                "it does not say which line a record is from"
            )
        rejected = [item for item in result.rejected if held is None or item[0] < held]
        yield from self._rejected(lines, prefixes, rejected, asked, torn=torn)

    def _hold(self, lines: Lines, prefixes: Prefixes, firsts: Any) -> int | None:
        """Keep the lines of the last record for the next chunk, where it may go on; return its first line."""
        first = int(firsts.max()) if len(firsts) else 0
        if 2 * first < len(lines.number):
            return None
        part = lines.take(slice(first, None))
        self._held.append((part, [prefixes.fields[number] for number in part.prefix.tolist()]))
        return first

    def _with_held(self, lines: Lines, prefixes: Prefixes) -> Lines:
        """Return the lines that the last chunk kept, and those of the next one."""
        parts = []
        for part, fields in self._held:
            ids = [prefixes.adopted(each) for each in fields]
            parts.append(part._replace(prefix=np.array(ids, np.int64)))
        self._held = []
        return joined([*parts, lines]) if parts else lines

    def _rejected(
        self,
        lines: Lines,
        prefixes: Prefixes,
        rejected: list[tuple[int, str]],
        asked: list[Reader],
        *,
        torn: bool,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of lines that a reader rejected and another one is sure of; reject the others."""
        if not rejected:
            self._remember(lines, prefixes)
            return
        rows = np.unique(np.array([row for row, _ in rejected], np.int64))
        if len(asked) <= _SECOND_READERS:
            other = self._choose(lines, rows, 1, Match.CERTAIN, asked)
            if other is not None:
                ends_torn = torn and int(rows[-1]) == len(lines.number) - 1
                yield from self._read(lines.take(rows), prefixes, other, [*asked, other], torn=ends_torn)
                return
            if len(rows) == len(lines.number) and len(asked) == 1 and not torn:
                # The reader was a guess by a few lines, and reads none of them.
                yield from self._text(lines, prefixes)
                return
        texts = self._plain_texts(lines, prefixes, rejected, torn=torn)
        for row, reason in rejected:
            if row not in texts:
                self._reject(lines, row, reason)
        if texts:
            yield from self._text(lines.take(np.array(sorted(texts), np.int64)), prefixes)

    def _remember(self, lines: Lines, prefixes: Prefixes) -> None:
        """Remember sources whose lines were read."""
        if len(self._begun) <= _REMEMBERED:
            for number in used_prefixes(lines.prefix):
                self._begun.add(tuple(prefixes.fields[number].get(name) for name in self._keys))

    def _plain_texts(
        self, lines: Lines, prefixes: Prefixes, rejected: list[tuple[int, str]], *, torn: bool
    ) -> set[int]:
        """Return which lines a reader of JSON rejected that are no part of JSON, such as a crash's output.

        A banner before the first record of the same source is not among them.
        """
        last = len(lines.number) - 1
        found = [row for row, reason in rejected if reason == _NOT_JSON and not (torn and row == last)]
        if not found:
            return set()
        keys: dict[int, Hashable] = {}
        for number in used_prefixes(lines.prefix):
            keys[number] = tuple(prefixes.fields[number].get(name) for name in self._keys)
        good = np.ones(len(lines.number), bool)
        good[[row for row, _ in rejected]] = False
        first = dict.fromkeys(self._begun, -1)
        for row in np.flatnonzero(good)[np.unique(lines.prefix[good], return_index=True)[1]].tolist():
            key = keys[int(lines.prefix[row])]
            first[key] = min(row, first.get(key, row))
        if len(first) <= _REMEMBERED:
            self._begun.update(first)
        begins = pc.binary_slice(lines.lines.take(pa.array(found, pa.int64())), 0, 1).to_pylist()
        return {
            row
            for row, begin in zip(found, begins, strict=True)
            if lines.prefix[row] and first.get(keys[int(lines.prefix[row])], row) < row
            if begin.isalpha() or begin in _TEXT_BEGINS
        }

    def _run(self, lines: Lines, reader: Reader, *, torn: bool) -> _Result:
        """Return what a reader makes of lines."""
        buffer = lines.lines.buffers()[2]
        edges = np.frombuffer(lines.lines.buffers()[1], np.int32)[lines.lines.offset :]
        end = int(edges[len(lines.lines)]) - torn  # a line that may be torn gets no newline
        source = InnerSource(self._source, memoryview(buffer)[int(edges[0]) : end])
        source.row_lines = []
        own = LoadReport(display_names=self._report.report.display_names)
        collected = Collected(own, self._report.path, False)
        batches: list[pa.RecordBatch] = []
        count = len(lines.number)
        try:
            batches.extend(reader.read(source, collected, self._options))
        except ReadError as error:
            if batches or len(collected.found) < count:
                reason = error.message.removeprefix(f"{source.path} ").removeprefix(f"{source.path}: ")
                return _Result([], [(row, reason) for row in range(count)], None)
        rejected = []
        for position, reason in collected.found:
            match = _POSITION.fullmatch(position)
            row = int(match[1]) - 1 if match is not None else count
            if row < count:
                rejected.append((row, reason))
            else:
                first = f"line {lines.number[0]}, byte {lines.offset[0]}" if count else ""
                self._report.reject(f"{position} of the lines from {first}", reason)
        if lines.timed.any():  # the prefix has a time
            own.notes = [note for note in own.notes if not note.startswith("records have no time ")]
        self._report.report.merge(own)
        firsts = np.concatenate(source.row_lines) if source.row_lines else None
        return _Result(batches, rejected, firsts)

    def _text(self, lines: Lines, prefixes: Prefixes, *, torn: bool = False) -> Iterator[pa.RecordBatch]:
        """Yield lines of no known format as log records; those without a prefix are rejected."""
        bare = lines.prefix == 0
        if torn and not bare[-1] and lines.lines[-1].as_py()[:1] in (b"{", b"["):
            self._reject(lines, len(bare) - 1, f"{TORN}the file ends within the line")
            lines, bare = lines.take(slice(-1)), bare[:-1]
        for row in np.flatnonzero(bare).tolist():
            self._reject(lines, row, f"the line has no prefix of {self._name}, and no known format")
        if bare.all():
            return
        self.formats["text"] = None
        yield bodies(lines.take(~bare) if bare.any() else lines, prefixes)

    def _reject(self, lines: Lines, row: int, reason: str) -> None:
        self._report.reject(f"line {lines.number[row]}, byte {lines.offset[row]}", reason)

    def _reject_fault(self, lines: Lines, reader: Reader, error: Exception) -> None:
        self._faults += 1
        if self._faults > _FAULTS:
            raise ReadError(
                f"{self._source.path} cannot be read: {fault_reason(error)}",
                hint=f"this is a bug of the reader of {reader.name}: report it with a part of the file",
            ) from error
        self._reject(lines, 0, fault_reason(error))
