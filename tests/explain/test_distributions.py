"""Each field's distribution in the selection and in the baseline."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from obskit.engine import format_condition
from obskit.errors import EmptySelection, UnknownField
from obskit.events import load

pytestmark = pytest.mark.once

START = 1_777_888_800_000_000
ROWS = 4000


def table(seed=3, traces=None, **more):
    """Rows whose `slow` has nothing to do with anything, with further columns."""
    dice = np.random.default_rng(seed)
    columns = {
        "timestamp": pa.array(START + np.arange(ROWS) * 1_000_000, pa.timestamp("us", "UTC")),
        "slow": pa.array(dice.random(ROWS) < 0.1),
        "region": pa.array(dice.choice(["eu", "us", "ap"], ROWS)),
        "shard": pa.array([f"shard-{n}" for n in dice.integers(0, 40, ROWS)]),
        "size": pa.array(dice.lognormal(3, 1, ROWS)),
        "retries": pa.array(dice.integers(0, 4, ROWS)),
        "note": pa.array([None if n % 3 else "x" for n in range(ROWS)]),
    }
    if traces is not None:
        columns["trace_id"] = pa.array([f"{n // traces + 1:032x}" for n in range(ROWS)])
    return pa.table({**columns, **more})


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path))


def test_shares_are_those_of_a_count_and_add_up(cache):
    events = load(table())
    found = events.distributions("slow")
    rows = table().to_pylist()
    slow = [row for row in rows if row["slow"]]
    assert (found.selected, found.baseline) == (len(slow), ROWS - len(slow))
    for field in found.fields:
        for side in ("selected", "baseline"):
            bars = [getattr(bar, side) for bar in field.bars]
            assert sum(share for share, _, _ in bars) == pytest.approx(1)
            assert all(low <= share <= high for share, low, high in bars)
    by_name = {field.name: field for field in found.fields}
    assert set(by_name) == {"region", "shard", "size", "retries", "note"}
    eu = next(bar for bar in by_name["region"].bars if bar.label == "eu")
    assert eu.selected[0] == pytest.approx(sum(row["region"] == "eu" for row in slow) / len(slow))
    assert eu.item == {"field": "region", "op": "=", "value": "eu"}
    assert by_name["shard"].bars[-1].label == "34 others"
    assert by_name["note"].bars[-1].label == "(missing)"


def test_each_bar_of_a_number_is_a_condition_that_holds_for_as_many_events(cache):
    events = load(table())
    field = next(one for one in events.distributions("slow").fields if one.name == "size")
    assert len(field.bars) >= 10
    slow = events.where("slow")
    total = len(slow.to_arrow(["size"]))
    for bar in field.bars:
        inside = len(slow.where(format_condition([bar.item])).to_arrow(["size"]))
        assert bar.selected[0] == pytest.approx(inside / total)


def test_a_field_that_differs_comes_first_and_by_how_much_is_bounded(cache):
    rows = table()
    shifted = ["bad" if slow and n % 2 else "good" for n, slow in enumerate(rows["slow"].to_pylist())]
    found = load(rows.append_column("flag", pa.array(shifted))).distributions("slow")
    first, *others = found.fields
    assert first.name == "flag"
    assert 0.35 < first.difference_low < first.difference < 0.6
    assert all(field.difference_low == 0 for field in others)


def test_chance_alone_makes_no_difference():
    """With nothing to find, any field differs beyond chance in at most 5% of the runs: of 40, at most 6 for sure
    (P(X > 6) < 0.4% for X ~ Binomial(40, 0.05))."""
    alarms = 0
    for seed in range(40):
        found = load(table(seed)).distributions("slow")
        alarms += any(field.difference_low > 0 for field in found.fields)
    assert alarms <= 6


def test_rows_of_one_trace_count_as_one(cache):
    """20 rows of a trace share their outcome and their region: 200 traces are no 4,000 observations."""
    alarms = {"trace_id": 0, None: 0}
    for seed in range(12):
        dice = np.random.default_rng(100 + seed)
        traces = ROWS // 20
        slow = np.repeat(dice.random(traces) < 0.1, 20)
        pod = np.repeat([f"shard-{n}" for n in dice.integers(0, 40, traces)], 20)
        rows = table(seed, traces=20).drop_columns(["slow", "shard"])
        rows = rows.append_column("slow", pa.array(slow)).append_column("shard", pa.array(pod))
        events = load(rows)
        for cluster in alarms:
            found = events.distributions("slow", cluster=cluster)
            alarms[cluster] += any(field.difference_low > 0 for field in found.fields)
    assert alarms["trace_id"] <= 2
    assert alarms[None] >= 8  # what would be said without


def test_the_call_that_it_names_returns_it_again(cache):
    events = load(table(traces=2))
    found = events.where("region != 'ap'").distributions("slow", fields=["shard", "size"])
    assert "history" not in found.query
    again = eval(found.query, {"events": events})
    assert again.fields == found.fields
    assert found.table.schema.names[:2] == ["field", "value"]
    assert found.to_dict()["kind"] == "distributions"
    assert "events of one trace count as one" in found.notes


def test_what_cannot_be_compared_is_an_error(cache):
    events = load(table())
    with pytest.raises(EmptySelection):
        events.distributions("size < -1")
    with pytest.raises(UnknownField):
        events.distributions("slow", fields=["nope"])
