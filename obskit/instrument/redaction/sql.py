"""SQL without its literals: in fields that hold a statement, and in the exceptions of database clients."""

from __future__ import annotations

import re

from obskit.instrument.redaction.rules import MASK, Rule, RuleTable

_SQL = re.compile(
    r"""(?P<drop>[NEXBnexb]?'(?:[^'\\]|''|\\.)*'?|\$(\w{0,40})\$[\s\S]{0,1000}?\$\2\$|(?<![\w$:@])\d[\w.]*)"""
    r"""|(?P<keep>"(?:[^"\\]|\\.)*"|`[^`]*`|\[[\w ]*\]|[A-Za-z_][\w$]*|[$:@%]\(?\w+\)?s?"""
    r"""|--[^\n]*|/\*[\s\S]*?\*/)"""
)
_STATEMENT = (
    r"(?<=\[SQL: )[\s\S]*?(?=\]\n[\[(]|\]?\Z)"  # SQLAlchemy
    r"|(?<=\nLINE \d: ).*|(?<=\nLINE \d\d: ).*"  # PostgreSQL
)
_ROW = r"(Failing row contains \(|Key \([^()\n]*\)=\()(.*)"
_COMMAND = r"(Command # \d+ \(\w+) [\s\S]*?(?=\) of pipeline caused error: |\Z)"
_ARGUMENTS = r"(?<=with args beginning with: )'.*"
_DUPLICATE = r"(?<=Duplicate entry ')[\s\S]*?(?=' for key|\Z)"


def without_literals(sql: str) -> str:
    """Return SQL with `?` for strings and numbers, and without comments, which may contain values."""

    def replace(found: re.Match[str]) -> str:
        kept = found["keep"]
        if kept is None:
            return "?"
        return "" if kept.startswith(("--", "/*")) else kept

    return _SQL.sub(replace, sql)


def _without_literals(found: re.Match[str]) -> str:
    return without_literals(found[0])


def _row(found: re.Match[str]) -> str:
    """Mask from the opening bracket to the last bracket of the line: values may contain brackets too."""
    end = found[2].rfind(")")
    return f"{found[1]}{MASK}{found[2][end:] if end >= 0 else ''}"


STATEMENTS = RuleTable(
    (
        Rule((("[",), ("[SQL: ",)), _STATEMENT, _without_literals),
        Rule(((":",), ("\nLINE ",)), _STATEMENT, _without_literals),
        Rule(((":",), ("DETAIL: ",)), _ROW, _row),
        Rule(((":",), (" of pipeline caused error: ",)), _COMMAND, rf"\1 {MASK}"),
        Rule(((":",), ("with args beginning with: ",)), _ARGUMENTS),
        Rule((("'",), ("Duplicate entry '",)), _DUPLICATE),
    )
)
"""Masks the rows, commands and literals that database clients quote in the texts of their exceptions."""
