"""Find files, recognize their format by content, and read them as Arrow batches with names as found.

What names and types mean is left to `obskit.schema`. Readers hold a few blocks in memory, and count what they
cannot read.
"""

import warnings
from typing import Any

from obskit.readers.access_log import ACCESS, ENVOY_JSON, ENVOY_TEXT, NGINX_JSON
from obskit.readers.app_log.reader import READER as APP_LOG
from obskit.readers.batches.row_batcher import RowBatcher, TooDeep, flat
from obskit.readers.clickhouse import READER as CLICKHOUSE
from obskit.readers.curl import READER as CURL
from obskit.readers.discovery import expand, expand_names, is_document
from obskit.readers.honeycomb import READER as HONEYCOMB
from obskit.readers.io.entries import Unreadable
from obskit.readers.io.line_blocks import Block, LineBlocks
from obskit.readers.io.live_files import being_written
from obskit.readers.io.source import Source
from obskit.readers.jaeger.reader import READER as JAEGER
from obskit.readers.jsonl.documents import READER as JSON_DOCUMENT
from obskit.readers.jsonl.reader import READER as JSONL
from obskit.readers.logfmt.reader import READER as LOGFMT
from obskit.readers.markers import MARKERS
from obskit.readers.otlp.json_reader import READER as OTLP
from obskit.readers.otlp.protobuf_reader import READER as OTLP_PROTOBUF
from obskit.readers.prefixed import READER as PREFIXED
from obskit.readers.preview import PreviewReader
from obskit.readers.read import Vanished, read_batches, read_paths
from obskit.readers.registry import REGISTRY, Match, Reader, register_reader
from obskit.readers.tables.arrow_parquet import ARROW, PARQUET
from obskit.readers.tables.csv_reader import READER as CSV
from obskit.readers.tables.delta import READER as DELTA
from obskit.readers.vendor_spans import VENDORS
from obskit.readers.zipkin.reader import READER as ZIPKIN
from obskit.schema import FileReport, ReadOptions

for _reader in (
    *(JSONL, OTLP, OTLP_PROTOBUF, CSV, PARQUET, ARROW, CURL),
    PREFIXED,
    *(JAEGER, ZIPKIN, HONEYCOMB, CLICKHOUSE, DELTA),
    *(APP_LOG, LOGFMT, JSON_DOCUMENT),
    *(ACCESS, ENVOY_TEXT, NGINX_JSON, ENVOY_JSON, *VENDORS, *MARKERS),
):
    register_reader(_reader)

__all__ = [
    "REGISTRY",
    "Block",
    "FileReport",
    "LineBlocks",
    "Match",
    "PreviewReader",
    "ReadOptions",
    "Reader",
    "RowBatcher",
    "Source",
    "TooDeep",
    "Unreadable",
    "Vanished",
    "being_written",
    "expand",
    "expand_names",
    "flat",
    "is_document",
    "read_batches",
    "read_paths",
    "register_reader",
]


def __getattr__(name: str) -> Any:
    if name == "Skim":
        warnings.warn("obskit.readers.Skim is now PreviewReader", DeprecationWarning, stacklevel=2)
        return PreviewReader
    raise AttributeError(f"module 'obskit.readers' has no attribute {name!r}")
