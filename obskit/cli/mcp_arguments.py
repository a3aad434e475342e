"""The options of `obskit mcp`. Standard library only."""

from __future__ import annotations

import argparse


def add_mcp_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `obskit mcp` to its parser."""
    parser.add_argument(
        "--http",
        metavar="ADDRESS:PORT",
        help="serve streamable HTTP on this loopback address; default: stdin and stdout",
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help="file with the token that HTTP clients must present; default: OBSKIT_MCP_TOKEN",
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="also accept HTTP requests to this host name; repeatable",
    )
