"""JSON logs of platforms and databases."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "aws logs filter-log-events",
        "documentation of AWS CLI, filter-log-events",
        '{"events": [{"logStreamName": "s1", "timestamp": 1777888801257, "message": "ERROR boom\\n", "ingestionTime": 1777888802000, "eventId": "3"}, {"logStreamName": "s1", "timestamp": 1777888802257, "message": "{\\"level\\":\\"info\\",\\"msg\\":\\"ok\\"}", "ingestionTime": 1777888803000, "eventId": "4"}], "searchedLogStreams": []}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "body": "ERROR boom\n",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "body": '{"level":"info","msg":"ok"}',
            },
        ],
    ),
    Shape(
        "CloudWatch, subscription",
        "documentation of AWS, CloudWatch Logs subscriptions",
        '{"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/lambda/f", "logStream": "s", "subscriptionFilters": ["x"], "logEvents": [{"id": "1", "timestamp": 1777888801257, "message": "boom"}]}\n',
        [
            {"timestamp": "2026-05-04T10:00:01.257000Z", "error": False, "duration_ms": None, "body": "boom"},
        ],
    ),
    Shape(
        "CloudWatch, Logs Insights",
        "documentation of AWS CLI, get-query-results",
        '{"results": [[{"field": "@timestamp", "value": "2026-05-04 10:00:01.257"}, {"field": "@message", "value": "boom"}, {"field": "@ptr", "value": "x"}]], "statistics": {"recordsMatched": 1.0}, "status": "Complete"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "boom",
            },
        ],
    ),
    Shape(
        "Lambda, JSON",
        "documentation of AWS, Lambda advanced logging",
        (
            '{"timestamp": "2026-05-04T10:00:01Z", "level": "ERROR", "message": "boom", "logger": "root", "requestId": "8286a188-ba32-4475-8077-530cd35c09a9"}\n'
            '{"time": "2026-05-04T10:00:02.257Z", "type": "platform.report", "record": {"requestId": "8286a188-ba32-4475-8077-530cd35c09a9", "metrics": {"durationMs": 257.12, "billedDurationMs": 258, "memorySizeMB": 128, "maxMemoryUsedMB": 67}, "status": "timeout"}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "root",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
            },
        ],
    ),
    Shape(
        "Powertools for AWS Lambda",
        "documentation of Powertools for AWS Lambda",
        '{"level": "ERROR", "location": "handler:12", "message": "boom", "timestamp": "2026-05-04 10:00:01,257+0000", "service": "payment", "cold_start": true, "function_name": "f", "function_request_id": "8286", "xray_trace_id": "1-0af76519-16cd43dd8448eb211c80319c"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "service.name": "payment",
            },
        ],
    ),
    Shape(
        "Cloud Run",
        "documentation of Google Cloud, structured logging",
        '{"severity": "ERROR", "message": "boom", "timestamp": "2026-05-04T10:00:01.257Z", "logging.googleapis.com/trace": "projects/p/traces/0af7651916cd43dd8448eb211c80319c", "logging.googleapis.com/spanId": "b7ad6b7169203331", "httpRequest": {"requestMethod": "GET", "requestUrl": "/a", "status": 502, "latency": "0.257s"}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "severity_text": "ERROR",
                "body": "boom",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "span_id": "b7ad6b7169203331",
            },
        ],
    ),
    Shape(
        "Docker, fluentd driver",
        "documentation of Docker, fluentd logging driver",
        '{"log": "boom\\n", "container_id": "abc", "container_name": "/shop-1", "source": "stderr", "@timestamp": "2026-05-04T10:00:01.257Z"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "body": "boom\n",
                "container.name": "/shop-1",
            },
        ],
    ),
    Shape(
        "Fluent Bit, Kubernetes, CRI line in log",
        "documentation of Fluent Bit, kubernetes filter",
        (
            '{"date": 1777888801.257, "log": "2026-05-04T10:00:01.257Z stdout F {\\"level\\":\\"error\\",\\"msg\\":\\"boom\\"}", "kubernetes": {"pod_name": "shop-1", "namespace_name": "default", "container_name": "app", "host": "node-1", "labels": {"app": "shop"}}}\n'
            '{"date": 1777888802.257, "log": "2026-05-04T10:00:02.257Z stdout F {\\"level\\":\\"info\\",\\"msg\\":\\"ok\\"}", "kubernetes": {"pod_name": "shop-1", "namespace_name": "default", "container_name": "app", "host": "node-1", "labels": {"app": "shop"}}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "http.response.status_code": None,
                "body": '2026-05-04T10:00:01.257Z stdout F {"level":"error","msg":"boom"}',
                "k8s.pod.name": "shop-1",
                "k8s.container.name": "app",
                "k8s.namespace.name": "default",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "body": '2026-05-04T10:00:02.257Z stdout F {"level":"info","msg":"ok"}',
                "k8s.pod.name": "shop-1",
                "k8s.container.name": "app",
                "k8s.namespace.name": "default",
            },
        ],
        notes=["are JSON or pairs of their own"],
    ),
    Shape(
        "Vector",
        "documentation of Vector, file source",
        (
            '{"message": "boom", "timestamp": "2026-05-04T10:00:01.257123Z", "host": "web-1", "source_type": "file", "file": "/var/log/a.log"}\n'
            '{"message": "ok", "timestamp": "2026-05-04T10:00:02.257123Z", "host": "web-1", "source_type": "file", "file": "/var/log/a.log"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": False,
                "duration_ms": None,
                "body": "boom",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "duration_ms": None,
                "body": "ok",
                "host.name": "web-1",
            },
        ],
    ),
    Shape(
        "journalctl -o json",
        "documentation of journalctl",
        (
            '{"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": "1777888801257123", "__MONOTONIC_TIMESTAMP": "99", "_BOOT_ID": "b", "PRIORITY": "3", "_HOSTNAME": "web-1", "SYSLOG_IDENTIFIER": "shop", "_PID": "12", "_SYSTEMD_UNIT": "shop.service", "MESSAGE": "boom", "_SOURCE_REALTIME_TIMESTAMP": "1777888801257000"}\n'
            '{"__REALTIME_TIMESTAMP": "1777888802257123", "PRIORITY": "6", "_HOSTNAME": "web-1", "SYSLOG_IDENTIFIER": "shop", "_PID": "12", "MESSAGE": [98, 111, 111, 109]}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "severity_text": "err",
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "severity_text": "info",
                "body": "[98,111,111,109]",
                "service.name": "shop",
                "host.name": "web-1",
            },
        ],
    ),
    Shape(
        "Loki, query_range",
        "documentation of Loki, HTTP API",
        '{"status": "success", "data": {"resultType": "streams", "result": [{"stream": {"app": "shop", "pod": "shop-1", "level": "error"}, "values": [["1777888801257000000", "boom"], ["1777888802257000000", "ok"]]}], "stats": {}}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "service.name": "shop",
                "k8s.pod.name": "shop-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": True,
                "severity_text": "error",
                "body": "ok",
                "service.name": "shop",
                "k8s.pod.name": "shop-1",
            },
        ],
    ),
    Shape(
        "logcli, jsonl",
        "documentation of Loki, logcli",
        (
            '{"labels": {"app": "shop", "pod": "shop-1"}, "line": "level=error msg=boom", "timestamp": "2026-05-04T10:00:01.257Z"}\n'
            '{"labels": {"app": "shop", "pod": "shop-1"}, "line": "level=info msg=ok", "timestamp": "2026-05-04T10:00:02.257Z"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "body": "level=error msg=boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "body": "level=info msg=ok",
            },
        ],
        notes=["are JSON or pairs of their own"],
    ),
    Shape(
        "Grafana, download of logs",
        "documentation of Grafana, Explore",
        '{"line": "boom", "timestamp": "1777888801257000000", "date": "2026-05-04T10:00:01.257Z", "fields": {"app": "shop", "level": "error"}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "error",
                "body": "boom",
            },
        ],
    ),
    Shape(
        "Seq",
        "documentation of Seq, JSON export",
        '{"Timestamp": "2026-05-04T10:00:01.2570000Z", "Level": "Error", "MessageTemplate": "x {A}", "Exception": "System.Exception: no card", "Properties": {"A": 1, "SourceContext": "Shop", "ElapsedMilliseconds": 257}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": None,
                "severity_text": "Error",
                "body": "x 1",
                "exception.type": "System.Exception",
                "exception.message": "no card",
                "code.namespace": "Shop",
            },
        ],
    ),
    Shape(
        "Kubernetes, audit log",
        "documentation of Kubernetes, auditing",
        '{"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "a", "stage": "ResponseComplete", "requestURI": "/api/v1/pods", "verb": "get", "user": {"username": "admin"}, "sourceIPs": ["203.0.113.7"], "responseStatus": {"metadata": {}, "code": 503}, "requestReceivedTimestamp": "2026-05-04T10:00:01.257123Z", "stageTimestamp": "2026-05-04T10:00:01.514123Z"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 503,
            },
        ],
    ),
    Shape(
        "MongoDB",
        "documentation of MongoDB, log messages",
        (
            '{"t": {"$date": "2026-05-04T10:00:01.257+00:00"}, "s": "E", "c": "COMMAND", "id": 51803, "ctx": "conn12", "msg": "Slow query", "attr": {"ns": "shop.cart", "durationMillis": 257, "remote": "203.0.113.7:5000"}}\n'
            '{"t": {"$date": "2026-05-04T10:00:02.257+00:00"}, "s": "I", "c": "COMMAND", "id": 51803, "ctx": "conn12", "msg": "Slow query", "attr": {"ns": "shop.cart", "durationMillis": 12}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": None,
                "severity_text": "E",
                "body": "Slow query",
                "code.namespace": "COMMAND",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": 12.0,
                "http.response.status_code": None,
                "severity_text": "I",
                "body": "Slow query",
                "code.namespace": "COMMAND",
            },
        ],
    ),
    Shape(
        "PostgreSQL, jsonlog",
        "documentation of PostgreSQL, jsonlog",
        (
            '{"timestamp": "2026-05-04 10:00:01.257 UTC", "user": "u", "dbname": "shop", "pid": 12, "remote_host": "203.0.113.7", "remote_port": 5000, "session_id": "x", "line_num": 1, "ps": "SELECT", "error_severity": "ERROR", "state_code": "42P01", "message": "relation does not exist", "statement": "select 1", "backend_type": "client backend", "query_id": 0}\n'
            '{"timestamp": "2026-05-04 10:00:02.257 UTC", "pid": 12, "error_severity": "LOG", "message": "duration: 257.123 ms  statement: select 1", "backend_type": "client backend"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "relation does not exist",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "LOG",
                "body": "duration: 257.123 ms  statement: select 1",
            },
        ],
    ),
    Shape(
        "Vault, audit log",
        "documentation of Vault, audit devices",
        '{"time": "2026-05-04T10:00:01.257123Z", "type": "response", "auth": {"display_name": "x"}, "request": {"id": "a", "operation": "read", "path": "secret/a", "remote_address": "203.0.113.7"}, "error": "permission denied"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
            },
        ],
    ),
    Shape(
        "Elasticsearch, server log",
        "documentation of Elasticsearch, logging",
        '{"type": "server", "timestamp": "2026-05-04T10:00:01,257Z", "level": "ERROR", "component": "o.e.x", "cluster.name": "c", "node.name": "n1", "message": "boom", "stacktrace": ["java.lang.Exception: x", "at y"]}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "boom",
                "exception.type": "java.lang.Exception",
                "exception.message": "x",
            },
        ],
    ),
    Shape(
        "Azure App Service, HTTP logs, text in properties",
        "documentation of Azure, App Service logs",
        '{"time": "2026-05-04T10:00:01.0Z", "resourceId": "/X", "category": "AppServiceHTTPLogs", "properties": "{\\"CsHost\\":\\"shop.example\\",\\"CIp\\":\\"203.0.113.7\\",\\"SPort\\":\\"443\\",\\"CsUriStem\\":\\"/a\\",\\"CsUriQuery\\":\\"\\",\\"CsMethod\\":\\"GET\\",\\"TimeTaken\\":257,\\"ScStatus\\":\\"502\\",\\"Result\\":\\"Failed\\",\\"CsBytes\\":\\"512\\",\\"ScBytes\\":\\"1024\\",\\"UserAgent\\":\\"curl\\",\\"Cookie\\":\\"\\",\\"CsUsername\\":\\"\\",\\"Referer\\":\\"\\",\\"ComputerName\\":\\"lw0\\"}"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
            },
        ],
    ),
    Shape(
        "Azure App Service, HTTP logs",
        "documentation of Azure, App Service logs",
        (
            '{"time": "2026-05-04T10:00:01.0Z", "category": "AppServiceHTTPLogs", "properties": "{\\"CsMethod\\":\\"GET\\",\\"TimeTaken\\":257,\\"ScStatus\\":\\"502\\"}"}\n'
            '{"time": "2026-05-04T10:00:02.0Z", "category": "AppServiceHTTPLogs", "properties": "{\\"CsMethod\\":\\"GET\\",\\"TimeTaken\\":25,\\"ScStatus\\":200}"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": 25.0,
                "http.response.status_code": 200,
            },
        ],
    ),
]
