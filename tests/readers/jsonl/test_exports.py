"""Logs as the tools that export them write them: what each document becomes."""

import json

import pytest

from tests.readers.app_log.rows import rows_of

CASES = {
    "a list": (
        (
            '[{"time": "2026-05-04T10:00:00Z", "level": "info", "msg": "a", "n": 1}, {"time": "2026-05-04T10:00:01Z", "level": "error", "msg": "b", "err": {"stack": "Error: x\\n    at f (a.js:1:1)"}}]\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "a",
                "severity_text": "info",
                "severity_number": 9,
                "n": 1,
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "b",
                "severity_text": "error",
                "severity_number": 17,
                "exception.message": "x",
                "exception.stacktrace": "Error: x\n    at f (a.js:1:1)",
                "exception.type": "Error",
            },
        ],
        [],
    ),
    "Elasticsearch": (
        (
            '{"took": 1, "timed_out": false, "_shards": {}, "hits": {"total": {"value": 2}, "hits": [{"_index": "logs-1", "_id": "1", "_score": 1.0, "_source": {"@timestamp": "2026-05-04T10:00:00Z", "message": "a", "log": {"level": "info"}}}, {"_index": "logs-1", "_id": "2", "fields": {"@timestamp": ["2026-05-04T10:00:01Z"], "message": ["b"], "tags": ["x", "y"]}}]}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "a",
                "severity_text": "info",
                "severity_number": 9,
                "_id": "1",
                "_index": "logs-1",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "b",
                "_id": "2",
                "_index": "logs-1",
                "tags": ["x", "y"],
            },
        ],
        [],
    ),
    "CloudWatch, get-log-events": (
        (
            '{"events": [{"timestamp": 1777888800000, "message": "hello", "ingestionTime": 1777888801000}, {"timestamp": 1777888800001, "message": "boom\\n", "ingestionTime": 1777888801000}], "nextForwardToken": "f/1", "nextBackwardToken": "b/1"}\n'
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "hello", "ingestionTime": 1777888801000},
            {"timestamp": "2026-05-04T10:00:00.001000Z", "body": "boom\n", "ingestionTime": 1777888801000},
        ],
        [],
    ),
    "CloudWatch, filter-log-events": (
        (
            '{"events": [{"logStreamName": "s", "timestamp": 1777888800000, "message": "boom", "ingestionTime": 1777888801000, "eventId": "37"}], "searchedLogStreams": []}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "boom",
                "eventId": "37",
                "ingestionTime": 1777888801000,
                "logStreamName": "s",
            },
        ],
        [],
    ),
    "CloudWatch, subscription": (
        (
            '{"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/aws/shop", "logStream": "s", "subscriptionFilters": ["f"], "logEvents": [{"id": "1", "timestamp": 1777888800000, "message": "a"}]}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "a",
                "id": "1",
                "logGroup": "/aws/shop",
                "logStream": "s",
                "owner": "1",
            },
        ],
        [],
    ),
    "CloudWatch, Insights": (
        (
            '{"results": [[{"field": "@timestamp", "value": "2026-05-04 10:00:00.123"}, {"field": "@message", "value": "a"}, {"field": "@ptr", "value": "x"}], [{"field": "@timestamp", "value": "2026-05-04 10:00:01.123"}, {"field": "level", "value": "ERROR"}, {"field": "message", "value": "b"}], [7]], "statistics": {}, "status": "Complete"}\n'
        ),
        [
            {"timestamp": "2026-05-04T10:00:00.123000Z", "body": "a"},
            {
                "timestamp": "2026-05-04T10:00:01.123000Z",
                "error": True,
                "body": "b",
                "severity_text": "ERROR",
                "severity_number": 17,
            },
        ],
        [("record 3", "not a row of fields")],
    ),
    "Google Cloud": (
        (
            '{"entries": [{"timestamp": "2026-05-04T10:00:00Z", "severity": "ERROR", "textPayload": "a"}, {"timestamp": "2026-05-04T10:00:01Z", "severity": "INFO", "textPayload": "b"}], "nextPageToken": "x"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "a",
                "severity_text": "ERROR",
                "severity_number": 17,
            },
            {"timestamp": "2026-05-04T10:00:01Z", "body": "b", "severity_text": "INFO", "severity_number": 9},
        ],
        [],
    ),
    "Loki, query_range": (
        (
            '{"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"app": "shop", "level": "error", "timestamp": "label"}, "values": [["1777888800000000000", "a"], ["1777888801000000001", "b"], ["x", "no time"]]}, {"stream": {"app": "cart"}, "values": [["1777888802000000000", "c", {"structuredMetadata": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}}]]}], "stats": {}}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "a",
                "severity_text": "error",
                "severity_number": 17,
                "labels.timestamp": "label",
                "service.name": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "b",
                "severity_text": "error",
                "severity_number": 17,
                "labels.timestamp": "label",
                "service.name": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "body": "c",
                "service.name": "cart",
            },
        ],
        [("record 3", "not a pair of a time and a line")],
    ),
    "Loki, push": (
        ('{"streams": [{"stream": {"app": "shop"}, "values": [["1777888800000000000", "a"]]}]}\n'),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "a", "service.name": "shop"},
        ],
        [],
    ),
    "Splunk, search results": (
        (
            '{"preview": false, "init_offset": 0, "messages": [{"type": "INFO", "text": "about the search"}], "fields": [{"name": "_time"}, {"name": "_raw"}], "results": [{"_time": "2026-05-04T10:00:00.000+00:00", "_raw": "boom", "host": "web-1"}], "highlighted": {}}\n'
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "boom", "host.name": "web-1"},
        ],
        [],
    ),
    "Splunk, wrapped in a list": (
        (
            '[{"preview": false, "result": {"_time": "2026-05-04T12:00:00.000+02:00", "_raw": "boom", "host": "web-1", "source": "/a.log"}}]\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "boom",
                "host.name": "web-1",
                "preview": False,
                "source": "/a.log",
            },
        ],
        [],
    ),
    "Graylog": (
        (
            '{"messages": [{"message": {"timestamp": "2026-05-04T10:00:00.000Z", "message": "a", "level": 3, "source": "web-1"}, "index": "g"}, {"message": {"timestamp": "2026-05-04T10:00:01.000Z", "message": "b", "level": 6, "source": "web-1"}, "index": "g"}], "total_results": 2}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "a",
                "severity_text": "err",
                "severity_number": 17,
                "source": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "b",
                "severity_text": "info",
                "severity_number": 9,
                "source": "web-1",
            },
        ],
        [],
    ),
    "Datadog": (
        (
            '{"data": [{"id": "A", "type": "log", "attributes": {"timestamp": "2026-05-04T10:00:00Z", "status": "error", "message": "a", "service": "shop", "host": "web-1", "tags": ["env:x"], "attributes": {"http": {"status_code": 500}}}}], "meta": {}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "a",
                "severity_text": "error",
                "severity_number": 17,
                "host.name": "web-1",
                "http.response.status_code": 500,
                "service.name": "shop",
                "tags": ["env:x"],
            },
        ],
        [],
    ),
    "Azure Monitor": (
        (
            '{"tables": [{"name": "PrimaryResult", "columns": [{"name": "TimeGenerated", "type": "datetime"}, {"name": "Message", "type": "string"}, {"name": "SeverityLevel", "type": "int"}], "rows": [["2026-05-04T10:00:00Z", "a", 3], ["2026-05-04T10:00:01Z"]]}]}\n'
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "a", "SeverityLevel": 3},
        ],
        [("record 2", "not as many values as columns")],
    ),
    "New Relic": (
        ('{"results": [{"timestamp": 1777888800000, "message": "a", "level": "ERROR"}], "metadata": {}}\n'),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "a",
                "severity_text": "ERROR",
                "severity_number": 17,
            },
        ],
        [],
    ),
    "other items among the records": (
        ('{"logs": [{"msg": "a", "time": "2026-05-04T10:00:00Z"}, 7, "x", null, {"msg": "b"}]}\n'),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "a"},
            {"body": "b"},
        ],
        [
            ("record 2", "not a JSON object"),
            ("record 3", "not a JSON object"),
            ("record 4", "not a JSON object"),
        ],
    ),
    "a list with names of its own is a record": (
        ('{"logs": [{"msg": "a"}], "booking": {"id": 7}, "msg": "sold"}\n'),
        [
            {"body": "sold", "booking.id": 7, "logs": ['{"msg":"a"}']},
        ],
        [],
    ),
    "Splunk, lines": (
        (
            '{"preview": false, "offset": 0, "result": {"_time": "2026-05-04T10:00:00.000+00:00", "_raw": "text 0", "host": "web-1"}}\n'
            '{"preview": false, "offset": 1, "result": {"_time": "2026-05-04T10:00:01.000+00:00", "_raw": "text 1", "host": "web-1"}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "text 0",
                "host.name": "web-1",
                "offset": 0,
                "preview": False,
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "text 1",
                "host.name": "web-1",
                "offset": 1,
                "preview": False,
            },
        ],
        [],
    ),
    "elasticdump": (
        (
            '{"_index": "l", "_id": "0", "_source": {"@timestamp": "2026-05-04T10:00:00Z", "message": "a", "level": "warn"}}\n'
            '{"_index": "l", "_id": "1", "_source": {"@timestamp": "2026-05-04T10:00:01Z", "message": "a", "level": "warn"}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "a",
                "severity_text": "warn",
                "severity_number": 13,
                "_id": "0",
                "_index": "l",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "a",
                "severity_text": "warn",
                "severity_number": 13,
                "_id": "1",
                "_index": "l",
            },
        ],
        [],
    ),
    "logcli, lines": (
        (
            '{"labels": {"app": "shop"}, "line": "text 0", "timestamp": "2026-05-04T10:00:00Z"}\n'
            '{"labels": {"app": "shop"}, "line": "text 1", "timestamp": "2026-05-04T10:00:01Z"}\n'
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "text 0", "labels.app": "shop"},
            {"timestamp": "2026-05-04T10:00:01Z", "body": "text 1", "labels.app": "shop"},
        ],
        [],
    ),
    "objects after each other": (
        (
            "{\n"
            '  "time": "2026-05-04T10:00:00Z",\n'
            '  "msg": "a"\n'
            "}\n"
            "{\n"
            '  "time": "2026-05-04T10:00:01Z",\n'
            '  "msg": "b"\n'
            "}\n"
            "{\n"
            '  "time": "2026-05'
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "a"},
            {"timestamp": "2026-05-04T10:00:01Z", "body": "b"},
        ],
        [("line 9, byte 102", "torn: the file ends within the object")],
    ),
    "Elasticsearch, torn": (
        (
            '{"took":1,"hits":{"total":{"value":2},"hits":[{"_index":"l","_id":"1","_source":{"@timestamp":"2026-05-04T10:00:00Z","message":"a"}},{"_index":"l","_id":"2","_source":{"@timestamp":"2026'
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "a", "_id": "1", "_index": "l"},
        ],
        [("byte 133", "not JSON")],
    ),
    "CloudWatch, torn": (
        ('{"events":[{"timestamp":1777888800000,"message":"a"},{"timestamp":1777888800001,"mess'),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "a"},
        ],
        [("byte 53", "not JSON")],
    ),
}


@pytest.mark.parametrize(("text", "rows", "rejected"), CASES.values(), ids=CASES)
def test_every_field_of_every_record(text, rows, rejected, tmp_path):
    loaded = rows_of(tmp_path, text, name="export.json")
    assert loaded.rows == rows
    assert loaded.rejected == rejected


EMPTY = [
    {"took": 1, "hits": {"total": {"value": 0}, "hits": []}},
    {"events": [], "nextForwardToken": "f/1", "nextBackwardToken": "b/1"},
    {"events": [], "searchedLogStreams": []},
    {"results": [], "statistics": {}, "status": "Complete"},
    {"entries": [], "nextPageToken": "x"},
    {"entries": []},
    {"status": "success", "data": {"resultType": "streams", "result": [], "stats": {}}},
    {"results": [], "messages": [{"type": "INFO", "text": "about the search"}], "init_offset": 0},
]


@pytest.mark.parametrize("document", EMPTY, ids=str)
def test_an_export_without_records_is_no_event(document, tmp_path):
    loaded = rows_of(tmp_path, json.dumps(document), name="export.json")
    assert loaded.rows == []
    assert loaded.notes == ["a JSON document has an empty list of records: what was asked for was not found"]


def test_an_event_with_an_empty_list_is_an_event(tmp_path):
    rows = [{"time": "2026-05-04T10:00:00Z", "msg": "a", "events": []}, {"msg": "b", "events": [{"n": 1}]}]
    loaded = rows_of(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    assert [row["body"] for row in loaded.rows] == ["a", "b"]


def test_a_large_answer_of_loki_is_not_taken_for_metrics(tmp_path):
    values = [[str(1777888800000000000 + n), f"line {n} " + "x" * 100] for n in range(2000)]
    document = {
        "status": "success",
        "data": {"resultType": "streams", "result": [{"stream": {"app": "shop"}, "values": values}]},
    }
    loaded = rows_of(tmp_path, json.dumps(document), name="loki.json")
    assert len(loaded.rows) == 2000
    assert loaded.rows[7]["body"].startswith("line 7 ")
