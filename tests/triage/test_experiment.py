"""An experiment is visible, not visible, or there is no data; and other changes are named.

minutes   0        60   70        120
errors    1% ..... 1% | 1% or 40% | 1%
                      ^ experiment, 10 minutes
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.triage import experiment

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def at(minutes):
    return T + timedelta(minutes=float(minutes))


def events(rate, *more, before=60, after=50, end="2026-05-04T11:10:00Z", seed=7):
    """Return two hours of requests, an experiment, and other markers."""
    chance = np.random.default_rng(seed)
    rows = []
    for minute in range(60 - before, 70 + after):
        share = rate if 60 <= minute < 70 else 0.01
        rows += [
            {
                "timestamp": at(minute + second / 60),
                "name": "POST /book",
                "kind": "server",
                "service.name": "book",
                "duration_ms": float(chance.lognormal(4, 0.4)),
                "error": bool(chance.random() < share),
            }
            for second in range(0, 60, 3)
        ]
    rows.append(
        {
            "timestamp": at(60),
            "name": "chaos.experiment",
            "kind": "event",
            "service.name": "seats",
            "chaos.experiment": "slow-seats",
            "chaos.status": "started",
            "chaos.end": end,
        }
    )
    rows += [{"kind": "event", **one} for one in more]
    names = dict.fromkeys(name for row in rows for name in row)
    return Scope.of(
        from_arrow(pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]))
    )


def test_an_experiment_that_breaks_requests_is_visible():
    answer = experiment(events(0.4), "slow-seats")
    assert answer.word == "visible"
    assert answer.sentence.startswith(
        "The experiment slow-seats ran from 2026-05-04T11:00:00Z to 2026-05-04T11:10:00Z: visible. "
    )
    assert answer.also_changed == ()
    assert answer.to_dict()["experiment"]["service"] == "seats"
    assert "POST /book" in str(answer)


def test_an_experiment_that_breaks_nothing_is_not_visible():
    answer = experiment(events(0.01))
    assert answer.word == "not visible"
    assert "not visible. No operation got worse beyond chance." in answer.sentence


def test_the_time_after_the_experiment_does_not_count():
    """What fails from minute 70 on is not the experiment's."""
    later = [
        {
            "timestamp": at(75 + n / 10),
            "name": "POST /book",
            "kind": "server",
            "service.name": "book",
            "error": True,
            "duration_ms": 50.0,
        }
        for n in range(200)
    ]
    assert experiment(events(0.01, *later)).word == "not visible"


@pytest.mark.parametrize(("before", "after", "rate"), [(0, 50, 0.4)])
def test_without_requests_before_there_is_no_data(before, after, rate):
    answer = experiment(events(rate, before=before, after=after))
    assert (answer.word, answer.triage is None or answer.triage.causes == ()) == ("no data", True)


def test_other_changes_of_the_same_time_are_named():
    flag = {"timestamp": at(58), "name": "feature_flag.change", "feature_flag.key": "new-seats"}
    old = {"timestamp": at(20), "name": "deployment", "service.name": "book", "service.version": "2"}
    answer = experiment(events(0.4, flag, old))
    assert [str(one) for one in answer.also_changed] == ["flag new-seats"]
    assert answer.sentence.endswith(
        "Other changes fall into the same time, so the experiment may not be the cause."
    )
    assert "2026-05-04T10:58:00Z  flag new-seats" in str(answer)


def test_the_recorded_end_wins_over_the_planned_one():
    over = {
        "timestamp": at(65),
        "name": "chaos.experiment",
        "chaos.experiment": "slow-seats",
        "chaos.status": "ended",
    }
    assert experiment(events(0.01, over)).window.end == at(65)


def test_an_unknown_end_is_said():
    answer = experiment(events(0.01, end=None))
    assert answer.window.end is None
    assert answer.notes == (
        "the end of the experiment is not recorded; it is taken to last until the newest event",
    )


def test_an_unknown_experiment_is_an_error():
    with pytest.raises(EmptySelection) as caught:
        experiment(events(0.01), "nope")
    assert str(caught.value) == "no experiment is called 'nope'\nHint: the newest ones are slow-seats"
    with pytest.raises(InvalidArgument) as wrong:
        experiment(events(0.01), 7)
    assert str(wrong.value) == (
        "marker must be the name of an experiment or the row of its start, got 7\n"
        "Hint: events.where(\"name = 'chaos.experiment'\").rows() lists the experiments"
    )


def test_events_without_experiments_are_an_error():
    scope = Scope.of(from_arrow(pa.table({"timestamp": [T], "name": ["GET /"]})))
    with pytest.raises(EmptySelection) as caught:
        experiment(scope)
    assert str(caught.value) == (
        "no event is the start of an experiment\n"
        "Hint: load what kubectl get -o json prints for Chaos Mesh or Litmus next to the events"
    )
