"""How many tokens a text costs a language model, estimated from above.

Tokenizers differ and none is installed here, so the text is split into the pieces that they all split at:
words, numbers, punctuation. Bytes alone mislead: English prose has 4 bytes per token, a hexadecimal id 1.6.
"""

from __future__ import annotations

import json
import re
from typing import Any

_PIECE = re.compile(r"[A-Za-z0-9]+|\n+| +|[^\x00-\x7f]+|[^A-Za-z0-9\n \x80-\U0010ffff]+")
_RUN = re.compile(r"[A-Za-z]+|[0-9]+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_RANDOM = 16  # letters and digits in a row that are taken for an id if they are mixed


def count_tokens(text: str) -> int:
    """Return an estimate of a text's tokens that is meant to be too high rather than too low.

    A word counts one token per 5 letters, a number one per 3 digits, an id of mixed letters and digits at
    least three per 4 characters, punctuation one per 2 characters, other scripts two per 5 bytes of UTF-8, a
    line break one. Single spaces belong to the word after them.

    Args:
        text: any text.

    Returns:
        The number of tokens.
    """
    return sum(_cost(piece) for piece in _PIECE.findall(text))


def count_json(value: Any) -> int:
    """Return the same for a value that JSON can hold, written without spaces."""
    return count_tokens(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _cost(piece: str) -> int:
    first = piece[0]
    if first == "\n":
        return 1
    if first == " ":
        return int(len(piece) > 1)
    if not first.isascii():
        size = len(piece.encode("utf-8", "surrogatepass"))
        return _up(2 * size, 5) if piece.isprintable() else size
    if not first.isalnum():
        return _up(len(piece), 2)
    runs = _RUN.findall(piece)
    cost = sum(_up(len(run), 3 if run[0].isdigit() else 5) for run in runs)
    if len(piece) >= _RANDOM and (len(runs) > 2 or len(_CAMEL.findall(piece)) > 6):
        return max(cost, _up(3 * len(piece), 4))
    return cost


def _up(count: int, per: int) -> int:
    return -(-count // per)
