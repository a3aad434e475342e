"""Error budgets by hand: what is left, how fast it burns, when it runs out."""

import pytest

from obskit.checks import checks
from tests.checks.world import hour, row, scope, write

OBJECTIVE = """
[[objective]]
name = "book answers"
good = "not error"
objective = 0.99
window = "1h"
burn = [{ long = "30m", short = "5m", max = 3 }]
"""


def ask(tmp_path, rows, text=OBJECTIVE):
    (outcome,) = checks(scope(rows), write(tmp_path, text)).outcomes
    return outcome


def test_a_budget_that_is_half_used(tmp_path):
    """3 of 600 are bad, and 1% of 600 = 6 may be."""
    found = ask(tmp_path, hour(bad=(10, 20, 30)))
    assert (found.word, found.value, found.bound) == ("ok", "99.5%", "at least 99.0%")
    assert found.numbers["budget_left"] == pytest.approx(0.5)
    assert found.numbers["burn"] == [
        {"long": "30m", "short": "5m", "max": 3.0, "long_rate": 0.0, "short_rate": 0.0}
    ]
    assert found.numbers["runs_out_in_s"] is None
    assert found.sentence == (
        "3 of 600 events are bad; 50.0% of the error budget is left; it burns at 0 over 30m and 0 over 5m, at most 3."
    )


def test_a_budget_that_is_used_up(tmp_path):
    found = ask(tmp_path, hour(bad=range(0, 240, 20)))
    assert (found.word, found.numbers["budget_left"]) == ("violated", pytest.approx(-1.0))
    assert "the error budget is used up 2 times" in found.sentence


def test_a_budget_that_burns_too_fast_in_both_windows(tmp_path):
    """6 of the last 150 are bad: 4% is 4 times 1%; of the last 50 they are 12%."""
    text = OBJECTIVE.replace('"1h"', '"10h"').replace("30m", "15m")
    rows = [row(-at) for at in range(60, 36_000, 6)] + hour(bad=(560, 570, 580, 590, 595, 598))
    found = ask(tmp_path, rows, text)
    (burn,) = found.numbers["burn"]
    assert burn["long_rate"] == pytest.approx(4.0)
    assert burn["short_rate"] == pytest.approx(12.0)
    assert found.word == "violated"
    assert "too fast (at most 3)" in found.sentence
    assert found.numbers["budget_left"] > 0


def test_a_spike_that_is_over_is_no_alarm(tmp_path):
    """Bad 20 minutes ago: the long window still burns, the short one does not."""
    found = ask(
        tmp_path, hour(bad=range(310, 316)), OBJECTIVE.replace('"1h"', '"10h"').replace("max = 3", "max = 1")
    )
    (burn,) = found.numbers["burn"]
    assert (burn["long_rate"] > 1, burn["short_rate"], found.word) == (True, 0.0, "ok")


def test_when_the_budget_runs_out(tmp_path):
    """Half of it is left, and the last 30 minutes burn at 1: half a window remains."""
    found = ask(tmp_path, hour(bad=(400, 450, 500)))
    assert found.numbers["runs_out_in_s"] == pytest.approx(1800.0)
    assert "at the rate of the last 30m it runs out in 30 min" in found.sentence


def test_only_the_window_counts(tmp_path):
    found = ask(tmp_path, [row(-7200, True), *hour()])
    assert (found.numbers["bad"], found.word) == (0.0, "ok")


def test_events_of_which_good_is_null_are_neither(tmp_path):
    text = OBJECTIVE.replace("not error", "duration_ms < 500")
    rows = [*hour(), *hour(duration_ms=None)]
    found = ask(tmp_path, rows, text)
    assert (found.numbers["good"], found.numbers["unknown"]) == (600.0, 600.0)
    assert "book answers: good is null for 600 events; they are neither good nor bad" in found.notes


def test_counts_are_weighted(tmp_path):
    rows = [*hour(sample_weight=10.0), row(100, True, sample_weight=1.0)]
    found = ask(tmp_path, rows)
    assert (found.numbers["good"], found.numbers["bad"]) == (6000.0, 1.0)


def test_sampled_events_have_an_interval(tmp_path):
    """Good requests are kept at 1 in 10, bad ones all: 12 bad of 6,012 look like 0.2%; 0.15% may be."""
    rows = [*hour(sample_weight=10.0), *(row(100 + n, True, sample_weight=1.0) for n in range(12))]
    text = OBJECTIVE.replace("0.99", "0.9985")
    found = ask(tmp_path, rows, text)
    low, high = found.numbers["sampled"]
    assert low < 6000 / 6012 < high
    assert 0.99 < low < 0.9985 <= high
    assert found.notes[0].startswith(
        "warning: book answers: the events are sampled; the share of good ones is between "
    )
    assert ask(tmp_path, hour(bad=(1,), sample_weight=1.0)).numbers["sampled"] is None


def test_a_window_that_the_data_does_not_cover_has_no_end_of_the_budget(tmp_path):
    found = ask(tmp_path, hour(bad=(400, 450, 500)), OBJECTIVE.replace('"1h"', '"2h"'))
    assert found.numbers["runs_out_in_s"] is None
    assert found.notes == ("book answers: the data covers 59.9 min of the window",)


def test_only_units_of_work_count_unless_told(tmp_path):
    rows = [*hour(), *hour(kind="client", parent_span_id="00f067aa0ba902b7")]
    assert ask(tmp_path, rows).numbers["good"] == 600.0
    assert ask(tmp_path, rows, OBJECTIVE + 'population = "all"\n').numbers["good"] == 1200.0


def test_a_short_dataset_is_said(tmp_path):
    found = ask(tmp_path, hour(), OBJECTIVE.replace('"1h"', '"30d"'))
    assert found.notes == ("book answers: the data covers 59.9 min of the window",)


@pytest.mark.parametrize("more", ["where = \"service.name = 'nope'\"\n", "at_least = 601\n"])
def test_without_enough_events_there_is_no_data(tmp_path, more):
    found = ask(tmp_path, hour(), OBJECTIVE + more)
    assert (found.word, found.value) == ("no data", "")
    assert found.sentence.startswith("There is no data: the window has ")


def test_events_without_a_time_are_no_data(tmp_path):
    rows = [{name: value for name, value in one.items() if name != "timestamp"} for one in hour()]
    assert ask(tmp_path, rows).word == "no data"


def test_burn_windows_without_events(tmp_path):
    """The newest event is a client span, so that no unit of work is in the last 5 minutes."""
    rows = [*hour(), row(3600 + 600, kind="client", parent_span_id="00f067aa0ba902b7")]
    found = ask(tmp_path, rows)
    assert found.numbers["burn"][0]["short_rate"] is None
    assert "an unknown rate (no events) over 5m" in found.sentence


def test_burn_can_be_turned_off(tmp_path):
    text = OBJECTIVE.replace('burn = [{ long = "30m", short = "5m", max = 3 }]', "burn = false")
    assert ask(tmp_path, hour(), text).numbers["burn"] == []
