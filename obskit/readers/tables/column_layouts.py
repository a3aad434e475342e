"""Tables of tracing tools, in Parquet or Arrow: recognized by their columns and read as spans.

columns Timestamp, TraceId, SpanId, SpanName, Duration, ...    spans of the Collector's ClickHouse exporter
columns TraceID, rs, RootSpanName, ...                         a block of Grafana Tempo: one row per trace
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from obskit.readers import clickhouse, tempo
from obskit.readers.io.source import Source
from obskit.schema import FileReport


@dataclass(frozen=True)
class Layout:
    """How to read the table of a tool.

    Attributes:
        rows: number of rows to read at once.
        read: turns a batch of the table into batches of events.
    """

    rows: int
    read: Callable[[pa.RecordBatch, Source, FileReport], Iterator[pa.RecordBatch]]


def _clickhouse(batch: pa.RecordBatch, _source: Source, report: FileReport) -> Iterator[pa.RecordBatch]:
    yield clickhouse.as_events(batch, report)


_CLICKHOUSE = Layout(65_536, _clickhouse)
_TEMPO = Layout(tempo.TRACES, tempo.spans)


def layout_of(names: Sequence[str]) -> Layout | None:
    """Return the layout of a table with these columns, or None if each row is an event already."""
    if clickhouse.is_export(names):
        return _CLICKHOUSE
    return _TEMPO if tempo.is_block(names) else None
