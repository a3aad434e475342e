"""A selection that is a window of time: causes below 1% of it are found, bursts are not causes."""

from __future__ import annotations

import pytest

from obskit.explain import ExplainOptions, explain
from tests.triage.log_days import CHANGE, LogDay

pytestmark = pytest.mark.once

SINCE = f"timestamp >= '{CHANGE.isoformat()}'"


def found(day: LogDay, selection: str = SINCE):
    options = ExplainOptions(history=None, population="all")
    return [finding.condition for finding in explain(day.scope(), selection, options).findings]


def test_a_small_cause_is_found_in_a_window_of_time():
    """40 of some 6,700 lines since 16:00 are new, 0.6% of the selection."""
    day = LogDay(1).background(20_000).add("lease {} lost", 40, since=16)
    assert found(day) == ["log.record.template = 'lease <*> lost'"]


def test_a_small_burst_is_not_a_cause():
    day = LogDay(1).background(20_000).add("lease {} lost", 60, since=18, until=18.01)
    assert found(day) == []


@pytest.mark.parametrize("seed", range(4))
def test_lines_that_come_in_bursts_are_no_cause(seed):
    """200 bursts of 20 lines at any time of the day, each with a message of its own kind of 40."""
    day = LogDay(seed).background(20_000)
    for _ in range(200):
        at = float(day.rng.uniform(0, 23.9))
        word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"[day.rng.integers(40)]
        day.add(f"retrying task {word}", 20, since=at, until=at + 0.005)
    assert found(day) == []


def test_other_selections_keep_their_floor():
    """0.6% of the errors are on a new pod: not a cause of errors to act on."""
    day = LogDay(1).background(20_000)
    day.add("failed {}", 4_000, severity="ERROR")
    day.add("failed {}", 25, severity="ERROR", pods=["pay-new"])
    assert found(day, "severity_text = 'ERROR'") == []
