"""Prefixes are found, and what only looks like one is left alone."""

import pytest

from obskit.readers import REGISTRY, Match
from obskit.readers.prefixed.detection import detect
from obskit.readers.prefixed.reader import READER
from obskit.testing.format_samples import samples

JSON = '{"level": "info", "msg": "served"}'
ACCESS = '10.0.0.7 - - [04/May/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 502 13 "-" "curl/7.68.0"'
NANOS = "2026-05-04T10:00:00.413656027Z"

# Shapes as the documentation of each program shows them; names and values are made up.
PREFIXES = {
    f"[pod/shop-1/app] {JSON}": "kubectl logs --prefix",
    f"[pod/shop-1/app] {NANOS} {JSON}": "kubectl logs --prefix, times before the lines",
    f"{NANOS} {JSON}": "times before the lines",
    f"{NANOS} served": "times before the lines",
    f"2026-05-04T10:00:00.413Z {ACCESS}": "times before the lines",
    f"{NANOS} stdout F {JSON}": "a container runtime (CRI)",
    f"{NANOS} stderr P served": "a container runtime (CRI)",
    f"shop-1  | {JSON}": "docker compose",
    "db_1    | ready for connections": "docker compose",
    f"shop  | {JSON}": "docker compose",
    f"shop-1  | {NANOS} {ACCESS}": "docker compose, times before the lines",
    f"shop-6d4cf56db6-x7zq2 app {JSON}": "stern",
    f"[shop-6d4cf56db6-x7zq2] {JSON}": "kubetail",
    f"May  4 10:00:00 web-1 nginx: {ACCESS}": "syslog",
    "May 04 10:00:00 web-1 systemd[1]: Started nginx.": "syslog",
    "May  4 10:00:00 web-1 last message repeated 2 times": "syslog",
    "<34>Oct 11 22:14:15 web-1 su: failed": "syslog (RFC 3164)",
    "<34>1 2026-05-04T10:00:00Z web-1 su 12 ID47 - failed": "syslog (RFC 5424)",
    '61 <34>1 2026-05-04T10:00:00Z web-1 su - - [a@1 b="c"] failed': "syslog (RFC 5424)",
    "2026-05-04T10:00:00.123456+02:00 web-1 systemd[1]: Started": "syslog",
    "2026-05-04T10:00:00.123456+00:00 app[web.1]: served": "Heroku",
    "2026-05-04T10:00:00.1234567Z ##[group]Run make test": "times before the lines",
    "build\tRun tests\t2026-05-04T10:00:00.1234567Z make test": "gh run view --log",
    f"2026-05-04T10:00:00.123000+00:00 shop/app/5f1c {JSON}": "aws logs tail",
    '{"log": "served\\n", "stream": "stdout", "time": "2026-05-04T10:00:00.5Z"}': "Docker's json-file",
    f"\x1b[36mshop-1  |\x1b[0m {JSON}": "docker compose",
    f"\x1b[32m{ACCESS}\x1b[0m": "a terminal (colours)",
}


@pytest.mark.parametrize(("line", "name"), PREFIXES.items())
def test_prefixes(line, name):
    for head in (f"{line}\n", f"{line}\n" * 3, f"{line}\r\n" * 200):
        layout = detect(head.encode())
        assert layout is not None
        assert layout.name == name
    assert (
        max(reader.sniff(head.encode()) for reader in REGISTRY.readers() if reader is not READER)
        < Match.DIALECT
    )


def test_one_line_without_its_end():
    assert detect(f"[pod/shop-1/app] {JSON}".encode()).name == "kubectl logs --prefix"
    assert detect(f"{NANOS} stdou".encode()) is None


OTHERS = [
    JSON,
    ACCESS,
    "2026-05-04T10:00:00.123Z  INFO 1 --- [           main] com.shop.Cart  : Started",  # the time is its own
    "2026-05-04T10:00:00Z INFO worker: started",
    "2026-05-04 10:00:00,123 INFO shop.cart: started",
    "May the fourth be with you",
    "host | status\n web-1 | ok\n",
    " id | name\n----+------\n  1 | web-1\n",
    "web-1 | ok | 12\nweb-2 | ok | 13\n",
    "timestamp|name|duration_ms\n2026-05-04T10:00:00Z|book|12\n",
    '{"log": "served", "stream": "stdout", "time": "2026-05-04T10:00:00Z", "kubernetes": {"pod": "x"}}',
    '{"log": 3, "stream": "stdout", "time": "2026-05-04T10:00:00Z"}',
    '{"time": "2026-05-04T10:00:00Z", "msg": "\\u001b[32mgreen"}',
    "# Title\n\nSome text | with a pipe\n",
    "",
    "\n\n",
]


@pytest.mark.parametrize("head", OTHERS)
def test_not_prefixes(head):
    assert detect(head.encode()) is None
    assert READER.sniff(head.encode()) is Match.NO


@pytest.mark.parametrize("name", samples())
def test_no_file_of_another_format_has_a_prefix(name):
    expected = Match.DIALECT if name == READER.name else Match.NO
    assert READER.sniff(samples()[name]) is expected


def test_half_of_the_lines_is_enough():
    """Lines that are not from a container are between those of `docker compose up`."""
    lines = ["Attaching to shop-1", f"shop-1  | {JSON}", "shop-1 exited with code 0", f"shop-1  | {JSON}"]
    assert detect("\n".join([*lines, ""]).encode()).name == "docker compose"
    assert detect("\n".join([*lines, "x", ""]).encode()) is None


def test_after_a_banner_what_is_behind_the_prefix_must_be_known():
    banner = [f"Step {n} : RUN make" for n in range(40)]
    known, text = ([f"shop-1  | {line}"] * 5 for line in (JSON, "ok"))
    assert detect("\n".join([*banner, *known, ""]).encode()).name == "docker compose"
    assert detect("\n".join([*banner, *text, ""]).encode()) is None
