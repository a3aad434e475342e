"""Replace people's identities by pseudonyms, wherever they occur in a text."""

from __future__ import annotations

import bisect
import json
import math
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

from obskit.errors import InvalidArgument
from obskit.instrument.redaction.options import KEY_BYTES, pseudonym
from obskit.text import safe

SHORTEST = 4
"""Characters of the shortest identity that can be told from other text."""

_WORD = re.compile(r"\w+")
_CUT = "…"
_LONGEST_CUT = 300
_LENGTH = 16  # hex digits: with a million people, two share one with a chance of 1 in 30 million


class People:
    """Identities and their pseudonyms. A value is found as a whole, in any case, also if it is cut by "…".

    Args:
        values: field -> its values.
        key: at least 16 bytes; equal keys give equal pseudonyms.

    Raises:
        InvalidArgument: the key is too short, or a value is too short to be found in a text.
    """

    def __init__(self, values: Mapping[str, Iterable[str]], key: bytes | str) -> None:
        secret = key.encode() if isinstance(key, str) else key
        if len(secret) < KEY_BYTES:
            raise InvalidArgument(
                f"a key of pseudonyms must have at least {KEY_BYTES} bytes, got {len(secret)}",
                hint="create one with secrets.token_bytes(32), and keep it outside the report",
            )
        self._key = secret
        self._canonical: dict[str, str] = {}
        self._by_word: dict[str, list[tuple[int, str]]] = {}
        self._sorted: list[str] = []
        self.seen: set[str] = set()
        self.replaced = 0
        for name, items in values.items():
            for value in items:
                self._add(name, value)
        self._sorted.sort()
        for found in self._by_word.values():
            found.sort(key=lambda pair: -len(pair[1]))

    def _add(self, name: str, value: str) -> None:
        if not value:
            return
        first = _WORD.search(value)
        if len(value) < SHORTEST or first is None:
            raise InvalidArgument(
                f"{name} has values such as {value!r}, which cannot be told from other text",
                hint=f"leave {name} out of the report, or load events whose {name} is at least "
                f"{SHORTEST} characters long",
            )
        lower = value.lower()
        for written in _spellings(lower):
            self._sorted.append(written)
            self._canonical[written] = lower
            begin = _WORD.search(written)
            if begin is not None:
                self._by_word.setdefault(begin[0], []).append((begin.start(), written))

    def text(self, text: str) -> str:
        """Return a text in which every identity is replaced by its pseudonym."""
        lower = text.lower()
        if len(lower) != len(text):  # a letter whose lower case is longer: places would not match
            text = lower
        out: list[str] = []
        done = 0
        for word in _WORD.finditer(lower):
            if word.start() < done:
                continue
            found = self._at(lower, word)
            if found is not None:
                begin, end, value = found
                if begin < done:
                    continue
                out += [text[done:begin], self._pseudonym(value)]
                done = end
        return "".join([*out, text[done:]])

    def _at(self, lower: str, word: re.Match[str]) -> tuple[int, int, str] | None:
        for before, value in self._by_word.get(word[0], ()):
            begin = word.start() - before
            end = begin + len(value)
            if begin >= 0 and lower.startswith(value, begin) and _is_whole(lower, begin, end, value):
                return begin, end, value
        return self._cut_at(lower, word)

    def _cut_at(self, lower: str, word: re.Match[str]) -> tuple[int, int, str] | None:
        """Return a value of which only the beginning is there, before "…"."""
        cut = lower.find(_CUT, word.start(), word.start() + _LONGEST_CUT)
        if cut < 0:
            return None
        for begin in range(word.start(), max(word.start() - 3, -1), -1):
            beginning = lower[begin:cut]
            at = bisect.bisect_left(self._sorted, beginning)
            if (
                len(beginning) >= SHORTEST
                and at < len(self._sorted)
                and self._sorted[at].startswith(beginning)
            ):
                return begin, cut, beginning
        return None

    def number(self, value: float) -> float | str:
        """Return a number, or its pseudonym if it is an identity."""
        written = str(int(value)) if math.isfinite(value) and value == int(value) else ""
        return self._pseudonym(written) if written in self._canonical else value

    def _pseudonym(self, value: str) -> str:
        value = self._canonical.get(value, value)
        self.seen.add(value)
        self.replaced += 1
        return f"p-{pseudonym(value, self._key)[:_LENGTH]}"


def _spellings(value: str) -> set[str]:
    """Return how a value is written in numbers, conditions, addresses, JSON and code."""
    found = {value, safe(value, lines=True)}
    found |= {quote(value, safe="").lower(), quote_plus(value).lower()}
    found |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    found |= {value.replace("'", quoted) for quoted in ("''", "\\'", "\\'\\'")}
    if value.isascii() and value.isdigit() and len(value) <= 30:
        found.add(f"{int(value):,}")
    return found


def _is_whole(text: str, begin: int, end: int, value: str) -> bool:
    """Return whether a value at a place is not a part of a longer word or number."""
    before, after = text[begin - 1 : begin], text[end : end + 1]
    if (value[0].isalnum() and _wordy(before)) or (value[-1].isalnum() and _wordy(after)):
        return False
    if value.replace(",", "").isdigit():  # 4711 is not a part of 4711.5 or 12,4711
        follows = after in (".", ",") and text[end + 1 : end + 2].isdigit()
        leads = before in (".", ",") and text[begin - 2 : begin - 1].isdigit()
        return not (follows or leads)
    return True


def _wordy(character: str) -> bool:
    return character.isalnum()
