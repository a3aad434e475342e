"""Delta Lake tables: a folder of Parquet files, and a log in `_delta_log` that says which of them count.

A table stands for itself by the newest entry of its log: that file's name and time change with every change
of the table. Rows that were deleted, and files that later entries took away, are not read; the columns that
the table is partitioned by are. The log is read by the package `deltalake`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import orjson
import pyarrow as pa

from obskit.errors import MissingDependency, ReadError
from obskit.readers.io.source import Source
from obskit.readers.registry import Match, Reader
from obskit.readers.tables.column_layouts import layout_of
from obskit.schema import FileReport, ReadOptions, check_sources
from obskit.text import first_line

try:
    import deltalake
except ImportError:
    deltalake = None

LOG = "_delta_log"
ROWS = 65_536
_ENTRY = re.compile(r"\d{20}\.json")
_ACTIONS = frozenset({"add", "remove", "metaData", "protocol", "commitInfo", "txn", "domainMetadata", "cdc"})
_BROKEN = (pa.ArrowException, OSError, ValueError, MemoryError, KeyError)


def table_files(folder: Path, names: Collection[str]) -> list[Path] | None:
    """Return the newest entry of a table's log, which says what else of the folder counts.

    Args:
        folder: any folder.
        names: of its entries.

    Returns:
        A list of that one file; None if the folder is not a Delta table.
    """
    if LOG not in names:
        return None
    log = folder / LOG
    try:
        entries = [path.name for path in log.iterdir() if _ENTRY.fullmatch(path.name)]
    except OSError:
        return None
    return [log / max(entries)] if entries else None


def sniff(head: bytes) -> Match:
    """Say whether the head is an entry of a Delta table's log."""
    first = head.partition(b"\n")[0]
    if not any(f'{{"{action}":'.encode() in first[:40] for action in _ACTIONS):
        return Match.NO
    try:
        row = orjson.loads(first)
    except orjson.JSONDecodeError:
        return Match.NO
    return Match.DIALECT if type(row) is dict and row and row.keys() <= _ACTIONS else Match.NO


def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Give the rows that a table had at an entry of its log; a file of it that cannot be read is counted.

    Raises:
        MissingDependency: `deltalake` is not installed.
        ReadError: the log cannot be read, or what it says needs more than this package can.
    """
    folder = source.path.parent.parent
    if source.path.parent.name != LOG or not _ENTRY.fullmatch(source.path.name):
        raise ReadError(
            f"{source.path} is an entry of a Delta table's log, but not in its place",
            hint=f"name the table's folder, which holds {LOG}",
        )
    if deltalake is None:
        raise MissingDependency.of("delta", f"{folder} is a Delta table: reading it")
    try:
        table = deltalake.DeltaTable(str(folder.resolve()), version=int(source.path.stem))
        dataset = table.to_pyarrow_dataset()
    except Exception as error:  # the package raises errors of many kinds, some of which it does not name
        raise ReadError(
            f"{folder} is a Delta table that cannot be read: {first_line(error)}",
            hint="write it as Parquet with what made it",
        ) from error
    check_sources(options.mapping, dataset.schema.names, folder)
    layout = None if options.mapping else layout_of(dataset.schema.names)
    rows = layout.rows if layout else ROWS
    for fragment in dataset.get_fragments():
        given = 0
        try:
            for batch in fragment.to_batches(schema=dataset.schema, batch_size=rows, use_threads=False):
                batch.validate(full=True)
                given += batch.num_rows
                yield from layout.read(batch, source, report) if layout else (batch,)
        except _BROKEN:
            report.reject(
                f"{fragment.path}, after row {given}", "a file of a Delta table that cannot be read"
            )


READER = Reader("Delta Lake", (".json",), sniff, read, select_files=table_files)
