"""Zipkin JSON, version 2, in all its forms, and the two sides of a call that share an id."""

from datetime import UTC, datetime

import pytest

import obskit as ok
from obskit.errors import ReadError
from tests.support.zipkin_json import START, dumped, span

ROW = {
    "timestamp": datetime(2026, 5, 4, 10, tzinfo=UTC),
    "duration_ms": 1.5,
    "name": "get /book",
    "kind": "client",
    "trace_id": "0" * 16 + "5b8efff798038103",
    "span_id": "000000000000000b",
    "parent_span_id": "000000000000000a",
    "status_code": "UNSET",
    "error": True,
    "http.response.status_code": 503,
    "n": "12",
    "service.name": "front",
    "network.local.address": "10.0.0.1",
    "network.local.port": 8080,
    "service.peer.name": "back",
    "network.peer.address": "2001:db8::1",
    "network.peer.port": 9000,
}


@pytest.mark.parametrize(
    "data",
    [
        dumped([span(), span()]),
        dumped([span(), span()], indent=2),
        dumped([[span()], [span()]]),
        dumped([[span()], [span()]], indent=1),
        dumped(span()),
        dumped(span(), indent=1),
        dumped(span()) + b"\n" + dumped(span()) + b"\n",
        dumped([span()]) + b"\n" + dumped([span()]) + b"\n",
        dumped(span(_q=["x"], timestamp_millis=START // 1000)) + b"\n",
    ],
    ids=lambda data: data[:20].decode(),
)
def test_every_form_gives_the_same_rows(read, data):
    got = read(data)
    assert got.report.rejected_count == 0
    assert got.rows == [ROW] * len(got.rows) != []


def test_annotations_flags_errors_and_what_is_missing(read):
    notes = [{"timestamp": START + 7, "value": "ws"}, {"timestamp": START + 9, "value": "wr"}]
    given = [
        span(annotations=notes, debug=True, shared=True, kind="SERVER", tags={"error": "no funds"}),
        span(tags={"error": "true"}, localEndpoint=None, remoteEndpoint={"port": 0}),
        {"traceId": "1", "id": "2", "tags": {"error": "", "otel.status_code": "OK", "span.kind": "internal"}},
        {"traceId": "1", "id": "3", "kind": "CONSUMER", "timestamp": 0, "name": ""},
    ]
    rows = read(dumped(given)).rows
    assert [(e["timestamp"].microsecond, e["name"]) for e in rows[0]["events"]] == [(7, "ws"), (9, "wr")]
    assert (rows[0]["zipkin.shared"], rows[0]["zipkin.debug"]) == (True, True)
    assert (rows[0]["status_code"], rows[0]["error"], rows[0]["error.type"]) == ("ERROR", True, "no funds")
    assert (rows[1]["status_code"], rows[1]["error"]) == ("ERROR", True)
    assert not rows[1].keys() & {"error.type", "service.name", "network.peer.port"}
    ids = {"trace_id": "0" * 31 + "1", "error": False}
    assert rows[2:] == [
        ids | {"span_id": "0" * 15 + "2", "status_code": "OK", "kind": "internal"},
        ids | {"span_id": "0" * 15 + "3", "status_code": "UNSET", "kind": "consumer"},
    ]


def test_bad_spans_are_rejected_with_their_position(read):
    given = [span(), 5, span(""), span(timestamp="soon"), span(duration=2**70), {"traceId": "1"}, span("c")]
    got = read(dumped(given))
    assert [row["span_id"][-1] for row in got.rows] == ["b", "c"]
    assert got.reasons == [
        ("span 2", "not a span"),
        ("span 3", "span has no id"),
        ("span 4", "timestamp is not a number"),
        ("span 5", "duration does not fit in 64 bits"),
        ("span 6", "span has no id"),
    ]


def test_a_torn_list_and_a_damaged_one_give_the_other_spans(read):
    whole = dumped([span(f"{n:x}") for n in range(1, 30)])
    got = read(whole[:-40])
    assert len(got.rows) == 28
    ((position, reason),) = got.reasons
    assert reason == "not JSON"
    assert whole[int(position.removeprefix("byte ")) :].startswith(b'{"traceId"')
    got = read(whole.replace(b'"id": "5"', b'"id": 5"'))
    assert len(got.rows) == 28
    assert [reason for _, reason in got.reasons] == ["not JSON"]


def test_a_file_without_a_span_is_an_error(read, tmp_path):
    with pytest.raises(ReadError) as caught:
        read(dumped([span()])[:-9], name="torn.json")
    assert str(caught.value) == (
        f"{tmp_path}/torn.json looks like Zipkin JSON, but no record in it can be read: "
        "not JSON (line 1, column 346)\n"
        "Hint: export the file again; it may be truncated or from another tool"
    )


def test_other_events_with_such_fields_are_not_detected_as_zipkin(read):
    got = read(dumped({"traceId": "1", "id": 7, "parentId": 3, "msg": "hello"}) + b"\n")
    assert got.rows == [{"trace_id": "1", "id": 7, "parentId": 3, "body": "hello", "error": False}]


def test_the_server_is_below_the_client_whose_id_it_shares(tmp_path):
    """front: get ── post (client) ── post (server, same id): back ── query
    └── dns, of front, below its own side of the call
    """

    def side(name, own, parent, kind, service, at):
        given = {
            "traceId": "1",
            "id": own,
            "kind": kind,
            "name": name,
            "timestamp": START + at,
            "duration": 9,
        }
        given["localEndpoint"] = {"serviceName": service}
        return given | ({"parentId": parent} if parent else {})

    spans = [
        side("query", "c", "b", "CLIENT", "back", 4),
        side("post", "b", "a", "SERVER", "back", 3) | {"shared": True},
        side("dns", "d", "b", None, "front", 2),
        side("post", "b", "a", "CLIENT", "front", 1),
        side("get", "a", None, "SERVER", "front", 0),
    ]
    path = tmp_path / "trace.json"
    path.write_bytes(dumped(spans))
    found = ok.load(path).trace("1")
    rows = zip(found.table.to_pylist(), found.depths, strict=True)
    assert [(depth, row["service.name"], row["name"], row["kind"]) for row, depth in rows] == [
        (0, "front", "get", "server"),
        (1, "front", "post", "client"),
        (2, "front", "dns", None),
        (2, "back", "post", "server"),
        (3, "back", "query", "client"),
    ]
