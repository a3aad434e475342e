"""Rows that are taken again are the same, and what is kept for them is bounded."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.dataset import recent_groups
from obskit.dataset.recent_groups import RecentGroups
from obskit.errors import DatasetError
from tests.dataset.samples import Store, events

ASKED = (["id", "timestamp", "error.type"], ["tags", "name"])


@pytest.mark.parametrize("at", [[49, 0, 17, 17], [3], list(range(50))])
def test_rows_taken_again_are_those_of_the_file(
    store: Store, at: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obskit.dataset.parts.ROW_GROUP", 16)
    table = events(100)
    data = store(table, rows_per_file=50)
    for columns in (*ASKED, *ASKED):
        expected = table.slice(50).take(at).select(columns)
        assert data.take(1, at, columns, again=True).equals(expected)
        assert data.take(1, at, columns).equals(expected)


def test_the_second_time_no_file_is_read(store: Store) -> None:
    table = events(100)
    data = store(table, rows_per_file=50)
    data.take(0, [7, 8], ["id"], again=True)
    data.files[0].path.unlink()
    assert data.take(0, [9], ["id"], again=True).equals(table.slice(9, 1).select(["id"]))
    with pytest.raises(DatasetError, match="cannot read"):
        data.take(0, [9], ["id"])


def test_no_more_is_kept_than_the_limit(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    table = events(200)
    data = store(table, rows_per_file=50)
    groups = RecentGroups(data.files)
    schema = table.select(["id"]).schema
    groups.take(0, np.array([1]), schema)
    one = groups.kept_bytes
    monkeypatch.setattr(recent_groups, "KEPT_BYTES", 2 * one)
    for file in (1, 2, 3, 0, 3):
        found = groups.take(file, np.array([1]), schema)
        assert found.equals(table.slice(50 * file + 1, 1).select(["id"]))
        assert 0 < groups.kept_bytes <= 2 * one
