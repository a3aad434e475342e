"""JSON logs of logging libraries."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "pino-http",
        "documentation of pino-http",
        (
            '{"level": 30, "time": 1777888801257, "pid": 12, "hostname": "web-1", "req": {"id": 1, "method": "GET", "url": "/a?x=1", "query": {"x": "1"}, "params": {}, "headers": {"host": "shop.example", "user-agent": "curl/8"}, "remoteAddress": "203.0.113.7", "remotePort": 5000}, "res": {"statusCode": 502, "headers": {"content-length": "12"}}, "responseTime": 257, "msg": "request completed"}\n'
            '{"level": 50, "time": 1777888802257, "pid": 12, "hostname": "web-1", "err": {"type": "TypeError", "message": "x is undefined", "stack": "TypeError: x is undefined\\n    at f (/app/a.js:1:2)"}, "msg": "x is undefined"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "severity_text": "info",
                "body": "request completed",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "error",
                "body": "x is undefined",
                "host.name": "web-1",
                "exception.type": "TypeError",
                "exception.message": "x is undefined",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "pino, labels and ISO times",
        "documentation of pino",
        (
            '{"level": "info", "time": "2026-05-04T10:00:01.257Z", "name": "shop", "msg": "hi"}\n'
            '{"level": "fatal", "time": "2026-05-04T10:00:02.257Z", "name": "shop", "msg": "bye"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "info",
                "body": "hi",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "fatal",
                "body": "bye",
            },
        ],
    ),
    Shape(
        "Fastify",
        "documentation of Fastify, logging",
        (
            '{"level": 30, "time": 1777888801257, "pid": 1, "hostname": "w", "reqId": "req-1", "req": {"method": "GET", "url": "/a", "hostname": "shop.example:80", "remoteAddress": "203.0.113.7", "remotePort": 5000}, "msg": "incoming request"}\n'
            '{"level": 30, "time": 1777888801514, "pid": 1, "hostname": "w", "reqId": "req-1", "res": {"statusCode": 502}, "responseTime": 257.123, "msg": "request completed"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "info",
                "body": "incoming request",
                "host.name": "w",
            },
            {
                "timestamp": "2026-05-04T10:00:01.514000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "severity_text": "info",
                "body": "request completed",
                "host.name": "w",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "bunyan",
        "documentation of bunyan",
        (
            '{"name": "shop", "hostname": "web-1", "pid": 12, "level": 50, "err": {"message": "boom", "name": "Error", "stack": "Error: boom\\n    at a.js:1"}, "msg": "boom", "time": "2026-05-04T10:00:01.257Z", "v": 0}\n'
            '{"name": "shop", "hostname": "web-1", "pid": 12, "level": 30, "msg": "ok", "time": "2026-05-04T10:00:02.257Z", "v": 0}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "error",
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
                "exception.type": "Error",
                "exception.message": "boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "info",
                "body": "ok",
                "service.name": "shop",
                "host.name": "web-1",
            },
        ],
    ),
    Shape(
        "restify, audit",
        "documentation of restify, auditLogger",
        '{"name": "audit", "hostname": "w", "pid": 12, "audit": true, "level": 30, "remoteAddress": "203.0.113.7", "remotePort": 5000, "req_id": "x", "req": {"method": "GET", "url": "/a", "headers": {}, "httpVersion": "1.1"}, "res": {"statusCode": 502, "headers": {}}, "latency": 257, "_audit": true, "msg": "handled: 502", "time": "2026-05-04T10:00:01.257Z", "v": 0}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "severity_text": "info",
                "body": "handled: 502",
                "service.name": "audit",
                "host.name": "w",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "winston, JSON",
        "documentation of winston",
        (
            '{"level": "error", "message": "pay failed", "timestamp": "2026-05-04T10:00:01.257Z", "service": "shop", "stack": "Error: pay failed\\n    at a.js:1"}\n'
            '{"level": "silly", "message": "x", "timestamp": "2026-05-04T10:00:02.257Z", "service": "shop"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "error",
                "body": "pay failed",
                "service.name": "shop",
                "exception.type": "Error",
                "exception.message": "pay failed",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "silly",
                "body": "x",
                "service.name": "shop",
            },
        ],
    ),
    Shape(
        "express-winston",
        "documentation of express-winston",
        '{"meta": {"req": {"url": "/a", "headers": {"host": "shop"}, "method": "GET", "httpVersion": "1.1", "originalUrl": "/a", "query": {}}, "res": {"statusCode": 502}, "responseTime": 257}, "level": "error", "message": "HTTP GET /a", "timestamp": "2026-05-04T10:00:01.257Z"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "severity_text": "error",
                "body": "HTTP GET /a",
            },
        ],
    ),
    Shape(
        "winston, local time",
        "documentation of winston",
        (
            '{"level": "info", "message": "x", "timestamp": "2026-05-04 10:00:01"}\n'
            '{"level": "warn", "message": "y", "timestamp": "2026-05-04 10:00:02"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "info",
                "body": "x",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "warn",
                "body": "y",
            },
        ],
    ),
    Shape(
        "zap, production",
        "documentation of zap",
        (
            '{"level": "error", "ts": 1777888801.257123, "caller": "shop/main.go:12", "msg": "failed", "error": "timeout", "stacktrace": "main.f\\n\\t/app/main.go:12", "latency": 0.257}\n'
            '{"level": "dpanic", "ts": 1777888802.257123, "caller": "shop/main.go:13", "msg": "ok", "latency": 0.258}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "error",
                "body": "failed",
                "code.file.path": "shop/main.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "dpanic",
                "body": "ok",
                "code.file.path": "shop/main.go",
                "code.line.number": 13,
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "logrus, JSON",
        "documentation of logrus",
        (
            '{"level": "warning", "msg": "slow", "time": "2026-05-04T10:00:01Z", "elapsed": "257.1ms", "func": "main.f", "file": "/app/main.go:12"}\n'
            '{"level": "panic", "msg": "x", "time": "2026-05-04T10:00:02Z"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": 257.1,
                "http.response.status_code": None,
                "severity_text": "warning",
                "body": "slow",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "panic",
                "body": "x",
            },
        ],
    ),
    Shape(
        "zerolog",
        "documentation of zerolog, hlog",
        (
            '{"level": "info", "time": 1777888801, "method": "GET", "url": "/a", "status": 502, "size": 12, "duration": 257.123, "message": "request"}\n'
            '{"level": "error", "error": "boom", "time": 1777888802, "method": "GET", "url": "/a", "status": 200, "size": 12, "duration": 12.5, "message": "request"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "severity_text": "info",
                "body": "request",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 200,
                "severity_text": "error",
                "body": "request",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "slog, JSONHandler",
        "documentation of Go, log/slog",
        (
            '{"time": "2026-05-04T10:00:01.257123456Z", "level": "ERROR", "source": {"function": "main.main", "file": "/app/main.go", "line": 12}, "msg": "failed", "err": "timeout", "duration": 257000000}\n'
            '{"time": "2026-05-04T10:00:02.257Z", "level": "WARN+1", "msg": "x", "duration": 1000}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "failed",
                "code.file.path": "/app/main.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "WARN+1",
                "body": "x",
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "structlog, JSON",
        "documentation of structlog",
        (
            '{"event": "payment_failed", "level": "error", "logger": "shop", "timestamp": "2026-05-04T10:00:01.257123Z", "exception": "Traceback (most recent call last):\\n  File \\"a.py\\", line 1, in f\\nValueError: no card", "order_id": 7}\n'
            '{"event": "ok", "level": "info", "logger": "shop", "timestamp": "2026-05-04T10:00:02.257123Z"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "error",
                "exception.type": "ValueError",
                "exception.message": "no card",
                "code.namespace": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "info",
                "code.namespace": "shop",
            },
        ],
    ),
    Shape(
        "structlog, dict_tracebacks",
        "documentation of structlog",
        '{"event": "x", "level": "error", "timestamp": "2026-05-04T10:00:01Z", "exception": [{"exc_type": "ValueError", "exc_value": "no card", "syntax_error": null, "is_cause": false, "frames": [{"filename": "a.py", "lineno": 1, "name": "f"}]}]}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "error",
                "exception.type": "ValueError",
                "exception.message": "no card",
            },
        ],
    ),
    Shape(
        "python-json-logger",
        "documentation of python-json-logger",
        (
            '{"asctime": "2026-05-04 10:00:01,257", "name": "shop.cart", "levelname": "ERROR", "message": "boom", "exc_info": "Traceback (most recent call last):\\n  File \\"a.py\\", line 1, in f\\nValueError: no card"}\n'
            '{"asctime": "2026-05-04 10:00:02,257", "name": "shop.cart", "levelname": "CRITICAL", "message": "ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "exception.type": "ValueError",
                "exception.message": "no card",
                "code.namespace": "shop.cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "CRITICAL",
                "body": "ok",
                "code.namespace": "shop.cart",
            },
        ],
    ),
    Shape(
        "loguru, serialize",
        "documentation of loguru",
        '{"text": "2026-05-04 10:00:01.257 | ERROR    | shop:pay:12 - boom\\n", "record": {"elapsed": {"repr": "0:00:00.010", "seconds": 0.01}, "exception": {"type": "ValueError", "value": "no card", "traceback": true}, "extra": {"order": 7}, "file": {"name": "shop.py", "path": "/app/shop.py"}, "function": "pay", "level": {"icon": "\\u274c", "name": "ERROR", "no": 40}, "line": 12, "message": "boom", "module": "shop", "name": "shop", "process": {"id": 12, "name": "MainProcess"}, "thread": {"id": 34, "name": "MainThread"}, "time": {"repr": "2026-05-04 10:00:01.257123+00:00", "timestamp": 1777888801.257123}}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "exception.type": "ValueError",
                "exception.message": "no card",
                "code.namespace": "shop",
                "code.line.number": 12,
            },
        ],
    ),
    Shape(
        "logstash-logback-encoder",
        "documentation of logstash-logback-encoder",
        '{"@timestamp": "2026-05-04T10:00:01.257Z", "@version": "1", "message": "boom", "logger_name": "com.shop.Cart", "thread_name": "http-1", "level": "ERROR", "level_value": 40000, "stack_trace": "java.lang.IllegalStateException: no card\\n\\tat com.shop.Cart.pay(Cart.java:12)\\n", "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "HOSTNAME": "web-1"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "boom",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "span_id": "b7ad6b7169203331",
                "host.name": "web-1",
                "exception.type": "java.lang.IllegalStateException",
                "exception.message": "no card",
                "code.namespace": "com.shop.Cart",
            },
        ],
    ),
    Shape(
        "logstash-logback-encoder, access",
        "documentation of logstash-logback-encoder",
        '{"@timestamp": "2026-05-04T10:00:01.257Z", "@version": "1", "message": "203.0.113.7 - - [2026-05-04T10:00:01.257Z] \\"GET /a HTTP/1.1\\" 502 12", "method": "GET", "protocol": "HTTP/1.1", "status_code": 502, "requested_url": "GET /a HTTP/1.1", "requested_uri": "/a", "remote_host": "203.0.113.7", "content_length": 12, "elapsed_time": 257}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "body": '203.0.113.7 - - [2026-05-04T10:00:01.257Z] "GET /a HTTP/1.1" 502 12',
            },
        ],
        notes=["has no unit"],
    ),
    Shape(
        "logback, JsonEncoder",
        "documentation of logback, JsonEncoder",
        '{"sequenceNumber": 0, "timestamp": 1777888801257, "nanoseconds": 257123000, "level": "ERROR", "threadName": "main", "loggerName": "com.shop.Cart", "context": {"name": "default", "birthdate": 1777880000000, "properties": {}}, "mdc": {"traceId": "0af7651916cd43dd8448eb211c80319c"}, "message": "boom", "throwable": {"className": "java.lang.IllegalStateException", "message": "no card", "stepArray": [{"className": "com.shop.Cart", "methodName": "pay", "fileName": "Cart.java", "lineNumber": 12}]}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "boom",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "exception.type": "java.lang.IllegalStateException",
                "exception.message": "no card",
                "code.namespace": "com.shop.Cart",
            },
        ],
    ),
    Shape(
        "log4j2, JsonLayout",
        "documentation of log4j2, JsonLayout",
        '{"instant": {"epochSecond": 1777888801, "nanoOfSecond": 257000000}, "thread": "main", "level": "ERROR", "loggerName": "com.shop.Cart", "message": "boom", "thrown": {"commonElementCount": 0, "localizedMessage": "no card", "message": "no card", "name": "java.lang.IllegalStateException", "extendedStackTrace": "java.lang.IllegalStateException: no card\\n\\tat com.shop.Cart.pay(Cart.java:12)"}, "endOfBatch": false, "loggerFqcn": "org.apache.logging.log4j.spi.AbstractLogger", "threadId": 1, "threadPriority": 5}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "severity_text": "ERROR",
                "body": "boom",
                "exception.type": "java.lang.IllegalStateException",
                "exception.message": "no card",
                "code.namespace": "com.shop.Cart",
            },
        ],
    ),
    Shape(
        "log4j2, timeMillis",
        "documentation of log4j2, JsonLayout",
        (
            '{"timeMillis": 1777888801257, "thread": "main", "level": "ERROR", "loggerName": "com.shop.Cart", "message": "boom"}\n'
            '{"timeMillis": 1777888802257, "thread": "main", "level": "INFO", "loggerName": "com.shop.Cart", "message": "ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "com.shop.Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "com.shop.Cart",
            },
        ],
    ),
    Shape(
        "Quarkus, JSON",
        "documentation of Quarkus, JSON logging",
        '{"timestamp": "2026-05-04T10:00:01.257Z", "sequence": 1, "loggerClassName": "org.jboss.logging.Logger", "loggerName": "com.shop", "level": "ERROR", "message": "boom", "threadName": "main", "threadId": 1, "mdc": {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}, "ndc": "", "hostName": "web-1", "processName": "q", "processId": 12, "exception": {"refId": 1, "exceptionType": "java.lang.IllegalStateException", "message": "no card", "frames": [{"class": "com.shop.Cart", "method": "pay", "line": 12}]}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "boom",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "span_id": "b7ad6b7169203331",
                "host.name": "web-1",
                "exception.type": "java.lang.IllegalStateException",
                "exception.message": "no card",
                "code.namespace": "com.shop",
            },
        ],
    ),
    Shape(
        "ecs-logging-java",
        "documentation of ECS logging for Java",
        '{"@timestamp": "2026-05-04T10:00:01.257Z", "log.level": "ERROR", "message": "boom", "ecs.version": "1.2.0", "service.name": "shop", "event.dataset": "shop", "process.thread.name": "main", "log.logger": "com.shop.Cart", "error.type": "java.lang.IllegalStateException", "error.message": "no card", "error.stack_trace": "java.lang.IllegalStateException: no card\\n\\tat x", "trace.id": "0af7651916cd43dd8448eb211c80319c", "transaction.id": "b7ad6b7169203331"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "boom",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "service.name": "shop",
                "exception.type": "java.lang.IllegalStateException",
                "exception.message": "no card",
                "code.namespace": "com.shop.Cart",
            },
        ],
    ),
    Shape(
        "GELF",
        "documentation of Graylog, GELF",
        (
            '{"version": "1.1", "host": "web-1", "short_message": "boom", "full_message": "boom\\nmore", "timestamp": 1777888801.257, "level": 3, "_service": "shop", "_user_id": 42}\n'
            '{"version": "1.1", "host": "web-1", "short_message": "ok", "timestamp": 1777888802.257, "level": 6, "_service": "shop"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "err",
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "info",
                "body": "ok",
                "service.name": "shop",
                "host.name": "web-1",
            },
        ],
    ),
    Shape(
        "Serilog, compact JSON",
        "documentation of Serilog.Formatting.Compact",
        (
            '{"@t": "2026-05-04T10:00:01.2571234Z", "@mt": "HTTP {RequestMethod} {RequestPath} responded {StatusCode} in {Elapsed:0.0000} ms", "@r": ["257.1234"], "@l": "Error", "@x": "System.InvalidOperationException: no card\\n   at Shop.Pay()", "RequestMethod": "GET", "RequestPath": "/a", "StatusCode": 502, "Elapsed": 257.1234, "SourceContext": "Serilog.AspNetCore.RequestLoggingMiddleware", "@tr": "0af7651916cd43dd8448eb211c80319c", "@sp": "b7ad6b7169203331"}\n'
            '{"@t": "2026-05-04T10:00:02.2571234Z", "@mt": "ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": 257.1234,
                "http.response.status_code": 502,
                "severity_text": "Error",
                "body": "HTTP GET /a responded 502 in 257.1234 ms",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "span_id": "b7ad6b7169203331",
                "exception.type": "System.InvalidOperationException",
                "exception.message": "no card",
                "code.namespace": "Serilog.AspNetCore.RequestLoggingMiddleware",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "Information",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "Serilog, Elasticsearch",
        "documentation of Serilog.Sinks.Elasticsearch",
        '{"@timestamp": "2026-05-04T10:00:01.257+00:00", "level": "Error", "messageTemplate": "x {A}", "message": "x 1", "exceptions": [{"Depth": 0, "ClassName": "System.Exception", "Message": "no card"}], "fields": {"A": 1, "SourceContext": "Shop"}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "Error",
                "body": "x 1",
                "code.namespace": "Shop",
            },
        ],
    ),
    Shape(
        "NLog, JsonLayout",
        "documentation of NLog, JsonLayout",
        (
            '{"time": "2026-05-04 10:00:01.2570", "level": "ERROR", "nested": {"message": "boom", "exception": "System.Exception: no card"}}\n'
            '{"time": "2026-05-04 10:00:02.2570", "level": "INFO", "nested": {"message": "ok"}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "INFO",
            },
        ],
    ),
    Shape(
        ".NET, JSON console",
        "documentation of .NET, console log formatting",
        '{"EventId": 0, "LogLevel": "Error", "Category": "Shop.Cart", "Message": "boom", "Exception": "System.Exception: no card\\n   at Shop.Pay()", "State": {"Message": "boom", "{OriginalFormat}": "boom"}, "Timestamp": "2026-05-04T10:00:01.257Z"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "Error",
                "body": "boom",
                "exception.type": "System.Exception",
                "exception.message": "no card",
            },
        ],
    ),
    Shape(
        "Monolog, JSON",
        "documentation of Monolog, JsonFormatter",
        (
            '{"message": "boom", "context": {"exception": {"class": "RuntimeException", "message": "no card", "code": 0, "file": "/app/a.php:12"}}, "level": 400, "level_name": "ERROR", "channel": "app", "datetime": "2026-05-04T10:00:01.257123+00:00", "extra": {}}\n'
            '{"message": "ok", "context": {}, "level": 200, "level_name": "INFO", "channel": "app", "datetime": "2026-05-04T10:00:02.257123+00:00", "extra": {}}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "exception.type": "RuntimeException",
                "exception.message": "no card",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "Monolog 1, date as an object",
        "documentation of Monolog, JsonFormatter",
        '{"message": "boom", "context": [], "level": 400, "level_name": "ERROR", "channel": "app", "datetime": {"date": "2026-05-04 10:00:01.257123", "timezone_type": 3, "timezone": "Europe/Berlin"}, "extra": []}\n',
        [
            {
                "timestamp": None,
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
            },
        ],
        notes=["no row has a timestamp"],
    ),
    Shape(
        "lograge, Logstash",
        "documentation of lograge",
        '{"method": "GET", "path": "/a", "format": "html", "controller": "CartsController", "action": "show", "status": 502, "duration": 257.12, "view": 0.0, "db": 12.5, "@timestamp": "2026-05-04T10:00:01.257Z", "@version": "1", "message": "[502] GET /a (CartsController#show)"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.12,
                "http.response.status_code": 502,
                "body": "[502] GET /a (CartsController#show)",
            },
        ],
    ),
    Shape(
        "Rails Semantic Logger",
        "documentation of Rails Semantic Logger",
        '{"host": "web-1", "application": "Shop", "timestamp": "2026-05-04T10:00:01.257123Z", "level": "error", "level_index": 4, "pid": 12, "thread": "puma 1", "duration_ms": 257.12, "duration": "257.1ms", "name": "CartsController", "message": "Completed #show", "payload": {"controller": "CartsController", "action": "show", "status": 502, "method": "GET", "path": "/a"}, "exception": {"name": "RuntimeError", "message": "no card", "stack_trace": ["a.rb:1"]}}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": 257.12,
                "http.response.status_code": 502,
                "severity_text": "error",
                "body": "Completed #show",
                "service.name": "Shop",
                "host.name": "web-1",
                "exception.type": "RuntimeError",
                "exception.message": "no card",
            },
        ],
    ),
    Shape(
        "django-structlog",
        "documentation of django-structlog",
        '{"request_id": "a", "ip": "203.0.113.7", "code": 502, "request": "GET /a", "event": "request_finished", "level": "error", "timestamp": "2026-05-04T10:00:01.257Z", "logger": "django_structlog"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": 502,
                "severity_text": "error",
                "code.namespace": "django_structlog",
            },
        ],
    ),
    Shape(
        "istiod, JSON",
        "documentation of Istio, logging",
        '{"level": "error", "time": "2026-05-04T10:00:01.257Z", "scope": "ads", "msg": "boom", "caller": "ads/x.go:12"}\n',
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "error",
                "body": "boom",
                "code.file.path": "ads/x.go",
                "code.line.number": 12,
            },
        ],
    ),
]
