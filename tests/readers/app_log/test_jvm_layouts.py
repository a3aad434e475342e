"""Layouts of programs on the JVM: what each text becomes."""

import pytest

from tests.readers.app_log.rows import rows_of

CASES = {
    "Logback": (
        (
            "2026-05-04 10:00:00.123 [main] INFO  c.shop.Cart - hello\n"
            "2026-05-04 10:00:00.124 [http-nio-8080-exec-1] ERROR c.shop.Pay - pay failed\n"
            "java.lang.IllegalStateException: no seats\n"
            "\tat c.shop.Pay.run(Pay.java:7)\n"
            "\tat c.shop.Pay.main(Pay.java:1)\n"
            "Caused by: java.io.IOException: reset\n"
            "\tat c.shop.Net.read(Net.java:3)\n"
            "\t... 12 more\n"
            "2026-05-04 10:00:00.125 [main] DEBUG c.shop.Cart - next\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.shop.Cart",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "pay failed",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "c.shop.Pay",
                "exception.message": "no seats",
                "exception.stacktrace": "java.lang.IllegalStateException: no seats\n\tat c.shop.Pay.run(Pay.java:7)\n\tat c.shop.Pay.main(Pay.java:1)\nCaused by: java.io.IOException: reset\n\tat c.shop.Net.read(Net.java:3)\n\t... 12 more",
                "exception.type": "java.lang.IllegalStateException",
                "thread.name": "http-nio-8080-exec-1",
            },
            {
                "timestamp": "2026-05-04T10:00:00.125000Z",
                "body": "next",
                "severity_text": "DEBUG",
                "severity_number": 5,
                "code.namespace": "c.shop.Cart",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Logback, context before the message": (
        (
            "2026-05-04 10:00:00.123 [main] INFO  c.shop.Cart [trace_id=4bf92f3577b34da6a3ce929d0e0e4736, user=7] - hello\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.shop.Cart",
                "log.context": "trace_id=4bf92f3577b34da6a3ce929d0e0e4736, user=7",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Logback, default of 1.5": (
        (
            "10:00:00.123 [main] INFO  c.shop.Cart -- hello\n"
            '10:00:00.124 [main] WARN  c.shop.Cart -user="u 7"- slow\n'
            "10:00:00.125 [main] WARN  c.shop.Cart - old\n"
        ),
        [
            {
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.shop.Cart",
                "log.time": "10:00:00.123",
                "thread.name": "main",
            },
            {
                "body": "slow",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.namespace": "c.shop.Cart",
                "log.context": 'user="u 7"',
                "log.time": "10:00:00.124",
                "thread.name": "main",
            },
            {
                "body": "old",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.namespace": "c.shop.Cart",
                "log.time": "10:00:00.125",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Logback, level in brackets": (
        ("2026-05-04 10:00:00.123 [main] [INFO ] hello\n2026-05-04 10:00:00.124 [pool-1] [ERROR] boom\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "thread.name": "pool-1",
            },
        ],
        [],
    ),
    "Log4j 2": (
        (
            "2026-05-04 10:00:00,123 INFO  [main] c.s.Cart: hello\n"
            "2026-05-04 10:00:00,124 ERROR [pool-1] c.s.Cart:12 - boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.s.Cart",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.line.number": 12,
                "code.namespace": "c.s.Cart",
                "thread.name": "pool-1",
            },
        ],
        [],
    ),
    "Log4j, without a thread": (
        (
            "2026-05-04 10:00:00,123 INFO  shop.Cart - hello\n"
            "2026-05-04 10:00:00,124 ERROR shop.Cart:12 - boom - really\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop.Cart",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom - really",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.line.number": 12,
                "code.namespace": "shop.Cart",
            },
        ],
        [],
    ),
    "Hadoop": (
        (
            "2026-05-04 10:00:00,123 INFO org.example.Node: started\n"
            "2026-05-04 10:00:00,124 WARN org.example.Disk: full\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "started",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "org.example.Node",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "full",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.namespace": "org.example.Disk",
            },
        ],
        [],
    ),
    "Spring Boot 2": (
        (
            "2026-05-04 10:00:00.123  INFO 17 --- [           main] c.shop.CartApplication                  : Started in 2.1 seconds\n"
            "2026-05-04 10:00:00.124 ERROR 17 --- [nio-8080-exec-1] o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() threw\n"
            "\n"
            "java.lang.NullPointerException: null\n"
            "\tat c.shop.Pay.run(Pay.java:7)\n"
            "\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "Started in 2.1 seconds",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.shop.CartApplication",
                "process.pid": 17,
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "Servlet.service() threw",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "o.a.c.c.C.[.[.[/].[dispatcherServlet]",
                "exception.message": "null",
                "exception.stacktrace": "java.lang.NullPointerException: null\n\tat c.shop.Pay.run(Pay.java:7)",
                "exception.type": "java.lang.NullPointerException",
                "process.pid": 17,
                "thread.name": "nio-8080-exec-1",
            },
        ],
        [],
    ),
    "Spring Boot 2, Sleuth": (
        (
            "2026-05-04 10:00:00.123  INFO [shop,4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7,true] 17 --- [           main] c.shop.Cart : hello\n"
            "2026-05-04 10:00:00.124  WARN [shop,,,] 17 --- [           main] c.shop.Cart : slow\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "span_id": "00f067aa0ba902b7",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.shop.Cart",
                "process.pid": 17,
                "service.name": "shop",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "slow",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.namespace": "c.shop.Cart",
                "process.pid": 17,
                "service.name": "shop",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "Spring Boot 3": (
        (
            "2026-05-04T10:00:00.123+02:00  INFO 17 --- [shop] [           main] c.shop.CartApplication                  : Started\n"
            "2026-05-04T10:00:00.124+02:00  WARN 17 --- [shop] [nio-8080-exec-1] [4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7] c.shop.Pay       : slow\n"
            "2026-05-04T10:00:00.125Z ERROR 17 --- [nio-8080-exec-2] c.shop.Pay       : boom\n"
            "2026-05-04T10:00:00.126Z DEBUG 17 --- [shop] [           main] [                                                 ] c.shop.Pay : fine\n"
        ),
        [
            {
                "timestamp": "2026-05-04T08:00:00.123000Z",
                "body": "Started",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "c.shop.CartApplication",
                "process.pid": 17,
                "service.name": "shop",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T08:00:00.124000Z",
                "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
                "span_id": "00f067aa0ba902b7",
                "body": "slow",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.namespace": "c.shop.Pay",
                "process.pid": 17,
                "service.name": "shop",
                "thread.name": "nio-8080-exec-1",
            },
            {
                "timestamp": "2026-05-04T10:00:00.125000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "c.shop.Pay",
                "process.pid": 17,
                "thread.name": "nio-8080-exec-2",
            },
            {
                "timestamp": "2026-05-04T10:00:00.126000Z",
                "body": "fine",
                "severity_text": "DEBUG",
                "severity_number": 5,
                "code.namespace": "c.shop.Pay",
                "process.pid": 17,
                "service.name": "shop",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "JBoss": (
        (
            "2026-05-04 10:00:00,123 INFO  [org.example.as] (Controller Boot Thread) SRV0025: started\n"
            "2026-05-04 10:00:00,124 ERROR [shop.Pay] (default task-1) boom: java.lang.RuntimeException: no card\n"
            "\tat shop.Pay.run(Pay.java:1)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "SRV0025: started",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "org.example.as",
                "thread.name": "Controller Boot Thread",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom: java.lang.RuntimeException: no card",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop.Pay",
                "exception.message": "no card",
                "exception.stacktrace": "java.lang.RuntimeException: no card\n\tat shop.Pay.run(Pay.java:1)",
                "exception.type": "java.lang.RuntimeException",
                "thread.name": "default task-1",
            },
        ],
        [],
    ),
    "ZooKeeper": (
        (
            "2026-05-04 10:00:00,123 [myid:1] - INFO  [main:QuorumPeerConfig@136] - Reading\n"
            "2026-05-04 10:00:00,124 [myid:] - WARN  [NIOWorker:NIOServerCnxn@12] - closed\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "Reading",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.line.number": 136,
                "code.namespace": "QuorumPeerConfig",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "closed",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.line.number": 12,
                "code.namespace": "NIOServerCnxn",
                "thread.name": "NIOWorker",
            },
        ],
        [],
    ),
    "Spark": (
        ("26/05/04 10:00:00 INFO SparkContext: Running\n26/05/04 10:00:01 ERROR shop.Executor: boom\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "Running",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "SparkContext",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop.Executor",
            },
        ],
        [],
    ),
    "Dropwizard": (
        (
            "INFO  [2026-05-04 10:00:00,123] shop.App: started\n"
            "ERROR [2026-05-04 10:00:00,124] shop.App: boom\n"
            "! java.lang.RuntimeException: no card\n"
            "! at shop.App.run(App.java:1)\n"
            "! ... 3 common frames omitted\n"
            "! Causing: java.io.IOException: reset\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "started",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "shop.App",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "shop.App",
                "exception.message": "no card",
                "exception.stacktrace": "java.lang.RuntimeException: no card\n\tat shop.App.run(App.java:1)\n\t... 3 common frames omitted\nCausing: java.io.IOException: reset",
                "exception.type": "java.lang.RuntimeException",
            },
        ],
        [],
    ),
    "Cassandra": (
        (
            "INFO  [main] 2026-05-04 10:00:00,123 Server.java:12 - hello\n"
            "WARN  [Thread-1] 2026-05-04 10:00:00,124 Gc.java:2 - slow\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.file.path": "Server.java",
                "code.line.number": 12,
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "slow",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.file.path": "Gc.java",
                "code.line.number": 2,
                "thread.name": "Thread-1",
            },
        ],
        [],
    ),
    "Tomcat": (
        (
            "04-May-2026 10:00:00.123 INFO [main] org.example.Catalina.start Server startup in [5] ms\n"
            "04-May-2026 10:00:00.124 SEVERE [main] shop.Pay.<init> boom\n"
            "\tjava.lang.RuntimeException: no card\n"
            "\t\tat shop.Pay.run(Pay.java:1)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "Server startup in [5] ms",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.function.name": "start",
                "code.namespace": "org.example.Catalina",
                "thread.name": "main",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "SEVERE",
                "severity_number": 17,
                "code.function.name": "<init>",
                "code.namespace": "shop.Pay",
                "exception.message": "no card",
                "exception.stacktrace": "\tjava.lang.RuntimeException: no card\n\t\tat shop.Pay.run(Pay.java:1)",
                "exception.type": "java.lang.RuntimeException",
                "thread.name": "main",
            },
        ],
        [],
    ),
    "java.util.logging": (
        (
            "May 04, 2026 10:00:00 AM shop.Cart pay\n"
            "INFO: hello\n"
            "May 04, 2026 12:30:00 AM shop.Cart pay\n"
            "WARNING: early\n"
            "May 4, 2026, 1:00:00 PM shop.Cart\n"
            "SEVERE: boom\n"
            "java.lang.RuntimeException: no card\n"
            "\tat shop.Pay.run(Pay.java:1)\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "hello",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.function.name": "pay",
                "code.namespace": "shop.Cart",
            },
            {
                "timestamp": "2026-05-04T00:30:00Z",
                "body": "early",
                "severity_text": "WARNING",
                "severity_number": 13,
                "code.function.name": "pay",
                "code.namespace": "shop.Cart",
            },
            {
                "timestamp": "2026-05-04T13:00:00Z",
                "error": True,
                "body": "boom",
                "severity_text": "SEVERE",
                "severity_number": 17,
                "code.namespace": "shop.Cart",
                "exception.message": "no card",
                "exception.stacktrace": "java.lang.RuntimeException: no card\n\tat shop.Pay.run(Pay.java:1)",
                "exception.type": "java.lang.RuntimeException",
            },
        ],
        [],
    ),
    "Elasticsearch": (
        (
            "[2026-05-04T10:00:00,123][INFO ][o.e.n.Node               ] [node-1] started\n"
            "[2026-05-04T10:00:00,124][WARN ][o.e.m.j.Gc     ] [node-1] gc\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "[node-1] started",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "o.e.n.Node",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "[node-1] gc",
                "severity_text": "WARN",
                "severity_number": 13,
                "code.namespace": "o.e.m.j.Gc",
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
