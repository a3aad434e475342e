"""Reading a Dataset: columns, batches and single rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from obskit.errors import UnknownField
from tests.dataset.samples import Store, events


def test_columns_batches_and_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.dataset.parts.ROW_GROUP", 16)
    table = events(100)
    data = store(table, rows_per_file=50)
    assert data.schema == table.schema
    assert data.arrow().equals(table)
    assert data.arrow(["error", "name"]).column_names == ["error", "name"], "and no error.type"
    batches = list(data.batches(["id"]))
    assert [b.num_rows for b in batches] == [16, 16, 16, 2] * 2
    assert pa.Table.from_batches(batches).equals(table.select(["id"]))
    assert data.take(1, [49, 0, 17, 17], ["tags", "id"]).equals(
        table.slice(50).take([49, 0, 17, 17]).select(["tags", "id"])
    )
    assert data.take(0, []).equals(table.slice(0, 0))
    assert data.take(0, np.array([3])).num_columns == 6
    with pytest.raises(IndexError, match=r"rows of part-00001\.parquet are 0 to 49"):
        data.take(1, [50])
    with pytest.raises(UnknownField) as caught:
        data.arrow(["nmae"])
    assert str(caught.value) == f"no field 'nmae' in {data.path}\nHint: did you mean name?"
