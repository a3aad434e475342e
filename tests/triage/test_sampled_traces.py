"""Traces sampled from memory are those that the engine's statements give, with the same rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import write
from obskit.engine import Scope
from obskit.schema import LoadReport
from obskit.triage.sampled_traces import NumberedTraces, Side, StoredTraces
from tests.triage.test_where_time_goes import day

pytestmark = pytest.mark.once

LIMIT = 100_000
SLOW = "duration_ms > 200 and timestamp >= '2026-05-04T10:40:00Z'"
SIDES = (
    Side(SLOW, 20, 100),
    Side("duration_ms > 200 and name = 'POST /book'", 20, 1_000),  # looks at one trace of six
    Side("not (duration_ms > 200)", 30, 4_000),
    Side("name = 'POST /pay' and parent_span_id is null", 10, 10),  # no trace has such a span
)


@pytest.fixture(scope="module")
def scope(tmp_path_factory: pytest.TempPathFactory) -> Scope:
    """Return an hour of traces in several files; some rows are log records, some of them in no trace."""
    table = day(requests=500)
    logs = table.take(np.arange(0, 1_800, 6))  # 300 of them, in all of the time
    for name, values in (
        ("trace_id", pa.array(logs["trace_id"].to_pylist(), mask=np.arange(300) % 3 == 0)),
        ("span_id", pa.nulls(300, pa.string())),
        ("duration_ms", pa.nulls(300, pa.float64())),
        ("error", pa.nulls(300, pa.bool_())),
    ):
        logs = logs.set_column(logs.schema.get_field_index(name), name, values)
    # In the order of their names: each file has other values, and traces of all files.
    table = pa.concat_tables([table, logs]).sort_by("name")
    at = tmp_path_factory.mktemp("data") / "events"
    made = write(iter(table.to_batches()), lambda: table.schema, at, LoadReport(), rows_per_file=700)
    assert len(made.files) > 2
    found = Scope.of(made)
    found.dataset.codes.ensure(found.dataset.schema.names)
    found.codes("parent_span_id")
    found.engine.held_columns(["duration_ms"])  # held from the second time on
    return found


def names_of(scope: Scope, ids: Sequence[str]) -> list[str]:
    """Return the ids of traces, given their numbers."""
    number = np.concatenate(scope.dataset.codes.numbers("trace_id")).tolist()
    trace = dict(zip(number, scope.dataset.arrow(["trace_id"]).column(0).to_pylist(), strict=True))
    return [trace[int(one)] for one in ids]


@pytest.mark.parametrize("where", [None, "service.version = '2'", "name != 'INSERT' or error"])
def test_both_ways_give_the_same_traces_and_rows(scope: Scope, where: str | None) -> None:
    scope = scope.narrow(where)
    numbered, stored = NumberedTraces.of(scope, SIDES), StoredTraces(scope)
    assert numbered is not None
    ours, theirs = numbered.sample(SIDES), stored.sample(SIDES)
    assert [one.whole for one in ours] == [one.whole for one in theirs]
    assert [names_of(scope, one.ids.to_pylist()) for one in ours] == [one.ids.to_pylist() for one in theirs]
    assert len(ours[0].ids) == 20
    assert len(ours[3].ids) == 0
    rows = numbered.read(dict(zip(SIDES, ours, strict=True)), LIMIT)
    expected = stored.read(dict(zip(SIDES, theirs, strict=True)), LIMIT)
    trace = pa.array(names_of(scope, rows["trace_id"].to_pylist()))
    rows = rows.set_column(rows.schema.get_field_index("trace_id"), "trace_id", trace)
    by = [(name, "ascending") for name in rows.column_names]
    assert rows.sort_by(by).equals(expected.cast(rows.schema).sort_by(by))
    assert rows["duration_ms"].null_count > 0


def test_no_more_rows_are_read_than_asked_for(scope: Scope) -> None:
    numbered = NumberedTraces.of(scope, SIDES)
    assert numbered is not None
    samples = dict(zip(SIDES, numbered.sample(SIDES), strict=True))
    assert numbered.read(samples, 7).num_rows == 7


def test_conditions_that_need_the_engine_are_left_to_it(scope: Scope) -> None:
    assert NumberedTraces.of(scope, [*SIDES, Side("duration_ms * 2 > 400", 10, 10)]) is None
