"""Which events are compared: selection, baseline, history, and those left out."""

from __future__ import annotations

import pytest

from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.explain import ExplainOptions, explain


def test_events_with_a_null_selection_are_left_out_and_counted(scope: Scope) -> None:
    found = explain(scope, "flag = 'on' and error", ExplainOptions(population="all"))
    rows = scope.dataset.arrow(["flag", "error"]).to_pylist()
    # null and true is null; null and false is false
    unknown = sum(row["flag"] is None and row["error"] for row in rows)
    assert unknown > 0
    assert found.selection["events"] + found.baseline["events"] + unknown == len(rows)
    assert f"{unknown:,} events left out, for which the selection is null" in found.notes


def test_a_condition_can_be_the_baseline(scope: Scope) -> None:
    found = explain(
        scope,
        "service.version = '2.4.0'",
        ExplainOptions(baseline="http.route = '/pay' and service.version = '2.3.9'"),
    )
    assert found.baseline["condition"] == "http.route = '/pay' and service.version = '2.3.9'"
    assert any("http.route" in row["field"] for row in found.skipped)
    rows = scope.dataset.arrow(["kind", "http.route", "service.version"]).to_pylist()
    wanted = [
        r
        for r in rows
        if r["kind"] == "server" and r["http.route"] == "/pay" and r["service.version"] == "2.3.9"
    ]
    assert found.baseline["events"] == len(wanted)


def test_history_must_not_overlap_during(scope: Scope) -> None:
    with pytest.raises(InvalidArgument) as caught:
        explain(
            scope,
            "error",
            ExplainOptions(
                during="2026-05-04T10:00:01Z/", history="2026-05-04T10:00:00Z/2026-05-04T10:00:01.5Z"
            ),
        )
    assert str(caught.value) == (
        "history overlaps the time window to explain\nHint: choose a history that ends when `during` begins"
    )


def test_a_group_without_events_is_an_error_that_says_what_to_do(scope: Scope) -> None:
    with pytest.raises(EmptySelection) as caught:
        explain(scope, "duration_ms > 1e9")
    assert str(caught.value) == (
        "the selection has no events\n"
        "Hint: no compared event meets 'duration_ms > 1e9': widen the condition or the window of time; "
        "population='all' (--population all) also compares events that are not units of work"
    )
    with pytest.raises(EmptySelection) as caught:
        explain(scope, "duration_ms >= 0")
    assert str(caught.value) == (
        "the baseline has no events\n"
        "Hint: every compared event is selected: narrow the selection, or give a baseline"
    )
