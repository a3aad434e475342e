"""How words at earlier looks decide the word now."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.judge.words import combine, word_at


def flags(text: str) -> np.ndarray:
    return np.array([c == "x" for c in text])


@pytest.mark.parametrize(
    ("regressed", "passed", "enough", "word", "look"),
    [
        ("....", "....", "xxxx", "inconclusive", None),
        ("....", ".x..", "xxxx", "pass", 1),  # it holds
        ("..x.", ".x..", "xxxx", "regress", 2),  # until a look says regress
        (".x..", "...x", "xxxx", "regress", 1),  # which stays
        ("x...", "....", ".xxx", "inconclusive", None),  # too few requests to say so
        ("....", "....", "....", "no_data", None),
        ("", "", "", "no_data", None),
    ],
)
def test_words_over_looks(regressed: str, passed: str, enough: str, word: str, look: int | None) -> None:
    assert word_at(flags(regressed), flags(passed), flags(enough)) == (word, look)


def test_a_pass_needs_every_criterion() -> None:
    assert combine(["pass", "pass"]) == "pass"
    assert combine(["pass", "inconclusive"]) == "inconclusive"
    assert combine(["inconclusive", "no_data"]) == "no_data"
    assert combine(["no_data", "regress"]) == "regress"
    assert combine(["regress", "error"]) == "error"
    assert combine([]) == "no_data"
