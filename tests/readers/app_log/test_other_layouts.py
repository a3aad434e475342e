"""Layouts of programs in Go, Rust, JavaScript, Ruby, PHP and .NET: what each text becomes."""

import pytest

from tests.readers.app_log.rows import rows_of

CASES = {
    "glog": (
        (
            "I0504 10:00:00.123456       7 server.go:12] hello\n"
            "E0504 10:00:01.123456      17 a/pay.cc:120] boom\n"
            "W1231 23:59:59.000001      17 pay.go:1] last year\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.file.path": "server.go",
                "code.line.number": 12,
                "thread.id": 7,
            },
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.file.path": "a/pay.cc",
                "code.line.number": 120,
                "thread.id": 17,
            },
            {
                "timestamp": "2025-12-31T23:59:59.000001Z",
                "body": "last year",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.file.path": "pay.go",
                "code.line.number": 1,
                "thread.id": 17,
            },
        ],
        [],
    ),
    "glog with a year": (
        (
            "I20260504 10:00:00.123456  1234 server.cc:12] hello\n"
            "F20260504 10:00:01.123456  1235 server.cc:13] boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.file.path": "server.cc",
                "code.line.number": 12,
                "thread.id": 1234,
            },
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "error": True,
                "body": "boom",
                "severity_text": "FATAL",
                "severity_number": 21,
                "code.file.path": "server.cc",
                "code.line.number": 13,
                "thread.id": 1235,
            },
        ],
        [],
    ),
    "klog": (
        (
            'I0504 10:00:00.123456       1 controller.go:116] "Pod status updated" pod="shop/cart-0" status="ready"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": '"Pod status updated" pod="shop/cart-0" status="ready"',
                "severity_text": "INFO",
                "severity_number": 9,
                "code.file.path": "controller.go",
                "code.line.number": 116,
                "thread.id": 1,
            },
        ],
        [],
    ),
    "Go log": (
        (
            "2026/05/04 10:00:00 hello\n"
            "2026/05/04 10:00:01 main.go:12: with a place\n"
            "2026/05/04 10:00:02.123456 ERROR boom\n"
        ),
        [
            {"timestamp": "2026-05-04T10:00:00Z", "body": "hello"},
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "with a place",
                "code.file.path": "main.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T10:00:02.123456Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
            },
        ],
        [],
    ),
    "zap": (
        (
            '2026-05-04T10:00:00.123Z\tINFO\tshop\tserver/main.go:12\thello\t{"a": 1}\n'
            "2026-05-04T10:00:00.123Z\tERROR\tserver/main.go:13\tboom\n"
            "main.pay\n"
            "\t/app/main.go:13\n"
            "main.main\n"
            "\t/app/main.go:1\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "a": 1,
                "code.file.path": "server/main.go",
                "code.line.number": 12,
                "code.namespace": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.file.path": "server/main.go",
                "code.line.number": 13,
                "exception.stacktrace": "main.pay\n\t/app/main.go:13\nmain.main\n\t/app/main.go:1",
            },
        ],
        [],
    ),
    "zerolog": (
        (
            "2026-05-04T10:00:00Z INF hello user=7\n"
            '2026-05-04T10:00:01+02:00 ERR boom error="no card"\n'
            "2026-05-04T10:00:02Z PNC out\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "hello user=7",
                "severity_text": "INFO",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T08:00:01Z",
                "error": True,
                "body": 'boom error="no card"',
                "severity_text": "ERROR",
                "severity_number": 17,
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": True,
                "body": "out",
                "severity_text": "FATAL",
                "severity_number": 21,
            },
        ],
        [],
    ),
    "env_logger": (
        ("[2026-05-04T10:00:00Z INFO  shop::cart] hello\n[2026-05-04T10:00:01Z ERROR shop] boom\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop::cart",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop",
            },
        ],
        [],
    ),
    "tracing": (
        (
            "2026-05-04T10:00:00.123456Z  INFO shop::cart: hello user=7\n"
            "2026-05-04T10:00:00.123457Z ERROR shop::pay: boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": "hello user=7",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop::cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123457Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop::pay",
            },
        ],
        [],
    ),
    "pino-pretty": (
        (
            "[2026-05-04 10:00:00.123 +0000] INFO (shop/41 on host-1): hello\n"
            "    reqId: 7\n"
            "[10:00:00.124] ERROR (41): no date\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello\n    reqId: 7",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop",
                "host.name": "host-1",
                "process.pid": 41,
            },
            {
                "error": True,
                "body": "no date",
                "severity_text": "ERROR",
                "severity_number": 17,
                "log.time": "10:00:00.124",
                "process.pid": 41,
            },
        ],
        [],
    ),
    "log4js": (
        ("[2026-05-04T10:00:00.123] [INFO] shop - hello\n[2026-05-04T10:00:00.124] [ERROR] default - boom\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "default",
            },
        ],
        [],
    ),
    "NestJS": (
        (
            "[Nest] 41  - 05/04/2026, 10:00:00 AM     LOG [Factory] Starting\n"
            "[Nest] 41  - 05/04/2026, 10:00:01 PM   ERROR [Http] boom\n"
            "Error: no card\n"
            "    at pay (/app/pay.js:1:2)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "Starting",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "Factory",
                "process.pid": 41,
            },
            {
                "timestamp": "2026-05-04T22:00:01Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "Http",
                "exception.message": "no card",
                "exception.stacktrace": "Error: no card\n    at pay (/app/pay.js:1:2)",
                "exception.type": "Error",
                "process.pid": 41,
            },
        ],
        [],
    ),
    "winston": (
        ("2026-05-04 10:00:00.123 [info]: hello\n2026-05-04 10:00:00.124 [error]: boom\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "info",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "error",
                "severity_number": 17,
            },
        ],
        [],
    ),
    "Ruby": (
        (
            'I, [2026-05-04T10:00:00.123456 #41]  INFO -- : [6bc2] Started GET "/cart" for 10.0.0.7 at 2026-05-04 10:00:00 +0000\n'
            "E, [2026-05-04T10:00:00.223456 #41] ERROR -- shop: boom\n"
            "F, [2026-05-04T10:00:01.123456 #41] FATAL -- : [6bc2]   \n"
            "[6bc2] Shop::NotFound (no cart 7):\n"
            "[6bc2]   \n"
            "[6bc2] app/controllers/carts.rb:7:in `show'\n"
            "I, [2026-05-04T10:00:02.123456 #41]  INFO -- : next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": '[6bc2] Started GET "/cart" for 10.0.0.7 at 2026-05-04 10:00:00 +0000',
                "severity_text": "INFO",
                "severity_number": 9,
                "process.pid": 41,
            },
            {
                "timestamp": "2026-05-04T10:00:00.223456Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop",
                "process.pid": 41,
            },
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "error": True,
                "body": "[6bc2]",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no cart 7",
                "exception.stacktrace": "[6bc2] Shop::NotFound (no cart 7):\n[6bc2]   \n[6bc2] app/controllers/carts.rb:7:in `show'",
                "exception.type": "Shop::NotFound",
                "process.pid": 41,
            },
            {
                "timestamp": "2026-05-04T10:00:02.123456Z",
                "body": "next",
                "severity_text": "INFO",
                "severity_number": 9,
                "process.pid": 41,
            },
        ],
        [],
    ),
    "Sidekiq": (
        (
            "2026-05-04T10:00:00.123Z pid=41 tid=abc class=PayJob jid=12 INFO: start\n"
            "2026-05-04T10:00:00.123Z pid=41 tid=abd WARN: ArgumentError: no card\n"
            "pay.rb:3:in `pay'\n"
            "job.rb:7:in `run'\n"
            "2026-05-04T10:00:00.123Z pid=41 tid=abc class=PayJob jid=12 elapsed=0.1 ERROR: fail: once\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "start",
                "severity_text": "INFO",
                "severity_number": 9,
                "log.context": "class=PayJob jid=12",
                "process.pid": 41,
                "thread.name": "abc",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "ArgumentError: no card",
                "severity_text": "WARN",
                "severity_number": 13,
                "exception.message": "no card",
                "exception.stacktrace": "ArgumentError: no card\npay.rb:3:in `pay'\njob.rb:7:in `run'",
                "exception.type": "ArgumentError",
                "process.pid": 41,
                "thread.name": "abd",
            },
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "error": True,
                "body": "fail: once",
                "severity_text": "ERROR",
                "severity_number": 17,
                "log.context": "class=PayJob jid=12 elapsed=0.1",
                "process.pid": 41,
                "thread.name": "abc",
            },
        ],
        [],
    ),
    "Monolog": (
        (
            '[2026-05-04T10:00:00.123456+00:00] app.INFO: hello {"user":7} []\n'
            '[2026-05-04T10:00:00.123457+02:00] request.CRITICAL: Uncaught PHP Exception Shop\\Bad: "no card" at /pay.php line 3 {"exception":"[object] (Shop\\\\Bad(code: 0): no card at /pay.php:3)\n'
            "[stacktrace]\n"
            "#0 /cart.php(4): pay()\n"
            "#1 {main}\n"
            '"} []\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": 'hello {"user":7} []',
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "app",
            },
            {
                "timestamp": "2026-05-04T08:00:00.123457Z",
                "error": True,
                "body": 'Uncaught PHP Exception Shop\\Bad: "no card" at /pay.php line 3 {"exception":"[object] (Shop\\\\Bad(code: 0): no card at /pay.php:3)',
                "severity_text": "CRITICAL",
                "severity_number": 21,
                "code.namespace": "request",
                "exception.message": "no card",
                "exception.stacktrace": '[stacktrace]\n#0 /cart.php(4): pay()\n#1 {main}\n"} []',
                "exception.type": "Shop\\Bad",
            },
        ],
        [],
    ),
    "Laravel": (
        (
            '[2026-05-04 10:00:00] local.ERROR: no card {"exception":"[object] (Shop\\\\Bad(code: 12): no card at /pay.php:3)\n'
            "[stacktrace]\n"
            "#0 /cart.php(4): pay()\n"
            "#1 {main}\n"
            '"} \n'
            "[2026-05-04 10:00:01] production.INFO: ok  \n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": 'no card {"exception":"[object] (Shop\\\\Bad(code: 12): no card at /pay.php:3)',
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "local",
                "exception.message": "no card",
                "exception.stacktrace": '[stacktrace]\n#0 /cart.php(4): pay()\n#1 {main}\n"}',
                "exception.type": "Shop\\Bad",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "ok",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "production",
            },
        ],
        [],
    ),
    ".NET": (
        (
            "info: Microsoft.Hosting.Lifetime[14]\n"
            "      Now listening on: http://[::]:80\n"
            "fail: Shop.Pay[0]\n"
            "      boom\n"
            "      System.InvalidOperationException: no seats\n"
            "         at Shop.Pay.Run() in /Pay.cs:line 3\n"
            "warn: Shop.Pay[7] single line\n"
        ),
        [
            {
                "body": "Now listening on: http://[::]:80",
                "severity_text": "info",
                "severity_number": 9,
                "code.namespace": "Microsoft.Hosting.Lifetime",
                "event.id": 14,
            },
            {
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "Shop.Pay",
                "event.id": 0,
                "exception.message": "no seats",
                "exception.stacktrace": "System.InvalidOperationException: no seats\n   at Shop.Pay.Run() in /Pay.cs:line 3",
                "exception.type": "System.InvalidOperationException",
            },
            {
                "body": "single line",
                "severity_text": "warn",
                "severity_number": 13,
                "code.namespace": "Shop.Pay",
                "event.id": 7,
            },
        ],
        [],
    ),
    ".NET with a time": (
        (
            "2026-05-04T10:00:00.123Z info: Shop.Pay[14]\n"
            "      hello\n"
            "      => SpanId:00f067aa0ba902b7, TraceId:4bf92f3577b34da6a3ce929d0e0e4736, ParentId:0000000000000000\n"
            "2026-05-04 10:00:00 crit: Shop.Pay[0] boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "span_id": "00f067aa0ba902b7",
                "body": "hello\n=> SpanId:00f067aa0ba902b7, TraceId:4bf92f3577b34da6a3ce929d0e0e4736, ParentId:0000000000000000",
                "severity_text": "info",
                "severity_number": 9,
                "code.namespace": "Shop.Pay",
                "event.id": 14,
            },
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "boom",
                "severity_text": "crit",
                "severity_number": 21,
                "code.namespace": "Shop.Pay",
                "event.id": 0,
            },
        ],
        [],
    ),
    ".NET with a time of day": (
        ("10:00:00 info: Shop.Pay[14]\n      hello\n[10:00:01] fail: Shop.Pay[0] boom\n"),
        [
            {
                "body": "hello",
                "severity_text": "info",
                "severity_number": 9,
                "code.namespace": "Shop.Pay",
                "event.id": 14,
                "log.time": "10:00:00",
            },
            {
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "Shop.Pay",
                "event.id": 0,
                "log.time": "10:00:01",
            },
        ],
        [],
    ),
    "Serilog": (
        (
            "2026-05-04 10:00:00.123 +02:00 [INF] hello\n"
            "2026-05-04 10:00:00.124 +02:00 [ERR] boom\n"
            "System.InvalidOperationException: no seats\n"
            "   at Shop.Pay.Run() in C:\\Pay.cs:line 3\n"
        ),
        [
            {
                "timestamp": "2026-05-04T08:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T08:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "exception.message": "no seats",
                "exception.stacktrace": "System.InvalidOperationException: no seats\n   at Shop.Pay.Run() in C:\\Pay.cs:line 3",
                "exception.type": "System.InvalidOperationException",
            },
        ],
        [],
    ),
    "Serilog without a date": (
        ("[10:00:00 INF] hello\n[10:00:01 ERR] boom\n"),
        [
            {"body": "hello", "severity_text": "INFO", "severity_number": 9, "log.time": "10:00:00"},
            {
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "log.time": "10:00:01",
            },
        ],
        [],
    ),
    "NLog": (
        (
            "2026-05-04 10:00:00.1230|INFO|Shop.Cart|hello\n"
            "2026-05-04 10:00:00.1240|ERROR|Shop.Pay|boom|System.Exception: no card\n"
            "   at Shop.Pay.Run() in C:\\Pay.cs:line 3\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "Shop.Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom|System.Exception: no card",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "Shop.Pay",
                "exception.message": "no card",
                "exception.stacktrace": "System.Exception: no card\n   at Shop.Pay.Run() in C:\\Pay.cs:line 3",
                "exception.type": "System.Exception",
            },
        ],
        [],
    ),
    "Elixir": (
        (
            "10:00:00.123 [error] GenServer Shop.Pay terminating\n"
            "** (Shop.NoCard) no card\n"
            "    (shop 0.1.0) lib/pay.ex:3: Shop.Pay.run/1\n"
            "10:00:01.000 [info] next\n"
        ),
        [
            {
                "error": True,
                "body": "GenServer Shop.Pay terminating",
                "severity_text": "error",
                "severity_number": 17,
                "exception.message": "no card",
                "exception.stacktrace": "** (Shop.NoCard) no card\n    (shop 0.1.0) lib/pay.ex:3: Shop.Pay.run/1",
                "exception.type": "Shop.NoCard",
                "log.time": "10:00:00.123",
            },
            {"body": "next", "severity_text": "info", "severity_number": 9, "log.time": "10:00:01.000"},
        ],
        [],
    ),
    "Lambda for Node.js": (
        (
            "START RequestId: 6bc28136-0000-4000-8000-000000000001 Version: 1\n"
            "2026-05-04T10:00:00.123Z\t6bc28136-0000-4000-8000-000000000001\tINFO\thello\n"
            "2026-05-04T10:00:00.123Z\t6bc28136-0000-4000-8000-000000000001\tERROR\tboom\n"
        ),
        [
            {
                "body": "START RequestId: 6bc28136-0000-4000-8000-000000000001 Version: 1",
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
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "faas.invocation_id": "6bc28136-0000-4000-8000-000000000001",
            },
        ],
        [],
    ),
    "syslog": (
        ("May  4 10:00:00 web-1 shop[12]: hello\nMay  4 10:00:01 web-1 shop[12]: boom\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "hello",
                "host.name": "web-1",
                "process.pid": 12,
                "service.name": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "boom",
                "host.name": "web-1",
                "process.pid": 12,
                "service.name": "shop",
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
