"""The rows that triage examines, and the fields that identify operations."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.errors import EmptySelection, InvalidArgument
from tests.triage.days import T, day


def test_rows_without_operations_get_a_hint_to_explain() -> None:
    rows = pa.table(
        {
            "timestamp": pa.array([T] * 3, pa.timestamp("us", "UTC")),
            "colour": ["red", "blue", "red"],
            "operation": ["a", "b", "c"],
        }
    )
    with pytest.raises(InvalidArgument) as refused:
        load(rows).triage()
    assert refused.value.message == (
        "no field identifies operations: none of name, http.route, rpc.method, service.name, "
        "k8s.deployment.name, k8s.pod.name, host.name exists"
    )
    assert 'explain --select "CONDITION"' in str(refused.value.hint)
    assert '{"name": "operation"}' in str(refused.value.hint)


def test_few_units_of_work_are_noted() -> None:
    table = day(planted=True).to_arrow()
    kind = np.where(np.arange(table.num_rows) < 300, "server", "none")
    table = table.set_column(table.column_names.index("kind"), "kind", pa.array(kind))
    table = table.append_column("parent_span_id", pa.array(["00f067aa0ba902b7"] * table.num_rows))
    events = load(table)
    notes = events.triage().notes
    assert "population: units of work; 11,700 other rows are left out" in notes
    assert (
        "only 300 of 12,000 rows are units of work, so kinds may be missing; "
        'population="all" (--population all) includes every row' in notes
    )
    assert len(events.triage(population="all").causes) == 1
    assert "population: units of work, which all rows are" in day(planted=False).triage().notes


def test_an_empty_scope_is_an_error_that_names_its_condition() -> None:
    with pytest.raises(EmptySelection) as caught:
        day(planted=False, rows=200).where("payment.method = 'cash'").triage()
    assert str(caught.value) == (
        "no event is left to compare\nHint: loosen the condition: payment.method = 'cash'"
    )


def test_an_unknown_population_is_rejected() -> None:
    with pytest.raises(InvalidArgument, match="population must be 'units' or 'all', got 'some'"):
        day(planted=False, rows=200).triage(population="some")  # type: ignore[arg-type]
