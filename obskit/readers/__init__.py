"""Files into batches: finds the files, tells formats by content, gives rows with names as found.

What a row's names and types mean is `obskit.schema`'s business; readers count what they cannot read and
hold no more than a few blocks in memory.
"""

from obskit.readers.access import ACCESS, ENVOY_JSON, ENVOY_TEXT, NGINX_JSON
from obskit.readers.clickhouse import READER as CLICKHOUSE
from obskit.readers.columnar import ARROW, PARQUET
from obskit.readers.csvfile import READER as CSV
from obskit.readers.curl import READER as CURL
from obskit.readers.delta import READER as DELTA
from obskit.readers.growing import being_written
from obskit.readers.honeycomb import READER as HONEYCOMB
from obskit.readers.jaeger import READER as JAEGER
from obskit.readers.jsonl import READER as JSONL
from obskit.readers.markers import MARKERS
from obskit.readers.otlp import READER as OTLP
from obskit.readers.otlpproto import READER as OTLP_PROTOBUF
from obskit.readers.paths import expand, is_document
from obskit.readers.reading import Vanished, read_batches, read_paths
from obskit.readers.registry import REGISTRY, Match, Reader, register_reader
from obskit.readers.skimming import Skim
from obskit.readers.source import Source
from obskit.readers.zipkin import READER as ZIPKIN

for _reader in (
    *(JSONL, OTLP, OTLP_PROTOBUF, CSV, PARQUET, ARROW, CURL),
    *(JAEGER, ZIPKIN, HONEYCOMB, CLICKHOUSE, DELTA),
    *(ACCESS, ENVOY_TEXT, NGINX_JSON, ENVOY_JSON, *MARKERS),
):
    register_reader(_reader)

__all__ = [
    "REGISTRY",
    "Match",
    "Reader",
    "Skim",
    "Source",
    "Vanished",
    "being_written",
    "expand",
    "is_document",
    "read_batches",
    "read_paths",
    "register_reader",
]
