"""HAR: the requests of a browser, as its developer tools and proxies save them.

    {"log": {"version": "1.2", "entries": [{"startedDateTime": "2026-05-04T10:00:00.123Z", "time": 250.5,
     "request": {"method": "GET", "url": ...}, "response": {"status": 200}, "timings": {"wait": 240}}]}}

`time` and the timings are milliseconds; -1 means that a phase did not happen. Headers, cookies and bodies are
left out, because they hold secrets and pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from obskit.readers.io.source import Source
from obskit.readers.load_tests.requests import number, request_name, status, url_fields
from obskit.readers.registry import Match, Reader
from obskit.readers.sniffing import json_start
from obskit.readers.spans.json_documents import CutPoints, SpanFormat, read_documents
from obskit.schema import FileReport, ReadOptions

_LEFT_OUT = ("headers", "cookies", "postData", "content")
LEFT_OUT = "headers, cookies and bodies of HAR are left out"

_LOG = re.compile(rb'\{\s*"log"\s*:\s*\{')
_ENTRIES = re.compile(rb'"entries"\s*:\s*\[\s*')
_NEXT = re.compile(
    rb'(\})\s*,\s*(?=\{\s*"(?:startedDateTime|pageref|connection|_connectionId|_initiator)"\s*:)'
)
_PHASES = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")


def sniff(head: bytes) -> Match:
    """Return whether the bytes begin like a HAR file."""
    text = json_start(head)
    if not _LOG.match(text):
        return Match.NO
    marks = (b'"entries"', b'"creator"', b'"startedDateTime"', b'"version"')
    return Match.DIALECT if sum(mark in text for mark in marks) >= 2 else Match.NO


class HarFormat(SpanFormat):
    """Requests of one file."""

    name = "HAR"
    types: Mapping[str, pa.DataType] = {}

    def cut_points(self, data: bytes) -> CutPoints | None:
        """Return where a document can be cut: between two entries."""
        found = _ENTRIES.search(data)
        return None if found is None else CutPoints(found.end(), _NEXT, b'{"log":{"entries":[', b"]}}")

    def parse_rows(self, document: Any, where: str) -> Iterator[dict[str, Any]]:
        """Yield the entries of a document, or a single one; anything else is rejected."""
        log = document.get("log") if type(document) is dict else None
        entries = log.get("entries") if type(log) is dict else [document]
        if type(entries) is not list:
            self.reject(where, "the entries of HAR are not a list")
            return
        for entry in entries:
            position = self.next_position(where, "entry")
            row = entry_row(entry)
            if row is None:
                self.reject(position, "not an entry of HAR")
                continue
            if any(key in part for part in entry.values() if type(part) is dict for key in _LEFT_OUT):
                self.report.note(LEFT_OUT)
            yield row


def entry_row(entry: Any) -> dict[str, Any] | None:
    """Return an entry as a flat row.

    Args:
        entry: an entry, or whatever is in its place.

    Returns:
        The row; None if it is not an entry.

    Example:
        print(entry_row({"startedDateTime": "2026-05-04T10:00:00Z", "request": {}, "response": {}}))
    """
    if type(entry) is not dict or type(entry.get("startedDateTime")) is not str:
        return None
    request, response = entry.get("request"), entry.get("response")
    if type(request) is not dict or type(response) is not dict:
        return None
    row: dict[str, Any] = {"timestamp": entry["startedDateTime"], "kind": "client"}
    took = number(entry.get("time"))
    if took is not None and took >= 0:
        row["duration_ms"] = took
    url_fields(row, request.get("url"))
    row["name"] = request_name(request.get("method"), row)
    row["http.request.method"] = request.get("method")
    status(row, response.get("status"))
    content = response.get("content")
    if isinstance(content, dict):
        row["http.response.body.size"] = _size(content.get("size"))
        row["har.mime_type"] = content.get("mimeType")
    row["http.request.body.size"] = _size(request.get("bodySize"))
    row["network.peer.address"] = entry.get("serverIPAddress") or None
    row["har.resource_type"] = entry.get("_resourceType")
    row["har.page"] = entry.get("pageref")
    failed = response.get("_error") or entry.get("_error")
    if type(failed) is str:
        row["error.type"] = failed
        row["status_code"] = "ERROR"
    timings = entry.get("timings")
    for phase in _PHASES:
        value = number(timings.get(phase)) if isinstance(timings, dict) else None
        if value is not None and value >= 0:
            row[f"har.{phase}_ms"] = value
    return {
        name: value for name, value in row.items() if value is not None and type(value) not in (dict, list)
    }


def _size(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the requests of a file as batches.

    Args:
        source: the file.
        report: counts the records that cannot be read.
        _options: not used.

    Returns:
        Batches in the file's order.

    Raises:
        ReadError: no entry can be read.
        LimitExceeded: a document has more than `DOCUMENT_LIMIT` bytes.
    """
    return read_documents(source, HarFormat(report))


READER = Reader("HAR", (".har", ".json"), sniff, read)
