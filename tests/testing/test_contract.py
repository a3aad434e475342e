"""Every reader keeps the contract; here are the suites of general formats, and the contract's own failures.

A reader of another format needs a class of a few lines: how the incident is written, and what the format
cannot hold.
"""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re
import unittest
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from obskit.dataset import convert
from obskit.readers import Match, Source
from obskit.readers.honeycomb import READER as HONEYCOMB
from obskit.readers.jaeger.reader import READER as JAEGER
from obskit.readers.jsonl.reader import READER as JSONL
from obskit.readers.otlp.json_reader import READER as OTLP
from obskit.readers.otlp.protobuf_reader import READER as OTLP_PROTOBUF
from obskit.readers.tables.arrow_parquet import ARROW, PARQUET
from obskit.readers.tables.csv_reader import READER as CSV
from obskit.readers.zipkin.reader import READER as ZIPKIN
from obskit.schema import EVENTS_TYPE, NAMED, LoadReport, Normalizer, ReadOptions, cast
from obskit.schema.types import json_text
from obskit.testing import ReaderContract, encoded, incident
from obskit.writers import FORMATS


def without(table: pa.Table, *names: str) -> pa.Table:
    """Return the table without some fields."""
    return table.drop_columns([name for name in names if name in table.schema.names])


def normalized(table: pa.Table) -> pa.Table:
    """Return the table as it is after loading."""
    normalizer = Normalizer(LoadReport())
    batches = [normalizer.batch(batch) for batch in table.replace_schema_metadata(NAMED).to_batches()]
    return pa.Table.from_batches([cast(batch, normalizer.schema) for batch in batches])


def changed(table: pa.Table, **columns: Any) -> pa.Table:
    """Return the table with other values in some fields."""
    for name, values in columns.items():
        field = table.schema.field(name)
        table = table.set_column(table.schema.get_field_index(name), field.name, values)
    return table


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows without nulls, times as text."""
    return [json.loads(line) for line in encoded(table, "jsonl").splitlines()]


class TestParquet(ReaderContract):
    reader = PARQUET

    def write(self, table: pa.Table) -> bytes:
        return encoded(table, "parquet")


class TestArrowFile(ReaderContract):
    reader = ARROW

    def write(self, table: pa.Table) -> bytes:
        return encoded(table, "arrow")


class TestArrowStream(ReaderContract):
    reader = ARROW

    def write(self, table: pa.Table) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return sink.getvalue().to_pybytes()


class TestJsonl(ReaderContract):
    reader = JSONL

    def write(self, table: pa.Table) -> bytes:
        return encoded(table, "jsonl")

    def spoiled(self, data: bytes) -> bytes:
        return data.replace(b"\n", b'\n{"torn": \n', 1)


class TestOtlpJson(ReaderContract):
    reader = OTLP

    def write(self, table: pa.Table) -> bytes:
        return encoded(table, "otlp-json")

    def spoiled(self, data: bytes) -> bytes:
        return data.replace(b"\n", b'\n{"resourceSpans": \n', 1)


class TestJaeger(ReaderContract):
    reader = JAEGER

    def write(self, table: pa.Table) -> bytes:
        return encoded(table, "jaeger")

    def spoiled(self, data: bytes) -> bytes:
        return data.replace(b'"startTime":', b'"startTime":"x","was":', 1)


class TestCsv(ReaderContract):
    """All values are text, empty text is null, lists are JSON."""

    reader = CSV
    tells_torn = False

    def write(self, table: pa.Table) -> bytes:
        sink = pa.BufferOutputStream()
        pacsv.write_csv(self._flat(table), sink)
        return sink.getvalue().to_pybytes()

    def _flat(self, table: pa.Table) -> pa.Table:
        table = without(table, "events", "links")
        for name in table.schema.names:
            if pa.types.is_list(table.schema.field(name).type):
                texts = [None if v is None else json_text(v) for v in table.column(name).to_pylist()]
                table = changed(table, **{name: pa.array(texts, pa.string())})
        return table

    def expected(self, table: pa.Table) -> pa.Table:
        # "007" and "1e5" stay text.
        return self._flat(table)

    def spoiled(self, data: bytes) -> bytes:
        head, first, rest = data.split(b"\n", 2)
        return b"\n".join([head, first, b"one,two", rest])


class TestOtlpProtobuf(ReaderContract):
    """The same requests from the official library, each after its length, as the Collector writes them."""

    reader = OTLP_PROTOBUF

    def write(self, table: pa.Table) -> bytes:
        out = b""
        for line in encoded(table, "otlp-json").splitlines():
            body = json.loads(re.sub(rb'"(traceId|spanId|parentSpanId)":"([0-9a-f]*)"', self._base64, line))
            made = ExportTraceServiceRequest() if "resourceSpans" in body else ExportLogsServiceRequest()
            message = json_format.ParseDict(body, made).SerializeToString()
            out += len(message).to_bytes(4, "big") + message
        return out

    @staticmethod
    def _base64(found: re.Match[bytes]) -> bytes:
        return b'"%b":"%b"' % (found[1], base64.b64encode(bytes.fromhex(found[2].decode())))


class TestHoneycomb(ReaderContract):
    """A batch of events with Honeycomb's field names."""

    reader = HONEYCOMB
    lacks = ("events", "links", "error", "event_count")
    names: ClassVar[dict[str, str]] = {
        "trace_id": "trace.trace_id",
        "span_id": "trace.span_id",
        "parent_span_id": "trace.parent_id",
        "trace_state": "trace.trace_state",
        "severity_number": "severity_code",
        "service.name": "service_name",
    }

    def write(self, table: pa.Table) -> bytes:
        batch = []
        for row in rows_of(without(table, *self.lacks)):
            around = {"time": row.pop("timestamp"), "samplerate": row.pop("sample_weight", 1.0)}
            if row["kind"] == "event":
                del row["kind"]
            batch.append(around | {"data": {self.names.get(name, name): row[name] for name in row}})
        return json.dumps(batch, separators=(",", ":")).encode()

    def expected(self, table: pa.Table) -> pa.Table:
        # A row with a span id and no kind may be a span; a sample rate is always there.
        unsaid = pc.and_(pc.equal(table["kind"], "event"), pc.is_valid(table["span_id"]))
        kind = pc.if_else(unsaid, pa.scalar(None, pa.string()), table["kind"])
        weight = pc.fill_null(table["sample_weight"], 1.0)
        return normalized(without(changed(table, kind=kind, sample_weight=weight), *self.lacks))

    def spoiled(self, data: bytes) -> bytes:
        return data[:-1] + b",7]"


class TestZipkin(ReaderContract):
    """Tags are text, annotations a time and a text, durations whole microseconds; there are no log records."""

    reader = ZIPKIN
    own = ("timestamp", "name", "kind", "trace_id", "span_id", "parent_span_id", "service.name")
    tags: ClassVar[dict[str, str]] = {
        "status_code": "otel.status_code",
        "status_message": "otel.status_description",
        "trace_state": "w3c.tracestate",
        **{
            name: name
            for name in (
                *("Region", "client.address", "cloud.region", "db.query.text", "db.system.name"),
                *("error.type", "http.request.method", "http.response.body.size", "http.route"),
                *("http.response.status_code", "k8s.label.app.kubernetes.io/name", "server.address"),
                *("server.port", "service.version", "url.path", "url.query", "user_agent.original"),
                "with space",
            )
        },
    }
    texts = ("cart.items", "passenger.names", "fare.refundable", "fare.total")
    keeps = (*own, *tags)

    def carries(self, table: pa.Table) -> pa.Table:
        return table.filter(pc.is_valid(table["duration_ms"]))

    def write(self, table: pa.Table) -> bytes:
        tag_of = {name: name for name in self.texts} | self.tags
        micros = table["timestamp"].cast(pa.int64()).to_pylist()
        spans = [
            {
                "traceId": row["trace_id"],
                "id": row["span_id"],
                "parentId": row.get("parent_span_id"),
                "name": row["name"],
                "kind": row["kind"].upper(),
                "timestamp": began,
                "duration": round(row["duration_ms"] * 1000),
                "localEndpoint": {"serviceName": row["service.name"]},
                "annotations": [{"timestamp": at, "value": name} for at, name, _ in notes or []],
                "tags": {tag_of[name]: self._text(value) for name, value in row.items() if name in tag_of},
            }
            for row, began, notes in zip(rows_of(table), micros, self._notes(table), strict=True)
        ]
        return json.dumps(spans, separators=(",", ":")).encode()

    def _text(self, value: Any) -> str:
        return value if type(value) is str else json_text(value)

    def _notes(self, table: pa.Table) -> list[list[tuple[int, str, None]] | None]:
        if "events" not in table.schema.names:
            return [None] * table.num_rows
        return [
            [(round(event["timestamp"].timestamp() * 1e6), event["name"], None) for event in of or []] or None
            for of in table["events"].to_pylist()
        ]

    def adds(self, table: pa.Table) -> dict[str, Any]:
        texts = {
            name: [None if value is None else self._text(value) for value in table[name].to_pylist()]
            for name in self.texts
            if name in table.schema.names
        }
        return {
            **{name: pa.array(values, pa.string()) for name, values in texts.items()},
            "duration_ms": pc.round(table["duration_ms"], 3),
            "events": pa.array(self._notes(table), EVENTS_TYPE),
        }

    def spoiled(self, data: bytes) -> bytes:
        return b'"timestamp":"x","was":'.join(data.rsplit(b'"timestamp":', 1))


class Broken(ReaderContract):
    reader = dataclasses.replace(JSONL, name="broken", sniff=lambda _: Match.CERTAIN)

    def write(self, table: pa.Table) -> bytes:
        return encoded(without(table, "http.route"), "jsonl").replace(b"1.0", b"1.5")


def failure(suite: ReaderContract, test: str) -> str:
    with pytest.raises(AssertionError) as caught:
        getattr(suite, test)()
    return str(caught.value)


def test_a_field_that_is_lost_or_changed_fails() -> None:
    said = failure(Broken(), "test_the_same_incident_gives_the_same_table")
    assert said.splitlines()[0] == "http.route: lost"
    assert "'1.5'" in said


def test_a_sniff_that_takes_files_of_other_formats_fails() -> None:
    said = failure(Broken(), "test_it_leaves_other_formats_alone")
    assert said == "broken takes a file of Parquet for its own (CERTAIN)"


def test_a_sniff_that_rejects_its_own_files_fails() -> None:
    class Shy(Broken):
        reader = dataclasses.replace(JSONL, name="shy", sniff=lambda _: Match.NO)

    said = failure(Shy(), "test_it_knows_its_own_files")
    assert said.startswith("shy does not recognize its own file: b'{")


def test_a_format_without_a_record_to_spoil_skips() -> None:
    with pytest.raises(unittest.SkipTest):
        Broken().test_what_cannot_be_read_is_counted_with_its_place()


def test_a_reader_that_reports_nothing_fails() -> None:
    class Silent(Broken):
        reader = dataclasses.replace(JSONL, read=lambda source, report, options: silent(source))

        def spoiled(self, data: bytes) -> bytes:
            return TestJsonl().spoiled(data)

    def silent(source: Source) -> Iterator[pa.RecordBatch]:
        return JSONL.read(source, LoadReport().file("elsewhere"), ReadOptions())

    said = failure(Silent(), "test_torn_at_any_place")
    assert re.fullmatch(r"torn at \d+ places without a rejection", said)
    said = failure(Silent(), "test_what_cannot_be_read_is_counted_with_its_place")
    assert said == "one rejection was expected, got []"
    said = failure(Silent(), "test_a_compressed_file_that_breaks_off")
    assert re.fullmatch(r"\d rows of 8, and no rejection: report stream\.damage", said)


def test_an_error_that_is_not_of_obskit_is_not_caught() -> None:
    class Raising(Broken):
        reader = dataclasses.replace(JSONL, read=lambda *_: iter([1 / 0]))

    with pytest.raises(ZeroDivisionError):
        Raising().test_hostile_bytes()


def test_a_suite_without_write_says_so() -> None:
    class Unwritten(ReaderContract):
        reader = JSONL

    with pytest.raises(NotImplementedError) as caught:
        Unwritten().test_compressed()
    assert str(caught.value) == (
        "Unwritten has no write(table), which returns the table as a flat JSONL file"
    )


def test_several_formats_in_one_folder_are_one_table(tmp_path: Path) -> None:
    table = incident()
    for format, suffixes in ((name, form.suffixes) for name, form in FORMATS.items()):
        (tmp_path / f"a{suffixes[0]}").write_bytes(gzip.compress(encoded(table, format)))
    data = convert(tmp_path)
    assert data.load_report.rejected == []
    rows = [repr(row) for row in data.arrow().to_pylist()]
    assert len(rows) == len(FORMATS) * table.num_rows
    assert set(Counter(rows).values()) == {len(FORMATS)}, (
        "every row is there as often, and the same each time"
    )
