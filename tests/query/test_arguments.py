"""Whole numbers that users pass to verbs: each is used, taken as "all" or rejected with a clear error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import obskit as ok
from obskit.cli.app import main
from obskit.errors import InvalidArgument
from obskit.query.arguments import MOST, whole_number
from tests.events.samples import table

ROWS = 6
VERBS: dict[str, Callable[[ok.Events, Any], object]] = {
    "limit of query": lambda events, n: events.query("count()", by="name", limit=n),
    "limit of a series": lambda events, n: events.query("count()", by="name", every="1m", limit=n),
    "limit of traces": lambda events, n: events.traces(n),
    "n of sample": lambda events, n: events.sample(n),
    "bins of x": lambda events, n: events.heatmap(bins=(n, 5)),
    "bins of y": lambda events, n: events.heatmap(bins=(5, n)),
    "bins": lambda events, n: events.heatmap(bins=n),
    "depth": lambda events, n: events.explain("duration_ms > 200", depth=n),
}
WRONG = [0, -1, -(10**30), True, False, 1.0, 2.5, float("nan"), float("inf"), "5", "", b"5", [5], 1j,
         np.bool_(True), np.float64(3)]  # fmt: skip
TIMES = [10**30, 1.5, True, [], {}, b"x", "x", "2026-13-45", float("nan")]


@pytest.fixture(scope="module")
def events() -> ok.Events:
    from obskit.dataset import from_arrow
    from obskit.engine import Scope

    return ok.Events(Scope.of(from_arrow(table(ROWS))))


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_whole_number_is_rejected(verb: str, wrong: Any, events: ok.Events) -> None:
    with pytest.raises(InvalidArgument) as caught:
        VERBS[verb](events, wrong)
    assert "must be" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("verb", [name for name in VERBS if name.startswith(("limit", "n of"))])
@pytest.mark.parametrize("many", [2**31, 2**63, 2**64, 10**30, 1 << 100_000], ids=int.bit_length)
def test_a_very_large_limit_means_all(verb: str, many: int, events: ok.Events) -> None:
    found, usual = VERBS[verb](events, many), VERBS[verb](events, ROWS)
    assert len(found) == len(usual)  # type: ignore[arg-type]


@pytest.mark.parametrize("many", [10**30, 1 << 100_000], ids=int.bit_length)
def test_too_many_bins_are_rejected(many: int, events: ok.Events) -> None:
    for bins in ((many, 5), (5, many)):
        with pytest.raises(InvalidArgument, match="bins must be two whole numbers from 1 to"):
            events.heatmap(bins=bins)


def test_numpys_integers_are_whole_numbers(events: ok.Events) -> None:
    assert len(events.sample(np.int32(2))) == 2
    assert whole_number(np.uint64(2**63), "n", "") == MOST


@pytest.mark.parametrize("wrong", TIMES, ids=repr)
def test_a_wrong_time_or_length_of_time_is_rejected(wrong: Any, events: ok.Events) -> None:
    with pytest.raises(ok.ObskitError):
        events.query("count()", every=wrong)
    if wrong not in ([], {}):
        with pytest.raises(ok.ObskitError):
            events.between(wrong)
        with pytest.raises(ok.ObskitError):
            events.triage(since=wrong)


@pytest.mark.parametrize("wrong", ["0", "-1", "1e3", "nan", "True", "", "1" * 5000, "٣x"])
def test_the_command_line_rejects_a_wrong_limit(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "sample_events", "count()", "--by", "name", f"--limit={wrong}"]) == 2
    assert "--limit" in capsys.readouterr().err


def test_the_message_says_what_was_given() -> None:
    with pytest.raises(InvalidArgument) as caught:
        whole_number(2.5, "limit", "limit=10")
    assert (
        str(caught.value)
        == "limit must be a whole number of at least 1, got 2.5\nHint: for example: limit=10"
    )
    with pytest.raises(InvalidArgument) as caught:
        whole_number(-(1 << 100_000), "limit", "limit=10")
    assert "got a number of 100,001 bits" in str(caught.value)
