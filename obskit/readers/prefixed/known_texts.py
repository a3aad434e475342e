"""Match the constant part of prefixes, such as `[pod/shop-1/app] `, in all lines of a block at once.

A few different texts begin most lines of a file. The first line is matched with a regular expression; the text
that it matched is then compared with all other lines, eight bytes at a time. Lines that begin with another text
teach the next one. Only a block with very many different texts is matched line by line.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.readers.prefixed.times import Bytes, Flags, Positions

LONGEST = 4096
"""Bytes that a constant part may have; a longer one is not a prefix."""

REMEMBERED = 64
"""Texts that are compared with all lines, at most."""


class KnownTexts:
    """The texts that one regular expression matched so far.

    Args:
        pattern: matches the constant part at its beginning.
        end: what a text ends with that the pattern matches whatever follows in the line. Other texts are not
            compared with other lines: `web-1 ` is also the beginning of `web-1 nginx: `.

    Attributes:
        matches: text -> the match that found it.
    """

    def __init__(self, pattern: re.Pattern[bytes], end: bytes) -> None:
        self.matches: dict[bytes, re.Match[bytes]] = {}
        self._pattern = pattern
        self._end = end
        self._frequent: list[bytes] = []

    def find(self, data: bytes, text: Bytes, at: Positions, ends: Positions) -> tuple[Positions, list[bytes]]:
        """Find the text at each position.

        Args:
            data: a block.
            text: the same block with at least `LONGEST` bytes of padding.
            at: where the constant part of each line begins.
            ends: where each line ends.

        Returns:
            For each position the index of its text, -1 without one; the texts.
        """
        found = np.full(len(at), -1, np.int64)
        index: dict[bytes, int] = {}
        left = np.arange(len(at))
        for known in self._frequent:
            left = self._compare(text, at, left, known, found, index)
            if not len(left):
                break
        for _ in range(REMEMBERED):
            if not len(left):
                break
            row = int(left[0])
            left = left[1:]
            known = self._match(data, int(at[row]), int(ends[row]))
            if known is None:
                continue
            found[row] = index.setdefault(known, len(index))
            if known.endswith(self._end) and at[row] + len(known) < ends[row]:
                left = self._compare(text, at, left, known, found, index)
        for row, begin, end in zip(left.tolist(), at[left].tolist(), ends[left].tolist(), strict=True):
            known = self._match(data, begin, end)
            if known is not None:
                found[row] = index.setdefault(known, len(index))
        self._remember(list(index))
        return found, list(index)

    def _compare(
        self,
        text: Bytes,
        at: Positions,
        left: npt.NDArray[Any],
        known: bytes,
        found: Positions,
        index: dict[bytes, int],
    ) -> npt.NDArray[Any]:
        """Give a text to the lines that begin with it; return the lines that are left."""
        same = _begins_with(text, at[left], known)
        if not same.any():
            return left
        found[left[same]] = index.setdefault(known, len(index))
        return left[~same]

    def _match(self, data: bytes, begin: int, end: int) -> bytes | None:
        limit = begin + LONGEST
        match = self._pattern.match(data, begin, min(end, limit))
        if match is None or match.end() == limit or begin == match.end() < end:
            return None
        known = match.group()
        self.matches.setdefault(known, match)
        return known

    def _remember(self, texts: list[bytes]) -> None:
        """Try the texts of this block first in the next one, and forget the others."""
        comparable = [known for known in texts if known.endswith(self._end)]
        others = [known for known in self._frequent if known not in comparable]
        self._frequent = [*comparable, *others][: REMEMBERED // 2]
        kept = {*texts, *self._frequent}
        self.matches = {known: match for known, match in self.matches.items() if known in kept}


def _begins_with(text: Bytes, at: Positions, known: bytes) -> Flags:
    """Return which positions begin with a text."""
    words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
    same = np.ones(len(at), bool)
    for place in range(0, len(known), 8):
        part = known[place : place + 8]
        word = words[at + place]
        if len(part) < 8:
            word = word & np.uint64((1 << 8 * len(part)) - 1)
        same &= word == np.uint64(int.from_bytes(part, "little"))
        if place == 0 and not same.any():
            break
    return same
