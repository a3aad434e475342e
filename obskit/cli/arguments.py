"""The words of the command line: commands, their arguments, their help. Standard library only."""

from __future__ import annotations

import argparse
from collections.abc import Callable

_EPILOG = """\
examples:
  obskit triage events/                     which operations got slower or fail more, and what sets them apart
  obskit info events/                       rows, span of time, fields
  obskit query events/ "count()" "p99(duration_ms) as p99" --by http.route --every 1m
  obskit explain events/ --select "duration_ms > 500" --where "http.route = '/book'"
  obskit lab events/                        a notebook with the heatmap on these files

conditions are SQL's: "http.route = '/book' and duration_ms > 500"; strings stand in single quotes.
exit status: 0 answered, 1 the data is bad or has no such rows, 2 the call is wrong, 130 interrupted.
"""


class _Parser(argparse.ArgumentParser):
    """argparse, with no guessing of abbreviated options."""

    def __init__(self, **options: object) -> None:
        options.setdefault("allow_abbrev", False)
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**options)  # type: ignore[arg-type]


def _positive(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _not_negative(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return number


# argparse names the type in its own messages: "invalid number value: 'x'".
_positive.__name__ = _not_negative.__name__ = "number"


def _paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="files, folders, globs or URLs of events; - is stdin"
    )


def _source(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which events")
    group.add_argument("--where", metavar="CONDITION", help="only events on which this is true")
    when = group.add_mutually_exclusive_group()
    when.add_argument(
        "--since", metavar="TIME", help="from a time on, or the last stretch: 2026-05-04T10:00Z, 30m, 6h, 2d"
    )
    when.add_argument(
        "--between", metavar="FROM/TO", help="a window, the end left out: 2026-05-04T10:00Z/2026-05-04T10:30Z"
    )
    _mapping(group)


def _mapping(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--mapping",
        metavar="FILE.json",
        help='names of a CSV\'s columns: {"duration_ms": {"from": "t", "unit": "s"}}',
    )
    group.add_argument(
        "--error", metavar="CONDITION", help="what an error is, instead of the status: \"level = 'ERROR'\""
    )


def _answer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")


def _population(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--population",
        choices=("units", "all"),
        default="units",
        help="units of work (server and consumer spans and roots; the default) or all events",
    )


def _triage(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    _population(parser)
    _source(parser)
    _answer(parser)


def _info(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    _source(parser)
    _answer(parser)


def _query(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH|CALCULATION",
        help="paths first, then calculations: count(), rate(), share(error), p99(duration_ms) as p99; "
        "count() if there is none",
    )
    parser.add_argument("--by", action="append", metavar="FIELD", help="group by a field; repeat for several")
    parser.add_argument("--every", metavar="STEP", help="a time series: 10s, 1m, 1h")
    parser.add_argument("--having", metavar="CONDITION", help="only groups on which this is true")
    parser.add_argument("--order", metavar="COLUMNS", help="order by columns: 'p99 desc, name'")
    parser.add_argument("--limit", type=_positive, metavar="N", help="at most N groups")
    _source(parser)
    _answer(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument(
        "--select", metavar="CONDITION", help="the outcome to explain; without it, errors where there are any"
    )
    parser.add_argument("--during", metavar="FROM/TO", help="a window, or a condition; default: all")
    parser.add_argument("--baseline", metavar="CONDITION", help="what to compare with; default: the rest")
    parser.add_argument(
        "--history",
        metavar="FROM/TO|auto|none",
        default="auto",
        help="earlier time, for each slice's usual rate",
    )
    parser.add_argument(
        "--field", action="append", dest="fields", metavar="FIELD", help="look at these fields only"
    )
    parser.add_argument(
        "--depth", type=int, choices=(1, 2, 3), default=3, help="conditions in a finding, at most"
    )
    parser.add_argument("--cluster", metavar="FIELD", default="trace_id", help="rows of one value count once")
    parser.add_argument("--thorough", action="store_true", help="also pairs of which neither alone shows")
    _population(parser)
    _source(parser)
    _answer(parser)


def _impact(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument("--select", metavar="CONDITION", required=True, help="the outcome, e.g. error")
    parser.add_argument("--by", metavar="FIELD", default="user.id", help="who is counted; default user.id")
    _source(parser)
    _answer(parser)


def _trace(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument("trace_id", metavar="TRACE_ID", help="as in the column trace_id, in any case")
    _mapping(parser)
    _answer(parser)


def _convert(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument(
        "--out", required=True, metavar="OUT", help="a new file, or a new folder for a Dataset"
    )
    parser.add_argument(
        "--to",
        choices=("dataset", "parquet", "arrow", "jsonl", "otlp-json", "jaeger"),
        help="the format; by default what OUT's suffix tells, and a Dataset where it has none",
    )
    parser.add_argument("--fields", metavar="A,B,...", help="only these fields")
    _source(parser)
    _answer(parser)


def _demo(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", metavar="DIR", help="where to write made-up events")
    what.add_argument(
        "--live", action="store_true", help="run the platform as real processes under load instead"
    )
    parser.add_argument(
        "--seed", type=_not_negative, default=1, metavar="S", help="the same seed, the same rows"
    )
    made = parser.add_argument_group("made up")
    made.add_argument("--events", type=_positive, metavar="N", help="how many; default 40000")
    made.add_argument("--format", choices=("jsonl.gz", "parquet"), help="default jsonl.gz")
    live = parser.add_argument_group("live")
    live.add_argument("--seconds", type=_positive, metavar="N", help="of load; default 60")
    live.add_argument("--into", metavar="DIR", help="where the events go; default a temporary folder")
    _answer(parser)


def _probe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("urls", nargs="+", metavar="URL", help="http or https")
    parser.add_argument(
        "--every", metavar="STEP", help="again and again: 10s, 500ms, 1m; until Ctrl-C without --count"
    )
    parser.add_argument("--count", type=_positive, metavar="N", help="requests of each URL; default 1")
    parser.add_argument("--into", metavar="DIR", help="write the events into a new file in this folder")


def _receive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--into", required=True, metavar="DIR", help="write into this folder, read by all verbs"
    )
    parser.add_argument("--http", metavar="PORT|off", help="OTLP over HTTP, protobuf and JSON; default 4318")
    parser.add_argument(
        "--grpc", metavar="PORT|off", help="OTLP over gRPC; default 4317 where it is installed"
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default 127.0.0.1")
    parser.add_argument(
        "--token-file", metavar="FILE", help="holds what senders must show; else OBSKIT_RECEIVE_TOKEN"
    )


def _lab(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    _mapping(parser)
    parser.add_argument("--no-browser", action="store_true", help="start the server and open nothing")


# command: (room of the command line that runs it, what it does, its arguments)
COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "triage": ("verbs", "what changed, operation by operation, and what sets it apart", _triage),
    "info": ("verbs", "rows, span of time, fields, what was found on loading", _info),
    "query": ("verbs", "count, rates and percentiles, by fields and over time", _query),
    "explain": ("explain", "what distinguishes slow or failing events from the rest", _explain),
    "impact": ("verbs", "how many users or customers an outcome hit", _impact),
    "trace": ("verbs", "the spans of one trace", _trace),
    "convert": ("outputs", "write events as a Dataset, Parquet, Arrow, JSONL, OTLP or Jaeger's", _convert),
    "demo": ("outputs", "events of a booking platform with causes planted in them, made up or live", _demo),
    "probe": ("probe", "make real requests, the phases of each as one event", _probe),
    "receive": ("receive", "take in OTLP from running services, into a folder that grows", _receive),
    "lab": ("lab", "JupyterLab with the heatmap on your files", _lab),
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; `parse_args` sets `command`."""
    top = _Parser(
        prog="obskit",
        description="Find which requests are slow or failing, for whom, and what sets them apart.",
        epilog=_EPILOG,
    )
    top.add_argument("--version", action="store_true", help="print the version and stop")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=_Parser)
    for name, (_room, does, arguments) in COMMANDS.items():
        arguments(commands.add_parser(name, help=does, description=does[0].upper() + does[1:] + "."))
    return top
