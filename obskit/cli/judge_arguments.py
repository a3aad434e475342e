"""The arguments of `obskit judge`. Standard library only."""

from __future__ import annotations

import argparse
import sys
from typing import Any

ALLOWED = ("inconclusive", "no_data")
EPILOG = """\
exit status: 0 pass, 10 regress, 11 inconclusive, 12 no data, 1 the data cannot be read or compared,
2 wrong arguments. So everything but a pass stops a pipeline, unless --allow or --dry-run says otherwise.
"""


class _Renamed(argparse.Action):
    """An option under its former name: it works, and a line on stderr has the present one."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        del parser
        print(f"obskit: {option} is now called --{self.dest.replace('_', '-')}", file=sys.stderr)
        setattr(namespace, self.dest, values)


def add_judge(parser: argparse.ArgumentParser) -> None:
    """Add the options of `judge` to its parser."""
    parser.epilog = EPILOG
    for add in (_arms, _margins, _counting, _printing, _serving):
        add(parser)


def _arms(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to compare")
    group.add_argument(
        "--candidate", metavar="VALUE", help="the version to judge; default: the newest deployment"
    )
    group.add_argument(
        "--baseline", metavar="VALUE", help="the version to compare with; default: what ran next to it"
    )
    group.add_argument(
        "--by",
        metavar="FIELD",
        default="service.version",
        help="the field with these values; default service.version",
    )
    group.add_argument(
        "--candidate-where", metavar="CONDITION", help="a condition for the candidate, instead of a value"
    )
    group.add_argument(
        "--baseline-where", metavar="CONDITION", help="a condition for the baseline, instead of a value"
    )
    group.add_argument("--service", metavar="NAME", help="the service that was deployed")
    group.add_argument("--environment", metavar="NAME", help="only this environment")
    group.add_argument(
        "--mode",
        choices=("auto", "canary", "rolling", "before_after", "environments"),
        default="auto",
        help="how it was deployed; default auto",
    )


def _margins(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to accept")
    group.add_argument(
        "--margin-errors",
        metavar="MARGIN|none",
        help='rise of the error rate to exclude for a pass; default "larger of x1.5, +0.1pp"',
    )
    group.add_argument(
        "--margin-latency",
        metavar="RISE|none",
        help="rise of p50 and p95 to exclude for a pass; default +20%%",
    )
    group.add_argument(
        "--least-slowdown",
        metavar="RISE",
        help="rise of the latency that is a regression if shown; default +5%%",
    )
    group.add_argument("--floor", action=_Renamed, dest="least_slowdown", help=argparse.SUPPRESS)
    group.add_argument(
        "--alpha", type=float, default=0.05, metavar="P", help="probability of a wrong verdict; default 0.05"
    )
    group.add_argument("--split", metavar="SHARE", help="the declared share of the candidate: 5%%")
    group.add_argument("--unit", metavar="FIELD", help="the field that --split assigns, such as user.id")


def _counting(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to count")
    group.add_argument(
        "--slices",
        metavar="A,B,...",
        help="fields whose values are judged one by one, or none; default: customer and client, if known",
    )
    group.add_argument(
        "--cluster",
        metavar="FIELD|none",
        default="trace_id",
        help="rows with the same value count once per version; default trace_id",
    )
    group.add_argument("--looks", metavar="STEP", default="1m", help="time between two looks; default 1m")
    group.add_argument("--warmup", metavar="TIME", help="leave out this time after the start of each pod")
    group.add_argument(
        "--settle",
        metavar="TIME",
        help="leave out the newest requests, of which some may not have arrived yet; default 1m",
    )
    group.add_argument(
        "--after", metavar="TIME", help="also say whether a regression is over from this time on"
    )
    group.add_argument(
        "--git", metavar="PATH", help="also list what changed in this repository between the versions"
    )


def _printing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to print, and the exit status")
    group.add_argument("--markdown", action="store_true", help="print Markdown, for a comment on a change")
    group.add_argument(
        "--allow",
        metavar="WORDS",
        help=f"exit with status 0 for these, too: {','.join(ALLOWED)}",
    )
    group.add_argument(
        "--dry-run", action="store_true", help="always exit with status 0 if there is a verdict"
    )
    group.add_argument(
        "--watch",
        metavar="TIME",
        help="judge again until it is pass or regress, for at most this long: 30m",
    )
    group.add_argument("--every", metavar="STEP", help="time between two judgments; default 1m")


def _serving(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("verdicts over HTTP, for Argo Rollouts, Flagger and pipelines")
    group.add_argument(
        "--serve",
        metavar="ADDRESS:PORT",
        help="answer /judge, /flagger/advance and /flagger/rollback there: 127.0.0.1:8911",
    )
    group.add_argument(
        "--from",
        dest="followed",
        action="append",
        default=[],
        metavar="PATH",
        help="a file or folder to follow, the same as PATH; repeatable",
    )
    group.add_argument(
        "--idle",
        metavar="TIME|none",
        help="do not repeat a pass if the candidate's newest request is older than this; default 10m",
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        help="the token that requests must have; default: the variable OBSKIT_GATE_TOKEN",
    )
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="also answer requests to this host name; repeatable",
    )
