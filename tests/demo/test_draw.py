"""Random draws have the distributions that their tables describe."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.demo.draw import Dice, category_table, latency_quantiles, zipf_table


def test_latency_has_a_heavy_tail() -> None:
    quantiles = latency_quantiles(50, 0.5, tail=0.01, alpha=1.2)
    assert quantiles[32_768] == pytest.approx(50_000, rel=0.001)
    assert (np.diff(quantiles) >= 0).all()
    assert quantiles[-1] > 40 * quantiles[32_768]
    assert latency_quantiles(50, 0.5, tail=0)[-1] < 10 * quantiles[32_768]


def test_categories_appear_in_proportion_to_their_weights() -> None:
    assert np.bincount(category_table([3, 1])).tolist() == [49_152, 16_384]
    counts = np.bincount(zipf_table(500, exponent=1.0, shift=0))
    assert counts[0] / counts[9] == pytest.approx(10, rel=0.01)


def test_chance_and_below_stay_within_their_bounds() -> None:
    dice = Dice(1, 1)
    assert dice.chance(0.25, 100_000).mean() == pytest.approx(0.25, abs=0.01)
    assert not dice.chance(0.0, 1_000).any()
    assert dice.chance(1.0, 1_000).all()
    assert set(dice.below(3, 1_000).tolist()) == {0, 1, 2}
