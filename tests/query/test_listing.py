"""`rows` and `sample`."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from obskit.dataset import from_arrow, write
from obskit.engine import Scope
from obskit.errors import InvalidArgument, UnknownField
from obskit.query import rows, sample
from tests.query.scopes import events, small, spans


def test_rows_are_in_the_order_of_time() -> None:
    found = rows(small(), limit=2)
    assert found.to_arrow().column_names[:3] == ["timestamp", "duration_ms", "error"]
    assert found.to_arrow()["duration_ms"].to_pylist() == [100.0, 200.0]
    assert found.notes == ("the first 2 of 6 rows",)
    assert found.query == "events.rows(limit=2)"
    assert len(found.to_arrow().column_names) == len(small().schema.names)


def test_rows_of_several_files_are_in_the_order_of_time(tmp_path: Path) -> None:
    times = [f"2026-05-04T10:00:{second:02d}Z" for second in (5, 1, 3, 0, 4, 2)]
    table = pa.table({"timestamp": times, "n": [5, 1, 3, 0, 4, 2]})
    made = from_arrow(table)
    parts = [made.arrow().slice(at, 2).to_batches()[0] for at in (4, 0, 2)]
    several = write(parts, lambda: made.schema, tmp_path / "parts", made.load_report, rows_per_file=2)
    assert len(several.files) == 3
    assert rows(Scope.of(several), ["n"]).to_arrow().column(0).to_pylist() == list(range(6))


def test_rows_with_fields_and_an_order() -> None:
    found = rows(
        small().narrow("duration_ms is not null"), ["user.id", "DURATION_MS"], "duration_ms desc, user.id", 3
    )
    assert found.to_arrow().to_pylist() == [
        {"user.id": "u3", "duration_ms": 1000.0},
        {"user.id": "u2", "duration_ms": 300.0},
        {"user.id": "u2", "duration_ms": 200.0},
    ]
    assert found.notes == ("the first 3 by duration_ms desc, user.id of 5 rows",)
    assert found.query == (
        "events.where('duration_ms is not null').rows(fields=['user.id', 'DURATION_MS'], "
        "order='duration_ms desc, user.id', limit=3)"
    )


def test_rows_are_read_page_by_page() -> None:
    whole = rows(small(), ["duration_ms"], "duration_ms desc", 6).to_arrow()
    pages = [rows(small(), ["duration_ms"], "duration_ms desc", 2, offset) for offset in (0, 2, 4, 6)]
    assert [row for page in pages for row in page.to_arrow().to_pylist()] == whole.to_pylist()
    assert pages[0].query == "events.rows(fields=['duration_ms'], order='duration_ms desc', limit=2)"
    assert pages[1].query.endswith("limit=2, offset=2)")
    assert pages[1].notes == ("2 rows from number 3 on by duration_ms desc of 6 rows",)
    assert len(pages[3]) == 0
    with pytest.raises(InvalidArgument, match="offset must be a whole number of at least 0, got -1"):
        rows(small(), offset=-1)


@pytest.mark.parametrize("order", [None, "duration_ms", "name desc"])
def test_pages_of_equal_rows_have_each_row_once(tmp_path: Path, order: str | None) -> None:
    """Many log records have the same time and no ids; only their place tells them apart."""
    count = 5_000
    made = from_arrow(
        pa.table(
            {
                "timestamp": ["2026-05-04T10:00:00Z"] * count,
                "name": ["log"] * count,
                "duration_ms": [1.0] * count,
                "n": list(range(count)),
            }
        )
    )
    parts = made.arrow().to_batches(max_chunksize=500)
    several = write(parts, lambda: made.schema, tmp_path / "parts", made.load_report, rows_per_file=500)
    scope = Scope.of(several)
    drawn = [sample(scope, 250).to_arrow()["n"].to_pylist() for _ in range(4)]
    assert drawn == [drawn[0]] * 4, "a sample is the same each time too"
    found = [
        row
        for offset in range(0, count, 250)
        for row in rows(scope, ["n"], order, 250, offset).to_arrow()["n"].to_pylist()
    ]
    assert found == list(range(count))


def test_rows_without_a_value_come_last() -> None:
    for order in ("duration_ms", "duration_ms asc", "duration_ms desc", '"duration_ms" DESC'):
        assert rows(small(), order=order).to_arrow()["duration_ms"].to_pylist()[-1] is None
    assert rows(small(), order="duration_ms").notes == ()


def test_rows_of_derived_fields() -> None:
    scope = small().derive("seconds", "duration_ms / 1000")
    found = rows(scope, ["seconds"], "seconds desc", 1)
    assert found.to_arrow().to_pylist() == [{"seconds": 1.0}]


def test_what_rows_refuses() -> None:
    with pytest.raises(InvalidArgument, match="limit must be a whole number of at least 1, got 0"):
        rows(small(), limit=0)
    with pytest.raises(InvalidArgument, match="fields is empty"):
        rows(small(), [])
    with pytest.raises(UnknownField, match="no field is called 'duration_mss'"):
        rows(small(), order="duration_mss desc")
    with pytest.raises(InvalidArgument) as caught:
        rows(events(), order="tags")
    assert str(caught.value) == (
        "order by tags is not possible, because it holds lists or structures\n"
        "Hint: order by a field with one value per event, such as duration_ms"
    )


def test_samples_are_repeatable() -> None:
    scope = events()
    first = sample(scope, 5, seed=1).to_arrow()
    assert first.equals(sample(scope, 5, seed=1).to_arrow())
    assert not first.equals(sample(scope, 5, seed=2).to_arrow())
    assert sample(scope.narrow("size < 0"), 5).to_arrow().num_rows == 0
    with pytest.raises(InvalidArgument, match="n must be a whole number of at least 1, got 0"):
        sample(scope, 0)


def test_samples_show_what_matters_first() -> None:
    assert sample(spans(), 5).to_arrow().column_names[:3] == ["timestamp", "duration_ms", "name"]
