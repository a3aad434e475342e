"""Rules for tokens with a recognizable form, made of the tables in `obskit.instrument.redaction.shapes`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from obskit.instrument.redaction.rules import Rule, RuleTable
from obskit.instrument.redaction.shapes import (
    CAPITAL,
    CAPITAL_A,
    DASH_ENDED,
    DOTTED,
    HASHES,
    PLAIN,
    UNDERSCORED,
)

_START = r"(?<![A-Za-z0-9])"
_PEM = (
    r"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
    r"(?:-----END[A-Z0-9 ]{0,40}-----|\Z)"
)


def _prefix_search(ends: str, follows: str, prefixes: Iterable[str]) -> str:
    """Return a pattern that finds any prefix by looking back from its last character, which is rare.

    Only where enough characters of a token follow; then by the character before, then by the prefix.
    """
    by_character: dict[str, list[str]] = {}
    for prefix in prefixes:
        by_character.setdefault(prefix[-2], []).append(prefix)
    groups = (
        rf"(?<={re.escape(character + ends)})(?:{'|'.join(f'(?<={re.escape(one)})' for one in group)})"
        for character, group in by_character.items()
    )
    return rf"{re.escape(ends)}(?={follows})(?:{'|'.join(groups)})"


def _prefixed(ends: str, follows: str, table: tuple[tuple[str, str], ...]) -> list[Rule]:
    search = _prefix_search(ends, follows, dict(table))
    return [
        Rule(((ends,), (prefix,)), rf"{_START}{re.escape(prefix)}(?:{rest})", confirm=search)
        for prefix, rest in table
    ]


# One search looks at each capital A of a text, instead of a search for each prefix.
_CAPITAL_A = "A(?:{})".format(
    "|".join(
        (f"(?<={re.escape(before)}A)" if before else "") + re.escape(part[1:])
        for before, part, _ in CAPITAL_A
    )
)

TOKENS = RuleTable(
    [
        Rule((("-",), ("-----BEGIN",)), _PEM),
        *_prefixed("_", r"[\w+/=.-]{10}", UNDERSCORED),
        *_prefixed("-", r"[\w+/=.@-]{10}", DASH_ENDED),
        *_prefixed(".", r"[\w+/=.-]{10}", DOTTED),
        *(Rule(tuple((part,) for part in needs), pattern) for needs, pattern in PLAIN),
        *(Rule((("$",), (part,)), pattern) for part, pattern in HASHES),
    ]
)
"""Masks tokens."""

CAPITAL_TOKENS = RuleTable(
    [
        *(Rule(tuple((part,) for part in needs), pattern) for needs, pattern in CAPITAL),
        *(
            Rule((("A",), (before + part,)), pattern, confirm=_CAPITAL_A)
            for before, part, pattern in CAPITAL_A
        ),
    ]
)
"""Masks tokens whose prefix has a capital letter."""
