"""Slices: a regression of one customer's client is found in thousands of slices, and no slice is found if nothing got worse."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.errors import InvalidArgument
from tests.judge.rollouts import NEW, OLD, Columns, T, only, rollout, verdict

pytestmark = pytest.mark.once

Rng = np.random.Generator


def people(columns: Columns, rng: Rng, customers: int = 60) -> None:
    n = len(columns["timestamp"])
    weight = 1 / np.arange(1, customers + 1) ** 0.9
    number = rng.choice(customers, n, p=weight / weight.sum())
    columns["customer.id"] = np.array([f"c{at}" for at in range(customers)])[number]
    columns["client.name"] = np.array(["ios", "android", "web", "kiosk"])[
        rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    ]


def planted(columns: Columns, rng: Rng) -> None:
    """Customer c7 fails with android in 40% of the candidate's requests."""
    people(columns, rng)
    bad = (
        (columns["service.version"] == NEW)
        & (columns["customer.id"] == "c7")
        & (columns["client.name"] == "android")
    )
    columns["error"] = columns["error"] | (bad & (rng.random(len(bad)) < 0.4))


def test_one_client_of_one_customer_is_found_though_the_whole_passes() -> None:
    found = verdict(rollout(rpm=3000, errors=0.01, change=planted))
    assert found.word == "regress"
    assert found.criterion("errors").word != "regress"
    (worst,) = found.slices
    assert worst.condition == "customer.id = 'c7' and client.name = 'android'"
    assert worst.values == {"customer.id": "c7", "client.name": "android"}
    assert worst.ratio > 10
    assert worst.since > T
    assert "where customer.id = 'c7' and client.name = 'android', 2.3.7 on" in found.sentence
    assert any(note.startswith("slices of customer.id, client.name: 304 looked at, ") for note in found.notes)


def test_a_customer_that_fails_with_every_client_is_named_without_the_client() -> None:
    def whole(columns: Columns, rng: Rng) -> None:
        people(columns, rng)
        bad = (columns["service.version"] == NEW) & (columns["customer.id"] == "c3")
        columns["error"] = columns["error"] | (bad & (rng.random(len(bad)) < 0.4))

    found = verdict(rollout(rpm=2000, change=whole), latency=None)
    assert [one.condition for one in found.slices] == ["customer.id = 'c3'"]


def test_without_a_planted_slice_none_is_found() -> None:
    """Customers have error rates of their own, from a third of the usual to three times; 6 rollouts."""

    def uneven(columns: Columns, rng: Rng) -> None:
        people(columns, rng)
        number = np.char.lstrip(columns["customer.id"], "c").astype(int)
        columns["error"] = rng.random(len(number)) < 0.01 * 3.0 ** np.sin(number)

    alarms = [verdict(rollout(rpm=1200, change=uneven, seed=seed)) for seed in range(6)]
    assert sum(bool(found.slices) for found in alarms) == 0


def test_one_customer_that_became_slow_is_found() -> None:
    """p99 and all else takes twice as long for c5, which has 2% of the requests."""

    def slow(columns: Columns, rng: Rng) -> None:
        people(columns, rng)
        bad = (columns["service.version"] == NEW) & (columns["customer.id"] == "c5")
        columns["duration_ms"] = columns["duration_ms"] * np.where(bad, 2.0, 1.0)

    found = verdict(rollout(rpm=2000, change=slow))
    assert found.word == "regress"
    assert found.slices[0].values == {"customer.id": "c5"}
    assert found.slices[0].outcome == "latency"
    assert found.slices[0].selection.startswith("duration_ms > ")
    assert "is slow on" in found.sentence


def test_a_ramp_and_sticky_customers_make_no_slice_look_worse() -> None:
    """Every customer is in one version or the other more often, and error rates rise during a ramp."""

    def ramp(columns: Columns, rng: Rng) -> None:
        people(columns, rng)
        minutes = (columns["timestamp"] - int(T.timestamp() * 1e6)) / 60e6
        number = np.char.lstrip(columns["customer.id"], "c").astype(int)
        share = np.select([minutes < 0, minutes < 20, minutes < 40], [0, 0.05, 0.2], 0.5)
        new = rng.random(len(minutes)) < share * (1 + 0.8 * np.sin(number))
        columns["service.version"] = np.where(new, NEW, OLD)
        columns["error"] = rng.random(len(minutes)) < 0.01 * (1 + 2 * np.clip(minutes, 0, 60) / 60)

    for seed in range(4):
        assert verdict(rollout(rpm=2000, change=ramp, seed=seed)).slices == ()


def test_another_mix_of_operations_within_a_slice_is_no_regression() -> None:
    def mix(columns: Columns, rng: Rng) -> None:
        people(columns, rng)
        n = len(columns["timestamp"])
        new = columns["service.version"] == NEW
        book = rng.random(n) < np.where(new, 0.5, 0.1)
        columns["name"] = np.where(book, "POST /book", "GET /seats")
        columns["error"] = rng.random(n) < np.where(book, 0.1, 0.001)

    assert verdict(rollout(rpm=1200, change=mix), latency=None).slices == ()


def test_tail_sampling_of_one_arm_makes_no_slice_look_worse() -> None:
    """The baseline is recorded whole; of the candidate every error and a tenth of the others are kept."""

    def sample(columns: Columns, rng: Rng) -> None:
        people(columns, rng)
        new = columns["service.version"] == NEW
        columns["sample_weight"] = np.where(new & ~columns["error"], 10.0, 1.0)
        only(columns, ~new | columns["error"] | (rng.random(len(new)) < 0.1))

    found = verdict(rollout(rpm=2000, share=0.3, change=sample), latency=None)
    assert found.slices == ()
    assert found.word != "regress"


def test_which_fields_have_slices() -> None:
    events = rollout(minutes=20, change=planted)
    assert any(n.startswith("slices of customer.id, client.name") for n in verdict(events).notes)
    assert not any(n.startswith("slices of") for n in verdict(events, slices=()).notes)
    assert any(n.startswith("slices of client.name: 4") for n in verdict(events, slices="client.name").notes)
    with pytest.raises(InvalidArgument) as odd:
        verdict(events, slices=["duration_ms"])
    assert str(odd.value) == (
        "duration_ms is not a field of categories, so it has no slices\n"
        "Hint: name fields of categories, such as the customer or the client"
    )


def test_rare_values_are_no_slices() -> None:
    def users(columns: Columns, rng: Rng) -> None:
        columns["user.id"] = np.array([f"u{at}" for at in range(len(columns["timestamp"]))])
        columns["customer.id"] = columns["user.id"]

    events = rollout(minutes=20, ratio=3.0, change=users)
    rare = "no value of {} is frequent enough to be judged by itself"
    found = verdict(events)
    assert found.slices == ()
    assert f"warning: {rare.format('customer.id')}" in found.notes
    with pytest.raises(InvalidArgument, match=rare.format("user.id")):
        verdict(events, slices=["user.id"])


def test_fields_with_too_many_values_to_be_combined_are_looked_at_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("obskit.judge.slice_counts.MOST_CELLS", 2000)
    found = verdict(rollout(minutes=60, rpm=2000, change=planted))
    assert {tuple(one.values) for one in found.slices} <= {("customer.id",), ("client.name",)}
    assert found.slices
    assert "warning: customer.id and client.name: too many values to be combined" in found.notes
