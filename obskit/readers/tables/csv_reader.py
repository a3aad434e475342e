"""CSV with a header line; fields are separated by a comma, semicolon, tab or vertical bar.

Every field is read as text. A column of a batch becomes integers, floats or booleans only if all of its
values would be written the same way again:

    status,zip,took,note            status: int64   [200, 503]
    200,007,1.5,                    zip:    string  ["007", "123"]
    503,123,2.25,NULL               took:   double  [1.5, 2.25]
                                    note:   null

`007` and `1e5` stay text: they are as often ids as numbers. An empty field, NULL, null and \\N are null.
A row with more or fewer fields than the header is rejected, and so is a line with a quote that is not closed.
`dialect` finds the header, `column_styles` reads numbers and dates as people write them, and `csv_layouts`
knows the tables of some programs.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from obskit.errors import ReadError
from obskit.names import current, type_word
from obskit.readers.io.source import Readable, Source, Stream
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.readers.tables.column_styles import Styles, csv_column
from obskit.readers.tables.csv_layouts import layout_of
from obskit.readers.tables.dialect import DELIMITERS, Dialect, dialect_of
from obskit.readers.tables.quotes import MARK, OPEN, BoundedQuotes
from obskit.schema import FileReport, ReadOptions, check_sources, read_mapping
from obskit.text import first_line, pluralize

BLOCK = 4 * 1024 * 1024
_NOT_UTF8 = re.compile("[\udc80-\udcff]+")
_MARK = "\U0010fffe"
_NULLS = ("", "NULL", "null", "\\N")
# Values that other values of their column, or of the file, may be needed for to read them.
_UNCLEAR = re.compile(rb"\d,\d|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_INTEGER = r"^-?(0|[1-9][0-9]{0,18})$"
# A whole number may stand among decimals if a float holds it exactly: up to 15 digits.
_FLOAT = (
    r"^(-?(0|[1-9][0-9]*)\.[0-9]+([eE][+-]?[0-9]+)?|-?(0|[1-9][0-9]*)[eE][+-][0-9]+|-?(0|[1-9][0-9]{0,14})"
    r"|-?inf|nan|NaN)$"
)


def sniff(head: bytes) -> Match:
    """Return whether the bytes are a table: a header of names, and rows with as many fields."""
    return Match.POSSIBLE if dialect_of(head) else Match.NO


def header_line(head: bytes) -> bytes | None:
    """Return the first line of a table, with its newline, if all that matters for its rows is in it.

    Args:
        head: the first bytes of a file that is a table.

    Returns:
        The line; None if it has quotes, may be split at more than one kind of delimiter, or if values decide
        how others are read: numbers with commas, and dates with the day or the month first.

    Example:
        print(header_line(b"status,took\n200,1.5\n"))
    """
    line, newline, _ = head.partition(b"\n")
    delimiters = sum(delimiter.encode() in line for delimiter in DELIMITERS)
    if not newline or delimiters != 1 or b'"' in line or line.startswith(UTF8_BOM):
        return None
    if _UNCLEAR.search(head if b"," not in line else head.replace(b",", b"\n")):
        return None
    dialect = dialect_of(head)
    if dialect is None or not dialect.plain or layout_of(dialect.names, dialect.rows):
        return None
    return line + newline


def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table as batches.

    Args:
        source: the file.
        report: receives rejected rows.
        options: the `mapping` decides which columns stay text.
    Yields:
        Batches with the columns of the header.
    Raises:
        ReadError: the header or the table cannot be read, or a column that the mapping names is missing.
    """
    dialect = dialect_of(source.head) or _first_row(source)
    delimiter, names = dialect.delimiter, list(dialect.names)
    if _NOT_UTF8.search("".join(names)):
        raise ReadError(f"{source.path} has a header that is not UTF-8", hint="convert the file to UTF-8")
    check_sources(options.mapping, names, source.path)
    texts = _text_columns(names, options.mapping)
    layout = None if options.mapping else layout_of(names, dialect.rows)
    plain = layout is not None and not layout.styled
    styles = Styles() if plain else _styles(dialect, source, report, _with_format(options.mapping))
    _note_dialect(dialect, source, report)

    def reject_row(row: Any) -> str:
        if str(row.text).startswith(MARK) and text.rejected:
            report.reject(text.rejected.pop(0), OPEN)
            return "skip"
        if not row.text.strip(" "):  # a line that was masked because of a fault, or an empty one
            return "skip"
        where = f"row {row.number - 1}" if row.number is not None else ""
        report.reject(where, f"a row with more or fewer fields than the header's {len(names)}")
        return "skip"

    with source.stream() as stream:
        begun: Stream = stream if dialect.plain else _Header(stream, source.head, dialect)
        bounded = BoundedQuotes(begun, delimiter, len(names), line=dialect.lines + 1, offset=dialect.skipped)
        text = _MarkedText(bounded, bounded.rejected)
        try:
            reader = pacsv.open_csv(
                pa.PythonFile(Readable(text), mode="r"),
                read_options=pacsv.ReadOptions(block_size=BLOCK, use_threads=False),
                parse_options=pacsv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=reject_row
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.binary()),
                    null_values=list(_NULLS),
                    strings_can_be_null=True,
                ),
            )
            given = 0
            while True:
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    break
                batch, bad = _decoded(batch, text.marked)
                for row in bad:
                    report.reject(f"row {given + row + 1}", "not UTF-8")
                given += batch.num_rows + len(bad)
                if dialect.padded:
                    batch = _trimmed(batch)
                if batch.num_rows and layout is not None:
                    yield layout.convert(styles.apply(batch), report)
                elif batch.num_rows:
                    yield _guessed(styles.apply(batch), texts)
        except pa.ArrowInvalid as error:
            raise ReadError(
                f"{source.path} cannot be read as CSV: {first_line(error)}",
                hint="look for a quote that is not closed, or a field longer than 4 MiB",
            ) from error
        if stream.damage:
            report.reject("end of the file", stream.damage)
        elif text.last not in (b"", b"\n", b"\r", b'"'):
            report.note_open_end()


class _MarkedText:
    """A stream that replaces bytes which are not UTF-8 by a mark: b"a,\\xff" becomes "a,\\U0010fffe".

    Arrow decodes a row of the wrong length before it reports it, and stops reading if the row is not UTF-8.
    Rows with the mark are rejected later.
    """

    def __init__(self, stream: Stream, rejected: list[str]) -> None:
        self.damage: str | None = None
        self.rejected = rejected
        self._stream = stream
        self.marked = False
        self.last = b""
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode

    def piece(self) -> bytes:
        while raw := self._stream.piece():
            self.last = raw[-1:]
            if text := self._decode(raw):
                return raw if text.isascii() and len(text) == len(raw) else self._encoded(text)
        return self._encoded(self._decode(b"", True))

    def _encoded(self, text: str) -> bytes:
        text, found = _NOT_UTF8.subn(_MARK, text)
        self.marked = self.marked or found > 0
        return text.encode()

    def position(self) -> int:
        return self._stream.position()


class _Header:
    """A stream that begins with the header of a table, in which each name is there once.

    Args:
        stream: of the file.
        head: the first bytes of the file.
        dialect: of the table.
    """

    def __init__(self, stream: Stream, head: bytes, dialect: Dialect) -> None:
        self.damage: str | None = None
        self._stream = stream
        self._skip = dialect.skipped + dialect.header
        self._replaced = head[: self._skip]
        out = io.StringIO()
        csv.writer(out, delimiter=dialect.delimiter, lineterminator="\n").writerow(dialect.names)
        self._first = out.getvalue().encode("utf-8", "surrogateescape")

    def piece(self) -> bytes:
        """Return the next bytes; empty at the end."""
        if not self._first:
            return self._stream.piece()
        data = b""
        while len(data) < self._skip and (more := self._stream.piece()):
            data += more
        if data.startswith(self._replaced):  # a part of the file may be read, without its beginning
            data = data[self._skip :]
        first, self._first = self._first, b""
        return first + data

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._stream.position()


def _first_row(source: Source) -> Dialect:
    """Return the dialect of a file that is not a table at second sight: commas, names in the first row."""
    text = source.head.removeprefix(UTF8_BOM).decode(errors="surrogateescape")
    names = next((row for row in csv.reader(io.StringIO(text, newline="")) if row), [])
    return Dialect(",", tuple(map(str, names)), 0, 0, 0, renamed=False, padded=False, rows=())


def _with_format(mapping: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the columns whose times have a format of the caller."""
    mapped = read_mapping(mapping)
    return frozenset(name for name, uses in mapped.items() if any(source.format for _, source in uses))


def _styles(dialect: Dialect, source: Source, report: FileReport, decided: frozenset[str]) -> Styles:
    columns = {
        name: [row[at] for row in dialect.rows]
        for at, name in enumerate(dialect.names)
        if name not in decided
    }
    dates = functools.partial(csv_column, source, dialect)
    return Styles.of(columns, source.path.name, report, delimiter=dialect.delimiter, all_dates=dates)


def _note_dialect(dialect: Dialect, source: Source, report: FileReport) -> None:
    name = source.path.name
    if dialect.lines:
        report.note_in(name, f"skipped {pluralize(dialect.lines, 'line')} before the header")
    if dialect.renamed:
        made = [made for made in dialect.names if re.fullmatch(r"column \d+|.*~\d+|\(unnamed\)", made)]
        report.note_in(
            name, f"columns without a name, or with that of another one, are called {', '.join(made[:5])}"
        )


def _trimmed(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [pc.utf8_trim_whitespace(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def _text_columns(names: list[str], mapping: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the columns that stay text, because the fields they are mapped to are text or times."""
    mapped = read_mapping(mapping)
    return frozenset(
        name
        for name in names
        if any(
            type_word(target) in ("string", "timestamp") or source.null
            for target, source in mapped.get(name, [])
        )
        or (name not in mapped and type_word(current(name)) == "string")
    )


def _decoded(batch: pa.RecordBatch, marked: bool) -> tuple[pa.RecordBatch, list[int]]:
    """Return the batch as text without the rows that are not UTF-8, and the numbers of those rows."""
    columns = [pc.cast(column, pa.string()) for column in batch.columns]
    if not marked:
        return pa.RecordBatch.from_arrays(columns, batch.schema.names), []
    marked_rows = functools.reduce(
        pc.or_, (pc.fill_null(pc.match_substring(column, _MARK), False) for column in columns)
    )
    bad: list[int] = pc.indices_nonzero(marked_rows).to_pylist()
    if bad:
        columns = [column.filter(pc.invert(marked_rows)) for column in columns]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names), bad


def _guessed(batch: pa.RecordBatch, texts: frozenset[str]) -> pa.RecordBatch:
    columns = [
        column if name in texts else guess(column)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


def guess(column: pa.Array) -> pa.Array:
    """Return a text column as integers, floats or booleans if all values are; else unchanged."""
    if column.null_count == len(column):
        return pa.nulls(len(column))
    for pattern, kind in (
        (_INTEGER, pa.int64()),
        (_FLOAT, pa.float64()),
        (r"^([Tt]rue|[Ff]alse)$", pa.bool_()),
    ):
        if pc.all(pc.match_substring_regex(column, pattern), min_count=0).as_py():
            try:
                return pc.cast(column, kind)
            except pa.ArrowInvalid:  # 19 digits may need more than 64 bits
                return column
    return column


READER = Reader("CSV", (".csv", ".tsv", ".txt"), sniff, read, lines="text")
