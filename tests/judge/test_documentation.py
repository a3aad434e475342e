"""docs/verdicts.md states the numbers that are in the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.judge import (
    arm_choice,
    before_after,
    clusters,
    concurrent,
    error_rate,
    latency,
    latency_counts,
    missing,
    options,
    slice_tests,
    slices,
    traffic,
    words,
)
from obskit.judge.durations import buckets
from obskit.judge.strata import DEPENDENT
from obskit.stats import deployments, sequential

PAGE = (Path(__file__).resolve().parents[2] / "docs/verdicts.md").read_text()


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("fewer than 20 observations", words.FEWEST == 20),
        ("within an hour before the candidate", arm_choice.AT_ONCE == 3_600_000_000),
        ("more than 5% of the users are in both arms", clusters.STICKY == 0.05),
        ("looks of a minute", options.JudgeArguments().looks == "1m"),
        ("averaged over 13 alternatives from ×1.1 to ×50", (len(sequential.RATIOS), sequential.RATIOS[0], sequential.RATIOS[-1]) == (13, 1.1, 50)),
        ("`alpha=` is 5%", options.JudgeArguments().alpha == 0.05),
        ("The newest minute is left out (`settle=`)", options.SETTLE == "1m"),
        ("by default ×1.5 and +0.1 percentage points", options.ERRORS == "larger of x1.5, +0.1pp"),
        ("within the margin (2/3); the candidate's own rate is below the difference (1/6)", (error_rate.BY_RATIO, error_rate.BY_RATE) == (2 / 3, 1 / 6)),
        ("fails on more than half of its requests", concurrent.BROKEN == before_after.BROKEN == 0.5),
        ("p50, p75, p90, p95 and p99 of its own requests", latency_counts.QUANTILES == (0.5, 0.75, 0.9, 0.95, 0.99)),
        ("With fewer than 20 of those", latency_counts.FEWEST_BEFORE == 20),
        ("above them by 5% (`least_slowdown=`)", options.LEAST_SLOWDOWN == "+5%"),
        ("at p50 and at p95, a rise by 20% (`latency=`)", (latency.PASSED_AT, options.LATENCY) == ((0.5, 0.95), "+20%")),
        ("counted in steps of 2%", buckets.GROWTH == 1.02),
        ("20% is counted as 19.5%", round(latency_counts.rise_counted(0.2, up=False), 3) == 0.195),
        ("5% as 6.1%", round(latency_counts.rise_counted(0.05, up=True), 3) == 0.061),
        ("mean weights that differ by more than 10%", DEPENDENT == 0.1),
        ("If most requests of one arm", missing.MOST == 0.5),
        ("at least ×1.5 and beyond the margin, with three or more outcomes", (slice_tests.LEAST_RATIO, slice_tests.FEWEST_OUTCOMES) == (1.5, 3)),
        ("when the candidate's requests have doubled", slices.FIRST_LOOK == 200),
        ("less than a tenth of the requests that it should", traffic.GONE == 0.1),
        ("for a power of 80%", deployments.POWER == 0.8),
        ("1.7 times as many with looks at any time", deployments.PEEKING == 1.7),
        ("up to eight earlier weeks", before_after.MOST_WEEKS == 8),
        ("Without three such weeks", before_after.FEWEST_WEEKS == 3),
        ("unless errors tripled and there are more than 20", (before_after.OBVIOUS_RATIO, before_after.OBVIOUS_ERRORS) == (3, 20)),
    ],
)  # fmt: skip
def test_the_page_states_what_the_code_does(text: str, holds: bool) -> None:
    assert text in PAGE.replace("\n", " ")
    assert holds
