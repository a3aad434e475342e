"""Empty time intervals are filled in: 0 for counts, null for other values."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from obskit.errors import LimitExceeded
from obskit.query import grid
from obskit.query.calculations import Calculation
from obskit.query.grid import filled_grid

CALCULATIONS = [Calculation("n", "count()", "count"), Calculation("top", "max(x)", "max")]
TABLE = pa.table(
    {"route": ["/a", "/a", None], "timestamp": [2, 4, 3], "n": [5, 6, 7], "top": [1.5, 2.5, 3.5]}
)


def test_every_group_has_every_interval() -> None:
    rows = filled_grid(TABLE, ["route"], CALCULATIONS, 2, 4, 60.0).to_pylist()
    assert [(row["route"], row["n"], row["top"]) for row in rows] == [
        ("/a", 5, 1.5),
        ("/a", 0, None),
        ("/a", 6, 2.5),
        (None, 0, None),
        (None, 7, 3.5),
        (None, 0, None),
    ]
    assert rows[0]["timestamp"] == datetime(1970, 1, 1, 0, 2, tzinfo=UTC)


def test_without_rows_the_columns_are_kept() -> None:
    empty = filled_grid(TABLE.slice(0, 0), ["route"], CALCULATIONS, None, None, 60.0)
    assert (empty.num_rows, empty.column_names) == (0, ["timestamp", "route", "n", "top"])


def test_too_many_rows_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "MOST_CELLS", 5)
    with pytest.raises(LimitExceeded) as caught:
        filled_grid(TABLE, ["route"], CALCULATIONS, 2, 4, 60.0)
    assert str(caught.value) == (
        "2 groups with 3 intervals each make more than 5 rows\n"
        "Hint: use a longer `every` or a smaller `limit`"
    )
