"""DuckDB: concurrent use, isolation, literal paths, windows of time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit.dataset import convert
from obskit.engine import Scope
from obskit.errors import (
    DatasetError,
)
from tests.query.scopes import events


def test_threads_can_share_an_engine() -> None:
    from concurrent.futures import ThreadPoolExecutor

    scope = events()
    with ThreadPoolExecutor(4) as pool:
        counts = list(
            pool.map(
                lambda n: (
                    scope.narrow(f"size > {n}").run(lambda t: t.aggregate(n=t.count())).table["n"][0].as_py()
                ),
                range(0, 3000, 100),
            )
        )
    assert counts == sorted(counts, reverse=True)


def test_the_engine_cannot_read_other_files(tmp_path: Path) -> None:
    scope = events()
    other = tmp_path / "secret.csv"
    other.write_text("a\n1\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        scope.engine.run(f"select * from read_csv('{other}')")


@pytest.mark.parametrize("name", ["a[1]b", "a*b", "a?b", "it's", "ünï {x}", "a%20b"])
def test_special_characters_in_paths_are_not_patterns(name: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2, 3]}), tmp_path / "events.parquet")
    dataset = convert(tmp_path / "events.parquet", tmp_path / name)
    found = Scope.of(dataset).run(lambda t: t.aggregate(n=t["x"].sum())).table
    assert found.to_pylist() == [{"n": 6}]


def test_a_dataset_whose_files_are_gone_is_an_error_with_a_hint(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1, 2, 3]}), tmp_path / "events.parquet")
    scope = Scope.of(convert(tmp_path / "events.parquet", tmp_path / "made"))
    for file in scope.dataset.files:
        file.path.unlink()
    with pytest.raises(DatasetError) as caught:
        scope.run(lambda t: t.aggregate(n=t.count()))
    assert caught.value.message.startswith("the files of the dataset cannot be read: ")
    assert caught.value.hint == "load the events again; the files may have been moved or replaced"
