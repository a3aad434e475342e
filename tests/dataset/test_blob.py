"""Blobs: arrays come back as they were written, and a damaged file loads as None."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from obskit.dataset import blob

ARRAYS = {
    "small": np.array([1, 2, 255], np.uint8),
    "none": np.zeros(0, np.int64),
    "floats": np.array([0.5, np.nan]),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    blob.save(tmp_path / "codes", {"rows": 3, "name": "é"}, ARRAYS)
    return tmp_path / "codes"


def test_arrays_and_metadata_round_trip(path: Path) -> None:
    found = blob.load(path)
    assert found is not None
    meta, arrays = found
    assert meta == {"rows": 3, "name": "é"}
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(arrays[name], array)
    assert not arrays["small"].flags.writeable


def test_a_file_is_replaced_without_a_trace(path: Path) -> None:
    blob.save(path, {"rows": 4}, {"small": ARRAYS["small"]})
    found = blob.load(path)
    assert found is not None
    assert (found[0], list(found[1])) == ({"rows": 4}, ["small"])
    assert list(path.parent.iterdir()) == [path]


def test_a_file_cut_at_any_byte_loads_as_none(path: Path) -> None:
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        assert blob.load(path) is None, size


def test_a_missing_file_and_another_version_load_as_none(path: Path) -> None:
    assert blob.load(path.with_name("missing")) is None
    content = bytearray(path.read_bytes())
    content[8] += 1
    path.write_bytes(content)
    assert blob.load(path) is None
