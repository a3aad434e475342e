"""The command line: arguments in; tables, JSON and an exit status out.

A command calls one verb and prints its result. Its module is imported when the command is called, so that
`obskit --help` needs the standard library only.
"""

from __future__ import annotations

from obskit.cli.app import main

__all__ = ["main"]
