"""Counts of excluded rows are kept for questions that exclude the same rows, and for no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.explain import ExplainOptions
from obskit.explain.counted import Counted, count_fields
from obskit.explain.field_choice import choose_fields
from obskit.explain.question import resolve

START = datetime(2026, 5, 4, tzinfo=UTC)
ROWS = 600  # one per second
EARLY, EARLIER = "timestamp < '2026-05-04T00:08:00Z'", "timestamp < '2026-05-04T00:07:30Z'"


def fresh() -> Scope:
    random = np.random.default_rng(11)
    table = pa.table(
        {
            "timestamp": pa.array([START + timedelta(seconds=at) for at in range(ROWS)]),
            "duration_ms": random.uniform(0, 100, ROWS),
            "region": random.choice(["a", "b", "c"], ROWS),
            "version": random.choice(["1", "2"], ROWS),
        }
    )
    return Scope.of(from_arrow(table))


def counted(scope: Scope, selection: str, where: str) -> Counted:
    question = resolve(scope, selection, ExplainOptions(where=where))
    return count_fields(question, choose_fields(question))


def baselines(found: Counted) -> dict[str, list[list[float]]]:
    return {
        name: [part.tolist() for part in (column.baseline.n, column.baseline.w, column.baseline.w2)]
        for name, column in found.columns.items()
    }


@pytest.mark.parametrize("before", [EARLY, EARLIER])
def test_counts_do_not_depend_on_the_question_before(before: str) -> None:
    scope = fresh()
    first = counted(scope, "duration_ms > 90", before)
    assert "excluded" in first.full.groups
    after = counted(scope, "duration_ms > 80", EARLY)
    assert baselines(after) == baselines(counted(fresh(), "duration_ms > 80", EARLY))


def test_the_same_rows_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scope = fresh()
    counted(scope, "duration_ms > 90", EARLY)
    groups: list[str] = []
    tally = type(counted(scope, "duration_ms > 85", EARLY).full).tally

    def watched(self: object, group: str, name: str) -> object:
        groups.append(group)
        return tally(self, group, name)  # type: ignore[arg-type]

    monkeypatch.setattr("obskit.explain.grouped_rows.GroupedRows.tally", watched)
    counted(scope, "duration_ms > 80", EARLY)
    assert set(groups) == {"selected"}
    counted(scope, "duration_ms > 80", EARLIER)
    assert set(groups) == {"selected", "excluded"}
