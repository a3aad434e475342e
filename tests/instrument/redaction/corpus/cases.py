"""What a case of the list is, and how its invented secrets are put together.

A template is a text or a map of fields. In it `‹w24›` becomes 24 random letters and digits, so that no file
holds anything that looks like a token:

    "password=‹p›"           a password as a person chooses one
    "ghp" "_‹w36›"           letters and digits; also h (hex), H (upper hex), d (digits), A (upper letters and
                             digits), a (lower letters and digits), l and L (letters), u (base64 for URLs),
                             b (base64 with padding), 2 (base32), q (bech32)
    "‹g›" "‹jwt›"            a UUID, a JWT
    "‹card 4 16 -›"          16 digits that begin with 4 and pass Luhn, in groups of four; `bad` fails Luhn
    "‹!h16›"                 filler that is not part of the secret
    "‹!begin PRIVATE KEY›"   the line above such a key; `end` the one below
    "§"                      one of p, w20, w32, h32, always the same one for a template
"""

from __future__ import annotations

import base64
import random
import re
import string
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Template = str | Mapping[str, Any]

_HOLE = re.compile(r"§|‹(!?)([a-zA-Z2]+?)(\d*)((?: [^›]*)?)›")
_ALPHABETS = {
    "w": string.ascii_letters + string.digits,
    "u": string.ascii_letters + string.digits + "-_",
    "b": string.ascii_letters + string.digits + "+/",
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
    "d": string.digits,
    "A": string.ascii_uppercase + string.digits,
    "a": string.ascii_lowercase + string.digits,
    "l": string.ascii_lowercase,
    "L": string.ascii_uppercase,
    "q": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "2": string.ascii_uppercase + "234567",
}
_PADDING = {24: "==", 28: "=", 44: "=", 88: "=="}
_WORDS = (
    "maple river anchor copper violet harbor thunder pepper saddle winter orchid falcon marble tundra".split()
)
_FIELDS = (
    "note",
    "message",
    "app.text",
    "error.message",
    "exception.message",
    "job.output",
    "body",
    "detail",
)


@dataclass(frozen=True)
class Case:
    """One event of the list.

    Args:
        group: the class for the report; its first letter is the part: A (by name or place), B (bare shapes),
            C (cards), D (harmless names), E (harmless texts).
        fields: what the service adds to the event.
        secret: the texts that must not be on disk; None if every value has to stay as it is.
        note: the template that the case was made from.
    """

    group: str
    fields: dict[str, Any]
    secret: tuple[str, ...] | None
    note: str


def build(
    secrets: Mapping[str, Sequence[Template]], harmless: Mapping[str, Sequence[Template]]
) -> list[Case]:
    """Return the cases of one half, with every placeholder replaced."""
    cases = []
    for hides, groups in ((True, secrets), (False, harmless)):
        for group, templates in groups.items():
            for template in templates:
                dice = random.Random(f"{group} {template!r}")
                found: list[str] = []
                fields = template if isinstance(template, Mapping) else {dice.choice(_FIELDS): template}
                filled = _fill(fields, dice, found)
                if hides and not found:
                    raise ValueError(f"a secret without a placeholder: {template!r}")
                cases.append(Case(group, filled, tuple(found) if hides else None, str(template)))
    return cases


def named(names: str, prefix: str = "") -> list[Template]:
    """Return a template for each of the names: a field that is called so and holds a secret."""
    return [{prefix + name: "§"} for name in names.split()]


def _fill(value: Any, dice: random.Random, found: list[str]) -> Any:
    if isinstance(value, str):
        return _HOLE.sub(lambda hole: _replace(hole, dice, found), value)
    if isinstance(value, Mapping):
        return {_fill(key, dice, found): _fill(inner, dice, found) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fill(inner, dice, found) for inner in value)
    return value


def _replace(hole: re.Match[str], dice: random.Random, found: list[str]) -> str:
    if hole[0] == "§":
        kind, length = dice.choice([("p", 0), ("p", 0), ("w", 20), ("w", 32), ("h", 32)])
        filler, more = "", ""
    else:
        filler, kind, length, more = hole[1], hole[2], int(hole[3] or 0), hole[4]
    made = _make(kind, length, more, dice)
    if not filler:
        found.append(made)
    return made


def _make(kind: str, length: int, more: str, dice: random.Random) -> str:
    if kind == "p":
        one, other = dice.sample(_WORDS, 2)
        number = dice.randint(100, 9999)
        return dice.choice(
            (
                f"{one.title()}{other.title()}{number}",
                f"{one}-{other}-{number}",
                f"{one}{number}{other[:3].upper()}",
            )
        )
    if kind == "s":
        return f"{dice.choice(_WORDS).title()}!{dice.choice(_WORDS)}#{dice.randint(10, 99)}"
    if kind in ("begin", "end"):
        return f"-----{kind.upper()}{more}-----"
    if kind == "g":
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))
    if kind == "jwt":
        parts = (
            f'{{"alg":"HS256","typ":"JWT","kid":"{dice.randint(1, 9)}"}}',
            f'{{"sub":"{dice.randint(1000, 9999)}"}}',
        )
        head, body = (base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
        return f"{head}.{body}.{_random('u', 43, dice)}"
    if kind in ("card", "bad"):
        return _digits(more, dice, passes=kind == "card")
    made = _random(kind, length, dice)
    padding = _PADDING.get(length, "") if kind == "b" else ""
    return made[: length - len(padding)] + padding


def _random(kind: str, length: int, dice: random.Random) -> str:
    """Return random characters, among them a letter and a digit where the alphabet has both."""
    alphabet = _ALPHABETS[kind]
    while True:
        made = "".join(dice.choices(alphabet, k=length))
        if kind in "dlL" or length < 6 or (any(c.isdigit() for c in made) and any(c.isalpha() for c in made)):
            return made


def _digits(more: str, dice: random.Random, *, passes: bool) -> str:
    """Return digits from "prefix length separator"; the separator is "-", "_" for a space, or missing."""
    prefix, length, *separator = more.split()
    body = prefix + "".join(dice.choices(string.digits, k=int(length) - len(prefix) - 1))
    total = sum(
        sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10))
        for place, digit in enumerate(reversed(body))
    )
    check = (-total) % 10
    number = body + str(check if passes else (check + dice.randint(1, 9)) % 10)
    if not separator:
        return number
    groups = (4, 6, 5) if int(length) == 15 else (4,) * (int(length) // 4 + 1)
    cut, parts = 0, []
    for group in groups:
        parts.append(number[cut : cut + group])
        cut += group
    return (" " if separator[0] == "_" else separator[0]).join(part for part in parts if part)
