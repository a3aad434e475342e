"""`traces`."""

from __future__ import annotations

import pytest

from obskit.errors import InvalidArgument
from obskit.query import traces
from tests.query.scopes import events, spans


def test_traces_are_listed_longest_first() -> None:
    rows = traces(spans()).to_arrow().to_pylist()
    assert [(row["trace_id"], row["spans"], row["errors"], row["root"]) for row in rows] == [
        ("t1", 4, 1, "GET /"),
        ("t2", 1, 0, "GET /"),
    ]


def test_a_trace_is_whole_where_the_condition_selects_one_of_its_spans() -> None:
    found = traces(spans().narrow("error"))
    (row,) = found.to_arrow().to_pylist()
    assert (row["trace_id"], row["spans"], row["errors"], row["root"]) == ("t1", 4, 1, "GET /")
    assert (row["duration_ms"], row["matching"]) == (100.0, 1)
    assert found.notes == (
        "each trace is shown whole: `matching` is the number of its spans that the condition selects",
    )
    assert found.query == "events.where('error').traces(20)"
    assert "matching" not in traces(spans()).to_arrow().column_names
    assert traces(spans().narrow("error and not error")).to_arrow().num_rows == 0


def test_traces_need_an_id_and_a_limit() -> None:
    with pytest.raises(InvalidArgument, match="the events have no trace_id"):
        traces(events())
    with pytest.raises(InvalidArgument, match="limit must be a whole number of at least 1, got 0"):
        traces(spans(), 0)
