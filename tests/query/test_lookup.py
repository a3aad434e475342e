"""`sample` and `traces`."""

from __future__ import annotations

import pytest

from obskit.errors import (
    InvalidArgument,
)
from obskit.query import sample, traces
from tests.query.scopes import events, spans


def test_traces_are_listed_longest_first() -> None:
    rows = traces(spans()).to_arrow().to_pylist()
    assert [(row["trace_id"], row["spans"], row["errors"], row["root"]) for row in rows] == [
        ("t1", 4, 1, "GET /"),
        ("t2", 1, 0, "GET /"),
    ]


def test_samples_are_repeatable() -> None:
    scope = events()
    first = sample(scope, 5, seed=1).to_arrow()
    assert first.equals(sample(scope, 5, seed=1).to_arrow())
    assert not first.equals(sample(scope, 5, seed=2).to_arrow())
    assert sample(scope.narrow("size < 0"), 5).to_arrow().num_rows == 0
    with pytest.raises(InvalidArgument, match="n must be a whole number of at least 1, got 0"):
        sample(scope, 0)
