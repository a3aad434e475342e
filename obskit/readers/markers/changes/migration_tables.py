"""CSV of the tables in which Flyway and Liquibase record migrations, as a database client writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.io.source import Source
from obskit.readers.markers.changes.migrations import (
    FLYWAY,
    FLYWAY_KNOWN,
    LIQUIBASE,
    LIQUIBASE_KNOWN,
    flyway_row,
    liquibase_row,
)
from obskit.readers.markers.lines import cells, read_lines
from obskit.readers.markers.rows import Row
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport, ReadOptions

_NULLS = ("", "NULL", "null", "\\N")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d{10}$|\d{13}$")


def _columns(head: bytes, needed: frozenset[str], known: frozenset[str]) -> tuple[str, list[str]] | None:
    """Return the delimiter and the names of a table's columns in lower case; None for other tables."""
    lines = (line for line in head.removeprefix(UTF8_BOM).split(b"\n") if line.strip())
    first = next(lines, b"").decode("utf-8", "replace").strip("\r").lower()
    for delimiter in ",;\t|" if len(first) < 2000 else "":
        names = [name.strip() for name in cells(first, delimiter)]
        if needed <= set(names) <= known and len(set(names)) == len(names):
            return delimiter, names
    return None


def _reader(
    name: str,
    needed: frozenset[str],
    known: frozenset[str],
    time: str,
    make: Callable[[Mapping[str, str | None]], Row],
) -> Reader:
    def sniff(head: bytes) -> Match:
        return Match.DIALECT if _columns(head, needed, known) else Match.NO

    def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
        found = _columns(source.head, needed, known)
        if found is None:
            raise ReadError(
                f"{source.path} has no header with the columns {', '.join(sorted(needed))}",
                hint="export the table again, with its header",
            )
        delimiter, names = found

        def parse(line: str) -> Row | str:
            values = cells(line, delimiter)
            if len(values) != len(names):
                return f"row does not have {len(names)} fields"
            row = {
                key: None if value.strip() in _NULLS else value.strip()
                for key, value in zip(names, values, strict=True)
            }
            return make(row) if _TIME.match(row[time] or "") else f"{time} is not a time"

        yield from read_lines(source, report, parse, header=True)

    return Reader(name, (".csv", ".tsv", ".txt"), sniff, read)


READERS = (
    _reader("Flyway CSV", FLYWAY, FLYWAY_KNOWN, "installed_on", flyway_row),
    _reader("Liquibase CSV", LIQUIBASE, LIQUIBASE_KNOWN, "dateexecuted", liquibase_row),
)
