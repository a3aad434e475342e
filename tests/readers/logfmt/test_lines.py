"""Lines of logfmt by the programs that write them: what each becomes."""

import pytest

from tests.readers.app_log.rows import rows_of

CASES = {
    "logrus": (
        (
            'time="2026-05-04T10:00:00Z" level=info msg="hello \\"x\\"\\nsecond" user=7 ratio=0.5 ok=true\n'
            'time="2026-05-04T10:00:01+02:00" level=warning msg=slow user=8 ratio=1 ok=false\n'
            'time="2026-05-04T10:00:02Z" level=fatal msg="no = card" error="a=b c"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": 'hello "x"\nsecond',
                "severity_text": "info",
                "severity_number": 9,
                "ok": True,
                "ratio": 0.5,
                "user": 7,
            },
            {
                "timestamp": "2026-05-04T08:00:01Z",
                "body": "slow",
                "severity_text": "warning",
                "severity_number": 13,
                "ok": False,
                "ratio": 1.0,
                "user": 8,
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": True,
                "body": "no = card",
                "severity_text": "fatal",
                "severity_number": 21,
                "attributes.error": "a=b c",
            },
        ],
        [],
    ),
    "Go slog": (
        (
            "time=2026-05-04T10:00:00.123Z level=INFO msg=hello source=/app/main.go:12 req.method=GET req.dur=12ms\n"
            'time=2026-05-04T10:00:00.124+02:00 level=ERROR msg="no card" err="a=b"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "req.dur": "12ms",
                "req.method": "GET",
                "source": "/app/main.go:12",
            },
            {
                "timestamp": "2026-05-04T08:00:00.124000Z",
                "error": True,
                "body": "no card",
                "severity_text": "ERROR",
                "severity_number": 17,
                "err": "a=b",
            },
        ],
        [],
    ),
    "go-kit": (
        (
            "ts=2026-05-04T10:00:00.123Z caller=main.go:12 level=info component=web msg=Start \n"
            'ts=2026-05-04T10:00:00.124Z caller=pay.go:7 level=error err="no card"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "Start",
                "severity_text": "info",
                "severity_number": 9,
                "code.file.path": "main.go",
                "code.line.number": 12,
                "component": "web",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "severity_text": "error",
                "severity_number": 17,
                "code.file.path": "pay.go",
                "code.line.number": 7,
                "err": "no card",
            },
        ],
        [],
    ),
    "Grafana": (
        (
            "t=2026-05-04T10:00:00+0000 lvl=info msg=hello logger=http.server\n"
            "t=2026-05-04T10:00:01+0000 lvl=eror msg=boom logger=sqlstore\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "hello",
                "severity_text": "info",
                "severity_number": 9,
                "code.namespace": "http.server",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "boom",
                "severity_text": "eror",
                "severity_number": 17,
                "code.namespace": "sqlstore",
            },
        ],
        [],
    ),
    "Heroku, router": (
        (
            'at=info method=GET path="/cart?x=1" host=shop.example request_id=6bc28136 fwd="10.0.0.7" dyno=web.1 connect=1ms service=18ms status=200 bytes=123 protocol=https\n'
            'at=error code=H12 desc="Request timeout" method=GET path="/pay" host=shop.example request_id=6bc28137 fwd="10.0.0.8" dyno=web.2 connect=1ms service=30000ms status=503 bytes=0 protocol=https\n'
            'at=error code=H10 desc="App crashed" method=GET path="/" host=shop.example request_id=6bc28138 fwd="10.0.0.9" dyno= connect= service= status=503 bytes= protocol=https\n'
        ),
        [
            {
                "severity_text": "info",
                "severity_number": 9,
                "bytes": 123,
                "connect": "1ms",
                "dyno": "web.1",
                "fwd": "10.0.0.7",
                "duration_ms": 18.0,
                "http.response.status_code": 200,
                "method": "GET",
                "path": "/cart?x=1",
                "protocol": "https",
                "request_id": "6bc28136",
                "server.address": "shop.example",
            },
            {
                "error": True,
                "severity_text": "error",
                "severity_number": 17,
                "bytes": 0,
                "code": "H12",
                "connect": "1ms",
                "desc": "Request timeout",
                "dyno": "web.2",
                "fwd": "10.0.0.8",
                "duration_ms": 30000.0,
                "http.response.status_code": 503,
                "method": "GET",
                "path": "/pay",
                "protocol": "https",
                "request_id": "6bc28137",
                "server.address": "shop.example",
            },
            {
                "error": True,
                "severity_text": "error",
                "severity_number": 17,
                "code": "H10",
                "desc": "App crashed",
                "fwd": "10.0.0.9",
                "http.response.status_code": 503,
                "method": "GET",
                "path": "/",
                "protocol": "https",
                "request_id": "6bc28138",
                "server.address": "shop.example",
            },
        ],
        [],
    ),
    "lograge": (
        (
            "method=GET path=/cart format=html controller=CartsController action=show status=200 duration=12.34 view=1.00 db=2.00\n"
            "method=GET path=/pay format=html controller=PayController action=run status=500 error='RuntimeError: no \"card\"' duration=112.34 view=0.00 db=2.00\n"
        ),
        [
            {
                "duration_ms": 12.34,
                "action": "show",
                "controller": "CartsController",
                "db": 2.0,
                "format": "html",
                "http.response.status_code": 200,
                "method": "GET",
                "path": "/cart",
                "view": 1.0,
            },
            {
                "duration_ms": 112.34,
                "error": True,
                "action": "run",
                "attributes.error": 'RuntimeError: no "card"',
                "controller": "PayController",
                "db": 2.0,
                "format": "html",
                "http.response.status_code": 500,
                "method": "GET",
                "path": "/pay",
                "view": 0.0,
            },
        ],
        [],
    ),
    "keys twice, empty and bare": (
        ("level=info msg=a user=1 user=2 note= cached\nlevel=info msg=b user=3 note=x\n"),
        [
            {"body": "a", "severity_text": "info", "severity_number": 9, "cached": True, "user": 2},
            {"body": "b", "severity_text": "info", "severity_number": 9, "note": "x", "user": 3},
        ],
        [],
    ),
    "odd values": (
        (
            'level=info msg="" id=007 big=12345678901234567890 exp=1e5 neg=-3 half="un\\tquoted"\n'
            "level=info msg=b id=008 big=2 exp=2 neg=-4 half=café\n"
        ),
        [
            {
                "body": "",
                "severity_text": "info",
                "severity_number": 9,
                "big": "12345678901234567890",
                "exp": "1e5",
                "half": "un\tquoted",
                "id": "007",
                "neg": -3,
            },
            {
                "body": "b",
                "severity_text": "info",
                "severity_number": 9,
                "big": "2",
                "exp": "2",
                "half": "café",
                "id": "008",
                "neg": -4,
            },
        ],
        [],
    ),
    "status of something else": (
        ("level=info msg=a status=12\nlevel=info msg=b status=500\n"),
        [
            {"body": "a", "severity_text": "info", "severity_number": 9, "status": 12},
            {"body": "b", "severity_text": "info", "severity_number": 9, "status": 500},
        ],
        [],
    ),
}


@pytest.mark.parametrize(("text", "rows", "rejected"), CASES.values(), ids=CASES)
def test_every_field_of_every_record(text, rows, rejected, tmp_path):
    loaded = rows_of(tmp_path, text)
    assert loaded.rows == rows
    assert loaded.rejected == rejected
