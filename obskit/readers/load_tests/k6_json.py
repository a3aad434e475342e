"""Points of k6 as JSON lines (`k6 run --out json=results.json`): those of `http_req_duration` are requests.

    {"metric": "http_req_duration", "type": "Point", "data": {"time": "2026-05-04T10:00:00.25+02:00",
     "value": 250.5, "tags": {"method": "POST", "name": "http://shop.example/cart", "status": "200", ...}}}

`value` is in milliseconds; `time` is when the request ended, so the event begins `value` earlier. Points of
other metrics, such as `vus` and `http_req_waiting`, are left out and counted.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from obskit.readers.io.source import Source
from obskit.readers.load_tests.k6_columns import DURATION
from obskit.readers.load_tests.requests import number, request_name, status, url_fields
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import json_start
from obskit.readers.spans.json_documents import SpanFormat, read_documents
from obskit.schema import TIMESTAMP, FileReport, ReadOptions

_TYPES = ("Point", "Metric")
_HINT = re.compile(rb'"type"\s*:\s*"(?:Point|Metric)"')
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TAGS = {
    "method": "http.request.method",
    "error": "error.message",
    "error_code": "error.type",
    "proto": "k6.protocol",
    "scenario": "k6.scenario",
    "group": "k6.group",
    "expected_response": "k6.expected_response",
    "name": "k6.name",
    "tls_version": "tls.protocol.version",
}
_READ = frozenset({*_TAGS, "status", "url"})


def sniff(head: bytes) -> Match:
    """Return whether one of the first lines is a point of k6, or says what a metric is."""
    text = json_start(head)
    if not text or not _HINT.search(text):
        return Match.NO
    for line in text.split(b"\n", 20)[:20]:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if type(row) is not dict or not _is_k6(row):
            return Match.NO
        return Match.DIALECT
    return Match.NO


def _is_k6(row: dict[str, Any]) -> bool:
    return row.get("type") in _TYPES and type(row.get("data")) is dict and type(row.get("metric")) is str


class K6Format(SpanFormat):
    """Points of one file."""

    name = "k6's JSON"

    def __init__(self, report: FileReport) -> None:
        super().__init__(report)
        self.others = 0

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the request of a point; other points are counted, anything else is rejected."""
        if type(document) is not dict or not _is_k6(document):
            self.reject(where, "not a point of k6")
            return
        if document["type"] == "Metric":
            return
        if document["metric"] != DURATION:
            self.others += 1
            return
        data = document["data"]
        took, ended = number(data.get("value")), _micros(data.get("time"))
        if took is None or ended is None:
            self.reject(where, "a point without a time or a value")
            return
        tags = data.get("tags")
        tags = tags if type(tags) is dict else {}
        row: dict[str, Any] = {
            **{f"k6.{key}": value for key, value in tags.items() if key not in _READ},
            "timestamp": ended - round(took * 1000),
            "duration_ms": took,
            "kind": "client",
        }
        for tag, target in _TAGS.items():
            if tags.get(tag):
                row[target] = tags[tag]
        url_fields(row, tags.get("url"))
        status(row, tags.get("status"))
        row["name"] = _name(tags, row)
        if tags.get("expected_response") == "false":
            row["status_code"] = "ERROR"
        metadata = data.get("metadata")
        if type(metadata) is dict and type(metadata.get("trace_id")) is str:
            row["trace_id"] = metadata["trace_id"]
        yield row


def _name(tags: dict[str, Any], row: dict[str, Any]) -> Any:
    """Return the name that a script gave to a request; by default k6 uses the URL, which holds ids."""
    given = tags.get("name")
    if given and given != tags.get("url"):
        return given
    return request_name(tags.get("method"), row)


def _micros(text: Any) -> int | None:
    """Return microseconds since 1970 of RFC 3339 text with up to nine decimals."""
    found = _TIME.match(text) if type(text) is str else None
    if found is None:
        return None
    try:
        moment = dt.datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    except ValueError:
        return None
    seconds = (moment - _EPOCH) // dt.timedelta(seconds=1)
    return seconds * 1_000_000 + int((found[2] or "0").ljust(6, "0")[:6])


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the requests of a file as batches.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Yields:
        Batches in the file's order.

    Raises:
        ReadError: no point can be read.
        LimitExceeded: there are too many field names.
    """
    points = K6Format(report)
    for batch in read_documents(source, points):
        at = batch.schema.get_field_index("timestamp")
        yield batch.set_column(at, pa.field("timestamp", TIMESTAMP), batch.column(at).cast(TIMESTAMP))
    why = f"not of {DURATION}, and"
    report.tally(points.others, f"point of k6 is {why} is left out", f"points of k6 are {why} are left out")


READER = Reader("k6", (".json", ".jsonl"), sniff, read, lines="json")
