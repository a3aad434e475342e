"""Files of every format, small and valid, to test that a reader recognizes its own and no others."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from obskit.errors import InvalidArgument
from obskit.testing.canonical import incident
from obskit.testing.marker_samples import MARKERS
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
_TRAEFIK = {
    "StartUTC": _TIME,
    "RequestMethod": "POST",
    "RequestPath": "/book",
    "DownstreamStatus": 502,
    "Duration": 250_000_000,
    "ClientHost": "203.0.113.7",
}
_CADDY = {
    "level": "error",
    "ts": 1_777_888_800.5,
    "logger": "http.log.access",
    "msg": "handled request",
    "request": {
        "remote_ip": "203.0.113.7",
        "proto": "HTTP/2.0",
        "method": "POST",
        "host": "a",
        "uri": "/book",
    },
    "duration": 0.25,
    "size": 91,
    "status": 502,
}
_VEGETA = {
    "attack": "",
    "seq": 0,
    "code": 502,
    "timestamp": _TIME,
    "latency": 812_500_000,
    "bytes_out": 0,
    "bytes_in": 91,
    "error": "",
    "method": "POST",
    "url": "https://shop.example/book",
}
_K6 = {
    "metric": "http_req_duration",
    "type": "Point",
    "data": {"time": _TIME, "value": 812.5, "tags": {"method": "POST", "status": "502"}},
}
_HAR = {
    "startedDateTime": _TIME,
    "time": 812.5,
    "request": {"method": "POST", "url": "https://shop.example/book"},
    "response": {"status": 502},
}
_JSON_LINES = {
    "ClickHouse JSONEachRow": _CLICKHOUSE,
    "nginx JSON": _NGINX,
    "Envoy JSON": _ENVOY,
    "Traefik JSON": _TRAEFIK,
    "Caddy JSON": _CADDY,
    "CDEvents": _CDEVENT,
    "CloudEvents": _CLOUDEVENT,
    "GitHub deployments": _GITHUB,
    "GitLab deployments": _GITLAB,
    "Argo CD": _ARGOCD,
    "Kubernetes events": _KUBERNETES,
    "vegeta": _VEGETA,
    "k6": _K6,
    "Delta Lake": {"commitInfo": {"timestamp": 1_777_888_800_000, "operation": "WRITE"}},
}
_ACCESS_LOGS = {
    "Squid access log": b"1777888801.250    250 203.0.113.7 TCP_MISS/502 1722 GET http://shop.example/cart - "
    b"HIER_DIRECT/10.0.0.1 text/html\n",
    "HAProxy log": b"203.0.113.7:33310 [04/May/2026:10:00:00.655] http-in shop/srv1 10/0/30/69/109 502 91 "
    b'- - ---- 1/1/1/1/0 0/0 "POST /book HTTP/1.1"\n',
    "AWS ALB access log": b"https 2026-05-04T10:00:00.250000Z app/lb/50dc 203.0.113.7:2817 10.0.0.1:80 "
    b'0.001 0.240 0.001 502 502 34 366 "POST https://shop.example:443/book HTTP/1.1" "curl/8.0" - TLSv1.2 '
    b'arn:aws:tg "Root=1-58337281-1d84f3d73c47ec4e58577259" "shop.example" "-" 1 '
    b'2026-05-04T10:00:00.000000Z "forward" "-" "-" "10.0.0.1:80" "502" "-" "-" TID_1\n',
    "AWS ELB access log": b"2026-05-04T10:00:00.250000Z lb 203.0.113.7:2817 10.0.0.1:80 "
    b'0.001 0.240 0.001 502 502 0 29 "POST http://shop.example:80/book HTTP/1.1" "curl/8.0" - -\n',
    "S3 access log": b"79a5 bucket [04/May/2026:10:00:00 +0000] 203.0.113.7 - 3E57 REST.GET.OBJECT 1.jpg "
    b'"GET /1.jpg HTTP/1.1" 503 SlowDown 243 1024 70 12 "-" "curl/8.0" -\n',
    "W3C access log": b"#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n"
    b"#Fields: date time cs-method cs-uri-stem c-ip sc-status time-taken\n"
    b"2026-05-04 10:00:00 POST /book 203.0.113.7 502 250\n",
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
        **MARKERS,
        "Envoy access log": b'[2026-05-04T10:00:00.000Z] "POST /book HTTP/1.1" 502 UF 0 91 812 - '
        b'"203.0.113.7" "shop/3.1" "-" "shop.example" "-"\n',
        "CSV": b"timestamp,name,duration_ms\n2026-05-04T10:00:00Z,book,12.5\n2026-05-04T10:00:01Z,book,13\n",
        "Zipkin": json.dumps(_ZIPKIN).encode(),
        "Honeycomb": json.dumps(_HONEYCOMB).encode(),
        **VENDORS,
        "curl": json.dumps(_CURL).encode() + b"\n",
        "HAR": json.dumps({"log": {"version": "1.2", "creator": {}, "entries": [_HAR]}}).encode(),
        "JMeter XML": b'<testResults version="1.2">\n<httpSample t="812" ts="1777888800000" s="false"'
        b' lb="book" rc="502"/>\n</testResults>\n',
        "access log": b'10.0.0.1 - - [04/May/2026:10:00:00 +0000] "GET /book HTTP/1.1" 200 512 "-" "curl"\n',
        **_ACCESS_LOGS,
        "application log": b"2026-05-04 10:00:00,123 - shop.cart - ERROR - payment failed\n"
        b"Traceback (most recent call last):\n"
        b'  File "cart.py", line 12, in pay\n'
        b"ValueError: no card\n",
        "logfmt": b'time=2026-05-04T10:00:00Z level=info msg="served /cart" status=200 took=12ms\n',
        "lines with a prefix": b'[pod/shop-1/app] {"time": "2026-05-04T10:00:00Z", "msg": "served"}\n',
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
