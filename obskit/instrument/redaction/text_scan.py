"""Redact a text: apply all tables of rules, or find out at little cost that there is no reason to."""

from __future__ import annotations

from obskit.instrument.redaction.assignments import FOREIGN
from obskit.instrument.redaction.cards import may_contain_card, without_cards
from obskit.instrument.redaction.command_flags import COMMANDS, PLACED
from obskit.instrument.redaction.rules import combined_prefilter
from obskit.instrument.redaction.sql import STATEMENTS
from obskit.instrument.redaction.token_patterns import CAPITAL_TOKENS, TOKENS
from obskit.instrument.redaction.word_patterns import (
    ASSIGNMENTS,
    HEADERS,
    LINKS,
    OPTIONS,
    PHRASES,
    QUERIES,
    SPECIAL,
    URLS,
    WORDED_PHRASES,
)

# In the order in which they are applied.
_TABLES = (
    *(HEADERS, URLS, CAPITAL_TOKENS, TOKENS, STATEMENTS, SPECIAL, PHRASES, WORDED_PHRASES, COMMANDS, PLACED),
    *(QUERIES, ASSIGNMENTS, OPTIONS, LINKS),
)
may_contain_token = combined_prefilter((CAPITAL_TOKENS, TOKENS, STATEMENTS))
"""Return whether a text may contain a token or a quoted statement: False is certain, True is not."""

_has_capital_token = combined_prefilter((CAPITAL_TOKENS,))
_has_token = combined_prefilter((TOKENS, STATEMENTS))
# HEADERS are left out: a text with a header passes for ASSIGNMENTS.
_has_words = combined_prefilter(
    (QUERIES, URLS, SPECIAL, PHRASES, COMMANDS, PLACED, ASSIGNMENTS, WORDED_PHRASES, OPTIONS, LINKS)
)
# Letters that patterns that ignore case take for ASCII letters, but lower() does not.
_FOLD = str.maketrans({"ſ": "s", "ı": "i", "İ": "i", "K": "k"})


def may_contain_secret(text: str) -> bool:
    """Return whether there is a reason to redact a text.

    Args:
        text: one text, or several joined by NUL characters.

    Returns:
        False if `redact_text` would not change it; True if it may.

    Cost: a few dozen searches for substrings; most texts lack the characters that the others need.
    """
    lower = text.lower() if text.isascii() else _folded(text)
    return (
        _has_token(text)
        or (lower != text and _has_capital_token(text))
        or may_contain_card(text)
        or _has_words(lower)
    )


def _folded(text: str) -> str:
    """Return a text in lower case, as patterns that ignore case read it."""
    if text.isascii():
        return text.lower()
    lower = text.translate(_FOLD).lower()
    return f"{lower} passwort" if FOREIGN.search(text) else lower


def redact_text(text: str) -> str:
    """Return a text with everything that looks like a secret masked, and the rest unchanged."""
    lower = _folded(text)
    for table in _TABLES:
        text = table.apply(text, lower)
    return without_cards(text) if may_contain_card(text) else text
