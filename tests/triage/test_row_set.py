"""Rows tested by their codes are the rows that a statement with the same condition selects."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obskit import load
from obskit.dataset import NO_TIME
from obskit.engine import Scope, format_condition
from obskit.query import query
from obskit.triage.row_set import RowSet, TraceIds
from tests.support.examples import examples
from tests.triage.days import T

ROWS = 600


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    """Rows with missing values, weights, numbers that are not finite and a field of nearly unique values."""
    rng = np.random.default_rng(3)

    def some(values: Any, missing: float = 0.2) -> pa.Array:
        return pa.array(values, mask=rng.random(ROWS) < missing, from_pandas=False)

    size = rng.lognormal(2, 2, ROWS)
    size[:4] = [np.inf, -np.inf, 0.0, -1.5]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        table = pa.table(
            {
                "timestamp": some([T + timedelta(seconds=at) for at in range(ROWS)], 0.05),
                "duration_ms": some(rng.lognormal(3, 1, ROWS)),
                "name": [f"GET /{at}" for at in rng.integers(0, 5, ROWS)],
                "error": some(rng.random(ROWS) < 0.3),
                "trace_id": some([f"{at:032x}" for at in rng.integers(0, 200, ROWS)], 0.1),
                "app.name": some(rng.choice(["a", "b", "it's", ""], ROWS)),
                "app.retry": some(rng.integers(0, 4, ROWS)),
                "app.size": some(size),
                "app.tags": some([["x", "y"][: at % 3] for at in range(ROWS)]),
                "app.request": some([f"r{at}" for at in range(ROWS)]),
                "sample_weight": some(rng.choice([1.0, 2.5, 10.0], ROWS)),
                "event_count": some(rng.choice([1, 3], ROWS)),
            }
        )
        return load(table).derive(slow="duration_ms > 30").scope


ITEMS = [
    *(
        {"field": name, "op": "missing"}
        for name in ("app.name", "app.size", "app.tags", "app.request", "error")
    ),
    *({"field": "app.name", "op": "=", "value": value} for value in ("a", "it's", "", "not there")),
    {"field": "app.name", "op": "in", "values": ["a", "b", "not there"]},
    *({"field": "error", "op": "=", "value": value} for value in (True, False)),
    *({"field": "app.retry", "op": "=", "value": value} for value in (0, 3, 9)),
    {"field": "app.tags", "op": "=", "value": "x"},
    {"field": "app.request", "op": "=", "value": "r17"},
    {"field": "slow", "op": "=", "value": True},
    *(
        {"field": name, "op": "between", "low": low, "high": high}
        for name in ("app.size", "duration_ms", "app.retry")
        for low, high in ((None, 20.0), (2.0, None), (1.0, 3.0), (None, None), (5.0, 4.0))
    ),
]


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(items=st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3), where=st.sampled_from([None, "error"]))
def test_rows_are_those_of_the_statement(
    scope: Scope, items: list[dict[str, Any]], where: str | None
) -> None:
    rows = RowSet.of(scope.narrow(where))
    found = rows.kept(rows.meet(items))
    condition = " and ".join(f"({one})" for one in (where, format_condition(items)) if one)
    table = query(scope, "count()", "rows()", where=condition).to_arrow()
    assert len(found) == table["rows()"][0].as_py()
    assert found.weights[1].sum() == pytest.approx(table["count()"][0].as_py())


def test_times_and_numbers_are_those_of_the_rows(scope: Scope) -> None:
    rows = RowSet.of(scope)
    table = scope.dataset.arrow(["timestamp", "app.size"])
    expected = [
        NO_TIME if time is None else int(time.timestamp() * 1e6) for time in table["timestamp"].to_pylist()
    ]
    assert rows.times.tolist() == expected
    np.testing.assert_array_equal(rows.number("app.size"), table["app.size"].to_numpy())
    assert rows.has("slow")
    assert not rows.has("nothing")


def test_rows_of_one_trace_have_one_number(scope: Scope) -> None:
    rows = RowSet.of(scope.narrow("error"))
    number, known = TraceIds(scope).of(rows)
    ids = scope.run(scope.all_rows(()).select("trace_id")).table["trace_id"].to_pylist()
    own = [ids[at] for at in rows.positions]
    assert [one is not None for one in own] == known.tolist()
    pairs = {(one, int(n)) for one, n, there in zip(own, number, known, strict=True) if there}
    assert len(pairs) == len({one for one, _ in pairs}) == len({n for _, n in pairs}) > 50


def test_no_rows(scope: Scope, tmp_path: Path) -> None:
    rows = RowSet.of(scope.narrow("app.name = 'not there'"))
    assert (len(rows), len(rows.times), rows.weights.shape) == (0, 0, (3, 0))
    assert not rows.meet([{"field": "error", "op": "=", "value": True}]).any()
