"""Redact a text: apply all tables of rules, or find out at little cost that there is no reason to."""

from __future__ import annotations

from obskit.instrument.redaction.cards import may_contain_card, without_cards
from obskit.instrument.redaction.command_flags import COMMANDS
from obskit.instrument.redaction.languages import FOREIGN
from obskit.instrument.redaction.placed_arguments import PLACED
from obskit.instrument.redaction.protocols import SPECIAL
from obskit.instrument.redaction.rules import (
    Prefilter,
    Prefiltered,
    RuleTable,
    combined_prefilter,
    compiled,
    folded,
    prefiltered,
)
from obskit.instrument.redaction.sql import STATEMENTS
from obskit.instrument.redaction.token_patterns import CAPITAL_TOKENS, TOKENS
from obskit.instrument.redaction.urls import LINKS, QUERIES, URLS
from obskit.instrument.redaction.word_patterns import (
    ASSIGNMENTS,
    HEADERS,
    OPTIONS,
    PHRASES,
    WORDED_PHRASES,
)

# In the order in which they are applied.
TABLES: tuple[RuleTable, ...] = (
    *(HEADERS, URLS, CAPITAL_TOKENS, TOKENS, STATEMENTS, SPECIAL, PHRASES, WORDED_PHRASES, COMMANDS, PLACED),
    *(QUERIES, ASSIGNMENTS, OPTIONS, LINKS),
)


def may_contain_token(text: str) -> bool:
    """Return whether a text may contain a token or a quoted statement: False is certain, True is not."""
    return any(table.may_match(text, text) for table in (CAPITAL_TOKENS, TOKENS, STATEMENTS))


_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_SIGNS = b"\t\n \"'(),:=>[]"
_QUIET = _LETTERS + _LETTERS.upper() + b"0123456789-/.\0"
# The kind of every byte: 0 a digit, a and A letters, - what ends a word in paths and sentences, : the usual
# signs of texts, and ! any other sign, which most texts lack.
_KINDS = bytes(
    ord("A") if byte in _LETTERS.upper()
    else ord("0") if byte in b"0123456789"
    else ord("a") if byte in _LETTERS
    else ord("-") if byte in b" -/.\0"
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
    for prefilter in prefiltered(tables):
        parts = [part[0] if isinstance(part, tuple) else part for part in prefilter.needs[0]]
        words = [part for part in parts if isinstance(part, str)]
        certain = len(words) == len(parts)
        found[
            0 if certain and all(map(_rare, words)) else 1 if certain and all(map(_sign, words)) else 2
        ].append(prefilter)
    rare, signs, rest = map(compiled, found)
    return rare, signs, rest


_filters: tuple[Prefilter, Prefilter, Prefilter, Prefilter] | None = None


def _make_filters() -> tuple[Prefilter, Prefilter, Prefilter, Prefilter]:
    """Make the prefilters when the first text is scanned, which takes longer than the rest of an import."""
    global _filters
    # HEADERS are left out: a text with a header passes for ASSIGNMENTS.
    tables = (TOKENS, STATEMENTS, *(table for table in TABLES if table.ignore_case and table is not HEADERS))
    _filters = (combined_prefilter((CAPITAL_TOKENS,)), *_prefilters(*tables))
    return _filters


# No token and no link without a sign is shorter.
_SHORTEST_TOKEN = 15
_SHORTEST_CARD = 12
_MOST_PASSES = 4


def may_contain_secret(text: str) -> bool:
    """Return whether there is a reason to redact a text.

    Args:
        text: one text, or several joined by NUL characters.

    Returns:
        False if `redact_text` would not change it; True if it may.

    Cost: a few dozen searches for substrings; most texts lack the characters that the others need.
    """
    return reason_to_redact(text) > 0


def reason_to_redact(text: str) -> int:
    """Return which texts have to be redacted, of several that are joined by NUL characters.

    Args:
        text: one text, or several.

    Returns:
        0 for none, 1 for those with signs such as spaces and colons, 2 if it may be any of them.
    """
    kinds = _kinds(text)
    rare = "!" in kinds
    signs = rare or ":" in kinds or " " in text
    if not signs and len(text) < _SHORTEST_TOKEN:
        return 2 if len(text) > _SHORTEST_CARD and may_contain_card(kinds) else 0
    has_capital, has_rare, has_sign, has = _filters or _make_filters()
    lower = text
    if "A" in kinds or rare:
        lower = _folded(text)
        if "A" in kinds and has_capital(text, lower):
            return 2
    if has(text, lower) or (len(text) > _SHORTEST_CARD and may_contain_card(kinds)):
        return 2
    return 1 if signs and ((rare and has_rare(text, lower)) or has_sign(text, lower)) else 0


def has_signs(text: str) -> bool:
    """Return whether a text has any sign other than those of paths and hosts."""
    if " " in text or ":" in text or "=" in text:
        return True
    kinds = _kinds(text)
    return ":" in kinds or "!" in kinds


def _kinds(text: str) -> str:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = text.encode("utf-8", "replace")
    return encoded.translate(_KINDS).decode("latin-1")


def _folded(text: str) -> str:
    """Return a text in lower case for prefilters; words for password in other scripts are translated."""
    lower = folded(text)
    return f"{lower} passwort" if not text.isascii() and FOREIGN.search(text) else lower


def redact_text(text: str) -> str:
    """Return a text with everything that looks like a secret masked, and the rest unchanged.

    What one rule masks may make a value visible to another one, so a text that changed is scanned again:
    masking a text that is masked already changes nothing.
    """
    for _ in range(_MOST_PASSES):
        before, text = text, _redact_once(text)
        if text == before:
            break
    return text


def _redact_once(text: str) -> str:
    lower = _folded(text)
    for table in TABLES:
        text = table.apply(text, lower)
    if may_contain_card(_kinds(text)):
        text = without_cards(text)
    return text
