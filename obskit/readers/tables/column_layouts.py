"""What tracing tools write by columns, in Parquet or Arrow: told by the columns, read as spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from obskit.readers import clickhouse, tempo
from obskit.readers.io.source import Source
from obskit.schema import FileReport


@dataclass(frozen=True)
class Layout:
    """A tool's columns: how many rows to read at once, and what makes events of them."""

    rows: int
    read: Callable[[pa.RecordBatch, Source, FileReport], Iterator[pa.RecordBatch]]


def _clickhouse(batch: pa.RecordBatch, _source: Source, report: FileReport) -> Iterator[pa.RecordBatch]:
    yield clickhouse.as_events(batch, report)


_CLICKHOUSE = Layout(65_536, _clickhouse)
_TEMPO = Layout(tempo.TRACES, tempo.spans)


def layout_of(names: Sequence[str]) -> Layout | None:
    """Return the layout that columns of these names have, None where they are the events' own."""
    if clickhouse.is_export(names):
        return _CLICKHOUSE
    return _TEMPO if tempo.is_block(names) else None
