"""How a question is put: populations, windows, nulls, fields, errors; and what an answer carries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from obskit.engine import Scope, parse_condition
from obskit.errors import ConditionError, EmptySelection, InvalidArgument, UnknownField
from obskit.explain import Cancelled, ExplainOptions, explain
from tests.support.worlds import World, traffic


@pytest.fixture
def scope(world: World, rng: np.random.Generator) -> Scope:
    """2,000 requests of which version 2.4.0 fails often; a tenth are spans inside."""
    rows = 2_000
    columns = traffic(rng, rows)
    failed = rng.random(rows) < np.where(columns["service.version"] == "2.4.0", 0.5, 0.02)
    kind = np.where(rng.random(rows) < 0.1, "internal", "server")
    return world(
        columns
        | {
            "kind": kind,
            "name": columns["http.route"],
            "parent_span_id": np.where(kind == "internal", "00000000000000aa", None),
            "trace_id": np.array([f"{n:032x}" for n in range(1, rows + 1)], dtype=object),
            "error.type": np.where(failed, "Refused", None),
            "flag": np.where(rng.random(rows) < 0.1, None, "on"),
        }
    )


def test_an_answer_says_what_was_compared(scope: Scope) -> None:
    found = explain(scope, "error")
    rows = scope.dataset.arrow(["kind", "error"]).to_pylist()
    units = [row for row in rows if row["kind"] == "server"]
    failed = sum(row["error"] for row in units)
    assert found.selection == {"condition": "error", "events": failed}
    assert found.baseline == {"condition": "not (error)", "events": len(units) - failed}
    assert found.population == {"name": "units", "rows": len(units), "left_out": len(rows) - len(units)}
    assert f"units of work only: {len(rows) - len(units):,} other events left out" in found.notes
    assert found.findings[0].condition == "service.version = '2.4.0'"
    assert found.query == "events.explain('error')"
    assert found.dataset == {"rows": 2000, "fingerprint": scope.dataset.fingerprint}
    # the statement, run, gives the selection's rows and no others
    assert scope.engine.run(found.sql).num_rows == failed


def test_a_where_that_names_kind_looks_at_everything_it_names(scope: Scope) -> None:
    found = explain(scope, "error", ExplainOptions(where="kind = 'internal'"))
    assert found.population["name"] == "all"
    assert found.population["rows"] == scope.dataset.arrow(["kind"]).column(0).to_pylist().count("internal")


def test_where_the_time_went_describes_and_what_drifts_is_left_out(
    world: World, rng: np.random.Generator
) -> None:
    """Version 2.4.0 is slow, in its seat lookup; and it runs in a young process."""
    rows = 2_000
    columns = traffic(rng, rows)
    slow = columns["service.version"] == "2.4.0"
    lookup = rng.random(rows) + np.where(slow, 600, 0)
    scope = world(
        columns
        | {
            "duration_ms": lookup + 20,
            "part.seat_lookup.duration_ms": lookup,
            "process.uptime": np.where(slow, 5.0, 5000.0) + rng.random(rows),
        }
    )
    found = explain(scope, "duration_ms > 500")
    assert [finding.condition for finding in found.findings] == ["service.version = '2.4.0'"]
    assert "part.seat_lookup.duration_ms" in found.describes[0].condition
    reason = "drifts with time in each process: name it in fields= to look at it"
    assert {"field": "process.uptime", "reason": reason} in found.skipped
    named = explain(scope, "duration_ms > 500", ExplainOptions(fields=["process.uptime"]))
    assert "process.uptime" in named.findings[0].condition


def test_fields_that_describe_the_error_stand_apart(scope: Scope) -> None:
    found = explain(scope, "error")
    said = {item["field"] for finding in [*found.findings, *found.refinements] for item in finding.conditions}
    assert "error.type" not in said
    assert found.describes[0].condition == "error.type = 'Refused'"


def test_rows_on_which_the_selection_is_unknown_are_left_out_and_counted(scope: Scope) -> None:
    found = explain(scope, "flag = 'on' and error", ExplainOptions(population="all"))
    rows = scope.dataset.arrow(["flag", "error"]).to_pylist()
    # null and true is null; null and false is false
    unknown = sum(row["flag"] is None and row["error"] for row in rows)
    assert unknown > 0
    assert found.selection["events"] + found.baseline["events"] + unknown == len(rows)
    assert f"{unknown:,} events left out, for which the selection is null" in found.notes


def test_a_baseline_of_ones_own(scope: Scope) -> None:
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


def test_during_splits_time_and_history_is_what_was_before(scope: Scope) -> None:
    start = "2026-05-04T10:00:01Z"
    found = explain(scope, "error", ExplainOptions(during=f"{start}/", population="all"))
    assert found.history is not None
    assert found.history["events"] == 1000
    assert found.selection["events"] + found.baseline["events"] == 1000
    assert parse_condition(found.history["condition"], scope.schema).fields == {"timestamp"}
    assert found.selection["during"] == "2026-05-04T10:00:01Z/"
    assert explain(scope, "error", ExplainOptions(during=f"{start}/", history=None)).history is None
    as_times = explain(
        scope,
        "error",
        ExplainOptions(during=(datetime(2026, 5, 4, 10, 0, 1, tzinfo=UTC), None), population="all"),
    )
    assert as_times.selection == found.selection
    last = explain(scope, "error", ExplainOptions(during="-500ms", population="all"))
    assert last.selection["events"] + last.baseline["events"] == 501


def test_history_may_not_overlap(scope: Scope) -> None:
    with pytest.raises(InvalidArgument) as caught:
        explain(
            scope,
            "error",
            ExplainOptions(
                during="2026-05-04T10:00:01Z/", history="2026-05-04T10:00:00Z/2026-05-04T10:00:01.5Z"
            ),
        )
    assert str(caught.value) == (
        "history overlaps the time that is explained\nHint: give a history that ends where during begins"
    )


def test_nothing_selected_is_an_error_that_says_what_to_do(scope: Scope) -> None:
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


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            {"depth": 4},
            InvalidArgument,
            "depth must be 1, 2 or 3, got 4\nHint: leave it out for 3, or give 1 for single conditions",
        ),
        (
            {"population": "some"},
            InvalidArgument,
            "population must be 'units' or 'all', got 'some'\nHint: use 'units' for units of work only, 'all' for every row",
        ),
        (
            {"during": ("2026-05-05T00:00Z", "2026-05-04T00:00Z")},
            InvalidArgument,
            "the window 2026-05-05T00:00:00Z/2026-05-04T00:00:00Z does not end after it begins\n"
            "Hint: give the earlier time first",
        ),
        (
            {"during": 5},
            InvalidArgument,
            "5 is not a window of time\nHint: use (start, end), 'start/end' in ISO 8601, or '-30m'",
        ),
    ],
)
def test_arguments_that_do_not_go(
    scope: Scope, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        explain(scope, "error", ExplainOptions(**arguments))
    assert str(caught.value) == text


def test_unknown_fields_are_named_wherever_they_stand(scope: Scope) -> None:
    for selection, options in (
        ("durations > 5", ExplainOptions()),
        ("error", ExplainOptions(fields=["durations"])),
        ("error", ExplainOptions(where="durations > 5")),
    ):
        with pytest.raises(UnknownField, match="duration_ms"):
            explain(scope, selection, options)
    with pytest.raises(ConditionError):
        explain(scope, "error", ExplainOptions(during="2026-05-04T25:00Z/"))


def test_only_the_fields_asked_for(scope: Scope) -> None:
    found = explain(scope, "error", ExplainOptions(fields=["client", "cloud.region"]))
    assert found.findings == ()
    assert explain(scope, "error", ExplainOptions(fields=["service.version", "client"])).findings


def test_a_newer_question_ends_this_one(scope: Scope) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        explain(scope, "error", ExplainOptions(cancelled=cancelled))


def test_every_finding_reads_back_as_a_condition_with_the_same_counts(scope: Scope) -> None:
    """The text of each finding, run as a query, counts exactly the rows that the finding says."""
    found = explain(scope, "error", ExplainOptions(population="all"))
    said = [*found.findings, *found.refinements, *found.describes]
    assert len(said) >= 3
    chosen = scope.masks(scope.condition("error"))
    for finding in said:
        masks = scope.masks(parse_condition(finding.condition, scope.schema))
        inside = [
            (int((m.true & c.true).sum()), int((m.true & ~c.true).sum()))
            for m, c in zip(masks, chosen, strict=True)
        ]
        assert (sum(a for a, _ in inside), sum(b for _, b in inside)) == (finding.selected, finding.baseline)


def test_examples_are_of_the_slice_from_both_sides(scope: Scope) -> None:
    finding = explain(scope, "error").findings[0]
    table = {
        row["trace_id"]: row
        for row in scope.dataset.arrow(["trace_id", "service.version", "error"]).to_pylist()
    }
    for side, failed in (("selected", True), ("baseline", False)):
        assert 1 <= len(finding.examples[side]) <= 3
        for example in finding.examples[side]:
            row = table[example["trace_id"]]
            assert (row["service.version"], row["error"]) == ("2.4.0", failed)
    assert finding.traces == finding.selected
    assert finding.users is not None
    assert 0 < finding.users <= finding.selected


def test_an_answer_as_data(scope: Scope) -> None:
    found = explain(scope, "error")
    data = json.loads(json.dumps(found.to_dict()))
    assert data["kind"] == "explanation"
    assert set(data) >= {
        "selection", "baseline", "history", "population", "dataset", "notes", "findings", "refinements", "describes", "skipped",
    }  # fmt: skip
    assert data["findings"][0]["conditions"] == [{"field": "service.version", "op": "=", "value": "2.4.0"}]
    assert {"traces", "aliases", "examples", "note", "new", "first_seen", "last_seen"} <= set(
        data["findings"][0]
    )
    table = found.to_arrow()
    assert table.column("condition")[0].as_py() == "service.version = '2.4.0'"
    assert (
        len(found.to_pandas())
        == table.num_rows
        == len(found.findings) + len(found.refinements) + len(found.describes)
    )
    assert "service.version" in found._repr_html_()
    assert "service.version = '2.4.0'" in str(found)


def test_the_same_question_has_the_same_answer(scope: Scope) -> None:
    assert explain(scope, "error").to_dict() == explain(scope, "error").to_dict()


def test_what_if_the_slice_were_not_there(world: World, rng: np.random.Generator) -> None:
    """version 2.4.0 is a tenth of the requests and takes 1 s instead of about 20 ms."""
    rows = 20_000
    columns = traffic(rng, rows)
    slow = (columns["service.version"] == "2.4.0") & (rng.random(rows) < 0.5)
    columns["duration_ms"] = np.where(slow, 1000.0, columns["duration_ms"] / 100)
    found = explain(world(columns), "duration_ms > 500").findings[0]
    assert found.condition == "service.version = '2.4.0'"
    assert found.what_if is not None
    assert 990 < found.what_if["p99_ms"] < 1010
    assert found.what_if["p99_ms_without"] < 10


def test_the_change_splits_into_rate_mix_and_elsewhere(world: World, rng: np.random.Generator) -> None:
    rows = 40_000
    columns = traffic(rng, rows)
    late = np.arange(rows) >= rows // 2
    version = np.where(rng.random(rows) < np.where(late, 0.6, 0.2), "2.4.0", "2.3.9")
    failed = rng.random(rows) < np.where(version == "2.4.0", np.where(late, 0.2, 0.1), 0.01)
    scope = world(columns | {"service.version": version, "failed": failed})
    found = explain(scope, "failed", ExplainOptions(during="2026-05-04T10:00:20Z/")).findings[0]
    assert found.condition == "service.version = '2.4.0'"
    moved = found.what_if
    assert moved is not None
    parts = moved["from_rate"] + moved["from_mix"] + moved["elsewhere"]
    assert parts == pytest.approx(failed[late].mean() - failed[~late].mean(), abs=1e-9)
    assert moved["from_rate"] == pytest.approx(0.4 * 0.1, abs=0.01)
    assert moved["from_mix"] == pytest.approx(0.4 * (0.15 - 0.01), abs=0.01)


def test_reversal_within_a_confounder_is_flagged(world: World, rng: np.random.Generator) -> None:
    """Simpson: the new version serves the heavy route, where it is the better one.

                  old          new
    /heavy     60% of 10%   40% of 90%   failing: old 60%, new 40%
    /light      5% of 90%    1% of 10%   failing: old  5%, new  1%
    """
    rows = 60_000
    new = rng.random(rows) < 0.5
    heavy = rng.random(rows) < np.where(new, 0.9, 0.1)
    rate = np.where(heavy, np.where(new, 0.4, 0.6), np.where(new, 0.01, 0.05))
    columns = {
        "service.version": np.where(new, "new", "old"),
        "http.route": np.where(heavy, "/heavy", "/light"),
    }
    failed = rng.random(rows) < rate
    found = explain(world(columns | {"failed": failed}), "failed")
    first = found.findings[0]
    assert first.conditions[0]["field"] == "http.route"
    alone = explain(
        world(columns | {"failed": failed, "half": heavy}),
        "failed",
        ExplainOptions(fields=["service.version", "half"]),
    )
    new = next(f for f in [*alone.findings, *alone.refinements] if f.condition == "service.version = 'new'")
    assert new.risk_ratio > 1
    # within either route the new version is the better one, so it is no cause of its own
    assert new not in alone.findings[:1]


def test_thorough_finds_a_pair_without_an_effect_alone(world: World, rng: np.random.Generator) -> None:
    """x and y fail only together or only apart, so that neither has an effect alone (XOR)."""
    rows = 60_000
    x, y = rng.random(rows) < 0.5, rng.random(rows) < 0.5
    columns = {"x": np.where(x, "1", "0"), "y": np.where(y, "1", "0")}
    failed = rng.random(rows) < np.where(x == y, 0.001, 0.05)
    scope = world(traffic(rng, rows) | columns | {"failed": failed})
    found = explain(scope, "failed", ExplainOptions(thorough=True))
    said = {
        frozenset((i["field"], i["value"]) for i in f.conditions)
        for f in found.findings
        if len(f.conditions) == 2
    }
    assert said == {frozenset({("x", "1"), ("y", "0")}), frozenset({("x", "0"), ("y", "1")})}
