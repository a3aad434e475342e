"""Lines behind what another program wrote before them."""

from tests.readers.posted_shapes.shape import Shape

SHAPES = [
    Shape(
        "rsyslog, HAProxy messages",
        "documentation of rsyslog, templates",
        (
            "2026-05-04T10:00:01+00:00 web-1 haproxy[12]: Server shop/srv1 is DOWN, reason: Layer4 timeout.\n"
            "2026-05-04T10:00:02+00:00 web-1 haproxy[12]: backend shop has no server available!\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "duration_ms": None,
                "body": "Server shop/srv1 is DOWN, reason: Layer4 timeout.",
                "service.name": "haproxy",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "duration_ms": None,
                "body": "backend shop has no server available!",
                "service.name": "haproxy",
                "host.name": "web-1",
            },
        ],
        notes=["prefix (syslog)"],
    ),
    Shape(
        "kubectl logs --prefix, access lines",
        "documentation of kubectl logs",
        (
            '[pod/ingress-1/controller] 10.0.0.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 12 "-" "curl/8"\n'
            '[pod/ingress-2/controller] 10.0.0.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl/8"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "10.0.0.7",
                "k8s.pod.name": "ingress-1",
                "k8s.container.name": "controller",
            },
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "10.0.0.7",
                "k8s.pod.name": "ingress-2",
                "k8s.container.name": "controller",
            },
        ],
        notes=["prefix (kubectl logs --prefix)"],
    ),
    Shape(
        "kubectl logs --timestamps, JSON",
        "documentation of kubectl logs",
        (
            '2026-05-04T10:00:01.501234567Z {"level":"error","msg":"boom"}\n'
            '2026-05-04T10:00:02.501234567Z {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.501234Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "observed_timestamp": "2026-05-04T10:00:01.501234Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02.501234Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "observed_timestamp": "2026-05-04T10:00:02.501234Z",
            },
        ],
        notes=["prefix (times before the lines)"],
    ),
    Shape(
        "stern",
        "documentation of stern",
        (
            'shop-6d4cf56db6-x7zq2 app {"level":"error","msg":"boom"}\n'
            'shop-6d4cf56db6-x7zq3 app {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq2",
                "k8s.container.name": "app",
            },
            {
                "timestamp": None,
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq3",
                "k8s.container.name": "app",
            },
        ],
        notes=["prefix (stern)"],
    ),
    Shape(
        "stern, all namespaces",
        "documentation of stern",
        (
            'default shop-6d4cf56db6-x7zq2 app {"level":"error","msg":"boom"}\n'
            'default shop-6d4cf56db6-x7zq3 app {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq2",
                "k8s.container.name": "app",
                "k8s.namespace.name": "default",
            },
            {
                "timestamp": None,
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq3",
                "k8s.container.name": "app",
                "k8s.namespace.name": "default",
            },
        ],
        notes=["prefix (stern)"],
    ),
    Shape(
        "stern, timestamps",
        "documentation of stern",
        (
            'shop-6d4cf56db6-x7zq2 app 2026-05-04T10:00:01.501234567Z {"level":"error","msg":"boom"}\n'
            'shop-6d4cf56db6-x7zq3 app 2026-05-04T10:00:02.501234567Z {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.501234Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq2",
                "k8s.container.name": "app",
                "observed_timestamp": "2026-05-04T10:00:01.501234Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02.501234Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq3",
                "k8s.container.name": "app",
                "observed_timestamp": "2026-05-04T10:00:02.501234Z",
            },
        ],
        notes=["prefix (stern, times before the lines)"],
    ),
    Shape(
        "kubetail",
        "documentation of kubetail",
        (
            '[shop-6d4cf56db6-x7zq2] {"level":"error","msg":"boom"}\n'
            '[shop-6d4cf56db6-x7zq3] {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq2",
            },
            {
                "timestamp": None,
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "k8s.pod.name": "shop-6d4cf56db6-x7zq3",
            },
        ],
        notes=["prefix (kubetail)"],
    ),
    Shape(
        "CRI, line in two parts",
        "documentation of Kubernetes, CRI logging",
        (
            '2026-05-04T10:00:01.501234567Z stdout P {"level":"error",\n'
            '2026-05-04T10:00:01.501234568Z stdout F "msg":"boom"}\n'
            "2026-05-04T10:00:02.501234567Z stderr F panic: x\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.501234Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "log.iostream": "stdout",
                "observed_timestamp": "2026-05-04T10:00:01.501234Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02.501234Z",
                "error": False,
                "body": "panic: x",
                "log.iostream": "stderr",
            },
        ],
        notes=["prefix (a container runtime (CRI))"],
    ),
    Shape(
        "docker service logs",
        "documentation of docker service logs",
        (
            'shop_web.1.x2y3z4a5b6c7d8e9f0a1b2c3d@node-1    | {"level":"error","msg":"boom"}\n'
            'shop_web.2.x2y3z4a5b6c7d8e9f0a1b2c3e@node-2    | {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "host.name": "node-1",
                "container.name": "shop_web.1.x2y3z4a5b6c7d8e9f0a1b2c3d",
            },
            {
                "timestamp": None,
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "host.name": "node-2",
                "container.name": "shop_web.2.x2y3z4a5b6c7d8e9f0a1b2c3e",
            },
        ],
        notes=["prefix (docker service logs)"],
    ),
    Shape(
        "docker compose logs --timestamps",
        "documentation of docker compose logs",
        (
            'web-1  | 2026-05-04T10:00:01.501234567Z {"level":"error","msg":"boom"}\n'
            'web-1  | 2026-05-04T10:00:02.501234567Z {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.501234Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "container.name": "web-1",
                "observed_timestamp": "2026-05-04T10:00:01.501234Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02.501234Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "container.name": "web-1",
                "observed_timestamp": "2026-05-04T10:00:02.501234Z",
            },
        ],
        notes=["prefix (docker compose, times before the lines)"],
    ),
    Shape(
        "docker-compose, banner",
        "documentation of docker compose logs",
        (
            "Attaching to shop_web_1\n"
            'web_1  | {"level":"error","msg":"boom"}\n'
            'web_1  | {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "container.name": "web_1",
            },
            {
                "timestamp": None,
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "container.name": "web_1",
            },
        ],
        rejected=1,
        notes=["prefix (docker compose)"],
    ),
    Shape(
        "docker compose, colours",
        "documentation of docker compose logs",
        (
            '\x1b[36mweb-1  | \x1b[0m{"level":"error","msg":"boom"}\n'
            '\x1b[33mdb-1   | \x1b[0m{"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "container.name": "web-1",
            },
            {
                "timestamp": None,
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "container.name": "db-1",
            },
        ],
        notes=["prefix (docker compose)"],
    ),
    Shape(
        "syslog, RFC 3164, JSON",
        "documentation of RFC 3164",
        (
            'May  4 10:00:01 web-1 shop[12]: {"level":"error","msg":"boom"}\n'
            'May  4 10:00:02 web-1 shop[12]: {"level":"info","msg":"ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
                "observed_timestamp": "2026-05-04T10:00:01Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "service.name": "shop",
                "host.name": "web-1",
                "observed_timestamp": "2026-05-04T10:00:02Z",
            },
        ],
        notes=["prefix (syslog)"],
    ),
    Shape(
        "syslog, RFC 5424, structured data and a byte order mark",
        "documentation of RFC 5424",
        (
            '<11>1 2026-05-04T10:00:01.257Z web-1 shop 12 ID47 [exampleSDID@32473 iut="3" eventSource="App"] boom\n'
            "<14>1 2026-05-04T10:00:02.257Z web-1 shop 12 - - \ufeffok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "severity_text": "err",
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "service.name": "shop",
                "host.name": "web-1",
            },
        ],
        notes=["prefix (syslog (RFC 5424))"],
    ),
    Shape(
        "syslog, Cisco",
        "documentation of Cisco IOS, system messages",
        (
            "<189>45: May  4 10:00:01.257: %LINEPROTO-5-UPDOWN: Line protocol on Interface X, changed state to up\n"
            "<187>46: May  4 10:00:02.257: %LINK-3-UPDOWN: down\n"
        ),
        refused="it looks like syslog in a form that obskit does not know",
    ),
    Shape(
        "journalctl, short",
        "documentation of journalctl",
        ("May 04 10:00:01 web-1 systemd[1]: Started shop.\nMay 04 10:00:02 web-1 shop[12]: boom\n"),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "body": "Started shop.",
                "service.name": "systemd",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
            },
        ],
        notes=["prefix (syslog)"],
    ),
    Shape(
        "journalctl, short-precise",
        "documentation of journalctl",
        (
            "May 04 10:00:01.257123 web-1 systemd[1]: Started shop.\n"
            "May 04 10:00:02.257123 web-1 shop[12]: boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": False,
                "body": "Started shop.",
                "service.name": "systemd",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
            },
        ],
        notes=["prefix (syslog)"],
    ),
    Shape(
        "journalctl, banner",
        "documentation of journalctl",
        (
            "-- Logs begin at Mon 2026-05-04 09:00:00 UTC, end at Mon 2026-05-04 10:00:02 UTC. --\n"
            "May 04 10:00:01 web-1 systemd[1]: Started shop.\n"
            "May 04 10:00:02 web-1 shop[12]: boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": False,
                "body": "Started shop.",
                "service.name": "systemd",
                "host.name": "web-1",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "body": "boom",
                "service.name": "shop",
                "host.name": "web-1",
            },
        ],
        rejected=1,
        notes=["prefix (syslog)"],
    ),
    Shape(
        "journalctl, short-full",
        "documentation of journalctl",
        (
            "Mon 2026-05-04 10:00:01 UTC web-1 systemd[1]: Started shop.\n"
            "Mon 2026-05-04 10:00:02 UTC web-1 shop[12]: boom\n"
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "dmesg, seconds since boot",
        "documentation of dmesg",
        ("[    0.000000] Linux version 6.1\n[   12.345678] usb 1-1: new device\n"),
        refused="it looks like plain text",
    ),
    Shape(
        "dmesg -T",
        "documentation of dmesg",
        (
            "[Mon May  4 10:00:01 2026] Linux version 6.1\n"
            "[Mon May  4 10:00:02 2026] Out of memory: Killed process 12 (node)\n"
        ),
        [
            {"timestamp": "2026-05-04T10:00:01Z", "error": False, "body": "Linux version 6.1"},
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "body": "Out of memory: Killed process 12 (node)",
            },
        ],
    ),
    Shape(
        "GitHub Actions, raw log",
        "documentation of GitHub, workflow commands",
        (
            "2026-05-04T10:00:01.5012345Z ##[group]Run npm test\n"
            "2026-05-04T10:00:02.5012345Z ##[error]Process completed with exit code 1.\n"
        ),
        [
            {"timestamp": "2026-05-04T10:00:01.501234Z", "error": False, "body": "##[group]Run npm test"},
            {
                "timestamp": "2026-05-04T10:00:02.501234Z",
                "error": False,
                "body": "##[error]Process completed with exit code 1.",
            },
        ],
        notes=["prefix (times before the lines)"],
    ),
    Shape(
        "gh run view --log",
        "documentation of GitHub CLI",
        (
            "build\tRun tests\t2026-05-04T10:00:01.5012345Z ##[error]boom\n"
            "build\tRun tests\t2026-05-04T10:00:02.5012345Z ok\n"
        ),
        [
            {"timestamp": "2026-05-04T10:00:01.501234Z", "error": False, "body": "##[error]boom"},
            {"timestamp": "2026-05-04T10:00:02.501234Z", "error": False, "body": "ok"},
        ],
        notes=["prefix (gh run view --log)"],
    ),
    Shape(
        "GitLab CI, timestamps",
        "documentation of GitLab, job logs",
        (
            "section_start:1777888801:prepare\r\x1b[0KPreparing\n"
            "2026-05-04T10:00:01.257123Z 00O Running with gitlab-runner\n"
            "2026-05-04T10:00:02.257123Z 01E boom\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": False,
                "body": "00O Running with gitlab-runner",
            },
            {"timestamp": "2026-05-04T10:00:02.257123Z", "error": False, "body": "01E boom"},
        ],
        rejected=1,
    ),
    Shape(
        "aws logs tail, JSON and REPORT",
        "documentation of AWS CLI, logs tail",
        (
            '2026-05-04T10:00:01.257000+00:00 2026/05/04/[$LATEST]0af7 {"level":"error","message":"boom"}\n'
            "2026-05-04T10:00:02.257000+00:00 2026/05/04/[$LATEST]0af7 REPORT RequestId: 8286a188-ba32-4475-8077-530cd35c09a9\tDuration: 257.12 ms\tBilled Duration: 258 ms\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "error",
                "body": "boom",
                "observed_timestamp": "2026-05-04T10:00:01.257000Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "REPORT RequestId: 8286a188-ba32-4475-8077-530cd35c09a9\tDuration: 257.12 ms\tBilled Duration: 258 ms",
            },
        ],
        notes=["prefix (aws logs tail)"],
    ),
    Shape(
        "aws logs tail --format short",
        "documentation of AWS CLI, logs tail",
        (
            '2026-05-04T10:00:01 {"level":"error","message":"boom"}\n'
            '2026-05-04T10:00:02 {"level":"info","message":"ok"}\n'
        ),
        [
            {"timestamp": "2026-05-04T10:00:01Z", "error": True, "severity_text": "error", "body": "boom"},
            {"timestamp": "2026-05-04T10:00:02Z", "error": False, "severity_text": "info", "body": "ok"},
        ],
    ),
    Shape(
        "Heroku, app",
        "documentation of Heroku, logging",
        (
            '2026-05-04T10:00:01.257123+00:00 app[web.1]: {"level":"error","msg":"boom"}\n'
            "2026-05-04T10:00:02.257123+00:00 heroku[web.1]: State changed from up to crashed\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257123Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "observed_timestamp": "2026-05-04T10:00:01.257123Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257123Z",
                "error": False,
                "body": "State changed from up to crashed",
            },
        ],
        notes=["prefix (Heroku)"],
    ),
    Shape(
        "fly logs",
        "documentation of Fly.io, logging",
        (
            '2026-05-04T10:00:01Z app[148e21] fra [info]{"level":"error","msg":"boom"}\n'
            "2026-05-04T10:00:02Z app[148e21] fra [info]ok\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "observed_timestamp": "2026-05-04T10:00:01Z",
                "fly.region": "fra",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "fly.region": "fra",
            },
        ],
        notes=["prefix (fly logs)"],
    ),
    Shape(
        "cf logs",
        "documentation of Cloud Foundry, log format",
        (
            "   2026-05-04T10:00:01.25+0000 [APP/PROC/WEB/0] OUT boom\n"
            '   2026-05-04T10:00:02.25+0000 [RTR/0] OUT shop.example - [2026-05-04T10:00:02.123456Z] "GET /a HTTP/1.1" 502 0 12 "-" "curl" "203.0.113.7:5000" "10.0.0.1:61000" x_forwarded_for:"203.0.113.7" response_time:0.257 gorouter_time:0.001\n'
        ),
        refused="it looks like plain text",
    ),
    Shape(
        "Fluent Bit, stdout",
        "documentation of Fluent Bit, standard output",
        (
            '[0] kube.var.log: [[1777888801.257000000, {}], {"log"=>"boom", "stream"=>"stderr"}]\n'
            '[1] kube.var.log: [[1777888802.257000000, {}], {"log"=>"ok", "stream"=>"stderr"}]\n'
        ),
        refused="it looks like what Fluent Bit prints, which is not JSON",
    ),
    Shape(
        "Fluentd, stdout",
        "documentation of Fluentd, out_stdout",
        (
            '2026-05-04 10:00:01.257000000 +0000 app.log: {"level":"error","message":"boom"}\n'
            '2026-05-04 10:00:02.257000000 +0000 app.log: {"level":"info","message":"ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01.257000Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "fluentd.tag": "app.log",
            },
            {
                "timestamp": "2026-05-04T10:00:02.257000Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "fluentd.tag": "app.log",
            },
        ],
    ),
    Shape(
        "Fluentd, file",
        "documentation of Fluentd, out_file",
        (
            '2026-05-04T10:00:01+00:00\tapp.log\t{"level":"error","message":"boom"}\n'
            '2026-05-04T10:00:02+00:00\tapp.log\t{"level":"info","message":"ok"}\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "fluentd.tag": "app.log",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "fluentd.tag": "app.log",
            },
        ],
    ),
    Shape(
        "logcli, labels",
        "documentation of Loki, logcli",
        (
            '2026-05-04T10:00:01Z {app="shop", pod="shop-1"} level=error msg=boom\n'
            '2026-05-04T10:00:02Z {app="shop", pod="shop-1"} level=info msg=ok\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "severity_text": "error",
                "body": "boom",
                "k8s.pod.name": "shop-1",
                "observed_timestamp": "2026-05-04T10:00:01Z",
                "loki.app": "shop",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "severity_text": "info",
                "body": "ok",
                "k8s.pod.name": "shop-1",
                "observed_timestamp": "2026-05-04T10:00:02Z",
                "loki.app": "shop",
            },
        ],
        notes=["prefix (logcli)"],
    ),
    Shape(
        "logcli, common labels removed",
        "documentation of Loki, logcli",
        (
            '2026-05-04T10:00:01Z {}  10.0.0.7 - - [04/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 502 12 "-" "curl"\n'
            '2026-05-04T10:00:02Z {}  10.0.0.8 - - [04/May/2026:10:00:02 +0000] "GET /a HTTP/1.1" 200 12 "-" "curl"\n'
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:01Z",
                "error": True,
                "http.response.status_code": 502,
                "client.address": "10.0.0.7",
                "observed_timestamp": "2026-05-04T10:00:01Z",
            },
            {
                "timestamp": "2026-05-04T10:00:02Z",
                "error": False,
                "http.response.status_code": 200,
                "client.address": "10.0.0.8",
                "observed_timestamp": "2026-05-04T10:00:02Z",
            },
        ],
        notes=["prefix (logcli)"],
    ),
    Shape(
        "aws logs tail, START and REPORT among JSON",
        "documentation of AWS, Lambda logging",
        (
            "2026-05-04T10:00:00.257000+00:00 2026/05/04/[$LATEST]0af7 INIT_START Runtime Version: python:3.12.v1\tRuntime Version ARN: arn:aws:x\n"
            "2026-05-04T10:00:01.257000+00:00 2026/05/04/[$LATEST]0af7 START RequestId: 8286a188-ba32-4475-8077-530cd35c09a9 Version: $LATEST\n"
            '2026-05-04T10:00:02.257000+00:00 2026/05/04/[$LATEST]0af7 {"level":"ERROR","message":"boom","timestamp":"2026-05-04T10:00:02.1Z"}\n'
            "2026-05-04T10:00:03.257000+00:00 2026/05/04/[$LATEST]0af7 END RequestId: 8286a188-ba32-4475-8077-530cd35c09a9\n"
            "2026-05-04T10:00:04.257000+00:00 2026/05/04/[$LATEST]0af7 REPORT RequestId: 8286a188-ba32-4475-8077-530cd35c09a9\tDuration: 257.12 ms\tBilled Duration: 258 ms\n"
        ),
        [
            {
                "timestamp": "2026-05-04T10:00:02.100000Z",
                "error": True,
                "duration_ms": None,
                "http.response.status_code": None,
                "severity_text": "ERROR",
                "body": "boom",
                "observed_timestamp": "2026-05-04T10:00:02.257000Z",
            },
            {
                "timestamp": "2026-05-04T10:00:03.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "END RequestId: 8286a188-ba32-4475-8077-530cd35c09a9",
            },
            {
                "timestamp": "2026-05-04T10:00:04.257000Z",
                "error": False,
                "duration_ms": None,
                "http.response.status_code": None,
                "body": "REPORT RequestId: 8286a188-ba32-4475-8077-530cd35c09a9\tDuration: 257.12 ms\tBilled Duration: 258 ms",
            },
        ],
        rejected=2,
        notes=["prefix (aws logs tail)"],
    ),
    Shape(
        "kubectl logs --prefix, a crash after JSON",
        "documentation of Go, runtime",
        (
            '[pod/shop-1/app] {"level":"error","msg":"boom"}\n'
            '[pod/shop-1/app] {"level":"info","msg":"ok"}\n'
            "[pod/shop-1/app] panic: runtime error\n"
            "[pod/shop-1/app] goroutine 1 [running]:\n"
        ),
        [
            {
                "timestamp": None,
                "error": True,
                "duration_ms": None,
                "severity_text": "error",
                "body": "boom",
                "k8s.pod.name": "shop-1",
                "k8s.container.name": "app",
            },
            {
                "timestamp": None,
                "error": False,
                "duration_ms": None,
                "severity_text": "info",
                "body": "ok",
                "k8s.pod.name": "shop-1",
                "k8s.container.name": "app",
            },
            {
                "timestamp": None,
                "error": False,
                "duration_ms": None,
                "body": "panic: runtime error",
                "k8s.pod.name": "shop-1",
                "k8s.container.name": "app",
            },
            {
                "timestamp": None,
                "error": False,
                "duration_ms": None,
                "body": "goroutine 1 [running]:",
                "k8s.pod.name": "shop-1",
                "k8s.container.name": "app",
            },
        ],
        notes=["prefix (kubectl logs --prefix)"],
    ),
    Shape(
        "journalctl, short-unix",
        "documentation of journalctl",
        ("1777888801.257123 web-1 systemd[1]: Started shop.\n1777888802.257123 web-1 shop[12]: boom\n"),
        refused="it looks like plain text",
    ),
]
