"""OTLP JSON: requests of spans and logs, one per file or one per line."""

import json

import pytest

from obskit.errors import ReadError

TRACE = "5B8EFFF798038103D269B633813FC60C"


def attribute(key, **value):
    return {"key": key, "value": value}


def request(*spans, resource=(), scope=None):
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": list(resource)},
                "scopeSpans": [{"scope": scope or {}, "spans": list(spans)}],
            }
        ]
    }


def span(**more):
    return {
        "traceId": TRACE,
        "spanId": "EEE19B7EC3C1B174",
        "name": "GET /",
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": 1544712660001500001,
        "kind": 2,
        **more,
    }


def test_a_span_becomes_an_event(read):
    got = read(
        json.dumps(
            request(span(parentSpanId="EEE19B7EC3C1B173", status={"code": 2, "message": "no"}))
        ).encode()
    )
    row = dict(got.rows[0])
    assert row.pop("timestamp").isoformat() == "2018-12-13T14:51:00+00:00"
    assert row == {
        "duration_ms": 1.500001,
        "name": "GET /",
        "kind": "server",
        "trace_id": TRACE.lower(),
        "span_id": "eee19b7ec3c1b174",
        "parent_span_id": "eee19b7ec3c1b173",
        "status_code": "ERROR",
        "status_message": "no",
        "error": True,
    }


@pytest.mark.parametrize(
    ("kind", "word"), [(1, "internal"), ("SPAN_KIND_CLIENT", "client"), (0, None), (99, None)]
)
def test_kinds_as_numbers_and_names(read, kind, word):
    assert read(json.dumps(request(span(kind=kind))).encode()).rows[0].get("kind") == word


@pytest.mark.parametrize(
    ("code", "status"), [(0, "UNSET"), (1, "OK"), ("STATUS_CODE_ERROR", "ERROR"), (None, "UNSET")]
)
def test_statuses_as_numbers_and_names(read, code, status):
    assert read(json.dumps(request(span(status={"code": code}))).encode()).rows[0]["status_code"] == status


def test_attributes_of_every_type_become_flat_columns(read):
    attributes = [
        attribute("s", stringValue="2026-01-01"),
        attribute("b", boolValue=False),
        attribute("i", intValue="9223372036854775807"),
        attribute("j", intValue=7),
        attribute("d", doubleValue=1.5),
        attribute("inf", doubleValue="Infinity"),
        attribute("l", arrayValue={"values": [{"intValue": "1"}, {"intValue": 2}]}),
        attribute(
            "m",
            kvlistValue={"values": [attribute("x.y", kvlistValue={"values": [attribute("z", intValue=1)]})]},
        ),
        attribute("raw", bytesValue="AAE="),
        attribute("none"),
        attribute("future", somethingNew=1),
    ]
    row = read(json.dumps(request(span(attributes=attributes, unknownField={"a": 1}))).encode()).rows[0]
    assert {
        k: row.get(k) for k in ("s", "b", "i", "j", "d", "inf", "l", "m.x.y.z", "raw", "none", "future")
    } == {
        "s": "2026-01-01",
        "b": False,
        "i": 2**63 - 1,
        "j": 7,
        "d": 1.5,
        "inf": float("inf"),
        "l": [1, 2],
        "m.x.y.z": 1,
        "raw": "AAE=",
        "none": None,
        "future": None,
    }


def test_the_events_value_wins_over_scope_and_resource_and_is_counted(read):
    body = request(
        span(attributes=[attribute("k", stringValue="span")]),
        span(),
        resource=[attribute("k", stringValue="resource"), attribute("service.name", stringValue="s")],
        scope={
            "name": "lib",
            "version": "1",
            "attributes": [attribute("service.name", stringValue="scoped")],
        },
    )
    got = read(json.dumps(body).encode())
    assert [row["k"] for row in got.rows] == ["span", "resource"]
    assert [row["service.name"] for row in got.rows] == ["scoped", "scoped"]
    assert (got.rows[0]["otel.scope.name"], got.rows[0]["otel.scope.version"]) == ("lib", "1")
    assert got.report.overridden == {"k": 1, "service.name": 2}  # rows that have another value


def test_attributes_named_like_columns_are_renamed(read):
    attributes = [
        attribute(name, stringValue="mine") for name in ("name", "kind", "error", "events", "time", "ts")
    ]
    row = read(json.dumps(request(span(attributes=attributes))).encode()).rows[0]
    assert (row["name"], row["kind"], row["error"]) == ("GET /", "server", False)
    for name in ("name", "kind", "error", "events"):
        assert row[f"attributes.{name}"] == "mine"
    assert (row["time"], row["ts"]) == ("mine", "mine")


def test_events_and_links_are_kept(read):
    events = [
        {
            "timeUnixNano": "1544712660300000000",
            "name": "exception",
            "attributes": [attribute("n", intValue=1)],
        }
    ]
    links = [{"traceId": TRACE, "spanId": "AB", "traceState": "a=b"}]
    got = read(json.dumps(request(span(events=events, links=links), span())).encode())
    assert got.rows[0]["events"][0]["name"] == "exception"
    assert got.rows[0]["events"][0]["timestamp"].microsecond == 300000
    assert got.rows[0]["events"][0]["attributes"] == '{"n":1}'
    assert got.rows[0]["links"] == [
        {"trace_id": TRACE.lower(), "span_id": "ab", "trace_state": "a=b", "attributes": None}
    ]
    assert "events" not in got.rows[1]


def test_log_records_become_events(read):
    record = {
        "observedTimeUnixNano": "1544712660300000000",
        "severityNumber": "SEVERITY_NUMBER_WARN2",
        "severityText": "Warn",
        "eventName": "cart.full",
        "traceId": TRACE,
        "body": {"kvlistValue": {"values": [attribute("a", intValue="1")]}},
        "attributes": [attribute("http.method", stringValue="GET")],
    }
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record, {"body": {"stringValue": "hi"}}]}]}]}
    got = read(json.dumps(body).encode())
    row = dict(got.rows[0])
    assert row.pop("timestamp").isoformat() == "2018-12-13T14:51:00.300000+00:00"
    assert row == {
        "name": "cart.full",
        "kind": "event",
        "trace_id": TRACE.lower(),
        "error": False,
        "body": '{"a":1}',
        "severity_text": "Warn",
        "severity_number": 14,
        "http.request.method": "GET",
    }
    assert got.rows[1] == {"kind": "event", "error": False, "body": "hi"}
    assert got.report.untimed == 1
    assert got.types["severity_number"] == "int32"


def test_weights_by_threshold(read):
    assert read(json.dumps(request(span(traceState="ot=th:c"))).encode()).rows[0]["sample_weight"] == 4.0


def test_bad_lines_between_requests_are_rejected(read):
    line = json.dumps(request(span())).encode()
    got = read(line + b"\n{bad\n" + line + b"\n[1]\n" + line[:-30])
    assert len(got.rows) == 2
    assert got.reasons == [
        (f"line 2, byte {len(line) + 1}", "not JSON"),
        (f"line 4, byte {2 * len(line) + 7}", "not an OTLP request"),
        (f"line 5, byte {2 * len(line) + 11}", "torn: the file ends within the line"),
    ]


def test_metrics_are_one_rejection_and_spans_are_read(read):
    metrics = json.dumps({"resourceMetrics": [{"scopeMetrics": []}, {}]}).encode()
    got = read(b"\n".join([json.dumps(request(span())).encode(), metrics, metrics]))
    assert len(got.rows) == 1
    assert got.report.rejected_by_reason == {"metrics are not events": 1}


def test_profiles_are_one_rejection_and_spans_are_read(read):
    profiles = json.dumps({"resourceProfiles": [{"scopeProfiles": [{}]}], "dictionary": {}}).encode()
    got = read(b"\n".join([profiles, json.dumps(request(span())).encode(), profiles]))
    assert len(got.rows) == 1
    assert got.reasons == [("line 1, byte 0", "profiles are not events")]
    assert read(profiles).report.rejected_by_reason == {"profiles are not events": 1}


def test_other_json_in_place_of_a_request_or_its_parts_is_rejected(read):
    line = json.dumps(request(span())).encode()
    odd = [
        {"timestamp": "2026-05-04T10:00:00Z", "name": "an event of another kind"},
        {"resourceSpans": 5},
        {"resourceSpans": [7]},
        {"resourceSpans": [{"scopeSpans": [None]}]},
        request("no span", span()),
        {},
    ]
    got = read(b"\n".join([line, *(json.dumps(item).encode() for item in odd)]))
    assert len(got.rows) == 2
    assert [reason for _, reason in got.reasons] == [
        "not an OTLP request",
        "resourceSpans is not a list",
        "an item of resourceSpans that is not an object",
        "an item of scopeSpans that is not an object",
        "a malformed span",
    ]
    assert got.reasons[-1][0].endswith(", spans 1")


def test_instrumentation_library_is_an_old_name_of_scope(read):
    old = {
        "resourceSpans": [{"instrumentationLibrarySpans": [{"spans": [span()]}]}],
        "resourceLogs": [{"instrumentationLibraryLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}]}],
    }
    assert [row["kind"] for row in read(json.dumps(old).encode()).rows] == ["server", "event"]


def test_a_request_over_many_lines_may_have_more_than_a_brace_on_the_first(read):
    """The second line starts with a brace too, as if it were another request."""
    spans = ",\n".join(json.dumps(span(), indent=1) for _ in range(3))
    got = read(b'{"resourceSpans":[{"scopeSpans":[{"spans":[\n' + spans.encode() + b"]}]}]}")
    assert (len(got.rows), got.reasons) == (3, [])


def test_only_a_malformed_span_is_rejected(read):
    deep = {"stringValue": "x"}
    for _ in range(100):
        deep = {"kvlistValue": {"values": [{"key": "k", "value": deep}]}}
    spans = [
        span(),
        span(startTimeUnixNano="soon"),
        span(attributes=[{"key": "d", "value": deep}]),
        span(status=[]),
    ]
    got = read(json.dumps(request(*spans)).encode())
    assert len(got.rows) == 1
    assert got.reasons == [
        ("spans 2", "a value that is not an integer"),
        ("spans 3", "nested deeper than 64 levels"),
        ("spans 4", "status is not an object"),
    ]


def test_snake_case_and_a_list_of_requests_are_read(read):
    body = [
        {
            "resource_spans": [
                {"scope_spans": [{"spans": [{"trace_id": "AB", "start_time_unix_nano": 10**18}]}]}
            ]
        },
        request(span()),
    ]
    got = read(json.dumps(body).encode())
    assert [row["trace_id"] for row in got.rows] == ["ab", TRACE.lower()]


def test_a_truncated_request_is_an_error(read, tmp_path):
    body = json.dumps(request(span()), indent=1).encode()
    with pytest.raises(ReadError) as caught:
        read(body[:-20], name="request.json")
    assert str(caught.value).startswith(
        f"{tmp_path}/request.json looks like OTLP JSON but cannot be read: not JSON (line "
    )


def test_requests_longer_than_the_sniffed_bytes_are_read(read):
    line = json.dumps(request(*[span()] * 800)).encode()
    assert len(line) > 65_536
    assert len(read(line).rows) == 800
    assert len(read(line + b"\n" + line + b"\n").rows) == 1600
    got = read(line + b"\n" + line[:-9])
    assert len(got.rows) == 800
    assert got.reasons == [(f"line 2, byte {len(line) + 1}", "torn: the file ends within the line")]
    with pytest.raises(
        ReadError, match=r"cannot be read: torn: the file ends within the line \(line 1, byte 0\)"
    ):
        read(line[:-9])
