"""Options of the commands about deliveries and checks. Standard library only."""

from __future__ import annotations

import argparse


def add_delivery_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `obskit delivery`."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="MARKERS",
        help="files with deployments and incidents; without any, the tags of --git are taken as deployments",
    )
    parser.add_argument(
        "--git",
        action="append",
        metavar="FOLDER",
        help="the repository that deployments name commits of; SERVICE=FOLDER for one service; repeatable",
    )
    parser.add_argument("--incidents", action="append", metavar="FILE", help="more incidents; repeatable")
    parser.add_argument(
        "--during",
        default="90d",
        metavar="LENGTH|FROM/TO",
        help="the time that counts: 90d before the newest marker (the default), a window, or all",
    )
    parser.add_argument(
        "--per", default="service", metavar="FIELD", help="one group per service (the default), field, or all"
    )
    parser.add_argument(
        "--environment", metavar="NAME", help="the environment that counts; default: those called production"
    )
    parser.add_argument(
        "--deployments", metavar="CONDITION", help="which events are deployments, in place of those named so"
    )
    parser.add_argument(
        "--pull-requests", metavar="FILE", help="what gh pr list --json wrote, for the times of pull requests"
    )
    parser.add_argument(
        "--verdicts",
        action="append",
        metavar="FILE",
        help="what obskit judge --json wrote: a deployment whose verdict is regress failed; repeatable",
    )
    parser.add_argument(
        "--bands", metavar="FILE.toml", help="names of ranges of the metrics, with a version; default: none"
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="divide the metrics of group A by those of group B, or by those of A in another window FROM/TO",
    )


def add_markdown(parser: argparse.ArgumentParser) -> None:
    """Add `--json` and `--markdown`, which exclude each other."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    how.add_argument("--markdown", action="store_true", help="print a table in Markdown, for a comment")


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `obskit check`."""
    parser.add_argument(
        "--checks", required=True, metavar="FILE.toml", help="the file of objectives, costs and bounds"
    )
    parser.add_argument(
        "--junit", metavar="FILE.xml", help="also write the outcomes to this file, as JUnit XML; - for stdout"
    )
