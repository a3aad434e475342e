"""Redact a text: apply all tables of rules, or find out at little cost that there is no reason to."""

from __future__ import annotations

from obskit.instrument.redaction.rules import combined_prefilter
from obskit.instrument.redaction.sql import STATEMENTS
from obskit.instrument.redaction.token_patterns import TOKENS
from obskit.instrument.redaction.word_patterns import (
    ASSIGNMENTS,
    COMMANDS,
    HEADERS,
    LINKS,
    ORACLE,
    PHRASES,
    QUERIES,
    URLS,
)

# In the order in which they are applied.
_TABLES = (HEADERS, URLS, TOKENS, STATEMENTS, PHRASES, ORACLE, COMMANDS, QUERIES, ASSIGNMENTS, LINKS)
may_contain_token = combined_prefilter((TOKENS, STATEMENTS))
"""Return whether a text may contain a token or a quoted statement: False is certain, True is not."""

_may_match = combined_prefilter((COMMANDS, QUERIES))
# HEADERS are left out: a text with a header passes for ASSIGNMENTS.
_may_match_lower = combined_prefilter((URLS, PHRASES, ORACLE, ASSIGNMENTS, LINKS))
# Without one of these no prefilter that ignores case passes.
_BEFORE_LOWER = (" ", "/", "=", ":", ">", "'", '"', "%", "&#", r"\u00")


def may_contain_secret(text: str) -> bool:
    """Return whether there is a reason to redact a text.

    Args:
        text: one text, or several joined by newlines.

    Returns:
        False if there is none: it has no secret, or only mentions a word such as in "re-auth needed", after
        which `redact_text` would mask a value. True if it may have a secret.

    Cost: a few dozen searches for substrings; most texts lack the characters that the others need.
    """
    if may_contain_token(text) or _may_match(text):
        return True
    for part in _BEFORE_LOWER:
        if part in text:
            return _may_match_lower(text.lower())
    return False


def redact_text(text: str) -> str:
    """Return a text with everything that looks like a secret masked, and the rest unchanged."""
    lower = text.lower()
    for table in _TABLES:
        text = table.apply(text, lower)
    return text
