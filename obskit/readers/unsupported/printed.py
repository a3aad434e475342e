"""What programs print for people: spans of console exporters, tables with borders, results of load tests.

Activity.TraceId:            7d1c0e5f...       OpenTelemetry's console exporter for .NET
| ts                  | status |               a table that mysql printed
REQUEST<TAB><TAB>GET cart<TAB>1777888800000    Gatling's simulation.log
"""

from __future__ import annotations

import re

from obskit.readers.unsupported.kinds import Unsupported

_EXPORT = "export OTLP to `obskit receive`, or to a file with the Collector's file exporter"
_TOTALS = "it has totals, not requests: repeat the test with vegeta or JMeter"


def _console(language: str) -> Unsupported:
    return Unsupported(
        f"what the console exporter of OpenTelemetry for {language} prints, which is not JSON", _EXPORT
    )


def _table(program: str, hint: str) -> Unsupported:
    return Unsupported(f"a table that {program} printed", hint)


_CONSOLES: tuple[tuple[str, Unsupported], ...] = (
    (
        r"\{\s*\n\s+(?:resource|traceId|instrumentationScope|timestamp|hrTime): ",
        Unsupported(
            "what the console exporter of OpenTelemetry for JavaScript prints, which is not JSON", _EXPORT
        ),
    ),
    (r"Activity\.(?:TraceId|Id): +[0-9a-f]|LogRecord\.Timestamp: +\d", _console(".NET")),
    (r"(?:Spans|Logs)\r?\nResource\r?\n[ \t]+->", _console("Rust")),
    (r"\{\s*\n  name +: .*\n  trace_id +: [0-9a-f]", _console("C++")),
    (r"#<struct OpenTelemetry::SDK::", _console("Ruby")),
)
_DEBUG = Unsupported(
    "what the Collector's debug exporter prints for people to read",
    "add the Collector's file exporter, whose JSON obskit reads",
)
_FIRST: tuple[tuple[str, Unsupported], ...] = (
    *_CONSOLES,
    (
        r"(?:\S+[ \t]+)?(?:(?:info|INFO|debug|DEBUG)[ \t]+)?(?:\S+\.go:\d+[ \t]+)?"
        r"(?:(?:Traces|Logs|Metrics)(?:Exporter)?[ \t]+\{|Resource(?:Spans|Log|Logs|Metrics) #0\r?\n)",
        _DEBUG,
    ),
    (r"\+(?:-+\+){2,}\r?\n\|", _table("a database's client", "print it as CSV: mysql -B, or psql --csv")),
    (
        r"[┌╭╔┏][─═━┬╤┳]*[┬╤┳].*\r?\n[│║┃].*[│║┃].*[│║┃]",
        _table("a database's client", "print it as CSV: duckdb -csv, or FORMAT CSVWithNames"),
    ),
    (
        r"\|.*\|[ \t]*\r?\n\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*\r?\n",
        Unsupported("a table in Markdown", "write it as CSV"),
    ),
    (
        r"RUN\t(?:.*\n){1,50}?REQUEST\t",
        Unsupported(
            "a log of Gatling",
            "write the columns of its REQUEST lines as CSV with the header "
            "name,timestamp,end,status: grep ^REQUEST FILE | cut -f3-6 | tr '\\t' ,",
        ),
    ),
    (
        r"\d{13},\d+,[^,\n]*,[^,\n]*,[^,\n]*,[^,\n]*,(?:text|bin)?,(?:true|false),",
        Unsupported(
            "results of JMeter without a header",
            "write the names of the columns before them: "
            "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,...",
        ),
    ),
    (
        r'"?Timestamp"?,"?User Count"?,|"?Type"?,"?Name"?,"?(?:#|)?[Rr]equest Count"?,',
        Unsupported("statistics of Locust", _TOTALS),
    ),
    (r"Percentage served,Time in ms", Unsupported("percentiles of ApacheBench", _TOTALS)),
    (
        r"request-start,DNS,DNS\+dialup,",
        Unsupported(
            "results of oha, which have no time of day",
            "repeat the test with a tool that records times, such as vegeta or JMeter",
        ),
    ),
    (
        r"\s*time_(?:namelookup|connect|total|appconnect|pretransfer|starttransfer|redirect): +\d",
        Unsupported(
            "what curl printed for people to read",
            "let curl print JSON: curl -s -o /dev/null -w '%{json}\\n' URL >> requests.jsonl",
        ),
    ),
)
_PATTERNS = tuple((re.compile(pattern), kind) for pattern, kind in _FIRST)
_LATER = tuple(
    (re.compile(pattern, re.MULTILINE), kind) for pattern, kind in ((f"^(?:{p})", k) for p, k in _CONSOLES)
)


def printed_format(text: str) -> Unsupported | None:
    """Return what a program printed, if a text begins with it.

    Args:
        text: the beginning of a file.

    Returns:
        The format; None for any other text.

    Example:
        print(printed_format("Percentage served,Time in ms\\n0,12\\n").what)
    """
    return next((kind for pattern, kind in _PATTERNS if pattern.match(text)), None)


def printed_spans(text: str) -> Unsupported | None:
    """Return which console exporter printed spans among other lines; for files that no reader recognizes.

    Args:
        text: the beginning of a file.

    Returns:
        The format; None if there are no such spans.

    Example:
        print(printed_spans("started\\nActivity.TraceId:   7d1c0e5f\\n").what)
    """
    return next((kind for pattern, kind in _LATER if pattern.search(text)), None)
