"""The options of each command. Standard library only."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from obskit.cli.engine_arguments import add_table
from obskit.cli.judge_arguments import add_judge
from obskit.cli.mcp_arguments import add_mcp_options
from obskit.cli.parser import not_negative, positive
from obskit.cli.release_arguments import add_check_options, add_delivery_options, add_markdown
from obskit.cli.report_arguments import add_new_arguments, add_report_options
from obskit.cli.shred_arguments import add_shred_arguments
from obskit.cli.trace_arguments import add_export_options, add_traces_options
from obskit.demo.scenario_titles import SCENARIO_TITLES


def _paths(parser: argparse.ArgumentParser, count: str = "+") -> None:
    parser.add_argument(
        "paths", nargs=count, metavar="PATH", help="files, folders, globs or URLs of events; - for stdin"
    )


def _source(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which events")
    group.add_argument("--where", metavar="CONDITION", help="only events for which this is true")
    when = group.add_mutually_exclusive_group()
    when.add_argument(
        "--since",
        metavar="TIME",
        help="from this time on (2026-05-04T10:00Z), or this long before the newest event (30m, 6h, 2d)",
    )
    when.add_argument(
        "--between",
        metavar="FROM/TO",
        help="a time window, end excluded: 2026-05-04T10:00Z/2026-05-04T10:30Z",
    )
    _mapping(group)


def _mapping(group: argparse._ActionsContainer) -> None:
    add_table(group)
    group.add_argument(
        "--mapping",
        metavar="FILE.json",
        help='JSON that maps fields to the columns of a table: {"duration_ms": {"from": "t", "unit": "s"}}',
    )
    group.add_argument(
        "--log-format",
        metavar="FORMAT",
        help="layout of access logs in nginx's or Apache's syntax: '%%h %%t \"%%r\" %%>s %%D'",
    )
    group.add_argument(
        "--tz", metavar="ZONE", help="time zone of times that have none: Europe/Berlin; default UTC"
    )
    group.add_argument(
        "--display-tz", metavar="ZONE", help="time zone in which tables show times; default UTC"
    )
    group.add_argument(
        "--path-fields",
        metavar="REGEX",
        help="make fields of each file's path by named groups: 'az=(?P<zone>[^/]+)'",
    )
    group.add_argument(
        "--lookup",
        action="append",
        default=[],
        metavar="FILE:FIELD",
        help="add the columns of a small table whose column of that name has the field's values or networks; "
        "FILE:FIELD=COLUMN if the column has another name; repeatable",
    )
    group.add_argument(
        "--error",
        metavar="CONDITION",
        help="which events are errors, in place of the default rule: \"level = 'ERROR'\"",
    )


def _answer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")


def _population(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--population",
        choices=("units", "all"),
        default="units",
        help="units of work (server and consumer spans, and roots; the default) or all events",
    )


def _triage(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    _population(parser)
    _source(parser)
    _answer(parser)


def _messages(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument(
        "--explained",
        type=not_negative,
        default=5,
        metavar="N",
        help="explain the first N messages; default 5",
    )
    _source(parser)
    _answer(parser)


def _info(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument("--all", action="store_true", help="list all fields, not only the most useful ones")
    _source(parser)
    _answer(parser)


def _rows(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument(
        "--fields", metavar="A,B,...", help="only these fields, in this order; default: what matters most"
    )
    parser.add_argument("--order", metavar="FIELDS", help="order by fields: 'duration_ms desc, name'")
    parser.add_argument("--limit", type=positive, default=20, metavar="N", help="at most N rows; default 20")
    _source(parser)
    _answer(parser)


def _query(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH|CALCULATION",
        help="paths first, then calculations: count(), rate(), share(error), p99(duration_ms) as p99; "
        "default count()",
    )
    parser.add_argument("--by", action="append", metavar="FIELD", help="group by a field; repeat for several")
    parser.add_argument("--every", metavar="STEP", help="a time series: 10s, 1m, 1h")
    parser.add_argument("--having", metavar="CONDITION", help="only groups for which this is true")
    parser.add_argument("--order", metavar="COLUMNS", help="order by columns: 'p99 desc, name'")
    parser.add_argument("--limit", type=positive, metavar="N", help="at most N groups")
    _source(parser)
    _answer(parser)


def _explain(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument(
        "--select", metavar="CONDITION", help="the outcome to explain; default: errors, if there are any"
    )
    parser.add_argument(
        "--during", metavar="FROM/TO", help="the time window, or a condition; default: all events"
    )
    parser.add_argument(
        "--baseline", metavar="CONDITION", help="the events to compare with; default: the rest"
    )
    parser.add_argument(
        "--history",
        metavar="FROM/TO|auto|none",
        default="auto",
        help="the earlier window that gives the usual rate of the outcome; default auto: all before --during",
    )
    parser.add_argument(
        "--field",
        action="append",
        dest="fields",
        metavar="FIELD",
        help="only look at this field; repeat for several",
    )
    parser.add_argument(
        "--depth",
        type=int,
        choices=(1, 2, 3),
        default=3,
        help="largest number of conditions per finding; default 3",
    )
    parser.add_argument(
        "--cluster",
        metavar="FIELD",
        default="trace_id",
        help="rows with the same value count as one observation; default trace_id",
    )
    parser.add_argument(
        "--thorough", action="store_true", help="also look for pairs of conditions that show nothing alone"
    )
    _population(parser)
    _source(parser)
    _answer(parser)


def _judge(parser: argparse.ArgumentParser) -> None:
    _paths(parser, count="*")
    add_judge(parser)
    _source(parser)
    _answer(parser)


def _impact(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument("--select", metavar="CONDITION", required=True, help="the outcome, for example error")
    parser.add_argument(
        "--by", metavar="FIELD", default="user.id", help="the field whose values are counted; default user.id"
    )
    _source(parser)
    _answer(parser)


def _trace(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument("trace_id", metavar="TRACE_ID", help="a value of the field trace_id; case is ignored")
    add_export_options(parser, "the trace with its log records (with --linked, also linked traces)")
    _mapping(parser)
    _answer(parser)


def _traces(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    add_traces_options(parser)
    _source(parser)
    _answer(parser)


def _convert(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="OUT",
        help="a new file, or a new folder for a dataset; - prints JSON lines",
    )
    parser.add_argument(
        "--to",
        choices=("dataset", "parquet", "arrow", "jsonl", "otlp-json", "jaeger"),
        help="the format; by default the suffix of OUT decides, and any other name is a dataset",
    )
    parser.add_argument("--fields", metavar="A,B,...", help="only these fields")
    _source(parser)
    _answer(parser)


def _demo(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", metavar="DIR", help="write generated events into this folder")
    what.add_argument("--live", action="store_true", help="run the platform as real processes under load")
    parser.add_argument(
        "--seed",
        type=not_negative,
        default=1,
        metavar="S",
        help="the same seed gives the same rows; default 1",
    )
    made = parser.add_argument_group("with --out")
    made.add_argument("--events", type=positive, metavar="N", help="number of events; default 40000")
    made.add_argument("--format", choices=("jsonl.gz", "parquet"), help="file format; default jsonl.gz")
    made.add_argument(
        "--scenario",
        action="append",
        metavar="NAME",
        help="plant this as well; may be repeated. "
        + "; ".join(f"{name}: {title}" for name, title in SCENARIO_TITLES.items()).replace("%", "%%"),
    )
    live = parser.add_argument_group("with --live")
    live.add_argument("--seconds", type=positive, metavar="N", help="seconds of load; default 60")
    live.add_argument(
        "--into", metavar="DIR", help="write the events into this folder; default: a temporary one"
    )
    _answer(parser)


def _probe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("urls", nargs="+", metavar="URL", help="an http or https URL")
    parser.add_argument(
        "--every",
        metavar="STEP",
        help="repeat at this interval: 10s, 500ms, 1m; until Ctrl-C unless --count is given",
    )
    parser.add_argument("--count", type=positive, metavar="N", help="requests per URL; default 1")
    parser.add_argument("--into", metavar="DIR", help="write the events to a new file in this folder")


def _receive(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--into", required=True, metavar="DIR", help="write into this folder, which all commands can read"
    )
    parser.add_argument(
        "--http", metavar="PORT|off", help="port for OTLP over HTTP, protobuf and JSON; default 4318"
    )
    parser.add_argument(
        "--grpc", metavar="PORT|off", help="port for OTLP over gRPC; default 4317 if grpc is installed"
    )
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on; default 127.0.0.1"
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="file with the token that senders must present; default: OBSKIT_RECEIVE_TOKEN",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="also accept requests to this host name, such as host.docker.internal; repeatable",
    )
    parser.add_argument(
        "--connections-per-address",
        dest="peer",
        type=positive,
        metavar="N",
        help="HTTP connections from one address of another machine; default 128",
    )


def _delivery(parser: argparse.ArgumentParser) -> None:
    add_delivery_options(parser)
    _mapping(parser.add_argument_group("how to read the files"))
    add_markdown(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    add_check_options(parser)
    _source(parser)
    _answer(parser)


def _lab(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    _mapping(parser)
    parser.add_argument(
        "--notebook",
        metavar="FILE",
        help="write the notebook to this new file; default obskit-lab.ipynb in the current folder",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="start the server without opening a browser"
    )


def _mcp(parser: argparse.ArgumentParser) -> None:
    _paths(parser)
    _mapping(parser)
    add_mcp_options(parser)


def _report(parser: argparse.ArgumentParser) -> None:
    add_report_options(parser)
    _mapping(parser.add_argument_group("how to read the events"))
    _answer(parser)


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish", "tcsh", "powershell"), help="your shell")
    parser.epilog = (
        "Load it in bash:  source <(obskit completion bash)\n"
        "in zsh:           obskit completion zsh > a file named _obskit in a folder of $fpath\n"
        "in fish:          obskit completion fish | source\n"
    )


def _schema(parser: argparse.ArgumentParser) -> None:
    given = parser.add_argument
    given("--for", dest="engine", choices=("clickhouse", "spark"), required=True, help="the engine")
    given("--view", metavar="NAME", default="events", help="name of the view; default events")
    given("--table", metavar="NAME", default="raw_events", help="table that it reads; default raw_events")
    given("--json", action="store_true", help="print JSON")


# What adds the options of each command.
OPTIONS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "check": _check,
    "completion": _completion,
    "convert": _convert,
    "delivery": _delivery,
    "demo": _demo,
    "explain": _explain,
    "impact": _impact,
    "info": _info,
    "judge": _judge,
    "lab": _lab,
    "mcp": _mcp,
    "messages": _messages,
    "new": add_new_arguments,
    "probe": _probe,
    "query": _query,
    "receive": _receive,
    "report": _report,
    "rows": _rows,
    "shred": add_shred_arguments,
    "schema": _schema,
    "trace": _trace,
    "traces": _traces,
    "triage": _triage,
}
