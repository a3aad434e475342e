"""Results of vegeta as JSON lines (`vegeta encode --to json results.bin`).

    {"attack": "", "seq": 0, "code": 200, "timestamp": "2026-05-04T10:00:00.123456789Z", "latency": 250500000,
     "bytes_out": 0, "bytes_in": 20531, "error": "", "body": "...", "method": "GET", "url": "http://...", ...}

`timestamp` is when the request was sent, `latency` is in nanoseconds. Without an answer, `code` is 0 and
`error` says why. Bodies are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pyarrow as pa

from obskit.readers.batches.row_batcher import DEPTH_LIMIT, TooDeep, flat
from obskit.readers.io.source import Source
from obskit.readers.load_tests.requests import number, request_name, status, url_fields
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import json_start
from obskit.readers.spans.json_documents import SpanFormat, read_documents
from obskit.schema import FileReport, ReadOptions

BODIES = "vegeta's copies of response bodies are left out"

_KEYS = frozenset({"attack", "seq", "code", "timestamp", "latency", "bytes_out", "bytes_in"})
_NAMES = {
    "method": "http.request.method",
    "bytes_in": "http.response.body.size",
    "bytes_out": "http.request.body.size",
    "attack": "vegeta.attack",
    "seq": "vegeta.seq",
}
_HINT = re.compile(rb'"latency"\s*:')
_READ = _KEYS | {"error", "body", "method", "url", "headers"}


def sniff(head: bytes) -> Match:
    """Return whether the first line is a result of vegeta."""
    text = json_start(head)
    if not text or not _HINT.search(text[:65_536]):
        return Match.NO
    try:
        row = orjson.loads(text.partition(b"\n")[0])
    except orjson.JSONDecodeError:
        return Match.NO
    return Match.DIALECT if type(row) is dict and row.keys() >= _KEYS else Match.NO


class VegetaFormat(SpanFormat):
    """Results of one file."""

    name = "vegeta's JSON"
    types: Mapping[str, pa.DataType] = {}

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the request of a line; anything else is rejected."""
        if type(document) is not dict or not document.keys() >= _KEYS:
            self.reject(where, "not a result of vegeta")
            return
        row: dict[str, Any] = {"timestamp": document["timestamp"], "kind": "client"}
        latency = number(document["latency"])
        if latency is not None:
            row["duration_ms"] = latency / 1e6
        url_fields(row, document.get("url"))
        status(row, document["code"])
        row["name"] = request_name(document.get("method"), row)
        for key, target in _NAMES.items():
            if document.get(key) not in ("", None):
                row[target] = document[key]
        if document.get("error"):
            row["status_code"] = "ERROR"
            row["error.message"] = document["error"]
        if document.get("body"):
            self.report.note(BODIES)
        try:
            rest = flat({key: value for key, value in document.items() if key not in _READ})
        except TooDeep:
            self.reject(where, f"nested deeper than {DEPTH_LIMIT} levels")
            return
        headers = document.get("headers")
        for key, value in headers.items() if type(headers) is dict else ():
            row[f"http.response.header.{key.lower()}"] = value
        yield {**rest, **row}


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the requests of a file as batches.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Returns:
        Batches in the file's order.

    Raises:
        ReadError: no result can be read.
        LimitExceeded: there are too many field names.
    """
    return read_documents(source, VegetaFormat(report))


READER = Reader("vegeta", (".json", ".jsonl"), sniff, read, lines="json")
