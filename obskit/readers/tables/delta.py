"""Delta Lake tables: a folder of Parquet files, and a log in `_delta_log` that lists the files that count.

    events/_delta_log/00000000000000000000.json      add part-0, add part-1
    events/_delta_log/00000000000000000001.json      remove part-1, add part-2      <- read: part-0, part-2
    events/day=x/part-0.parquet ...

The newest entry of the log represents the table: its name and time change whenever the table does. Deleted
rows and removed files are not read; partition columns are. The package `deltalake` reads the log.
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
_BEGINNINGS = tuple(f'{{"{action}":'.encode() for action in _ACTIONS)
_BROKEN = (pa.ArrowException, OSError, ValueError, MemoryError, KeyError)


def table_files(folder: Path, names: Collection[str]) -> list[Path] | None:
    """Return the newest entry of a table's log, which says what else of the folder counts.

    Args:
        folder: any folder.
        names: names of its entries.

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
    """Return whether the bytes are an entry of a Delta table's log."""
    first = head.partition(b"\n")[0]
    if not any(action in first[:40] for action in _BEGINNINGS):
        return Match.NO
    try:
        row = orjson.loads(first)
    except orjson.JSONDecodeError:
        return Match.NO
    return Match.DIALECT if type(row) is dict and row and row.keys() <= _ACTIONS else Match.NO


def read(source: Source, report: FileReport, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the rows that a table had at an entry of its log; data files that cannot be read are rejected.

    Args:
        source: the log entry.
        report: receives the rejections.
        options: with a `mapping`, the columns are not taken for those of a tracing tool.
    Yields:
        Batches with the columns of the table.
    Raises:
        MissingDependency: `deltalake` is not installed.
        ReadError: `deltalake` cannot read the table, or a column that the mapping names is missing.
    """
    folder = source.path.parent.parent
    if source.path.parent.name != LOG or not _ENTRY.fullmatch(source.path.name):
        raise ReadError(
            f"{source.path} is a log entry of a Delta table, but is not at {LOG}/<20 digits>.json",
            hint=f"load the table's folder, which contains {LOG}",
        )
    if deltalake is None:
        raise MissingDependency.of("delta", f"{folder} is a Delta table: reading it")
    try:
        table = deltalake.DeltaTable(str(folder.resolve()), version=int(source.path.stem))
        dataset = table.to_pyarrow_dataset()
    except Exception as error:  # the package raises undocumented errors too
        raise ReadError(
            f"{folder} cannot be read as a Delta table: {first_line(error)}",
            hint="export it as Parquet with the tool that wrote it",
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
                f"{fragment.path}, after row {given}", "a data file of the Delta table that cannot be read"
            )


READER = Reader("Delta Lake", (".json",), sniff, read, select_files=table_files)
