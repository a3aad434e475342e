"""Layouts of servers and databases: what each text becomes."""

import pytest

from tests.readers.app_log.rows import rows_of

CASES = {
    "nginx": (
        (
            '2026/05/04 10:00:00 [error] 31#32: *7 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.7, server: shop.example, request: "GET /cart?x=1 HTTP/1.1", upstream: "http://10.1.0.2:8080/cart", host: "shop.example"\n'
            "2026/05/04 10:00:01 [notice] 1#1: start worker process 31\n"
            "2026/05/04 10:00:02 [crit] 31#31: *8 SSL_do_handshake() failed, client: 10.0.0.8, server: 0.0.0.0:443\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": 'connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.7, server: shop.example, request: "GET /cart?x=1 HTTP/1.1", upstream: "http://10.1.0.2:8080/cart", host: "shop.example"',
                "severity_text": "error",
                "severity_number": 17,
                "client.address": "10.0.0.7",
                "http.request.method": "GET",
                "network.protocol.version": "1.1",
                "nginx.connection": 7,
                "nginx.host": "shop.example",
                "nginx.upstream": "http://10.1.0.2:8080/cart",
                "process.pid": 31,
                "server.address": "shop.example",
                "thread.id": 32,
                "url.path": "/cart",
                "url.query": "x=1",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "start worker process 31",
                "severity_text": "notice",
                "severity_number": 9,
                "process.pid": 1,
                "thread.id": 1,
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": True,
                "body": "SSL_do_handshake() failed, client: 10.0.0.8, server: 0.0.0.0:443",
                "severity_text": "crit",
                "severity_number": 21,
                "client.address": "10.0.0.8",
                "nginx.connection": 8,
                "process.pid": 31,
                "server.address": "0.0.0.0:443",
                "thread.id": 31,
            },
        ],
        [],
    ),
    "Apache 2.4": (
        (
            "[Mon May 04 10:00:00.123456 2026] [proxy:error] [pid 12:tid 139] (111)Connection refused: [client 10.0.0.7:5123] AH00957: HTTP failed\n"
            "[Mon May 04 10:00:01.123456 2026] [core:notice] [pid 1:tid 2] AH00094: Command line\n"
            "[Mon May 04 10:00:02 2026] [ssl:warn] [pid 12] [client 10.0.0.8:5124] AH01909: name, referer: http://shop.example\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "error": True,
                "body": "(111)Connection refused: [client 10.0.0.7:5123] AH00957: HTTP failed",
                "severity_text": "error",
                "severity_number": 17,
                "client.address": "10.0.0.7",
                "client.port": 5123,
                "code.namespace": "proxy",
                "process.pid": 12,
                "thread.id": 139,
            },
            {
                "timestamp": "2026-05-04T10:00:01.123456Z",
                "body": "AH00094: Command line",
                "severity_text": "notice",
                "severity_number": 9,
                "code.namespace": "core",
                "process.pid": 1,
                "thread.id": 2,
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "body": "AH01909: name, referer: http://shop.example",
                "severity_text": "warn",
                "severity_number": 13,
                "client.address": "10.0.0.8",
                "client.port": 5124,
                "code.namespace": "ssl",
                "process.pid": 12,
            },
        ],
        [],
    ),
    "Apache 2.2": (
        (
            "[Mon May 04 10:00:00 2026] [error] [client 10.0.0.7] File does not exist: /srv/x\n"
            "[Mon May 04 10:00:01 2026] [notice] caught SIGTERM\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "File does not exist: /srv/x",
                "severity_text": "error",
                "severity_number": 17,
                "client.address": "10.0.0.7",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "body": "caught SIGTERM",
                "severity_text": "notice",
                "severity_number": 9,
            },
        ],
        [],
    ),
    "PostgreSQL": (
        (
            "2026-05-04 10:00:00.123 UTC [77] LOG:  database system is ready\n"
            "2026-05-04 10:00:00.124 UTC [78] shop@orders ERROR:  duplicate key\n"
            "2026-05-04 10:00:00.124 UTC [78] shop@orders DETAIL:  Key (id)=(1) already exists.\n"
            "2026-05-04 10:00:00.124 UTC [78] shop@orders STATEMENT:  insert into carts\n"
            "\tvalues (1)\n"
            "2026-05-04 10:00:00.125 CEST [78] shop@orders LOG:  duration: 12.345 ms  statement: select 1\n"
            "2026-05-04 10:00:00.126 IST [78] FATAL:  terminating\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "database system is ready",
                "severity_text": "INFO",
                "severity_number": 9,
                "process.pid": 77,
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "duplicate key",
                "severity_text": "ERROR",
                "severity_number": 17,
                "db.namespace": "orders",
                "process.pid": 78,
                "user.name": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "Key (id)=(1) already exists.",
                "severity_text": "DETAIL",
                "db.namespace": "orders",
                "process.pid": 78,
                "user.name": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "insert into carts\n\tvalues (1)",
                "severity_text": "STATEMENT",
                "db.namespace": "orders",
                "process.pid": 78,
                "user.name": "shop",
            },
            {
                "timestamp": "2026-05-04T08:00:00.125000Z",
                "duration_ms": 12.345,
                "body": "duration: 12.345 ms  statement: select 1",
                "severity_text": "INFO",
                "severity_number": 9,
                "db.namespace": "orders",
                "process.pid": 78,
                "user.name": "shop",
            },
            {
                "error": True,
                "body": "terminating",
                "severity_text": "FATAL",
                "severity_number": 21,
                "log.time": "2026-05-04 10:00:00.126 IST",
                "process.pid": 78,
            },
        ],
        [],
    ),
    "PostgreSQL on RDS": (
        (
            "2026-05-04 10:00:00 UTC:10.0.0.7(5123):shop@orders:[78]:ERROR:  boom\n"
            "2026-05-04 10:00:00 UTC::@:[79]:LOG:  checkpoint starting\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "client.address": "10.0.0.7",
                "client.port": 5123,
                "db.namespace": "orders",
                "process.pid": 78,
                "user.name": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "checkpoint starting",
                "severity_text": "INFO",
                "severity_number": 9,
                "process.pid": 79,
            },
        ],
        [],
    ),
    "Redis": (
        (
            "1:C 04 May 2026 10:00:00.123 # starting\n"
            "1:M 04 May 2026 10:00:00.124 * Ready\n"
            "7:S 04 May 2026 10:00:00.125 - Accepted\n"
            "7:S 04 May 2026 10:00:00.126 . fine\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "starting",
                "severity_text": "WARN",
                "severity_number": 13,
                "process.pid": 1,
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "body": "Ready",
                "severity_text": "INFO",
                "severity_number": 9,
                "process.pid": 1,
            },
            {
                "timestamp": "2026-05-04T10:00:00.125000Z",
                "body": "Accepted",
                "severity_text": "DEBUG",
                "severity_number": 5,
                "process.pid": 7,
            },
            {
                "timestamp": "2026-05-04T10:00:00.126000Z",
                "body": "fine",
                "severity_text": "DEBUG",
                "severity_number": 5,
                "process.pid": 7,
            },
        ],
        [],
    ),
    "MySQL": (
        (
            "2026-05-04T10:00:00.123456Z 0 [System] [MY-010116] [Server] ready\n"
            "2026-05-04T10:00:00.123457Z 8 [ERROR] [MY-012345] [InnoDB] boom\n"
            "2026-05-04T10:00:00.123458Z 9 [Note] old\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": "ready",
                "severity_text": "INFO",
                "severity_number": 9,
                "code.namespace": "Server",
                "error.code": "MY-010116",
                "thread.id": 0,
            },
            {
                "timestamp": "2026-05-04T10:00:00.123457Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.namespace": "InnoDB",
                "error.code": "MY-012345",
                "thread.id": 8,
            },
            {
                "timestamp": "2026-05-04T10:00:00.123458Z",
                "body": "old",
                "severity_text": "INFO",
                "severity_number": 9,
                "thread.id": 9,
            },
        ],
        [],
    ),
    "MariaDB": (
        (
            "2026-05-04 10:00:00 0 [Note] InnoDB: ready\n"
            "2026-05-04  9:05:00 12 [ERROR] mysqld: boom\n"
            "2026-05-04  9:05:01 0 [Warning] slow\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "InnoDB: ready",
                "severity_text": "INFO",
                "severity_number": 9,
                "thread.id": 0,
            },
            {
                "timestamp": "2026-05-04T09:05:00Z",
                "error": True,
                "body": "mysqld: boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "thread.id": 12,
            },
            {
                "timestamp": "2026-05-04T09:05:01Z",
                "body": "slow",
                "severity_text": "Warning",
                "severity_number": 13,
                "thread.id": 0,
            },
        ],
        [],
    ),
    "RabbitMQ": (
        (
            "2026-05-04 10:00:00.123456+00:00 [info] <0.222.0> started\n"
            "2026-05-04 10:00:00.123457+02:00 [error] <0.223.0> boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123456Z",
                "body": "started",
                "severity_text": "info",
                "severity_number": 9,
                "thread.name": "0.222.0",
            },
            {
                "timestamp": "2026-05-04T08:00:00.123457Z",
                "error": True,
                "body": "boom",
                "severity_text": "error",
                "severity_number": 17,
                "thread.name": "0.223.0",
            },
        ],
        [],
    ),
    "Envoy": (
        (
            "[2026-05-04 10:00:00.123][7][info][main] [source/server/server.cc:404] initializing\n"
            "[2026-05-04 10:00:00.124][8][critical][http] boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00.123000Z",
                "body": "initializing",
                "severity_text": "info",
                "severity_number": 9,
                "code.file.path": "source/server/server.cc",
                "code.line.number": 404,
                "code.namespace": "main",
                "thread.id": 7,
            },
            {
                "timestamp": "2026-05-04T10:00:00.124000Z",
                "error": True,
                "body": "boom",
                "severity_text": "critical",
                "severity_number": 21,
                "code.namespace": "http",
                "thread.id": 8,
            },
        ],
        [],
    ),
    "PHP-FPM": (
        (
            "[04-May-2026 10:00:00] NOTICE: fpm is running, pid 1\n"
            "[04-May-2026 10:00:01] ERROR: pid 9, fpm_init(), line 12: boom\n"
            "[04-May-2026 10:00:01 Europe/Berlin] PHP Warning:  Undefined variable $x in /pay.php on line 3\n"
            "[04-May-2026 10:00:01 UTC] PHP Fatal error:  Uncaught Shop\\Bad: no card in /pay.php:3\n"
            "Stack trace:\n"
            "#0 /cart.php(3): pay()\n"
            "#1 {main}\n"
            "  thrown in /pay.php on line 3\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:00Z",
                "body": "fpm is running, pid 1",
                "severity_text": "NOTICE",
                "severity_number": 9,
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "boom",
                "severity_text": "ERROR",
                "severity_number": 17,
                "code.function.name": "fpm_init",
                "code.line.number": 12,
                "process.pid": 9,
            },
            {
                "timestamp": "2026-05-04T08:00:01Z",
                "body": "Undefined variable $x in /pay.php on line 3",
                "severity_text": "Warning",
                "severity_number": 13,
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "body": "Uncaught Shop\\Bad: no card in /pay.php:3",
                "severity_text": "FATAL",
                "severity_number": 21,
                "exception.message": "no card",
                "exception.stacktrace": "Stack trace:\n#0 /cart.php(3): pay()\n#1 {main}\n  thrown in /pay.php on line 3",
                "exception.type": "Shop\\Bad",
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
