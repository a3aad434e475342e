"""Application Insights. Shapes: tables of Azure Monitor, the SDKs' envelopes, the export data model (reference)."""

import json

import pytest

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203330", "00f067aa0ba902b7"
TABLE = {
    "time": "2026-05-04T10:00:00.1234567Z",
    "resourceId": "/SUBSCRIPTIONS/1",
    "Type": "AppRequests",
    "Id": SPAN,
    "OperationId": TRACE,
    "ParentId": PARENT,
    "OperationName": "GET Cart",
    "Name": "GET /cart",
    "DurationMs": 250.5,
    "Success": False,
    "ResultCode": "502",
    "Url": "https://shop.example/cart",
    "AppRoleName": "shop",
    "AppRoleInstance": "shop-1",
    "AppVersion": "2.4.0",
    "ClientIP": "203.0.113.0",
    "ItemCount": 4,
    "Properties": {"customer": "gold"},
}
ENVELOPE = {
    "name": "Microsoft.ApplicationInsights.41.Request",
    "time": "2026-05-04T10:00:00.123Z",
    "iKey": "41",
    "sampleRate": 25,
    "tags": {
        "ai.operation.id": TRACE,
        "ai.operation.parentId": PARENT,
        "ai.cloud.role": "shop",
        "ai.internal.sdkVersion": "dotnet:2.21",
    },
    "data": {
        "baseType": "RequestData",
        "baseData": {
            "ver": 2,
            "id": SPAN,
            "name": "GET /cart",
            "duration": "00:00:00.2505000",
            "responseCode": "502",
            "success": False,
            "url": "https://shop.example/cart",
            "properties": {"customer": "gold"},
        },
    },
}
EXPORT = {
    "request": [
        {
            "id": SPAN,
            "name": "GET /cart",
            "count": 4,
            "responseCode": 502,
            "success": False,
            "url": "https://shop.example/cart",
            "urlData": {"base": "/cart", "host": "shop.example"},
            "durationMetric": {"value": 2505000.0, "count": 1.0},
        }
    ],
    "internal": {"data": {"id": "1", "documentVersion": "1.61"}},
    "context": {
        "data": {"eventTime": "2026-05-04T10:00:00.123Z"},
        "operation": {"id": TRACE, "parentId": PARENT, "name": "GET Cart"},
        "device": {"roleName": "shop", "roleInstance": "shop-1"},
        "custom": {"dimensions": [{"customer": "gold"}]},
    },
}
ROW = {
    "timestamp": "2026-05-04T10:00:00.123Z",
    "itemType": "request",
    "id": SPAN,
    "operation_Id": TRACE,
    "operation_ParentId": PARENT,
    "name": "GET /cart",
    "duration": 250.5,
    "success": "False",
    "resultCode": "502",
    "url": "https://shop.example/cart",
    "cloud_RoleName": "shop",
    "itemCount": 4,
    "customDimensions": '{"customer":"gold"}',
}
ANSWER = {
    "tables": [
        {
            "name": "PrimaryResult",
            "columns": [{"name": name, "type": "string"} for name in ROW],
            "rows": [list(ROW.values())],
        }
    ]
}


@pytest.mark.parametrize("item", [TABLE, ENVELOPE, EXPORT, ROW, ANSWER, [ENVELOPE], {"records": [TABLE]}])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_request_in_each_form(read, item, indent):
    got = read(json.dumps(item, indent=indent).encode())
    (row,) = got.rows
    assert row["timestamp"].isoformat()[:23] == "2026-05-04T10:00:00.123"
    wanted = {
        "duration_ms": 250.5,
        "name": "GET /cart",
        "kind": "server",
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": PARENT,
        "status_code": "ERROR",
        "error": True,
        "sample_weight": 4.0,
        "http.response.status_code": 502,
        "url.full": "https://shop.example/cart",
        "url.path": "/cart",
        "service.name": "shop",
        "customer": "gold",
    }
    assert {name: row.get(name) for name in wanted} == wanted
    assert got.reasons == []


def test_a_dependency_and_its_root(read):
    dependency = {
        "Type": "AppDependencies",
        "DependencyType": "SQL",
        "ResultCode": "0",
        "Success": True,
        "ParentId": SPAN,
        "Id": "53995c3f42cd8ad8",
        "Target": "db1",
    }
    got = read(
        b"".join(
            json.dumps(item).encode() + b"\n"
            for item in (TABLE | {"ParentId": TRACE}, {**TABLE, **dependency, "Url": None})
        )
    )
    root, sql = got.rows
    assert "parent_span_id" not in root  # the operation itself is no parent
    assert (sql["kind"], sql["parent_span_id"], sql["error"]) == ("client", SPAN, False)
    assert (sql["azure.result_code"], sql["DependencyType"], sql["Target"]) == ("0", "SQL", "db1")
    assert "http.response.status_code" not in sql


def test_an_exception_and_a_trace(read):
    base = {"exceptions": [{"typeName": "Timeout", "message": "after 250 ms", "stack": "at Cart"}]}
    exception = ENVELOPE | {"data": {"baseType": "ExceptionData", "baseData": base}}
    trace = {
        "time": "2026-05-04T10:00:00Z",
        "Type": "AppTraces",
        "Message": "no seat left",
        "SeverityLevel": 2,
        "OperationId": TRACE,
        "ParentId": SPAN,
    }
    got = read(b"".join(json.dumps(item).encode() + b"\n" for item in (exception, trace)))
    thrown, said = got.rows
    assert (thrown["exception.type"], thrown["exception.message"]) == ("Timeout", "after 250 ms")
    assert (thrown["exception.stacktrace"], thrown["severity_number"], thrown["span_id"]) == (
        "at Cart",
        17,
        PARENT,
    )
    assert (said["body"], said["severity_text"], said["severity_number"]) == ("no seat left", "Warning", 13)
    assert (said["kind"], said["span_id"], said["trace_id"]) == ("event", SPAN, TRACE)


def test_metrics_and_bad_durations_are_counted(read):
    items = (TABLE, TABLE | {"Type": "AppMetrics"}, TABLE | {"DurationMs": "soon"}, {"Type": "Heartbeat"})
    got = read(b"".join(json.dumps(item).encode() + b"\n" for item in items))
    assert len(got.rows) == 1
    assert [reason for _, reason in got.reasons] == [
        "metrics are not events",
        "duration is not a time span",
        "neither a request, a dependency, an exception nor a trace",
    ]
