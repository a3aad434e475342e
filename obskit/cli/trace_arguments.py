"""The options of `obskit traces`."""

from __future__ import annotations

import argparse

from obskit.cli.parser import positive


def add_traces_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `obskit traces` to its parser."""
    compared = parser.add_argument_group("comparison")
    compared.add_argument("--slow", metavar="CONDITION", help="compare traces with such an event with others")
    compared.add_argument("--normal", metavar="CONDITION", help="compare with these; default: all others")
    compared.add_argument("--without-logs", action="store_true", help="do not compare log records")
    shown = parser.add_argument_group("without --slow")
    kinds = ("list", "operations", "shapes", "map")
    shown.add_argument("--show", choices=kinds, help="what to show; default list")
    shown.add_argument("--order", metavar="COLUMNS", help="order of the list: 'errors desc, spans'")
    shown.add_argument("--limit", type=positive, default=20, metavar="N", help="at most N rows; default 20")
    shown.add_argument("--baseline", metavar="CONDITION", help="traces with which to compare the map")
    add_export_options(parser, "the traces (with --slow, the slow ones)")


def add_export_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the options that write traces to a file, and the one for linked traces.

    Args:
        parser: of the command.
        what: which traces are written.
    """
    parser.add_argument("--linked", action="store_true", help="traces that span links connect count as one")
    written = parser.add_argument_group("export")
    written.add_argument("--out", metavar="FILE", help=f"write {what} to a new file")
    formats = ("otlp-json", "jaeger", "jsonl", "parquet", "arrow", "dataset")
    written.add_argument("--to", choices=formats, help="the format; by default the suffix of FILE decides")
