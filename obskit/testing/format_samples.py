"""Files of every format, small and valid, to test that a reader recognizes its own and no others."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from obskit.errors import InvalidArgument
from obskit.testing.canonical import incident
from obskit.testing.vendor_samples import VENDORS
from obskit.writers import FORMATS, WriteNotes

_READER_OF_FORMAT = {
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
_TIME = "2026-05-04T10:00:00Z"
_CLICKHOUSE = {
    "Timestamp": "2026-05-04 10:00:00.000000000",
    "TraceId": "4bf92f3577b34da6a3ce929d0e0e4736",
    "SpanId": "00f067aa0ba902b7",
    "SpanName": "POST /book",
    "ResourceAttributes": {"service.name": "gateway"},
    "SpanAttributes": {"http.route": "/book"},
    "Duration": 812_000_000,
}
_NGINX = {
    "time_iso8601": "2026-05-04T10:00:00+00:00",
    "remote_addr": "203.0.113.7",
    "request": "POST /book HTTP/1.1",
    "status": "502",
    "body_bytes_sent": "91",
}
_ENVOY = {
    "start_time": "2026-05-04T10:00:00.000Z",
    "method": "POST",
    "path": "/book",
    "response_code": 502,
    "response_flags": "UF",
    "bytes_sent": 91,
}
_CDEVENT = {
    "context": {
        "id": "41",
        "type": "dev.cdevents.service.deployed.0.3.0",
        "timestamp": "2026-05-04T10:00:00Z",
    },
    "subject": {"id": "booking", "content": {"environment": {"id": "production"}}},
}
_CLOUDEVENT = {"specversion": "1.0", "id": "41", "source": "/ci", "type": "shop.deployed", "data": {"n": 1}}
_GITHUB = {
    "deployment": {"id": 41, "sha": "5f1c" * 10, "ref": "2.4.0", "created_at": _TIME},
    "repository": {"full_name": "shop/booking"},
    "sender": {"login": "ann"},
}
_GITLAB = {"object_kind": "deployment", "status": "success", "status_changed_at": "2026-05-04 10:00:00 +0000"}
_ARGOCD = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "booking"},
    "spec": {"destination": {"namespace": "shop"}},
    "status": {"history": [{"id": 1, "revision": "5f1c" * 10, "deployedAt": _TIME}]},
}
_KUBERNETES = {
    "kind": "Event",
    "metadata": {"name": "booking.17a"},
    "involvedObject": {"kind": "Pod", "name": "booking-7"},
    "reason": "BackOff",
    "lastTimestamp": _TIME,
}
_JSON_LINES = {
    "ClickHouse JSONEachRow": _CLICKHOUSE,
    "nginx JSON": _NGINX,
    "Envoy JSON": _ENVOY,
    "CDEvents": _CDEVENT,
    "CloudEvents": _CLOUDEVENT,
    "GitHub deployments": _GITHUB,
    "GitLab deployments": _GITLAB,
    "Argo CD": _ARGOCD,
    "Kubernetes events": _KUBERNETES,
    "Delta Lake": {"commitInfo": {"timestamp": 1_777_888_800_000, "operation": "WRITE"}},
}
_CURL = {"url": "https://shop.example/", "response_code": 200, "time_total": 0.25, "time_namelookup": 0.01}


def encoded(table: pa.Table, format: str) -> bytes:
    """Return a file in a format that obskit writes.

    Args:
        table: events, typed as in a Dataset.
        format: a key of `obskit.writers.FORMATS`.

    Returns:
        The bytes of the file.

    Raises:
        InvalidArgument: there is no such format.

    Example:
        print(encoded(incident(rows=1), "jsonl"))
    """
    if format not in FORMATS:
        raise InvalidArgument(
            f"events cannot be written as {format!r}", hint=f"use one of {', '.join(FORMATS)}"
        )
    chosen, batches = FORMATS[format], table.combine_chunks().to_batches()
    if chosen.encode is not None:
        return b"".join(chosen.encode(iter(batches), WriteNotes()))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events"
        if chosen.save is not None:
            chosen.save(path, iter(batches), table.schema)
        return path.read_bytes()


def samples() -> dict[str, bytes]:
    """Return a small file of every format by the name of its reader, and some files without events.

    Returns:
        Name of a reader, or of something that is not an event -> the file's bytes.

    Example:
        print(sorted(samples()))
    """
    table = incident()
    return {
        **{reader: encoded(table, format) for format, reader in _READER_OF_FORMAT.items()},
        **{
            reader: json.dumps(item, separators=(",", ":")).encode() + b"\n"
            for reader, item in _JSON_LINES.items()
        },
        "OTLP protobuf": _protobuf(),
        "CSV of markers": b"time,kind,text\n2026-05-04T10:00:00Z,deployment,2.4.0\n",
        "Envoy access log": b'[2026-05-04T10:00:00.000Z] "POST /book HTTP/1.1" 502 UF 0 91 812 - '
        b'"203.0.113.7" "shop/3.1" "-" "shop.example" "-"\n',
        "CSV": b"timestamp,name,duration_ms\n2026-05-04T10:00:00Z,book,12.5\n2026-05-04T10:00:01Z,book,13\n",
        "Zipkin": json.dumps(_ZIPKIN).encode(),
        "Honeycomb": json.dumps(_HONEYCOMB).encode(),
        **VENDORS,
        "curl": json.dumps(_CURL).encode() + b"\n",
        "access log": b'10.0.0.1 - - [04/May/2026:10:00:00 +0000] "GET /book HTTP/1.1" 200 512 "-" "curl"\n',
        "application log": b"2026-05-04 10:00:00,123 - shop.cart - ERROR - payment failed\n"
        b"Traceback (most recent call last):\n"
        b'  File "cart.py", line 12, in pay\n'
        b"ValueError: no card\n",
        "logfmt": b'time=2026-05-04T10:00:00Z level=info msg="served /cart" status=200 took=12ms\n',
        "JSON document": b'{\n  "logs": [\n    {"time": "2026-05-04T10:00:00Z", "msg": "served"}\n  ]\n}\n',
        "plain text": b"Dear reader,\nthis is not an event.\n",
        "HTML": b"<!doctype html>\n<html><body>events</body></html>\n",
        "a PNG image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "zeros": bytes(4096),
        "a JSON list of numbers": b"[1, 2, 3]\n",
        "a JSON document": b'{\n  "dependencies": {\n    "left-pad": "1.0.0"\n  }\n}\n',
    }


def _protobuf() -> bytes:
    """Return an OTLP request with one span: each field is its number, its length and its bytes."""
    trace, span_id = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736"), bytes.fromhex("00f067aa0ba902b7")
    started = (1_777_888_800_000_000_000).to_bytes(8, "little")
    ids = _field(1, trace) + _field(2, span_id)
    span = ids + _field(5, b"POST /book") + b"\x39" + started + b"\x41" + started
    return _field(1, _field(2, _field(2, span)))


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2, len(data)]) + data
