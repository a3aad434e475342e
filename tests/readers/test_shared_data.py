"""Real data that nobody here wrote, row for row."""

import csv
import gzip
import json

import pytest

from obskit.errors import ReadError
from obskit.readers import expand
from tests.support import otlp_requests as otlpmade

pytestmark = pytest.mark.shared

TRAINTICKET = {
    "trace_id": "TraceID",
    "span_id": "SpanID",
    "parent_span_id": {"from": "ParentID", "null": ["root"]},
    "k8s.pod.name": "PodName",
    "name": "OperationName",
    "timestamp": {"from": "StartTimeUnixNano", "unit": "ns"},
    "duration_ms": {"from": "Duration", "unit": "us"},
}


@pytest.mark.parametrize(("name", "rows"), [("trace", 1), ("logs", 1), ("events", 1)])
def test_the_specifications_examples(shared, load, name, rows):
    got = load(shared / "data/wire/otlp" / f"{name}.json")
    assert len(got.rows) == rows
    assert got.report.rejected_count == 0
    assert got.rows[0]["service.name"] == "my.service"
    assert got.rows[0]["otel.scope.name"] == "my.library"


def test_the_specifications_metrics_are_one_rejection(shared, load):
    got = load(shared / "data/wire/otlp/metrics.json")
    assert got.rows == []
    assert got.report.rejected_by_reason == {"metrics are not events": 1}


def test_the_whole_folder(shared, load):
    got = load(*expand(shared / "data/wire/otlp"))
    assert len(got.rows) == 3
    assert got.report.rejected_count == 1  # the metrics; the licence is skipped


OTLP = {
    "otlp/trace.json": 1,
    "otlp/logs.json": 1,
    "otlp/events.json": 1,
    "jaeger/otlp2jaeger-in.json": 2,
    "jaeger-ui/otlp2jaeger-in.json": 2,
    "jaeger-ui/otlp2jaeger-in-error.json": 1,
    "jaeger-ui/otlp2jaeger-multi-in-combined.json": 4,
    "jaeger-ui/otlp2jaeger-multi-in.json.txt": 4,
}


@pytest.mark.parametrize("name", OTLP)
def test_otlp_as_json_and_as_the_official_librarys_protobuf(shared, load, tmp_path, name):
    """Each file, then the same requests in every framing: the same rows."""
    path = shared / "data/wire" / name
    wanted = load(path)
    assert len(wanted.rows) == OTLP[name]
    assert wanted.report.rejected_count == 0
    text = path.read_text()
    requests = (
        [json.loads(line) for line in text.splitlines()] if name.endswith("txt") else [json.loads(text)]
    )
    messages = [otlpmade.protobuf(request) for request in requests]
    for framing in (otlpmade.bare, otlpmade.fixed, otlpmade.delimited):
        again = tmp_path / f"{framing.__name__}.pb"
        again.write_bytes(framing(*messages))
        got = load(again)
        assert got.rows == wanted.rows
        assert got.types == wanted.types


def test_trainticket_row_for_row(shared, load):
    first = sorted((shared / "data/traces/trainticket").glob("*_trace.csv.gz"))[0]
    with gzip.open(first, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    got = load(first, mapping=TRAINTICKET)
    assert len(got.rows) == len(rows)
    assert got.report.rejected_count == 0
    for row, want in zip(got.rows, rows, strict=True):
        assert row["trace_id"] == want["TraceID"]
        assert row["span_id"] == want["SpanID"]
        assert row.get("parent_span_id") == (None if want["ParentID"] == "root" else want["ParentID"])
        assert row["name"] == want["OperationName"]
        assert row["k8s.pod.name"] == want["PodName"]
        assert row["duration_ms"] == pytest.approx(int(want["Duration"]) / 1000, rel=1e-12)
        microseconds = int(want["StartTimeUnixNano"]) // 1000
        assert row["timestamp"].timestamp() == pytest.approx(microseconds / 1e6, abs=2e-6)
        assert row["EndTimeUnixNano"] == int(want["EndTimeUnixNano"])


def test_all_of_trainticket(shared, load):
    folder = shared / "data/traces/trainticket"
    lines = 0
    paths = sorted(folder.glob("*_trace.csv.gz"))
    for path in paths:
        with gzip.open(path, "rb") as file:
            lines += sum(1 for _ in file) - 1
    got = load(*paths, mapping=TRAINTICKET)
    assert len(got.rows) == lines
    assert got.report.rejected == []
    assert got.report.untimed == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("invalid_json", "span has neither startTime nor operationName (span 1)"),
        ("scan_error", "not JSON (line 1, column 78)"),
        ("wrong_format", "span has neither startTime nor operationName (span 1)"),
    ],
)
def test_malformed_traces(shared, load, name, why):
    path = shared / f"data/wire/jaeger/trace_{name}.json"
    with pytest.raises(ReadError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path} looks like Jaeger JSON, but no record in it can be read: {why}\n"
        "Hint: export the file again; it may be truncated or from another tool"
    )


MALFORMED = {
    "trace_empty.json",
    "trace_invalid_json.json",
    "trace_scan_error.json",
    "trace_wrong_format.json",
}


def spans_in(document):
    """Count spans of any of the formats, by what only a span has."""
    if type(document) is list:
        return sum(map(spans_in, document))
    if type(document) is not dict:
        return 0
    if type(document.get("spans")) is list:
        return len(document["spans"])
    own = {"spanID", "operationName"} <= document.keys() or {"traceId", "id"} <= document.keys()
    return 1 if own else sum(map(spans_in, document.values()))


@pytest.mark.parametrize("folder", ["jaeger", "jaeger-ui", "crisp", "zipkin"])
def test_every_span_of_every_trace_file_is_read(shared, load, folder):
    """Malformed ones apart, whose errors are tested above; lists of queries are rows without a time."""
    paths = [p for p in expand(shared / "data/wire" / folder) if p.name not in MALFORMED]
    seen = 0
    for path in paths:
        if path.name.startswith("queries"):
            got = load(path)
            assert got.report.untimed == got.report.rows_read > 0
            continue
        text = path.read_text()
        lines = text.splitlines() if path.suffix == ".txt" else [text]
        got = load(path)
        assert len(got.rows) == sum(spans_in(json.loads(line)) for line in lines), path
        assert got.report.rejected_count == 0, path
        assert got.report.unparsed == {}, path
        seen += 1
    assert seen > 5


PAIRS = [
    ("jaeger/otlp2jaeger-in.json", "jaeger/otlp2jaeger-out.json"),
    ("jaeger-ui/otlp2jaeger-in.json", "jaeger-ui/otlp2jaeger-out.json"),
    ("jaeger-ui/otlp2jaeger-multi-in-combined.json", "jaeger-ui/oltp2jaeger-multi-out.json"),
    ("jaeger-ui/otlp2jaeger-multi-in.json.txt", "jaeger-ui/oltp2jaeger-multi-out.json"),
]


@pytest.mark.parametrize(("otlp", "jaeger"), PAIRS)
def test_the_same_spans_as_otlp_and_as_jaeger(shared, load, otlp, jaeger):
    one, other = (load(shared / "data/wire" / name) for name in (otlp, jaeger))
    assert one.types == other.types

    def rows(got):
        found = sorted(got.rows, key=lambda row: row["span_id"])
        # Jaeger counts in microseconds.
        return [row | {"duration_ms": pytest.approx(row["duration_ms"], abs=0.001)} for row in found]

    assert rows(one) == sorted(other.rows, key=lambda row: row["span_id"])


def test_an_empty_trace_file(shared, load):
    with pytest.raises(ReadError, match="is empty"):
        load(shared / "data/wire/jaeger/trace_empty.json")


def test_every_other_file_of_the_wire_is_read_or_named(shared, load):
    for path in expand(shared / "data/wire"):
        try:
            got = load(path)
        except ReadError as error:
            said = error.message
        else:
            said = ""
            assert got.report.rows_read == len(got.rows)
        assert not said or "cannot be read as events: it looks like" in said or path.name in MALFORMED, path
