"""Redact a text: apply all tables of rules, or find out at little cost that there is no reason to."""

from __future__ import annotations

from obskit.instrument.redaction.assignments import FOREIGN
from obskit.instrument.redaction.cards import may_contain_card, without_cards
from obskit.instrument.redaction.command_flags import COMMANDS, PLACED
from obskit.instrument.redaction.rules import (
    Prefilter,
    Prefiltered,
    RuleTable,
    combined_prefilter,
    compiled,
    prefiltered,
)
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

_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_SIGNS = b"\t\n \"'(),:=>[]"
_QUIET = _LETTERS + _LETTERS.upper() + b"0123456789-/.\0"
# The kind of every byte: A a capital letter, : the usual signs of texts, ! any other sign, which most texts lack,
# and a what remains: letters, digits, and what paths and hosts have.
_KINDS = bytes(
    ord("A") if byte in _LETTERS.upper()
    else ord("a") if byte in _QUIET
    else ord(":") if byte in _SIGNS
    else ord("!")
    for byte in range(256)
)  # fmt: skip


def _rare(part: str) -> bool:
    return any(byte not in _SIGNS + _QUIET for byte in part.encode())


def _sign(part: str) -> bool:
    return any(byte not in _QUIET for byte in part.encode())


def _prefilters(*tables: RuleTable) -> tuple[Prefilter, Prefilter, Prefilter]:
    """Return three prefilters of some tables: for texts with rare signs, with any sign, and for all texts.

    A rule belongs to the first of them for which its own prefilter needs such a sign.
    """
    found: tuple[list[Prefiltered], ...] = ([], [], [])
    for needs, confirm in prefiltered(tables):
        first = [part[0] if isinstance(part, tuple) else part for part in needs[0]]
        words = [part for part in first if isinstance(part, str)]
        only = len(words) == len(first)
        found[0 if only and all(map(_rare, words)) else 1 if only and all(map(_sign, words)) else 2].append(
            (needs, confirm)
        )
    rare, signs, rest = map(compiled, found)
    return rare, signs, rest


_capital = combined_prefilter((CAPITAL_TOKENS,))
_rare_token, _sign_token, _token = _prefilters(TOKENS, STATEMENTS)
# HEADERS are left out: a text with a header passes for ASSIGNMENTS.
_rare_words, _sign_words, _words = _prefilters(
    *(QUERIES, URLS, SPECIAL, PHRASES, COMMANDS, PLACED, ASSIGNMENTS, WORDED_PHRASES, OPTIONS, LINKS)
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
    encoded = text.encode("utf-8", "replace")
    kinds = encoded.translate(_KINDS)
    lower = text
    if b"A" in kinds or not text.isascii():
        lower = _folded(text)
        if _capital(text):
            return True
    if _token(text) or _words(lower) or may_contain_card(encoded):
        return True
    rare = b"!" in kinds
    if rare and (_rare_token(text) or _rare_words(lower)):
        return True
    return (rare or b":" in kinds) and (_sign_words(lower) or _sign_token(text))


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
    if may_contain_card(text.encode("utf-8", "replace")):
        text = without_cards(text)
    return text
