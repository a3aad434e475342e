"""Options of the commands that make reports. Standard library only."""

from __future__ import annotations

import argparse

TEMPLATES = ("incident",)


def add_report_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `obskit report`."""
    parser.add_argument("source", metavar="NOTEBOOK|LEDGER", help="a notebook with its outputs, or a ledger")
    parser.add_argument(
        "--out", metavar="FILE", help="a new file, .html or .md; default: SOURCE's name with .html, here"
    )
    parser.add_argument("--title", metavar="TEXT", help="the title of the report")
    parser.add_argument(
        "--events",
        action="append",
        dest="paths",
        metavar="PATH",
        help="the events, or a pin of them; needed for --select and --pseudonym; repeatable",
    )
    parser.add_argument(
        "--select",
        metavar="CONDITION",
        help="with a ledger: a post-incident review of the requests for which this is true",
    )
    parser.add_argument(
        "--impact", action="append", metavar="FIELD", help="count these too, such as user.id; repeatable"
    )
    parser.add_argument(
        "--pseudonym",
        action="append",
        default=[],
        metavar="FIELD",
        help="replace the values of this field by pseudonyms in all texts; repeatable",
    )
    parser.add_argument(
        "--pseudonym-key-file",
        metavar="FILE",
        help="file with the secret of the pseudonyms, at least 16 bytes",
    )


def add_new_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `obskit new`."""
    parser.add_argument("template", choices=TEMPLATES, help="incident: the review of an incident")
    parser.add_argument("name", metavar="NAME", help="the new notebook; .ipynb is added if it is missing")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
