"""p99 of both arms with an interval that holds at every look."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from obskit.stats.sequential import rank_bounds
from tests.judge.rollouts import NEW, Columns, rollout, verdict

pytestmark = pytest.mark.once

Rng = np.random.Generator


@given(st.integers(0, 3000), st.sampled_from([0.5, 0.95, 0.99]), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_ranks_are_the_ends_of_what_the_formula_does_not_exclude(n: int, q: float, alpha: float) -> None:
    below = np.arange(n + 1)
    a, b = 5 * q, 5 * (1 - q)
    evidence = special.betaln(a + below, b + n - below) - special.betaln(a, b)
    evidence -= below * np.log(q) + (n - below) * np.log1p(-q)
    kept = below[evidence < np.log(1 / alpha)]
    low, high = rank_bounds(n, q, alpha)
    assert (float(low), float(high)) == (kept.min(), kept.max() + 1)


def test_the_interval_holds_at_sixty_looks() -> None:
    rng, looks = np.random.default_rng([20261129, 1]), np.arange(1, 61) * 300
    low, high = rank_bounds(looks, 0.99, 0.05)
    wrong = 0
    for _ in range(400):
        below = np.cumsum(rng.random(looks[-1]) <= 0.99)[looks - 1]
        wrong += bool(((below < low) | (below + 1 > high)).any())
    assert wrong <= 20  # 5% of the runs


def test_a_verdict_has_p99_with_its_interval() -> None:
    found = verdict(rollout(rpm=1200, slower=1.3))
    latency = found.criterion("latency")
    for arm in (latency.baseline, latency.candidate):
        assert arm.p99_low < arm.percentiles["p99"] < arm.p99_high  # type: ignore[operator]
    assert latency.baseline.p99_high < latency.candidate.p99_low  # type: ignore[operator]
    assert found.criterion("errors").baseline.p99_low is None
    data = found.to_dict()["criteria"]
    assert data[1]["candidate"]["p99_low"] == latency.candidate.p99_low
    assert "p99_low" not in data[0]["candidate"]
    row = dict(zip(found.table.schema.names, [c[1].as_py() for c in found.table.columns], strict=True))
    assert row["candidate_p99_high"] == latency.candidate.p99_high
    line = next(line for line in str(found).splitlines() if line.startswith("p99 "))
    assert "321 ms [312, 338]" in line
    assert "<td" in found._repr_html_()
    assert "| p99 | - |" in found.to_markdown()


def test_the_picture_has_the_interval_as_a_band() -> None:
    figure = verdict(rollout(rpm=1200)).plot()
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    lines = [trace for trace in figure.data if trace.yaxis == bands[0].yaxis and trace.fill is None]
    assert len(bands) == len(lines) == 2
    for band, line in zip(bands, lines, strict=True):
        half = len(band.y) // 2
        assert half > 20
        low = dict(zip(band.x[:half], band.y[:half], strict=True))
        high = dict(zip(band.x[half:], band.y[half:], strict=True))
        inside = [low[at] <= value <= high[at] for at, value in zip(line.x, line.y, strict=True) if at in low]
        assert np.mean(inside) > 0.9


def test_few_requests_have_an_open_interval() -> None:
    found = verdict(rollout(minutes=10, share=0.02))
    assert found.criterion("latency").candidate.p99_high == float("inf")
    assert ", ?]" in str(found)
    assert found.to_dict()["criteria"][1]["candidate"]["p99_high"] is None


def test_with_sample_weights_there_is_no_interval() -> None:
    """The ranks of rows are not those of requests."""

    def weighted(columns: Columns, rng: Rng) -> None:
        columns["sample_weight"] = np.where(rng.random(len(columns["timestamp"])) < 0.5, 1.0, 5.0)

    found = verdict(rollout(minutes=20, change=weighted))
    assert found.criterion("latency").candidate.p99_low is None
    assert not any(line.startswith("p99 ") for line in str(found).splitlines())
    assert not [trace for trace in found.plot().data if trace.fill == "toself"]


def test_ten_thousand_looks_need_no_more_memory_than_a_few() -> None:
    found = verdict(rollout(minutes=20), looks="1s")
    assert found.looks == 1200
    assert found.series is not None
    assert found.series.p99 is not None
    assert len(found.series.p99.looks) == 240
    assert found.series.p99.looks[-1] == 1199
    assert found.plot()


def test_times_that_are_negative_or_zero_do_not_break_it() -> None:
    def odd(columns: Columns, rng: Rng) -> None:
        columns["duration_ms"] = rng.choice([-5.0, 0.0, 3.0], len(columns["timestamp"]))

    found = verdict(rollout(minutes=20, change=odd))
    assert found.criterion("latency").candidate.p99_low == pytest.approx(3, rel=0.02)
    assert found.candidate.label == NEW  # type: ignore[union-attr]
