"""The manifest: fingerprints, the load report, and errors that name the damaged file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from obskit.dataset import is_dataset, open_dataset, write
from obskit.errors import DatasetError
from obskit.schema import LoadReport
from tests.dataset.samples import Store, events


def test_the_fingerprint_does_not_depend_on_the_order_of_parts(store: Store) -> None:
    table = events(40)
    there = store(table, name="there", rows_per_file=20)
    back = store(table.slice(20), table.slice(0, 20), name="back", rows_per_file=20)
    assert there.fingerprint == back.fingerprint
    assert [f.digest for f in there.files] == [f.digest for f in back.files][::-1]


def test_the_load_report_is_stored(tmp_path: Path) -> None:
    report = LoadReport()
    report.reject("a.jsonl", "line 3", "no JSON")
    report.note("k")
    data = write(iter(events(3).to_batches()), lambda: events(3).schema, tmp_path / "ds", report)
    assert data.load_report.to_dict() == report.to_dict()


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_errors_name_the_file_that_is_torn_or_edited(store: Store) -> None:
    data = store(events(50), rows_per_file=25)
    manifest, part = data.path / "obskit.json", data.files[1].path
    whole, good = part.read_bytes(), manifest.read_bytes()

    def said() -> str:
        with pytest.raises(DatasetError) as caught:
            open_dataset(data.path)
        assert caught.value.hint
        return caught.value.message

    part.write_bytes(whole[:-1])
    assert said() == f"{part} has {len(whole) - 1:,} bytes, expected {len(whole):,}"
    part.unlink()
    assert said() == f"{part} is missing"
    part.write_bytes(whole)
    _edit(manifest, lambda c: c["files"][0].update(rows=26))
    assert said() == f"{manifest} was changed after it was written"
    _edit(manifest, lambda c: c.update(format=3))
    assert said() == f"{manifest} has format 3, but this version of obskit reads formats 1 and 2"
    manifest.write_bytes(good[:100])
    assert said().startswith(f"cannot read {manifest}: ")
    manifest.write_text("[]")
    assert said().startswith(f"cannot read {manifest}: ")
    manifest.unlink()
    assert said() == f"{data.path} is not a Dataset: it has no obskit.json"
    assert not is_dataset(data.path)
