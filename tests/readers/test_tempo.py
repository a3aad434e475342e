"""Tempo blocks, written by its public schema: one row per trace, spans nested in resources and scopes."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.readers import expand
from tests.support.tempo_blocks import START, attribute, schema


def block(folder, version, *, spans=2, dedicated=None):
    def attributes(**given):
        return [attribute(version, key, value) for key, value in given.items()]

    def span(n):
        more = {"tags": ["a", "b"], "none": []} if version == 4 else {}
        event = {
            "Name": "retry",
            "Attrs": attributes(n=1) if version == 4 else [{"Key": "n", "Value": b"\x18\x01"}],
        }
        event |= {"TimeSinceStartNano": 5_000} if version == 4 else {"TimeUnixNano": START + 5_000}
        return {
            "SpanID": bytes([n + 1]) * 8,
            "ParentSpanID": bytes([n]) * 8 if n else b"",
            "Name": "GET /book",
            "Kind": 2,
            "TraceState": "",
            "StartTimeUnixNano": START,
            "DurationNano": 1_500_000,
            "StatusCode": 2,
            "StatusMessage": "slow",
            "Attrs": attributes(
                items=3, share=0.5, cached=False, zone="span", name="mine", user={"a": "x"}, **more
            ),
            "Events": [event] if n else [],
            "Links": [{"TraceID": b"\xab" * 16, "SpanID": b"\xcd" * 8, "Attrs": []}]
            if n and version == 4
            else None,
            "HttpMethod": "GET",
            "HttpStatusCode": 503,
            "DedicatedAttributes": {"String01": "gold"},
        }

    resource = {
        "Attrs": attributes(zone="resource", **{"host.name": "a"}),
        "ServiceName": "front",
        "K8sPodName": "front-1",
        "DedicatedAttributes": {"String01": "eu"},
    }
    scope = {"Name": "lib", "Version": ""}
    rows = [
        {
            "TraceID": bytes([trace]) * 16,
            "TraceIDText": "x",
            "StartTimeUnixNano": START,
            "RootServiceName": "front",
            "RootSpanName": "GET /book",
            "rs": [
                {"Resource": resource, "ss": [{"Scope": scope, "Spans": [span(n) for n in range(spans)]}]},
                {"Resource": {"Attrs": [], "ServiceName": "back"}, "ss": []},
            ],
        }
        for trace in (1, 2)
    ]
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema(version)), folder / "data.parquet")
    meta = {"format": f"vParquet{version}", "blockID": "b"}
    if dedicated:
        meta["dedicatedColumns"] = dedicated
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "bloom-0").write_bytes(b"\0" * 10)
    (folder / "index").write_bytes(b"\0" * 10)
    return folder


DEDICATED = [
    {"s": "resource", "n": "region", "t": "string"},
    {"scope": "span", "name": "customer.tier", "type": "string"},
]


@pytest.mark.parametrize("version", [3, 4])
def test_every_span_of_a_block(tmp_path, load, version):
    files = expand(block(tmp_path / "block", version, dedicated=DEDICATED))
    assert [path.name for path in files] == ["data.parquet"]
    got = load(*files)
    assert len(got.rows) == 4
    assert got.report.rejected_count == 0
    first, second = got.rows[:2]
    (event,) = second.pop("events")
    assert (event["name"], event["attributes"]) == ("retry", '{"n":1}')
    assert event["timestamp"] == datetime(2026, 5, 4, 10, 0, 0, 5, tzinfo=UTC)
    if version == 4:
        (link,) = second.pop("links")
        assert (link["trace_id"], link["span_id"]) == ("ab" * 16, "cd" * 8)
        assert first.pop("tags") == ["a", "b"]
        assert first.pop("none") == []
    assert (second["parent_span_id"], got.rows[2]["trace_id"]) == ("01" * 8, "02" * 16)
    assert first == {
        "timestamp": datetime(2026, 5, 4, 10, tzinfo=UTC),
        "duration_ms": 1.5,
        "name": "GET /book",
        "kind": "server",
        "trace_id": "01" * 16,
        "span_id": "01" * 8,
        "status_code": "ERROR",
        "status_message": "slow",
        "error": True,
        "attributes.name": "mine",
        "cached": False,
        "customer.tier": "gold",
        "host.name": "a",
        "http.request.method": "GET",
        "http.response.status_code": 503,
        "items": 3,
        "k8s.pod.name": "front-1",
        "otel.scope.name": "lib",
        "region": "eu",
        "service.name": "front",
        "share": 0.5,
        "user": '{"a":"x"}',
        "zone": "span",
    }
    assert got.report.overridden == {"zone": 4}


def test_dedicated_columns_without_a_meta_file_keep_their_names(tmp_path, load):
    folder = block(tmp_path / "block", 4)
    (folder / "meta.json").unlink()
    got = load(folder / "data.parquet")
    assert (got.rows[0]["tempo.span.String01"], got.rows[0]["tempo.resource.String01"]) == ("gold", "eu")
    assert got.report.notes == [
        "meta.json does not name all dedicated columns of Tempo; the others keep their column's name"
    ]


@pytest.mark.parametrize(
    "meta", ["[1]", "{", '{"dedicatedColumns": {"s": 1}}', '{"dedicatedColumns": [5, {"s": []}]}']
)
def test_a_meta_file_without_columns(tmp_path, load, meta):
    folder = block(tmp_path / "block", 4)
    (folder / "meta.json").write_text(meta)
    assert len(load(*expand(folder)).rows) == 4


def test_a_block_without_spans_and_a_damaged_one(tmp_path, load):
    empty = block(tmp_path / "empty", 4, spans=0)
    assert load(*expand(empty)).rows == []
    whole = block(tmp_path / "torn", 4) / "data.parquet"
    data = bytearray(whole.read_bytes())
    data[40:400] = b"\xff" * 360
    whole.write_bytes(data)
    got = load(whole)
    assert (got.rows, got.report.rejected_by_reason) == ([], {"a Parquet row group that cannot be read": 1})


def test_a_table_that_only_looks_like_a_block(tmp_path, load):
    path = tmp_path / "data.parquet"
    ids = {"TraceID": [b"1"], "RootSpanName": ["a"]}
    pq.write_table(pa.table(ids | {"rs": ["x"]}), path)
    assert load(path).rows == []
    spans = [{"ss": [{"Spans": [{"Name": [1], "StartTimeUnixNano": "soon"}]}]}]
    pq.write_table(pa.table(ids | {"rs": pa.array([spans])}), path)
    got = load(path)
    assert got.rows == []
    assert got.report.rejected_by_reason == {"traces do not have the form of a Tempo block": 1}
