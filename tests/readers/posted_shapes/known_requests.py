"""Application logs whose messages are requests that were answered."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "gunicorn, access line in its own log",
        "documentation of gunicorn, logging",
        (
            '[2026-05-04 10:00:07 +0000] [12] [INFO] 203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 "-" "curl/8"\n'
            '[2026-05-04 10:00:08 +0000] [12] [INFO] 203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 "-" "curl/8"\n'
            '[2026-05-04 10:00:09 +0000] [12] [INFO] 203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 "-" "curl/8"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "severity_text": "INFO",
                "body": '203.0.113.7 - - [04/May/2026:10:00:01 +0000] "GET /app/x HTTP/1.1" 502 512 "-" "curl/8"',
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "severity_text": "INFO",
                "body": '203.0.113.8 - - [04/May/2026:10:00:02 +0000] "GET /app/x HTTP/1.1" 200 512 "-" "curl/8"',
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": False,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "severity_text": "INFO",
                "body": '203.0.113.9 - - [04/May/2026:10:00:03 +0000] "GET /app/x HTTP/1.1" 404 512 "-" "curl/8"',
            },
        ],
    ),
    Shape(
        "Hypercorn, access line without HTTP/",
        "documentation of Hypercorn, logging",
        (
            '[2026-05-04 10:00:07 +0000] [12] [INFO] 203.0.113.7:54321 - - [04/May/2026:10:00:01 +0000] "GET /app/x 2" 502 512 "-" "curl/8"\n'
            '[2026-05-04 10:00:08 +0000] [12] [INFO] 203.0.113.8:54321 - - [04/May/2026:10:00:02 +0000] "GET /app/x 2" 200 512 "-" "curl/8"\n'
            '[2026-05-04 10:00:09 +0000] [12] [INFO] 203.0.113.9:54321 - - [04/May/2026:10:00:03 +0000] "GET /app/x 2" 404 512 "-" "curl/8"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": '203.0.113.7:54321 - - [04/May/2026:10:00:01 +0000] "GET /app/x 2" 502 512 "-" "curl/8"',
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": '203.0.113.8:54321 - - [04/May/2026:10:00:02 +0000] "GET /app/x 2" 200 512 "-" "curl/8"',
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": '203.0.113.9:54321 - - [04/May/2026:10:00:03 +0000] "GET /app/x 2" 404 512 "-" "curl/8"',
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "uvicorn, default",
        "documentation of uvicorn, logging",
        (
            'INFO:     203.0.113.7:54327 - "GET /app/x HTTP/1.1" 502 Bad Gateway\n'
            'INFO:     203.0.113.8:54328 - "GET /app/x HTTP/1.1" 200 Bad Gateway\n'
            'INFO:     203.0.113.9:54329 - "GET /app/x HTTP/1.1" 404 Bad Gateway\n'
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "severity_text": "INFO",
                "body": '203.0.113.7:54327 - "GET /app/x HTTP/1.1" 502 Bad Gateway',
            },
            {
                "timestamp": None,
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "severity_text": "INFO",
                "body": '203.0.113.8:54328 - "GET /app/x HTTP/1.1" 200 Bad Gateway',
            },
            {
                "timestamp": None,
                "error": False,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "severity_text": "INFO",
                "body": '203.0.113.9:54329 - "GET /app/x HTTP/1.1" 404 Bad Gateway',
            },
        ],
        notes=["records have no time"],
    ),
    Shape(
        "uvicorn, with a time",
        "documentation of uvicorn, logging",
        (
            '2026-05-04 10:00:07,123 INFO:     203.0.113.7:54327 - "GET /app/x HTTP/1.1" 502\n'
            '2026-05-04 10:00:08,123 INFO:     203.0.113.8:54328 - "GET /app/x HTTP/1.1" 200\n'
            '2026-05-04 10:00:09,123 INFO:     203.0.113.9:54329 - "GET /app/x HTTP/1.1" 404\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07.123000Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "severity_text": "INFO",
                "body": '203.0.113.7:54327 - "GET /app/x HTTP/1.1" 502',
            },
            {
                "timestamp": "2026-05-04T10:00:08.123000Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "severity_text": "INFO",
                "body": '203.0.113.8:54328 - "GET /app/x HTTP/1.1" 200',
            },
            {
                "timestamp": "2026-05-04T10:00:09.123000Z",
                "error": False,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "severity_text": "INFO",
                "body": '203.0.113.9:54329 - "GET /app/x HTTP/1.1" 404',
            },
        ],
    ),
    Shape(
        "Werkzeug",
        "documentation of Werkzeug, serving",
        (
            '203.0.113.7 - - [04/May/2026 10:00:07] "GET /app/x HTTP/1.1" 502 -\n'
            '203.0.113.8 - - [04/May/2026 10:00:08] "GET /app/x HTTP/1.1" 200 -\n'
            '203.0.113.9 - - [04/May/2026 10:00:09] "GET /app/x HTTP/1.1" 404 -\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": False,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
            },
        ],
    ),
    Shape(
        "Werkzeug behind basicConfig",
        "documentation of Flask, logging",
        (
            'INFO:werkzeug:203.0.113.7 - - [04/May/2026 10:00:07] "GET /app/x HTTP/1.1" 502 -\n'
            'INFO:werkzeug:203.0.113.8 - - [04/May/2026 10:00:08] "GET /app/x HTTP/1.1" 200 -\n'
            'INFO:werkzeug:203.0.113.9 - - [04/May/2026 10:00:09] "GET /app/x HTTP/1.1" 404 -\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "severity_text": "INFO",
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "severity_text": "INFO",
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": False,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
                "severity_text": "INFO",
            },
        ],
    ),
    Shape(
        "Django, runserver",
        "documentation of Django, logging",
        (
            '[04/May/2026 10:00:07] "GET /app/x HTTP/1.1" 502 5120\n'
            '[04/May/2026 10:00:08] "GET /app/x HTTP/1.1" 200 5120\n'
            '[04/May/2026 10:00:09] "GET /app/x HTTP/1.1" 404 5120\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": True,
                "http.response.status_code": 502,
                "body": '"GET /app/x HTTP/1.1" 502 5120',
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": 200,
                "body": '"GET /app/x HTTP/1.1" 200 5120',
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": False,
                "http.response.status_code": 404,
                "body": '"GET /app/x HTTP/1.1" 404 5120',
            },
        ],
    ),
    Shape(
        "Gin",
        "documentation of Gin, custom log format",
        (
            '[GIN] 2026/05/04 - 10:00:07 | 502 |     257.83µs |     203.0.113.7 | GET      "/app/x"\n'
            '[GIN] 2026/05/04 - 10:00:08 | 200 |     258.83µs |     203.0.113.8 | GET      "/app/x"\n'
            '[GIN] 2026/05/04 - 10:00:09 | 404 |     259.83µs |     203.0.113.9 | GET      "/app/x"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:06.999742Z",
                "error": True,
                "duration_ms": 0.25783,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
            },
            {
                "timestamp": "2026-05-04T10:00:07.999741Z",
                "error": False,
                "duration_ms": 0.25883,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
            },
            {
                "timestamp": "2026-05-04T10:00:08.999740Z",
                "error": False,
                "duration_ms": 0.25983,
                "http.response.status_code": 404,
                "client.address": "203.0.113.9",
            },
        ],
    ),
    Shape(
        "chi, middleware.Logger",
        "documentation of chi, middleware",
        (
            '2026/05/04 10:00:07 [host/abc-000001] "GET http://shop.example/app/x HTTP/1.1" from 203.0.113.7:43210 - 502 512B in 257.083µs\n'
            '2026/05/04 10:00:08 [host/abc-000001] "GET http://shop.example/app/x HTTP/1.1" from 203.0.113.8:43210 - 200 512B in 258.083µs\n'
            '2026/05/04 10:00:09 [host/abc-000001] "GET http://shop.example/app/x HTTP/1.1" from 203.0.113.9:43210 - 404 512B in 259.083µs\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": False,
                "http.response.status_code": None,
                "body": '[host/abc-000001] "GET http://shop.example/app/x HTTP/1.1" from 203.0.113.7:43210 - 502 512B in 257.083µs',
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": None,
                "body": '[host/abc-000001] "GET http://shop.example/app/x HTTP/1.1" from 203.0.113.8:43210 - 200 512B in 258.083µs',
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": False,
                "http.response.status_code": None,
                "body": '[host/abc-000001] "GET http://shop.example/app/x HTTP/1.1" from 203.0.113.9:43210 - 404 512B in 259.083µs',
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "morgan, tiny, behind a time",
        "documentation of morgan",
        (
            "2026-05-04T10:00:07.000Z GET /app/x 502 512 - 257.123 ms\n"
            "2026-05-04T10:00:08.000Z GET /app/x 200 512 - 258.123 ms\n"
            "2026-05-04T10:00:09.000Z GET /app/x 404 512 - 259.123 ms\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:06.742877Z",
                "error": True,
                "duration_ms": 257.123,
                "http.response.status_code": 502,
                "body": "GET /app/x 502 512 - 257.123 ms",
            },
            {
                "timestamp": "2026-05-04T10:00:07.741877Z",
                "error": False,
                "duration_ms": 258.123,
                "http.response.status_code": 200,
                "body": "GET /app/x 200 512 - 258.123 ms",
            },
            {
                "timestamp": "2026-05-04T10:00:08.740877Z",
                "error": False,
                "duration_ms": 259.123,
                "http.response.status_code": 404,
                "body": "GET /app/x 404 512 - 259.123 ms",
            },
        ],
    ),
    Shape(
        "lograge behind the Ruby logger",
        "documentation of lograge",
        (
            "I, [2026-05-04T10:00:01.257123 #12]  INFO -- : method=GET path=/a format=html controller=C action=show status=502 duration=257.12 view=0.00 db=12.50\n"
            "I, [2026-05-04T10:00:02.257123 #12]  INFO -- : method=GET path=/b format=html controller=C action=show status=200 duration=12.12 view=0.00 db=12.50\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.000003Z",
                "error": True,
                "duration_ms": 257.12,
                "http.response.status_code": 502,
                "severity_text": "INFO",
                "body": "method=GET path=/a format=html controller=C action=show status=502 duration=257.12 view=0.00 db=12.50",
            },
            {
                "timestamp": "2026-05-04T10:00:02.245003Z",
                "error": False,
                "duration_ms": 12.12,
                "http.response.status_code": 200,
                "severity_text": "INFO",
                "body": "method=GET path=/b format=html controller=C action=show status=200 duration=12.12 view=0.00 db=12.50",
            },
        ],
    ),
    Shape(
        "Rails, tagged",
        "documentation of Rails, ActiveSupport::TaggedLogging",
        (
            'I, [2026-05-04T10:00:01.257123 #12]  INFO -- : [8601b555-6a83] Started GET "/a" for 203.0.113.7 at 2026-05-04 10:00:01 +0000\n'
            "I, [2026-05-04T10:00:01.514123 #12]  INFO -- : [8601b555-6a83] Completed 502 Bad Gateway in 257ms (Views: 1.0ms)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": '[8601b555-6a83] Started GET "/a" for 203.0.113.7 at 2026-05-04 10:00:01 +0000',
            },
            {
                "timestamp": "2026-05-04T10:00:01.514123Z",
                "error": True,
                "duration_ms": 257.0,
                "http.response.status_code": 502,
                "severity_text": "INFO",
                "body": "[8601b555-6a83] Completed 502 Bad Gateway in 257ms (Views: 1.0ms)",
            },
        ],
    ),
    Shape(
        "Rails, development",
        "documentation of Rails, logger",
        (
            'Started GET "/a" for 203.0.113.7 at 2026-05-04 10:00:01 +0000\n'
            "Processing by C#show as HTML\n"
            "Completed 502 Bad Gateway in 257ms (Views: 1.0ms | ActiveRecord: 12.5ms)\n"
            "\n"
            'Started GET "/b" for 203.0.113.8 at 2026-05-04 10:00:02 +0000\n'
            "Processing by C#show as HTML\n"
            "Completed 200 OK in 12ms (Views: 1.0ms)\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "ASP.NET, simple console",
        "documentation of .NET, console log formatting",
        (
            "fail: Shop.Cart[0]\n"
            "      boom\n"
            "      System.Exception: no card\n"
            "         at Shop.Pay()\n"
            "info: Microsoft.AspNetCore.Hosting.Diagnostics[2]\n"
            "      Request finished HTTP/1.1 GET http://shop.example/a - 502 12 application/json 257.1234ms\n"
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "exception.type": "System.Exception",
                "exception.message": "no card",
                "code.namespace": "Shop.Cart",
            },
            {
                "timestamp": None,
                "error": True,
                "duration_ms": 257.1234,
                "http.response.status_code": 502,
                "severity_text": "info",
                "body": "Request finished HTTP/1.1 GET http://shop.example/a - 502 12 application/json 257.1234ms",
                "code.namespace": "Microsoft.AspNetCore.Hosting.Diagnostics",
                "server.address": "shop.example",
            },
        ],
    ),
    Shape(
        "Serilog, file with requests",
        "documentation of Serilog.AspNetCore",
        (
            "2026-05-04 10:00:01.257 +00:00 [ERR] boom\n"
            "System.Exception: no card\n"
            "   at Shop.Pay()\n"
            "2026-05-04 10:00:02.257 +00:00 [INF] HTTP GET /a responded 502 in 257.1234 ms\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "exception.type": "System.Exception",
                "exception.message": "no card",
            },
            {
                "timestamp": "2026-05-04T10:00:01.999877Z",
                "error": True,
                "duration_ms": 257.1234,
                "http.response.status_code": 502,
                "severity_text": "INFO",
                "body": "HTTP GET /a responded 502 in 257.1234 ms",
            },
        ],
    ),
    Shape(
        "PM2 with morgan",
        "documentation of PM2, log management",
        ("2026-05-04T10:00:01: GET /a 502 257.123 ms - 12\n2026-05-04T10:00:02: GET /a 200 12.123 ms - 12\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00.742877Z",
                "error": True,
                "duration_ms": 257.123,
                "http.response.status_code": 502,
                "body": "GET /a 502 257.123 ms - 12",
            },
            {
                "timestamp": "2026-05-04T10:00:01.987877Z",
                "error": False,
                "duration_ms": 12.123,
                "http.response.status_code": 200,
                "body": "GET /a 200 12.123 ms - 12",
            },
        ],
    ),
    Shape(
        "actix-web, Logger",
        "documentation of actix-web, middleware Logger",
        (
            '[2026-05-04T10:00:01Z INFO  actix_web::middleware::logger] 203.0.113.7 "GET /a HTTP/1.1" 502 12 "-" "curl/8" 0.257123\n'
            '[2026-05-04T10:00:02Z INFO  actix_web::middleware::logger] 203.0.113.8 "GET /a HTTP/1.1" 200 12 "-" "curl/8" 0.012123\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "203.0.113.7",
                "severity_text": "INFO",
                "body": '203.0.113.7 "GET /a HTTP/1.1" 502 12 "-" "curl/8" 0.257123',
                "code.namespace": "actix_web::middleware::logger",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "203.0.113.8",
                "severity_text": "INFO",
                "body": '203.0.113.8 "GET /a HTTP/1.1" 200 12 "-" "curl/8" 0.012123',
                "code.namespace": "actix_web::middleware::logger",
            },
        ],
    ),
    Shape(
        "Rust, tracing with tower-http",
        "documentation of tracing-subscriber, fmt",
        (
            "2026-05-04T10:00:01.257123Z ERROR shop::cart: pay failed order=7\n"
            "2026-05-04T10:00:02.257123Z  INFO request{method=GET uri=/a}: tower_http::trace::on_response: finished processing request latency=257 ms status=502\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "pay failed order=7",
                "code.namespace": "shop::cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "request{method=GET uri=/a}: tower_http::trace::on_response: finished processing request latency=257 ms status=502",
            },
        ],
    ),
    Shape(
        "Phoenix, without a date",
        "documentation of Phoenix, Plug.Logger",
        (
            "10:00:01.257 request_id=FzAb [info] GET /a\n"
            "10:00:01.514 request_id=FzAb [info] Sent 502 in 257ms\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "lograge, alone",
        "documentation of lograge",
        (
            "method=GET path=/a format=html controller=CartsController action=show status=502 duration=257.12 view=0.00 db=12.50\n"
            "method=GET path=/b format=html controller=CartsController action=show status=200 duration=12.12 view=0.00 db=2.50\n"
        ),
        [
            {"timestamp": None, "error": True, "duration_ms": 257.12, "http.response.status_code": 502},
            {"timestamp": None, "error": False, "duration_ms": 12.12, "http.response.status_code": 200},
        ],
    ),
    Shape(
        "uvicorn, message in JSON",
        "documentation of uvicorn, logging",
        (
            '{"timestamp": "2026-05-04T10:00:01.257Z", "level": "INFO", "logger": "uvicorn.access", "message": "203.0.113.7:5000 - \\"GET /a HTTP/1.1\\" 502"}\n'
            '{"timestamp": "2026-05-04T10:00:02.257Z", "level": "INFO", "logger": "uvicorn.access", "message": "203.0.113.7:5000 - \\"GET /a HTTP/1.1\\" 200"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": '203.0.113.7:5000 - "GET /a HTTP/1.1" 502',
                "code.namespace": "uvicorn.access",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": '203.0.113.7:5000 - "GET /a HTTP/1.1" 200',
                "code.namespace": "uvicorn.access",
            },
        ],
        notes=["look like requests"],
    ),
    Shape(
        "Gin, with debug lines and an error",
        "documentation of Gin",
        (
            '[GIN-debug] [WARNING] Running in "debug" mode.\n'
            "[GIN-debug] GET    /ping --> main.main.func1 (3 handlers)\n"
            '[GIN] 2026/05/04 - 10:00:07 | 200 |     1m2.5s |     ::1 | GET      "/app/x?a=1"\n'
            "Error #01: boom\n"
            '[GIN] 2026/05/04 - 10:00:08 | 500 |     2.5s |     ::1 | POST     "/app/x"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T09:59:04.500000Z",
                "error": False,
                "duration_ms": 62500.0,
                "http.response.status_code": 200,
                "client.address": "::1",
                "body": "Error #01: boom",
                "url.query": "a=1",
            },
            {
                "timestamp": "2026-05-04T10:00:05.500000Z",
                "error": True,
                "duration_ms": 2500.0,
                "http.response.status_code": 500,
                "client.address": "::1",
            },
        ],
        rejected=2,
    ),
    Shape(
        "Flask, with an exception",
        "documentation of Flask",
        (
            " * Running on http://127.0.0.1:5000\n"
            '127.0.0.1 - - [04/May/2026 10:00:07] "GET / HTTP/1.1" 200 -\n'
            "127.0.0.1 - - [04/May/2026 10:00:08] code 400, message Bad request\n"
            '127.0.0.1 - - [04/May/2026 10:00:08] "\\x16\\x03" 400 -\n'
            "[2026-05-04 10:00:09,123] ERROR in app: Exception on /a [GET]\n"
            "Traceback (most recent call last):\n"
            '  File "a.py", line 1, in f\n'
            "ValueError: x\n"
            '127.0.0.1 - - [04/May/2026 10:00:09] "GET /a HTTP/1.1" 500 -\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:07Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "127.0.0.1",
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": None,
                "client.address": "127.0.0.1",
                "body": "code 400, message Bad request",
            },
            {
                "timestamp": "2026-05-04T10:00:08Z",
                "error": False,
                "http.response.status_code": 400,
                "client.address": "127.0.0.1",
            },
            {
                "timestamp": "2026-05-04T10:00:09.123000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "Exception on /a [GET]",
                "exception.type": "ValueError",
                "exception.message": "x",
            },
            {
                "timestamp": "2026-05-04T10:00:09Z",
                "error": True,
                "http.response.status_code": 500,
                "client.address": "127.0.0.1",
            },
        ],
        rejected=1,
    ),
]
