"""What resembles a posted shape, but must not be read as one."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "app log prose with status",
        "made up: what resembles a shape, but is not",
        ("2026-05-04 10:00:01,257 INFO Sending POST /orders took 250 ms\n2026-05-04 10:00:02,257 INFO ok\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "Sending POST /orders took 250 ms",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "json payload after level",
        "made up: what resembles a shape, but is not",
        (
            '2026-05-04 10:00:01,257 INFO {"status": 500, "error": true, "timestamp": "2020-01-01T00:00:00Z"}\n'
            "2026-05-04 10:00:02,257 INFO ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": '{"status": 500, "error": true, "timestamp": "2020-01-01T00:00:00Z"}',
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "time list body",
        "made up: what resembles a shape, but is not",
        ("2026-05-04 10:00:01 [1, 2]\n2026-05-04 10:00:02 {broken}\n"),
        [
            {"timestamp": "2026-05-04T10:00:01Z", "error": False, "body": "[1, 2]"},
            {"timestamp": "2026-05-04T10:00:02Z", "error": False, "body": "{broken}"},
        ],
    ),
    Shape(
        "caller people",
        "made up: what resembles a shape, but is not",
        (
            '{"time": "2026-05-04T10:00:01Z", "msg": "x", "caller": "alice@shop.example:12"}\n'
            '{"time": "2026-05-04T10:00:02Z", "msg": "y", "caller": "arn:aws:iam::1:user/bob"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "body": "x",
                "caller": "alice@shop.example:12",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "body": "y",
                "caller": "arn:aws:iam::1:user/bob",
            },
        ],
    ),
    Shape(
        "caller go",
        "made up: what resembles a shape, but is not",
        (
            '{"time": "2026-05-04T10:00:01Z", "msg": "x", "caller": "main.go:12"}\n'
            '{"time": "2026-05-04T10:00:02Z", "msg": "y", "caller": "github.com/x/y@v1.2.3/z.go:7"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "body": "x",
                "code.file.path": "main.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "body": "y",
                "code.file.path": "github.com/x/y@v1.2.3/z.go",
                "code.line.number": 7,
            },
        ],
    ),
    Shape(
        "response text",
        "made up: what resembles a shape, but is not",
        (
            '{"time": "2026-05-04T10:00:01Z", "msg": "x", "response": "ok"}\n'
            '{"time": "2026-05-04T10:00:02Z", "msg": "y", "response": "200"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "x",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "y",
            },
        ],
    ),
    Shape(
        "response numbers",
        "made up: what resembles a shape, but is not",
        (
            '{"time": "2026-05-04T10:00:01Z", "msg": "x", "response": 12}\n'
            '{"time": "2026-05-04T10:00:02Z", "msg": "y", "response": 200}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "x",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "y",
            },
        ],
    ),
    Shape(
        "record.name without loguru",
        "made up: what resembles a shape, but is not",
        '{"time": "2026-05-04T10:00:01Z", "msg": "x", "record": {"name": "jazz", "line": 3}}\n',
        [
            {"timestamp": "2026-05-04T10:00:01Z", "error": False, "duration_ms": None, "body": "x"},
        ],
    ),
    Shape(
        "startedAt",
        "made up: what resembles a shape, but is not",
        '{"name": "job", "startedAt": "2026-05-04T10:00:01Z", "finishedAt": "2026-05-04T10:00:05Z", "status": "failed"}\n',
        [
            {"timestamp": "2026-05-04T10:00:01Z", "error": False},
        ],
    ),
    Shape(
        "host of machine in request log",
        "made up: what resembles a shape, but is not",
        '{"method": "GET", "path": "/a", "status": 502, "host": "web-1.prod.internal", "timestamp": "2026-05-04T10:00:01Z"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "attributes.host": "web-1.prod.internal",
            },
        ],
    ),
    Shape(
        "service duration-like name",
        "made up: what resembles a shape, but is not",
        (
            '{"time": "2026-05-04T10:00:01Z", "msg": "x", "service": "s3"}\n'
            '{"time": "2026-05-04T10:00:02Z", "msg": "x", "service": "5s"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "body": "x",
                "service.name": "s3",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "body": "x",
                "service": "5s",
            },
        ],
    ),
    Shape(
        "s c id ctx not mongo",
        "made up: what resembles a shape, but is not",
        '{"s": "I", "c": "x", "id": 1, "ctx": "a", "msg": "m", "time": "2026-05-04T10:00:01Z"}\n',
        [
            {"timestamp": "2026-05-04T10:00:01Z", "error": False, "duration_ms": None, "body": "m"},
        ],
    ),
    Shape(
        "csv with quotes in names",
        "made up: what resembles a shape, but is not",
        ('a "x",b,time\n1,2,2026-05-04T10:00:01Z\n3,4,2026-05-04T10:00:02Z\n'),
        [
            {"timestamp": "2026-05-04T10:00:01Z", "error": False, "duration_ms": None},
            {"timestamp": "2026-05-04T10:00:02Z", "error": False, "duration_ms": None},
        ],
    ),
    Shape(
        "apache with -> ident",
        "made up: what resembles a shape, but is not",
        (
            '203.0.113.7 -> x [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 12\n'
            '203.0.113.7 -> x [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 12\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "access iso no zone",
        "made up: what resembles a shape, but is not",
        (
            '203.0.113.7 - - [2026-05-04 10:00:01] "GET /a HTTP/1.1" 502 12 "-" "c"\n'
            '203.0.113.7 - - [2026-05-04 10:00:02] "GET /a HTTP/1.1" 200 12 "-" "c"\n'
        ),
        refused="it looks like plain text",
    ),
]
