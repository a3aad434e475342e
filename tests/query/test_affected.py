"""`impact`: how many users a selection hit, of which rows, and what the notes say."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import (
    EmptySelection,
    InvalidArgument,
    UnknownField,
)
from obskit.query import impact
from tests.query.scopes import T, events


def test_impact_counts_people() -> None:
    scope = Scope.of(
        from_arrow(
            pa.table(
                {
                    "timestamp": pa.array(
                        [T, T + timedelta(minutes=1), T + timedelta(minutes=2), T], pa.timestamp("us", "UTC")
                    ),
                    "user.id": pa.array(["u1", "u1", "u2", None]),
                    "error": pa.array([True, True, False, True]),
                }
            )
        )
    )
    result = impact(scope, "error")
    assert (result.affected, result.total, result.lower_bound) == (1, 2, False)
    assert result.table.to_pylist()[0]["last"] == T + timedelta(minutes=1)
    assert str(result).startswith("1 of 2 user.id (50.0%), from 2026-05-04T10:00:00Z to 2026-05-04T10:01:00Z")
    assert "1 of 3 selected rows has no user.id" in result.notes


def test_impact_is_a_lower_bound_where_sampled() -> None:
    scope = Scope.of(
        from_arrow(pa.table({"user.id": ["u1", "u2"], "error": [True, False], "sample_weight": [10.0, 1.0]}))
    )
    result = impact(scope, "error")
    assert result.lower_bound
    assert str(result).startswith("at least 1 of at least 2 user.id\n")
    assert result.table.to_pylist()[0]["share"] is None, "a ratio of two lower bounds is not known"
    assert (
        "events are sampled, so 1 and 2 are lower bounds; the share of these is 50.0%, "
        "the share of all is unknown"
    ) in result.notes
    assert result.table.to_pylist()[0]["events"] == 10


def test_impact_counts_units_as_explain_does() -> None:
    table = pa.table(
        {
            "user.id": ["u1", "u2", "u3", "u4"],
            "kind": ["server", "client", "internal", "server"],
            "error": [True, True, True, False],
            "sample_weight": [1.0, 1.0, 1.0, None],
        }
    )
    scope = Scope.of(from_arrow(table))
    units = impact(scope, "error")
    assert (units.affected, units.total, units.population) == (1, 2, "units")
    assert units.notes == ("only units of work are counted: kind in ('server', 'consumer')",)
    everything = impact(scope, "error", population="all")
    assert (everything.affected, everything.total, everything.population) == (3, 4, "all")
    assert "population='all'" in everything.query
    chosen = impact(scope.narrow("kind = 'client'"), "error")
    assert (chosen.affected, chosen.total) == (1, 1)
    assert "the condition names kind or name, so all rows that it selects are included" in chosen.notes
    some = impact(scope, "error is not null")
    assert (
        "warning: 1 of 2 rows has no sample weight, counted as 1; known and unknown weights are mixed"
        in some.notes
    )
    with pytest.raises(InvalidArgument, match="population must be 'units' or 'all', got 'some'"):
        impact(scope, "error", population="some")


def test_impact_without_users_or_selected_rows_is_an_error() -> None:
    scope = Scope.of(from_arrow(pa.table({"session.id": ["s"], "customer_id": ["c"], "error": [False]})))
    with pytest.raises(UnknownField) as missing:
        impact(scope, "error")
    assert str(missing.value) == (
        "the events have no field user.id\n"
        "Hint: name the field to count: by='customer_id' (--by customer_id); others are session.id"
    )
    with pytest.raises(UnknownField, match=r"no field is called 'user.nam'"):
        impact(scope, "error", by="user.nam")
    with pytest.raises(EmptySelection) as empty:
        impact(scope, "error", by="session.id")
    assert str(empty.value) == (
        "the selection is empty: error is true for none of 1 row\n"
        "Hint: choose a condition that some rows meet; fields() and info show the values of a field"
    )


def test_impact_cannot_count_lists() -> None:
    with pytest.raises(InvalidArgument) as caught:
        impact(events(), "size > 5", by="tags")
    assert str(caught.value) == (
        "by must be a field with one value per event, but tags holds lists or structures\n"
        "Hint: choose a field such as user.id"
    )
