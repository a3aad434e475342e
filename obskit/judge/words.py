"""The words of a verdict, and how words at earlier looks decide the word now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Word = Literal["pass", "regress", "inconclusive", "no_data", "error"]
WORDS: tuple[Word, ...] = ("pass", "regress", "inconclusive", "no_data", "error")
FEWEST = 20  # observations of an arm
Bools = npt.NDArray[np.bool_]


def word_at(regressed: Bools, passed: Bools, enough: Bools) -> tuple[Word, int | None]:
    """Return the word at the last look, and the first look at which it was so.

    Args:
        regressed: per look, whether there is a regression.
        passed: per look, whether a regression is excluded.
        enough: per look, whether both arms have enough observations; once true it stays so.

    Returns:
        `regress` stays from the first look that has it; `pass` stays until a look says `regress`.
    """
    if not len(enough) or not enough[-1]:
        return "no_data", None
    regressed, passed = regressed & enough, passed & enough
    if regressed.any():
        return "regress", int(regressed.argmax())
    if passed.any():
        return "pass", int(passed.argmax())
    return "inconclusive", None


def combine(words: Sequence[Word]) -> Word:
    """Return the word of a verdict from the words of its criteria: `pass` needs all of them."""
    ordered: tuple[Word, ...] = ("error", "regress", "no_data", "inconclusive")
    return next((word for word in ordered if word in words), "pass" if words else "no_data")
