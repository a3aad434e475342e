"""Bytes of every format that there is, for telling one from the others."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from obskit.errors import BadCall
from obskit.testing.canonical import incident
from obskit.writers import FORMATS, Told

_READERS = {
    "parquet": "Parquet",
    "arrow": "Arrow IPC",
    "jsonl": "flat JSONL",
    "otlp-json": "OTLP JSON",
    "jaeger": "Jaeger",
}
_ZIPKIN = [
    {
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "id": "00f067aa0ba902b7",
        "kind": "SERVER",
        "name": "post /book",
        "timestamp": 1_777_888_800_000_000,
        "duration": 812_500,
        "localEndpoint": {"serviceName": "gateway"},
        "tags": {"http.route": "/book"},
    }
]
_HONEYCOMB = [
    {"time": "2026-05-04T10:00:00Z", "samplerate": 4, "data": {"trace.trace_id": "4bf9", "name": "book"}}
]
_CURL = {"url": "https://shop.example/", "response_code": 200, "time_total": 0.25, "time_namelookup": 0.01}


def encoded(table: pa.Table, format: str) -> bytes:
    """Return a table as the bytes of a format that obskit writes.

    Args:
        table: events as they lie in a Dataset.
        format: a key of `obskit.writers.FORMATS`.
    Raises:
        BadCall: no such format.
    """
    if format not in FORMATS:
        raise BadCall(f"events are not written as {format!r}", hint=f"formats: {', '.join(FORMATS)}")
    chosen, batches = FORMATS[format], table.combine_chunks().to_batches()
    if chosen.encode is not None:
        return b"".join(chosen.encode(iter(batches), Told()))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events"
        if chosen.save is not None:
            chosen.save(path, iter(batches), table.schema)
        return path.read_bytes()


def samples() -> dict[str, bytes]:
    """Return the first bytes of files of every format, by the name of its reader, and of what is no event."""
    table = incident()
    return {
        **{reader: encoded(table, format) for format, reader in _READERS.items()},
        "CSV": b"timestamp,name,duration_ms\n2026-05-04T10:00:00Z,book,12.5\n2026-05-04T10:00:01Z,book,13\n",
        "Zipkin": json.dumps(_ZIPKIN).encode(),
        "Honeycomb": json.dumps(_HONEYCOMB).encode(),
        "curl": json.dumps(_CURL).encode() + b"\n",
        "access log": b'10.0.0.1 - - [04/May/2026:10:00:00 +0000] "GET /book HTTP/1.1" 200 512 "-" "curl"\n',
        "plain text": b"Dear reader,\nthis is no event.\n",
        "HTML": b"<!doctype html>\n<html><body>events</body></html>\n",
        "a PNG image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "zeros": bytes(4096),
        "a JSON list of numbers": b"[1, 2, 3]\n",
        "a JSON document": b'{\n  "dependencies": {\n    "left-pad": "1.0.0"\n  }\n}\n',
    }
