"""Margins and shares as people write them."""

from __future__ import annotations

import pytest

from obskit.errors import InvalidArgument
from obskit.judge.margins import parse_growth, parse_margin, parse_share

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("text", "ratio", "difference"),
    [
        ("larger of x1.5, +0.1pp", 1.5, 0.001),
        ("x1.5,+0.1pp", 1.5, 0.001),
        ("×2", 2.0, 0.0),
        ("+50%", 1.5, 0.0),
        ("50%", 1.5, 0.0),
        ("+0.5 pp", 1.0, 0.005),
        ("LARGER OF X1.25, 1PP", 1.25, 0.01),
    ],
)
def test_margins(text: str, ratio: float, difference: float) -> None:
    found = parse_margin(text)
    assert (found.ratio, found.difference) == (pytest.approx(ratio), pytest.approx(difference))
    assert found.text == text


@pytest.mark.parametrize("text", ["", "1.5", "x", "+pp", "x1.5; +0.1pp", "larger of", "-5%", "x1e9", "xnan"])
def test_what_is_no_margin(text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse_margin(text)


def test_rises_and_shares() -> None:
    assert parse_growth("+20%", "latency") == pytest.approx(0.2)
    assert parse_growth("x1.2", "latency") == pytest.approx(0.2)
    assert parse_share(0.05, "split") == parse_share("5%", "split") == parse_share("0.05", "split") == 0.05
    for wrong in (0, 1, True, "0%", "110%", "nan", None):
        with pytest.raises(InvalidArgument):
            parse_share(wrong, "split")
