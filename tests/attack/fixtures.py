"""A valid file of every format that obskit reads, and of its variants, for the attack to mutate."""

from __future__ import annotations

import functools
import io
import json
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from obskit.testing import samples
from tests.attack.wire_mutations import varint
from tests.metamorphic import app_samples, vendor_samples
from tests.metamorphic.world import World
from tests.support import (
    change_markers,
    clickhouse_tables,
    jaeger_json,
    markers,
    otlp_requests,
    tempo_blocks,
    zipkin_json,
)

ARROW = {"Parquet", "Arrow IPC"}
PREFIXED = "lines with a prefix"
TEXT = {
    *("CSV", "CSV of markers", "access log", "Envoy access log", "HAProxy log", "AWS ALB access log"),
    "Squid access log",
    *("AWS ELB access log", "S3 access log", "W3C access log", "application log", "logfmt"),
    "JMeter XML",
    *("Flyway CSV", "Liquibase CSV", "git tags"),
}


@dataclass(frozen=True)
class Fixture:
    """A valid file.

    Attributes:
        reader: the name of the reader that reads it.
        name: of the file, relative to the folder that is loaded.
        data: its bytes.
        structure: "json", "table", "protobuf" or "text".
        beside: files that belong to it: path -> bytes.
    """

    reader: str
    name: str
    data: bytes
    structure: str = "json"
    beside: dict[str, bytes] = field(default_factory=dict)


@functools.cache
def fixtures() -> dict[str, Fixture]:
    """Return the fixtures by name; the same bytes in every process."""
    made = {
        name: Fixture(name, f"file{_SUFFIXES.get(name, '.json')}", data, _structure(name))
        for name, data in samples().items()
    }
    del made["Delta Lake"]  # a log entry outside of a table
    return made | _requests() | _tables() | _documents() | _logs()


def _structure(name: str) -> str:
    if name in ARROW:
        return "table"
    return "protobuf" if name == "OTLP protobuf" else "text" if name in TEXT else "json"


_SUFFIXES = {
    "Parquet": ".parquet",
    "Arrow IPC": ".arrow",
    "flat JSONL": ".jsonl",
    "OTLP protobuf": ".pb",
    "CSV": ".csv",
    "CSV of markers": ".csv",
    "Flyway CSV": ".csv",
    "Liquibase CSV": ".csv",
    "git tags": ".txt",
    "access log": ".log",
    "Envoy access log": ".log",
    "HAProxy log": ".log",
    "Squid access log": ".log",
    "AWS ALB access log": ".log",
    "AWS ELB access log": ".log",
    "S3 access log": ".log",
    "W3C access log": ".log",
    "application log": ".log",
    "logfmt": ".log",
    "curl": ".curl",
    "HAR": ".har",
    "JMeter XML": ".jtl",
}


def _logs() -> dict[str, Fixture]:
    """Return logs and vendors' spans: the samples of the metamorphic tests."""
    found = (*app_samples.SAMPLES, *vendor_samples.SAMPLES)
    text = ("application log", "logfmt")
    made = {
        str(one): Fixture(one.reader, one.file, one.write(World(3)), "text" if one.reader in text else "json")
        for one in found
    }
    python = made["application log, python"].data
    lines = b"".join(b"2026-05-04T10:00:00.123456789Z stdout F " + line for line in python.splitlines(True))
    return made | {PREFIXED: Fixture(PREFIXED, "0.log", lines, "text")}


def requests() -> dict[str, tuple[str, bytes, bytes]]:
    """Return OTLP requests by signal: the path they are posted to, as JSON and as protobuf."""
    every = [
        otlp_requests.attribute("text", stringValue="é"),
        otlp_requests.attribute("number", intValue="3"),
        otlp_requests.attribute("share", doubleValue=0.5),
        otlp_requests.attribute("yes", boolValue=True),
        otlp_requests.attribute("bytes", bytesValue="AAE="),
        otlp_requests.attribute("list", arrayValue={"values": [{"intValue": "1"}, {"stringValue": "x"}]}),
        otlp_requests.attribute("map", kvlistValue={"values": [otlp_requests.attribute("k", intValue="1")]}),
    ]
    linked = {"traceId": otlp_requests.TRACE, "spanId": otlp_requests.SPAN, "attributes": every[:1]}
    spans = otlp_requests.request(
        otlp_requests.span(0, attributes=every, status={"code": 2, "message": "no"}),
        otlp_requests.span(
            1,
            parentSpanId=f"{1:016x}",
            events=[{"timeUnixNano": "1544712660000000001", "name": "retry", "attributes": every[:2]}],
            links=[linked],
        ),
        otlp_requests.span(2),
        resource=[otlp_requests.attribute("service.name", stringValue="shop")],
        scope={"name": "lib", "version": "1"},
    )
    records = otlp_requests.logs(
        *(
            {
                "timeUnixNano": "1544712660000000000",
                "severityNumber": 17,
                "severityText": "ERROR",
                "body": body,
                "attributes": every[:3],
                "traceId": otlp_requests.TRACE,
                "spanId": otlp_requests.SPAN,
            }
            for body in ({"stringValue": "paid"}, every[-1]["value"], every[-2]["value"])
        )
    )
    points = {
        "dataPoints": [{"timeUnixNano": "1544712660000000000", "asDouble": 0.5, "attributes": every[:2]}]
    }
    metrics = {
        "resourceMetrics": [
            {
                "resource": {"attributes": every[:1]},
                "scopeMetrics": [
                    {"metrics": [{"name": "load", "gauge": points}, {"name": "n", "sum": points}]}
                ],
            }
        ]
    }
    return {
        signal: (f"/v1/{signal}", json.dumps(body).encode() + b"\n", otlp_requests.protobuf(body))
        for signal, body in (("traces", spans), ("logs", records), ("metrics", metrics))
    }


def _requests() -> dict[str, Fixture]:
    found: dict[str, Fixture] = {}
    for signal, (_, text, message) in requests().items():
        found[f"OTLP JSON, {signal}"] = Fixture("OTLP JSON", f"{signal}.json", text)
        found[f"OTLP protobuf, {signal}"] = Fixture("OTLP protobuf", f"{signal}.pb", message, "protobuf")
    spans = requests()["traces"][2]
    fixed = len(spans).to_bytes(4, "big") + spans
    found["OTLP protobuf, fixed"] = Fixture("OTLP protobuf", "file.otlp", fixed * 2, "text")
    delimited = varint(len(spans)) + spans
    found["OTLP protobuf, delimited"] = Fixture("OTLP protobuf", "file.bin", delimited * 2, "text")
    return found


def _tables() -> dict[str, Fixture]:
    spans = requests()["traces"][1]
    rows = clickhouse_tables.exported(_complete(spans))
    block = {"meta.json": b'{"format":"vParquet4","blockID":"b","dedicatedColumns":[]}'}
    found = {
        f"ClickHouse, {form}": Fixture(
            {"lines": "ClickHouse JSONEachRow", "parquet": "Parquet", "arrow": "Arrow IPC"}[form],
            f"file{suffix}",
            clickhouse_tables.written(rows, form),
            "json" if form == "lines" else "table",
        )
        for form, suffix in (("lines", ".jsonl"), ("parquet", ".parquet"), ("arrow", ".arrows"))
    }
    found["Tempo"] = Fixture(
        "Parquet", "block/data.parquet", tempo_blocks.stored(_complete(spans)), "table", block
    )
    found["Tempo, meta.json"] = Fixture(
        "Parquet", "block/meta.json", block["meta.json"], "json", {"block/data.parquet": found["Tempo"].data}
    )
    return found | _delta()


def _complete(data: bytes) -> bytes:
    """Return OTLP JSON with the fields that the writers of other formats need."""
    request = json.loads(data)
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                span.setdefault("status", {})
                span["attributes"] = [
                    pair for pair in span["attributes"] if pair["key"] not in ("bytes", "map")
                ]
    return json.dumps(request).encode()


def _delta() -> dict[str, Fixture]:
    """Return a Delta table of one file, of which once the log and once the data is mutated."""
    table = pa.table({"timestamp": ["2026-05-04T10:00:00Z"] * 2, "name": ["a", "b"], "n": [1, 2]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    types = {"timestamp": "string", "name": "string", "n": "long"}
    columns = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in types.items()]
    entries = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {
            "metaData": {
                "id": "5b8efff7-9803-4103-a269-b633813fc60c",
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps({"type": "struct", "fields": columns}),
                "partitionColumns": [],
                "configuration": {},
                "createdTime": 1_777_888_800_000,
            }
        },
        {
            "add": {
                "path": "part-0.parquet",
                "partitionValues": {},
                "size": len(sink.getvalue()),
                "modificationTime": 1_777_888_800_000,
                "dataChange": True,
            }
        },
    ]
    log = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
    where = "table/_delta_log/00000000000000000000.json"
    return {
        "Delta Lake": Fixture("Delta Lake", where, log, "json", {"table/part-0.parquet": sink.getvalue()}),
        "Delta Lake, data": Fixture(
            "Delta Lake", "table/part-0.parquet", sink.getvalue(), "table", {where: log}
        ),
    }


def _documents() -> dict[str, Fixture]:
    """Return tracing tools' and forges' documents in full."""
    jaeger = jaeger_json.answer(
        jaeger_json.trace(
            jaeger_json.span(tags=[jaeger_json.tag("a", 1), jaeger_json.tag("b", True)]),
            jaeger_json.span("2", references=[jaeger_json.child_of("1")], tags=[jaeger_json.tag("c", 0.5)]),
            tags=[jaeger_json.tag("host.name", "h")],
        )
    )
    zipkin = [
        zipkin_json.span(),
        zipkin_json.span("c", annotations=[{"timestamp": 1, "value": "x"}], shared=True),
    ]
    found = {
        "Jaeger, answer": Fixture("Jaeger", "file.json", jaeger_json.dumped(jaeger)),
        "Jaeger, compact": Fixture("Jaeger", "file.json", jaeger_json.compact(jaeger)),
        "Zipkin, full": Fixture("Zipkin", "file.json", zipkin_json.dumped(zipkin)),
    }
    for name, (document, _) in markers.CASES.items():
        reader = next(reader for reader in _MARKERS if name.startswith(reader.split()[0]))
        found[f"{name}, marker"] = Fixture(reader, "file.json", json.dumps(document).encode() + b"\n")
    for name, (changed, _) in change_markers.CHANGE_CASES.items():
        data = json.dumps(changed).encode() + b"\n"
        found[f"{name}, change"] = Fixture(name.partition(":")[0], "file.json", data)
    return found


_MARKERS = (
    *("CDEvents", "CloudEvents", "GitHub deployments", "GitLab deployments", "Argo CD", "Kubernetes events"),
)
