"""Application logs as text, of many libraries."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "Laravel",
        "documentation of Laravel, logging",
        (
            '[2026-05-04 10:00:01] production.ERROR: boom {"exception":"[object] (RuntimeException(code: 0): no card at /app/a.php:12)"} \n'
            "[2026-05-04 10:00:02] production.INFO: ok \n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": 'boom {"exception":"[object] (RuntimeException(code: 0): no card at /app/a.php:12)"}',
                "code.namespace": "production",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "production",
            },
        ],
    ),
    Shape(
        "Symfony",
        "documentation of Symfony, Monolog",
        (
            '[2026-05-04T10:00:01.257123+00:00] request.CRITICAL: Uncaught PHP Exception RuntimeException: "no card" at /app/a.php line 12 {"exception":"[object]"} []\n'
            "[2026-05-04T10:00:02.257123+00:00] app.INFO: ok [] []\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "CRITICAL",
                "body": 'Uncaught PHP Exception RuntimeException: "no card" at /app/a.php line 12 {"exception":"[object]"} []',
                "code.namespace": "request",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "INFO",
                "body": "ok [] []",
                "code.namespace": "app",
            },
        ],
    ),
    Shape(
        "logrus, text",
        "documentation of logrus",
        (
            'time="2026-05-04T10:00:01Z" level=error msg="pay failed" elapsed=257.1ms status=502\n'
            'time="2026-05-04T10:00:02Z" level=info msg="ok" elapsed=12ms status=200\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": 257.1,
                "http.response.status_code": 502,
                "severity_text": "error",
                "body": "pay failed",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": 12.0,
                "http.response.status_code": 200,
                "severity_text": "info",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "logrus, terminal",
        "documentation of logrus",
        (
            "ERRO[0001] pay failed                                    order=7\n"
            "INFO[0002] ok                                            order=8\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "slog, TextHandler",
        "documentation of Go, log/slog",
        (
            'time=2026-05-04T10:00:01.257Z level=ERROR msg="pay failed" duration=257.1ms\n'
            "time=2026-05-04T10:00:02.257Z level=INFO msg=ok duration=1m2.5s\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.1,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "pay failed",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": 62500.0,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "go-kit",
        "documentation of go-kit/log",
        (
            'ts=2026-05-04T10:00:01.257Z caller=main.go:12 level=error component=cart err="no card" took=257.1ms\n'
            "ts=2026-05-04T10:00:02.257Z caller=main.go:12 level=info component=cart took=12ms\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.1,
                "http.response.status_code": None,
                "severity_text": "error",
                "code.file.path": "main.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": 12.0,
                "http.response.status_code": None,
                "severity_text": "info",
                "code.file.path": "main.go",
                "code.line.number": 12,
            },
        ],
    ),
    Shape(
        "Prometheus",
        "documentation of Prometheus, logging",
        (
            'time=2026-05-04T10:00:01.257Z level=WARN source=head.go:12 msg="slow" component=tsdb duration=257.1ms\n'
            'time=2026-05-04T10:00:02.257Z level=INFO source=head.go:12 msg="ok" component=tsdb duration=1.5s\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": False,
                "duration_ms": 257.1,
                "http.response.status_code": None,
                "severity_text": "WARN",
                "body": "slow",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": 1500.0,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "zap, console",
        "documentation of zap",
        (
            '2026-05-04T10:00:01.257Z\tERROR\tcart/main.go:12\tpay failed\t{"order": 7, "latency": "257ms"}\n'
            '2026-05-04T10:00:02.257Z\tINFO\tcart/main.go:12\tok\t{"order": 8}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": 257.0,
                "severity_text": "ERROR",
                "body": "pay failed",
                "code.file.path": "cart/main.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.file.path": "cart/main.go",
                "code.line.number": 12,
            },
        ],
    ),
    Shape(
        "zap, development, DPANIC",
        "documentation of zap",
        (
            '2026-05-04T10:00:01.257+0200\tDPANIC\tcart/main.go:12\tpay failed\t{"order": 7}\n'
            "main.f\n"
            "\t/app/main.go:12\n"
            "2026-05-04T10:00:02.257+0200\tDEBUG\tcart/main.go:12\tok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T08:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "DPANIC",
                "body": "pay failed",
                "code.file.path": "cart/main.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T08:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "DEBUG",
                "body": "ok",
                "code.file.path": "cart/main.go",
                "code.line.number": 12,
            },
        ],
    ),
    Shape(
        "zerolog, console, without a date",
        "documentation of zerolog, ConsoleWriter",
        ('10:00AM ERR pay failed error="no card" order=7\n10:00AM INF ok order=8\n'),
        refused="it looks like plain text",
    ),
    Shape(
        "zerolog, console with a date",
        "documentation of zerolog, ConsoleWriter",
        (
            '2026-05-04T10:00:01Z ERR pay failed error="no card" order=7\n'
            "2026-05-04T10:00:02Z INF ok order=8\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "ERROR",
                "body": 'pay failed error="no card" order=7',
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "severity_text": "INFO",
                "body": "ok order=8",
            },
        ],
    ),
    Shape(
        "klog",
        "documentation of Kubernetes, system logs",
        (
            'E0504 10:00:01.257123       1 controller.go:12] "Reconciler error" err="no card" controller="shop"\n'
            'I0504 10:00:02.257123       1 controller.go:12] "ok" controller="shop"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "severity_text": "ERROR",
                "body": '"Reconciler error" err="no card" controller="shop"',
                "code.file.path": "controller.go",
                "code.line.number": 12,
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "severity_text": "INFO",
                "body": '"ok" controller="shop"',
                "code.file.path": "controller.go",
                "code.line.number": 12,
            },
        ],
        notes=["times have no year"],
    ),
    Shape(
        "controller-runtime",
        "documentation of controller-runtime, zap",
        (
            '2026-05-04T10:00:01Z\tERROR\tReconciler error\t{"controller": "shop", "error": "no card"}\n'
            '2026-05-04T10:00:02Z\tINFO\tok\t{"controller": "shop"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "ERROR",
                "body": "Reconciler error",
            },
            {"timestamp": "2026-05-04T10:00:02Z", "error": False, "severity_text": "INFO", "body": "ok"},
        ],
    ),
    Shape(
        "Rust, tracing, compact",
        "documentation of tracing-subscriber, fmt",
        (
            "2026-05-04T10:00:01.257123Z ERROR ThreadId(01) shop::cart: src/main.rs:12: pay failed\n"
            "2026-05-04T10:00:02.257123Z  INFO ThreadId(01) shop::cart: src/main.rs:12: ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "severity_text": "ERROR",
                "body": "ThreadId(01) shop::cart: src/main.rs:12: pay failed",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "severity_text": "INFO",
                "body": "ThreadId(01) shop::cart: src/main.rs:12: ok",
            },
        ],
    ),
    Shape(
        "Rust, env_logger",
        "documentation of env_logger",
        ("[2026-05-04T10:00:01Z ERROR shop::cart] pay failed\n[2026-05-04T10:00:02Z INFO  shop::cart] ok\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "ERROR",
                "body": "pay failed",
                "code.namespace": "shop::cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "shop::cart",
            },
        ],
    ),
    Shape(
        "log4j2, default, without a date",
        "documentation of log4j2, PatternLayout",
        (
            "10:00:01.257 [main] ERROR com.shop.Cart - pay failed\n"
            "10:00:02.257 [main] INFO  com.shop.Cart - ok\n"
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "pay failed",
                "code.namespace": "com.shop.Cart",
            },
            {
                "timestamp": None,
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "com.shop.Cart",
            },
        ],
        notes=["no row has a timestamp", "a time of day but no date"],
    ),
    Shape(
        "Spring Boot, correlation ids",
        "documentation of Spring Boot, tracing",
        (
            "2026-05-04T10:00:01.257Z ERROR 12 --- [shop] [nio-8080-exec-1] [0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331] com.shop.Cart : pay failed\n"
            "2026-05-04T10:00:02.257Z  INFO 12 --- [shop] [nio-8080-exec-1] [                                                 ] com.shop.Cart : ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "severity_text": "ERROR",
                "body": "pay failed",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
                "span_id": "b7ad6b7169203331",
                "service.name": "shop",
                "code.namespace": "com.shop.Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "severity_text": "INFO",
                "body": "ok",
                "service.name": "shop",
                "code.namespace": "com.shop.Cart",
            },
        ],
    ),
    Shape(
        "Kafka",
        "documentation of Kafka, log4j.properties",
        (
            "[2026-05-04 10:00:01,257] ERROR [KafkaServer id=1] Fatal error (kafka.server.KafkaServer)\n"
            "java.lang.IllegalStateException: no\n"
            "\tat a.b(C.java:1)\n"
            "[2026-05-04 10:00:02,257] INFO ok (kafka.server.KafkaServer)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "[KafkaServer id=1] Fatal error (kafka.server.KafkaServer)",
                "exception.type": "java.lang.IllegalStateException",
                "exception.message": "no",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok (kafka.server.KafkaServer)",
            },
        ],
    ),
    Shape(
        "Hadoop",
        "documentation of Hadoop, log4j.properties",
        (
            "2026-05-04 10:00:01,257 ERROR org.apache.hadoop.hdfs.DataNode: boom\n"
            "2026-05-04 10:00:02,257 INFO org.apache.hadoop.hdfs.DataNode: ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "org.apache.hadoop.hdfs.DataNode",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "org.apache.hadoop.hdfs.DataNode",
            },
        ],
    ),
    Shape(
        "WildFly",
        "documentation of WildFly, logging subsystem",
        (
            "2026-05-04 10:00:01,257 ERROR [org.jboss.as] (MSC service thread 1-1) boom\n"
            "2026-05-04 10:00:02,257 INFO  [org.jboss.as] (MSC service thread 1-1) ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "org.jboss.as",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "org.jboss.as",
            },
        ],
    ),
    Shape(
        "Quarkus, console",
        "documentation of Quarkus, logging",
        (
            "2026-05-04 10:00:01,257 ERROR [com.sho.Cart] (executor-thread-1) boom\n"
            "2026-05-04 10:00:02,257 INFO  [com.sho.Cart] (executor-thread-1) ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "com.sho.Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "com.sho.Cart",
            },
        ],
    ),
    Shape(
        "Akka",
        "documentation of Akka, SLF4J",
        (
            "[2026-05-04 10:00:01,257] [ERROR] [com.shop.Cart] [system-akka.actor.default-dispatcher-3] [akka://system/user/cart] - boom\n"
            "[2026-05-04 10:00:02,257] [INFO] [com.shop.Cart] [system-akka.actor.default-dispatcher-3] [akka://system/user/cart] - ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "[com.shop.Cart] [system-akka.actor.default-dispatcher-3] [akka://system/user/cart] - boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "[com.shop.Cart] [system-akka.actor.default-dispatcher-3] [akka://system/user/cart] - ok",
            },
        ],
    ),
    Shape(
        "Play",
        "documentation of Play, logback",
        (
            "2026-05-04 10:00:01,257 [ERROR] from application in play-dispatcher-1 - boom\n"
            "2026-05-04 10:00:02,257 [INFO] from application in play-dispatcher-1 - ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "from application in play-dispatcher-1 - boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "from application in play-dispatcher-1 - ok",
            },
        ],
    ),
    Shape(
        "NestJS",
        "documentation of NestJS, logger",
        (
            "[Nest] 12  - 05/04/2026, 10:00:01 AM   ERROR [Cart] boom\n"
            "[Nest] 12  - 05/04/2026, 10:00:02 AM     LOG [Cart] ok +2ms\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "duration_ms": None,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "severity_text": "INFO",
                "body": "ok +2ms",
                "code.namespace": "Cart",
            },
        ],
    ),
    Shape(
        "NLog, default",
        "documentation of NLog, layouts",
        ("2026-05-04 10:00:01.2571|ERROR|Shop.Cart|boom\n2026-05-04 10:00:02.2571|INFO|Shop.Cart|ok\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257100Z",
                "error": True,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "Shop.Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257100Z",
                "error": False,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "Shop.Cart",
            },
        ],
    ),
    Shape(
        "log4net",
        "documentation of log4net, PatternLayout",
        (
            "2026-05-04 10:00:01,257 [12] ERROR Shop.Cart [(null)] - boom\n"
            "2026-05-04 10:00:02,257 [12] INFO  Shop.Cart [(null)] - ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "Shop.Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "Shop.Cart",
            },
        ],
    ),
    Shape(
        "Serilog, console, without a date",
        "documentation of Serilog.Sinks.Console",
        ("[10:00:01 ERR] boom\n[10:00:02 INF] ok\n"),
        [
            {"timestamp": None, "error": True, "severity_text": "ERROR", "body": "boom"},
            {"timestamp": None, "error": False, "severity_text": "INFO", "body": "ok"},
        ],
        notes=["no row has a timestamp", "a time of day but no date"],
    ),
    Shape(
        "winston, printf",
        "documentation of winston",
        ("2026-05-04T10:00:01.257Z [error]: boom\n2026-05-04T10:00:02.257Z [info]: ok\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "winston, simple, without a time",
        "documentation of winston",
        ("error: boom\ninfo: ok\n"),
        refused="it looks like plain text",
    ),
    Shape(
        "pino-pretty, without a date",
        "documentation of pino-pretty",
        (
            "[10:00:01.257] ERROR (12): boom\n"
            "    err: {\n"
            '      "type": "Error"\n'
            "    }\n"
            "[10:00:02.257] INFO (12): ok\n"
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": 'boom\n    err: {\n      "type": "Error"\n    }',
            },
            {
                "timestamp": None,
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
            },
        ],
        notes=["no row has a timestamp", "a time of day but no date"],
    ),
    Shape(
        ".NET, systemd console",
        "documentation of .NET, console log formatting",
        ("<3>Shop.Cart[0] boom\n<6>Shop.Cart[0] ok\n"),
        refused="it looks like syslog in a form that obskit does not know",
    ),
    Shape(
        "Python, basicConfig",
        "documentation of Python, logging",
        ("ERROR:root:boom\nINFO:root:ok\n"),
        [
            {
                "timestamp": None,
                "error": True,
                "severity_text": "ERROR",
                "body": "boom",
                "code.namespace": "root",
            },
            {
                "timestamp": None,
                "error": False,
                "severity_text": "INFO",
                "body": "ok",
                "code.namespace": "root",
            },
        ],
        notes=["records have no time"],
    ),
    Shape(
        "Python, padded level",
        "documentation of Python, logging",
        (
            "2026-05-04 10:00:01,257 ERROR    root       boom\n"
            "2026-05-04 10:00:02,257 INFO     root       ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "root       boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "root       ok",
            },
        ],
    ),
    Shape(
        "Django, verbose, level first",
        "documentation of Django, logging",
        (
            "ERROR 2026-05-04 10:00:01,257 cart 12 140735 boom\n"
            "INFO 2026-05-04 10:00:02,257 cart 12 140735 ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "structlog, console",
        "documentation of structlog, ConsoleRenderer",
        (
            "2026-05-04 10:00:01 [error    ] pay failed                     order=7\n"
            "2026-05-04 10:00:02 [info     ] ok                             order=8\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "error",
                "body": "pay failed                     order=7",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "severity_text": "info",
                "body": "ok                             order=8",
            },
        ],
    ),
    Shape(
        "Celery",
        "documentation of Celery, worker logging",
        (
            "[2026-05-04 10:00:01,257: ERROR/ForkPoolWorker-1] Task shop.pay[8601] raised unexpected: ValueError('no card')\n"
            "Traceback (most recent call last):\n"
            '  File "a.py", line 1, in f\n'
            "ValueError: no card\n"
            "[2026-05-04 10:00:02,257: INFO/MainProcess] Task shop.pay[8602] succeeded in 0.257s: None\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "Task shop.pay[8601] raised unexpected: ValueError('no card')",
                "exception.type": "ValueError",
                "exception.message": "no card",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "Task shop.pay[8602] succeeded in 0.257s: None",
            },
        ],
    ),
    Shape(
        "Azure App Service, log stream",
        "documentation of Azure, App Service logs",
        ("2026-05-04T10:00:01.2571234Z [Error] boom\n2026-05-04T10:00:02.2571234Z [Information] ok\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "severity_text": "Error",
                "body": "boom",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "severity_text": "Information",
                "body": "ok",
            },
        ],
    ),
    Shape(
        "Apple, simulator",
        "documentation of Apple, os_log",
        (
            "2026-05-04 10:00:01.257123+0000 Shop[12:3456] boom\n"
            "2026-05-04 10:00:02.257123+0000 Shop[12:3456] ok\n"
        ),
        [
            {"timestamp": "2026-05-04T10:00:01.257123Z", "error": False, "body": "Shop[12:3456] boom"},
            {"timestamp": "2026-05-04T10:00:02.257123Z", "error": False, "body": "Shop[12:3456] ok"},
        ],
    ),
    Shape(
        "Android, logcat",
        "documentation of Android, logcat",
        (
            "05-04 10:00:01.257  1234  5678 E AndroidRuntime: FATAL EXCEPTION: main\n"
            "05-04 10:00:02.257  1234  5678 I ActivityManager: ok\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "MySQL, slow query log",
        "documentation of MySQL, slow query log",
        (
            "# Time: 2026-05-04T10:00:01.257123Z\n"
            "# User@Host: app[app] @ web-1 [10.0.0.1]  Id:    12\n"
            "# Query_time: 2.570000  Lock_time: 0.000010 Rows_sent: 1  Rows_examined: 1000\n"
            "SET timestamp=1777888798;\n"
            "SELECT 1;\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "WildFly, console, without a date",
        "documentation of WildFly, logging subsystem",
        (
            "10:00:01,257 ERROR [org.jboss.as] (MSC service thread 1-1) boom\n"
            "10:00:02,257 INFO  [org.jboss.as] (MSC service thread 1-1) ok\n"
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "[org.jboss.as] (MSC service thread 1-1) boom",
            },
            {
                "timestamp": None,
                "error": False,
                "http.response.status_code": None,
                "severity_text": "INFO",
                "body": "[org.jboss.as] (MSC service thread 1-1) ok",
            },
        ],
        notes=["no row has a timestamp", "a time of day but no date"],
    ),
]
