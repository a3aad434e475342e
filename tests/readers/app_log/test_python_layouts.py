"""Layouts of Python programs: what each text becomes."""

import pytest

from tests.readers.app_log.rows import rows_of

CASES = {
    "logging.basicConfig": (
        (
            "WARNING:shop.cart:no stock\n"
            "ERROR:root:boom\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
        ),
        [
            {
                "body": "no stock",
                "severity_text": "WARNING",
                "severity_number": 13,
                "code.namespace": "shop.cart",
            },
            {
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "root",
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
            },
        ],
        [],
    ),
    "formatter with hyphens": (
        (
            "2026-05-04 10:00:00,123 - shop.cart - INFO - hello - world\n"
            "2026-05-04 10:00:00,124 - shop.cart - ERROR - boom\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
            "2026-05-04 10:00:00,125 - shop - DEBUG - next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello - world",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop.cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop.cart",
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
            },
            {
                "timestamp": "2026-05-04T10:00:00.125000Z",
                "body": "next",
                "severity_text": "DEBUG",
                "severity_number": 5,
                "code.namespace": "shop",
            },
        ],
        [],
    ),
    "hyphens, file and line": (
        ("2026-05-04 10:00:00,123 - shop.cart - INFO - [cart.py:12] - hello\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.file.path": "cart.py",
                "code.line.number": 12,
                "code.namespace": "shop.cart",
            },
        ],
        [],
    ),
    "time, level and dotted logger": (
        (
            "2026-05-04 10:00:00,123 INFO shop.cart: hello\n"
            "2026-05-04 10:00:00,124 CRITICAL shop.pay.card: boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop.cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "CRITICAL",
                "severity_number": 21,
                "code.namespace": "shop.pay.card",
            },
        ],
        [],
    ),
    "level in brackets": (
        (
            "2026-05-04 10:00:00,123 [INFO] shop.cart: hello\n"
            "2026-05-04 10:00:00,124 [ERROR] shop.cart: boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop.cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop.cart",
            },
        ],
        [],
    ),
    "time and level": (
        ("2026-05-04 10:00:00,123 INFO hello\n2026-05-04 10:00:00,124 WARNING slow: 12 ms\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "slow: 12 ms",
                "severity_text": "WARNING",
                "severity_number": 13,
            },
        ],
        [],
    ),
    "time and level with bars": (
        ("2026-05-04 10:00:00,123 | INFO | hello\n2026-05-04 10:00:00,124 | ERROR | boom | really\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom | really",
                "severity_text": "ERROR",
                "severity_number": 17,
            },
        ],
        [],
    ),
    "colons": (
        (
            "2026-05-04 10:00:00,123:INFO:shop.cart:hello\n"
            "2026-05-04 10:00:00,124:ERROR:root:boom\n"
            "2026-05-04 10:00:00,125:INFO:ready: 3 workers\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop.cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "root",
            },
            {
                "timestamp": "2026-05-04T10:00:00.125000Z",
                "body": "ready: 3 workers",
                "severity_text": "INFO",
                "severity_number": 9,
            },
        ],
        [],
    ),
    "Flask": (
        (
            "[2026-05-04 10:00:00,123] INFO in app: hello\n"
            "[2026-05-04 10:00:00,124] ERROR in views: Exception on /cart [GET]\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "app",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "Exception on /cart [GET]",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "views",
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
            },
        ],
        [],
    ),
    "Django, verbose": (
        (
            'INFO 2026-05-04 10:00:00,123 basehttp 24106 140 "GET /cart?x=1 HTTP/1.1" 200 12\n'
            "ERROR 2026-05-04 10:00:00,124 log 24106 141 Internal Server Error: /cart\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "name": "GET",
                "kind": "server",
                "body": '"GET /cart?x=1 HTTP/1.1" 200 12',
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "basehttp",
                "http.request.method": "GET",
                "http.response.body.size": 12,
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
                "process.pid": 24106,
                "thread.id": 140,
                "url.path": "/cart",
                "url.query": "x=1",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "Internal Server Error: /cart",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "log",
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
                "process.pid": 24106,
                "thread.id": 141,
            },
        ],
        [],
    ),
    "Django, runserver": (
        (
            '[04/May/2026 10:00:00] "GET /cart?x=1 HTTP/1.1" 200 1234\n'
            '[04/May/2026 10:00:01] "POST /cart HTTP/1.1" 500 179\n'
            "Watching for file changes with StatReloader\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "name": "GET",
                "kind": "server",
                "body": '"GET /cart?x=1 HTTP/1.1" 200 1234',
                "http.request.method": "GET",
                "http.response.body.size": 1234,
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
                "url.path": "/cart",
                "url.query": "x=1",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "name": "POST",
                "kind": "server",
                "error": True,
                "body": '"POST /cart HTTP/1.1" 500 179\nWatching for file changes with StatReloader',
                "http.request.method": "POST",
                "http.response.body.size": 179,
                "http.response.status_code": 500,
                "network.protocol.version": "1.1",
                "url.path": "/cart",
            },
        ],
        [],
    ),
    "http.server": (
        (
            '10.0.0.7 - - [04/May/2026 10:00:00] "GET /cart?x=1 HTTP/1.1" 200 -\n'
            "10.0.0.7 - - [04/May/2026 10:00:01] code 404, message File not found\n"
            '10.0.0.7 - - [04/May/2026 10:00:01] "GET /x HTTP/1.1" 404 -\n'
            '10.0.0.7 - - [04/May/2026 10:00:02] "POST /pay HTTP/1.1" 500 12\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "name": "GET",
                "kind": "server",
                "client.address": "10.0.0.7",
                "http.request.method": "GET",
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
                "url.path": "/cart",
                "url.query": "x=1",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "code 404, message File not found",
                "client.address": "10.0.0.7",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "name": "GET",
                "kind": "server",
                "client.address": "10.0.0.7",
                "http.request.method": "GET",
                "http.response.status_code": 404,
                "network.protocol.version": "1.1",
                "url.path": "/x",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "name": "POST",
                "kind": "server",
                "error": True,
                "client.address": "10.0.0.7",
                "http.request.method": "POST",
                "http.response.body.size": 12,
                "http.response.status_code": 500,
                "network.protocol.version": "1.1",
                "url.path": "/pay",
            },
        ],
        [],
    ),
    "werkzeug through logging": (
        (
            ' * Serving Flask app "shop"\n'
            'INFO:werkzeug:10.0.0.7 - - [04/May/2026 10:00:00] "GET /cart HTTP/1.1" 200 -\n'
            'INFO:werkzeug:10.0.0.7 - - [04/May/2026 10:00:01] "POST /pay HTTP/1.1" 500 -\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "name": "GET",
                "kind": "server",
                "body": '10.0.0.7 - - [04/May/2026 10:00:00] "GET /cart HTTP/1.1" 200 -',
                "severity_text": "INFO",
                "severity_number": 9,
                "client.address": "10.0.0.7",
                "code.namespace": "werkzeug",
                "http.request.method": "GET",
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
                "url.path": "/cart",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "name": "POST",
                "kind": "server",
                "error": True,
                "body": '10.0.0.7 - - [04/May/2026 10:00:01] "POST /pay HTTP/1.1" 500 -',
                "severity_text": "INFO",
                "severity_number": 9,
                "client.address": "10.0.0.7",
                "code.namespace": "werkzeug",
                "http.request.method": "POST",
                "http.response.status_code": 500,
                "network.protocol.version": "1.1",
                "url.path": "/pay",
            },
        ],
        [("line 1, byte 0", "before the first record")],
    ),
    "uvicorn": (
        (
            "INFO:     Started server process [12]\n"
            'INFO:     10.0.0.7:52736 - "GET /cart?x=1 HTTP/1.1" 200 OK\n'
            'INFO:     10.0.0.7:52737 - "POST /pay HTTP/1.1" 500 Internal Server Error\n'
            "ERROR:    Exception in ASGI application\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
            "WARNING:  StatReload detected changes\n"
        ),
        [
            {"body": "Started server process [12]", "severity_text": "INFO", "severity_number": 9},
            {
                "name": "GET",
                "kind": "server",
                "body": '10.0.0.7:52736 - "GET /cart?x=1 HTTP/1.1" 200 OK',
                "severity_text": "INFO",
                "severity_number": 9,
                "client.address": "10.0.0.7",
                "client.port": 52736,
                "http.request.method": "GET",
                "http.response.status_code": 200,
                "network.protocol.version": "1.1",
                "url.path": "/cart",
                "url.query": "x=1",
            },
            {
                "name": "POST",
                "kind": "server",
                "error": True,
                "body": '10.0.0.7:52737 - "POST /pay HTTP/1.1" 500 Internal Server Error',
                "severity_text": "INFO",
                "severity_number": 9,
                "client.address": "10.0.0.7",
                "client.port": 52737,
                "http.request.method": "POST",
                "http.response.status_code": 500,
                "network.protocol.version": "1.1",
                "url.path": "/pay",
            },
            {
                "error": True,
                "body": "Exception in ASGI application",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
            },
            {"body": "StatReload detected changes", "severity_text": "WARNING", "severity_number": 13},
        ],
        [],
    ),
    "gunicorn": (
        (
            "[2026-05-04 10:00:00 +0200] [1] [INFO] Starting gunicorn 22.0.0\n"
            "[2026-05-04 10:00:01 +0200] [7] [ERROR] Error handling request /cart\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
            "[2026-05-04 10:00:02 +0200] [1] [CRITICAL] WORKER TIMEOUT (pid:7)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T08:00:00Z",
                "body": "Starting gunicorn 22.0.0",
                "severity_text": "INFO",
                "severity_number": 9,
                "process.pid": 1,
            },
            {
                "timestamp": "2026-05-04T08:00:01Z",
                "error": True,
                "body": "Error handling request /cart",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
                "process.pid": 7,
            },
            {
                "timestamp": "2026-05-04T08:00:02Z",
                "error": True,
                "body": "WORKER TIMEOUT (pid:7)",
                "severity_text": "CRITICAL",
                "severity_number": 21,
                "process.pid": 1,
            },
        ],
        [],
    ),
    "loguru": (
        (
            "2026-05-04 10:00:00.123 | INFO     | shop.cart:pay:12 - hello\n"
            "2026-05-04 10:00:00.124 | ERROR    | __main__:<module>:3 - boom\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.function.name": "pay",
                "code.line.number": 12,
                "code.namespace": "shop.cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.function.name": "<module>",
                "code.line.number": 3,
                "code.namespace": "__main__",
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
            },
        ],
        [],
    ),
    "celery": (
        (
            "[2026-05-04 10:00:00,123: INFO/MainProcess] Connected to redis\n"
            "[2026-05-04 10:00:00,124: ERROR/ForkPoolWorker-1] Task shop.pay raised\n"
            "Traceback (most recent call last):\n"
            '  File "/app/pay.py", line 12, in pay\n'
            "    charge(card)\n"
            "ValueError: no card\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "Connected to redis",
                "severity_text": "INFO",
                "severity_number": 9,
                "thread.name": "MainProcess",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "Task shop.pay raised",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "no card",
                "exception.stacktrace": 'Traceback (most recent call last):\n  File "/app/pay.py", line 12, in pay\n    charge(card)\nValueError: no card',
                "exception.type": "ValueError",
                "thread.name": "ForkPoolWorker-1",
            },
        ],
        [],
    ),
    "airflow": (
        (
            "[2026-05-04T10:00:00.123+0200] {taskinstance.py:1824} INFO - Marking task\n"
            "[2026-05-04T10:00:00.124+0200] {taskinstance.py:1825} ERROR - Task failed\n"
        ),
        [
            {
                "timestamp": "2026-05-04T08:00:00.123000Z",
                "body": "Marking task",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.file.path": "taskinstance.py",
                "code.line.number": 1824,
            },
            {
                "timestamp": "2026-05-04T08:00:00.124000Z",
                "error": True,
                "body": "Task failed",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.file.path": "taskinstance.py",
                "code.line.number": 1825,
            },
        ],
        [],
    ),
    "Lambda": (
        (
            "START RequestId: 6bc28136-0000-4000-8000-000000000001 Version: $LATEST\n"
            "[INFO]\t2026-05-04T10:00:00.123Z\t6bc28136-0000-4000-8000-000000000001\thello\n"
            "[ERROR] ValueError: no card\n"
            "Traceback (most recent call last):\n"
            '  File "/var/task/pay.py", line 12, in handler\n'
            "    pay()\n"
            "[WARNING]\t2026-05-04T10:00:00.123Z\t6bc28136-0000-4000-8000-000000000001\tslow\n"
            "REPORT RequestId: 6bc28136-0000-4000-8000-000000000001\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\n"
        ),
        [
            {
                "body": "START RequestId: 6bc28136-0000-4000-8000-000000000001 Version: $LATEST",
                "faas.invocation_id": "6bc28136-0000-4000-8000-000000000001",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "faas.invocation_id": "6bc28136-0000-4000-8000-000000000001",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "ValueError: no card",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "no card",
                "exception.stacktrace": 'ValueError: no card\nTraceback (most recent call last):\n  File "/var/task/pay.py", line 12, in handler\n    pay()',
                "exception.type": "ValueError",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "slow",
                "severity_text": "WARNING",
                "severity_number": 13,
                "faas.invocation_id": "6bc28136-0000-4000-8000-000000000001",
            },
            {
                "duration_ms": 12.5,
                "body": "REPORT RequestId: 6bc28136-0000-4000-8000-000000000001\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB",
                "faas.invocation_id": "6bc28136-0000-4000-8000-000000000001",
            },
        ],
        [],
    ),
}


@pytest.mark.parametrize(("text", "rows", "rejected"), CASES.values(), ids=CASES)
def test_every_field_of_every_record(text, rows, rejected, tmp_path):
    loaded = rows_of(tmp_path, text)
    assert loaded.rows == rows
    assert loaded.rejected == rejected
