"""How a question is read: populations, windows of time, arguments and their errors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from obskit.engine import Scope, parse_condition
from obskit.errors import ConditionError, InvalidArgument, UnknownField
from obskit.explain import ExplainOptions, explain


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


def test_a_where_that_names_kind_chooses_its_own_events(scope: Scope) -> None:
    found = explain(scope, "error", ExplainOptions(where="kind = 'internal'"))
    assert found.population["name"] == "all"
    assert found.population["rows"] == scope.dataset.arrow(["kind"]).column(0).to_pylist().count("internal")


def test_history_is_the_time_before_during(scope: Scope) -> None:
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
            "the window 2026-05-05T00:00:00Z/2026-05-04T00:00:00Z must end after it begins\n"
            "Hint: give the earlier time first",
        ),
        (
            {"during": 5},
            InvalidArgument,
            "5 is not a window of time\nHint: use (start, end), 'start/end' in ISO 8601, or '-30m'",
        ),
    ],
)
def test_wrong_arguments_are_rejected(
    scope: Scope, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as caught:
        explain(scope, "error", ExplainOptions(**arguments))
    assert str(caught.value) == text


def test_an_unknown_field_is_an_error_in_every_argument(scope: Scope) -> None:
    for selection, options in (
        ("durations > 5", ExplainOptions()),
        ("error", ExplainOptions(fields=["durations"])),
        ("error", ExplainOptions(where="durations > 5")),
    ):
        with pytest.raises(UnknownField, match="duration_ms"):
            explain(scope, selection, options)
    with pytest.raises(ConditionError):
        explain(scope, "error", ExplainOptions(during="2026-05-04T25:00Z/"))
