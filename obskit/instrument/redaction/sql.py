"""Statements without their literals, and what database clients quote of them in their exceptions."""

from __future__ import annotations

import re
from collections.abc import Callable

from obskit.instrument.redaction.token_patterns import MASK

_SQL = re.compile(
    r"""(?P<drop>[NEXBnexb]?'(?:[^'\\]|''|\\.)*'?|\$(\w{0,40})\$[\s\S]{0,1000}?\$\2\$|(?<![\w$:@])\d[\w.]*)"""
    r"""|(?P<keep>"(?:[^"\\]|\\.)*"|`[^`]*`|\[[\w ]*\]|[A-Za-z_][\w$]*|[$:@%]\(?\w+\)?s?"""
    r"""|--[^\n]*|/\*[\s\S]*?\*/)"""
)
_STATEMENT = re.compile(
    r"(?<=\[SQL: )[\s\S]*?(?=\]\n[\[(]|\]?\Z)"  # SQLAlchemy
    r"|(?<=\nLINE \d: ).*|(?<=\nLINE \d\d: ).*"  # PostgreSQL
)
_ROW = re.compile(r"(Failing row contains \(|Key \([^()\n]*\)=\()(.*)")
_COMMAND = re.compile(r"(Command # \d+ \(\w+) [\s\S]*?(?=\) of pipeline caused error: |\Z)")
_ARGUMENTS = re.compile(r"(?<=with args beginning with: )'.*")
_DUPLICATE = re.compile(r"(?<=Duplicate entry ')[\s\S]*?(?=' for key|\Z)")


def without_literals(sql: str) -> str:
    """Return SQL with its strings and numbers as `?`; comments go too, for they carry values."""

    def put(found: re.Match[str]) -> str:
        kept = found["keep"]
        if kept is None:
            return "?"
        return "" if kept.startswith(("--", "/*")) else kept

    return _SQL.sub(put, sql)


def _statement(text: str) -> str:
    return _STATEMENT.sub(lambda found: without_literals(found[0]), text)


def _row(found: re.Match[str]) -> str:
    """Mask from the bracket to the last one of the line: values may have brackets too."""
    end = found[2].rfind(")")
    return f"{found[1]}{MASK}{found[2][end:] if end >= 0 else ''}"


QUOTED: dict[str, Callable[[str], str]] = {
    "[SQL: ": _statement,
    "\nLINE ": _statement,
    "DETAIL: ": lambda text: _ROW.sub(_row, text),
    " of pipeline caused error: ": lambda text: _COMMAND.sub(rf"\1 {MASK}", text),
    "with args beginning with: ": lambda text: _ARGUMENTS.sub(MASK, text),
    "Duplicate entry '": lambda text: _DUPLICATE.sub(MASK, text),
}
"""Sign -> what masks the rows, commands and literals of statements that stand after it."""
