"""Text that is not events, or is in a format that obskit does not read.

# TYPE http_requests_total counter        metrics of Prometheus
response-time,DNS+dialup,DNS,...          a CSV of hey, which has no times of day
Name:  shop-1                             the output of `kubectl describe`
"""

from __future__ import annotations

import html
import itertools
import re

from obskit.readers.sniffing import UTF8_BOM
from obskit.readers.tables.dialect import failed_rule
from obskit.readers.unsupported.kinds import Unsupported, without_events
from obskit.readers.unsupported.printed import printed_format

SHOWN = 60
"""Characters of a line that a message quotes."""

_METRICS = "obskit reads events, not metrics: name a file of logs, traces or requests"
_TOTALS = "it has totals, not requests: "
_FIRST: tuple[tuple[re.Pattern[str], Unsupported], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"# (?:HELP|TYPE|UNIT|EOF)\b", without_events("metrics of Prometheus or OpenMetrics", _METRICS)),
        (
            r"Name:[ \t]+\S.*\n(?:Namespace|Labels|Priority|Roles|CreationTimestamp|Annotations):",
            without_events("the output of `kubectl describe`"),
        ),
        (
            r"(?:NAMESPACE +)?NAME {2,}(?:READY|STATUS|TYPE|DATA|REFERENCE|CLASS|CPU|DESIRED|COMPLETIONS)\b",
            without_events("a table that kubectl printed"),
        ),
        (
            r"(?:NAMESPACE +)?LAST SEEN +(?:TYPE|COUNT)\b",
            Unsupported(
                "events that kubectl printed as a table", "print them as JSON: kubectl get events -o json"
            ),
        ),
        (
            r"response-time,DNS\+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset",
            Unsupported(
                "results of hey, which have no time of day",
                "repeat the test with a tool that records times, such as vegeta or JMeter",
            ),
        ),
        (
            r"Running .+ test @ https?://",
            Unsupported("a summary of wrk", f"{_TOTALS}repeat the test with vegeta or JMeter"),
        ),
        (
            r"This is ApacheBench",
            Unsupported("a summary of ApacheBench", f"{_TOTALS}repeat the test with vegeta or JMeter"),
        ),
        (
            r"\s*Summary:\n\s+Total:",
            Unsupported("a summary of hey", f"{_TOTALS}repeat the test with vegeta or JMeter"),
        ),
        (
            r"Requests +\[total, rate",
            Unsupported(
                "a report of vegeta", f"{_TOTALS}vegeta encode --to json results.bin > results.jsonl"
            ),
        ),
        (
            r"\d{19},\d{1,3},\d+,\d+,\d+,",
            Unsupported(
                "results of vegeta as CSV, which have no header",
                "convert the binary results: vegeta encode --to json results.bin > results.jsonl",
            ),
        ),
        (
            r"(?:tls|tcp) \d\.\d \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d net/",
            Unsupported(
                "an access log of an AWS network load balancer",
                "its lines are connections, not requests: name the log of the server behind it",
            ),
        ),
        (
            r"version account-id interface-id |\d \d{12} eni-[0-9a-f]+ ",
            Unsupported(
                "an AWS VPC flow log",
                "its lines are packets of a network, not requests: name the log of a server or load balancer",
            ),
        ),
        (
            r"\[\d+\] [\w.*-]+: \[\[?\d+\.\d+",
            Unsupported(
                "what Fluent Bit prints, which is not JSON",
                "print JSON lines: set `format json_lines` of the stdout output",
            ),
        ),
        (r"(?:---.*\n)?apiVersion: ", without_events("YAML")),
        (r"-----BEGIN [A-Z ]+-----", without_events("a key or a certificate")),
        (r"#!\s*/", without_events("a script")),
        (r"diff --git |--- a/", without_events("a patch")),
        (r"(?:.*\n)?Full thread dump ", without_events("a thread dump of Java")),
    )
)
_METRIC = re.compile(r"[A-Za-z_:][\w:]*(?:\{[^}]*\})? [-+]?(?:\d[\d.eE+-]*|NaN|Inf)(?: \d{9,})?$")
_YAML = re.compile(r"\s*(?:- )?[\w\"'./-]+:(?: .*)?$|\s*- .*$|\s*#|---|\s+\S")
_PRIORITY = re.compile(r"\s*<\d{1,3}>")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
_ROOT = re.compile(r"<(?![?!])([A-Za-z_][\w:.-]*)")
_MARKUP = re.compile(r"\s*<[A-Za-z_!?/]")


def text_format(head: bytes) -> Unsupported | None:
    """Return the format of text that begins in a known way.

    Args:
        head: the first bytes, decompressed.

    Returns:
        The format; None for any other text.

    Example:
        print(text_format(b"# TYPE requests counter\\n").what)
    """
    text = _start(head, 4096).lstrip("\r\n")
    for pattern, kind in _FIRST:
        if pattern.match(text):
            return kind
    if (printed := printed_format(text)) is not None:
        return printed
    lines = [line for line in text.splitlines()[:40] if line.strip() and not line.startswith("#")]
    if len(head) >= 4096 and lines:
        lines.pop()
    if len(lines) > 1 and all(map(_METRIC.match, lines)):
        return without_events("metrics of Prometheus or OpenMetrics", _METRICS)
    return None


def other_text(head: bytes) -> Unsupported:
    """Return a description of text that no reader recognizes: which rule failed, and what would help.

    Args:
        head: the first bytes, decompressed.

    Returns:
        The description.

    Example:
        print(other_text(b"Dear all,\\nsee you.\\n").what)
    """
    text = _start(head, 65_536)
    if _MARKUP.match(text):
        return _markup(text)
    lines = [line for line in text.splitlines() if line.strip()]
    if _is_yaml(lines[:50]):
        return without_events("YAML")
    if rule := failed_rule(head):
        return Unsupported(
            "CSV",
            "make the first line the names of the columns, and give each row as many fields",
            detail=rule,
        )
    if _PRIORITY.match(text):
        return Unsupported(
            "syslog in a form that obskit does not know",
            "let the sender write RFC 5424 or RFC 3164 with a host: <34>May  4 10:00:00 web-1 su[12]: text",
        )
    number, first = next(
        ((at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()), (1, text)
    )
    return Unsupported(
        "plain text",
        "if these are access logs, give their layout: --log-format '%h %l %u %t \"%r\" %>s %b'",
        detail=f"line {number} is neither JSON, nor a header of CSV, nor a log line of a known layout:"
        f" {_quoted(first)}",
    )


def _markup(text: str) -> Unsupported:
    if re.match(r"(?i)\s*<(!doctype html|html)", text):
        title = _TITLE.search(text)
        named = f"its title is {_quoted(html.unescape(title[1]))}" if title and title[1].strip() else ""
        return Unsupported(
            "a web page (HTML)",
            "it may be the login page of what you downloaded: log in, and download it again",
            detail=named,
        )
    root = _ROOT.search(text)
    return Unsupported(
        "XML", "export it as JSON or CSV", detail=f"its root is <{root[1][:SHOWN]}>" if root else ""
    )


def _is_yaml(lines: list[str]) -> bool:
    """Return whether lines are YAML with a key whose value is nested; log lines are not."""
    if len(lines) < 2 or not all(map(_YAML.match, lines)):
        return False
    nested = any(
        re.match(r"[\w\"'./-]+:\s*$", line) and re.match(r"\s+\S|- ", after)
        for line, after in itertools.pairwise(lines)
    )
    return nested or lines[0].startswith("---")


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}…'"


def _start(head: bytes, size: int) -> str:
    return head[:size].removeprefix(UTF8_BOM).decode(errors="replace")
