"""The command line: words in, tables or JSON out.

It reads arguments, calls one verb and prints what comes back; it decides nothing about events. A command's
room is imported when the command is called, so that `obskit --help` needs the standard library alone.
"""

from __future__ import annotations

from obskit.cli.app import main

__all__ = ["main"]
