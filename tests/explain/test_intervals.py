"""The interval that is shown with a finding contains the truth, although the finding was chosen for its ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks import coverage
from obskit.explain import ExplainOptions, Finding, explain
from tests.support.worlds import World, traffic

pytestmark = pytest.mark.once

Generator = np.random.Generator


def test_intervals_of_planted_runs_contain_the_truth_and_are_narrow() -> None:
    """12 of the runs of `benchmarks.coverage`. The bounds that rank slices contain all, and are too wide for this."""
    shown = [one for seed in range(7_000, 7_012) for one in coverage.run(seed, population=100_000)]
    findings = [one for one in shown if "findings" in one.kinds]
    assert len(findings) >= 10
    assert np.mean([one.covered for one in findings]) >= 0.85
    assert np.mean([one.covered for one in shown]) >= 0.9
    assert np.median([one.high / one.low for one in shown]) < 1.7


def ordinary(finding: Finding, selected: int, events: int) -> tuple[float, float]:
    """Return the 95% interval of a ratio that was not chosen, by the variance of its log."""
    inside, outside = finding.selected, selected - finding.selected
    size = finding.selected + finding.baseline
    error = math.sqrt(1 / inside - 1 / size + 1 / outside - 1 / (events - size))
    return finding.risk_ratio * math.exp(-1.96 * error), finding.risk_ratio * math.exp(1.96 * error)


def test_the_first_of_equals_is_not_taken_to_be_worse_than_they_are(world: World, rng: Generator) -> None:
    """Eight of thirty hosts fail at 8%, the others at 2%: whichever comes first looks worse than it is.

    host-0 ... host-7     ########  8% each; next to all the others 2.32 times their rate
    host-8 ... host-29    ##        2%
    """
    rows, truth = 20_000, 0.08 / ((7 * 0.08 + 22 * 0.02) / 29)
    runs, contained, ordinarily = 24, 0, 0
    for _ in range(runs):
        host = rng.integers(0, 30, rows)
        failed = rng.random(rows) < np.where(host < 8, 0.08, 0.02)
        names = np.array([f"host-{k}" for k in range(30)], dtype=object)
        found = explain(world({"host": names[host], "failed": failed}), "failed", ExplainOptions(depth=1))
        first = found.findings[0]
        low, high = ordinary(first, found.selection["events"], rows)
        contained += first.risk_ratio_low <= truth <= first.risk_ratio_high
        ordinarily += low <= truth <= high
    assert contained >= 20, contained
    assert ordinarily <= 19, ordinarily


def test_rates_of_a_set_are_those_of_all_events(world: World, rng: Generator) -> None:
    """A hundred of 600 customers fail at 10%, the others at 1%, in more events than a sample of the baseline holds."""
    rows = 250_000
    customer = rng.integers(0, 600, rows)
    failed = rng.random(rows) < np.where(customer < 100, 0.1, 0.01)
    names = np.array([f"c{k}" for k in range(600)], dtype=object)
    found = explain(world({"customer": names[customer], "failed": failed}), "failed")
    best = found.findings[0]
    assert best.conditions[0]["op"] == "in"
    assert len(set(best.conditions[0]["values"]) & set(names[:100])) >= 90
    inside = best.selected / (best.selected + best.baseline)
    assert math.isclose(best.rate_inside, inside, rel_tol=0.1)
    assert best.rate_inside < 0.15
    assert best.rate_outside < 0.02
    assert best.risk_ratio_low <= 10 <= best.risk_ratio_high


def test_a_version_that_takes_all_failures_has_an_open_interval(world: World, rng: Generator) -> None:
    rows = 5_000
    columns = traffic(rng, rows)
    columns["failed"] = (columns["service.version"] == "2.4.0") & (rng.random(rows) < 0.2)
    best = explain(world(columns), "failed").findings[0]
    assert best.condition == "service.version = '2.4.0'"
    assert best.risk_ratio == best.risk_ratio_high == math.inf
    assert 10 < best.risk_ratio_low < math.inf
    assert best.to_dict()["risk_ratio_high"] is None


def test_history_and_several_findings_keep_their_order_and_enclose_their_ratios(
    world: World, rng: Generator
) -> None:
    """Two causes that began with the second half: each ratio is inside its interval, above what ranks it."""
    rows = 20_000
    columns = traffic(rng, rows)
    late = np.arange(rows) >= rows // 2
    bad = late & ((columns["service.version"] == "2.4.0") | (columns["http.route"] == "/pay"))
    columns["failed"] = rng.random(rows) < np.where(bad, 0.2, 0.02)
    found = explain(
        world(columns), "failed", ExplainOptions(during="2026-05-04T10:00:10Z/2026-05-04T10:01:00Z")
    )
    assert {item["field"] for one in found.findings for item in one.conditions} >= {
        "service.version",
        "http.route",
    }
    for one in (*found.findings, *found.refinements):
        assert 1 <= one.risk_ratio_low < one.risk_ratio < one.risk_ratio_high, one
