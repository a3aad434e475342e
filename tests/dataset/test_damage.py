"""A damaged or foreign cache never answers and never fails twice: what it held is made again from the source."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from obskit.dataset import blob, convert
from obskit.dataset.cache import check_private
from obskit.errors import DatasetError
from tests.dataset.samples import rows

NOTE = "the cached copy of this input was damaged, and was made again: part-00000.parquet does not have the bytes"


def in_data(data: bytearray) -> None:
    data[40] ^= 0x40


def in_footer(data: bytearray) -> None:
    data[-60] ^= 0x40


def zeroed(data: bytearray) -> None:
    data[:512] = bytes(512)


def cut_and_padded(data: bytearray) -> None:
    half = len(data) // 2
    data[half:] = bytes(len(data) - half)


@pytest.mark.parametrize("damage", [in_data, in_footer, zeroed, cut_and_padded])
def test_a_damaged_part_of_the_same_size_is_made_again(source: Path, damage) -> None:
    made = convert(source)
    want, part = made.arrow(), made.files[0].path
    data = bytearray(part.read_bytes())
    damage(data)
    part.write_bytes(data)
    again = convert(source)
    assert again.arrow().equals(want)
    assert [note for note in again.load_report.notes if note.startswith(NOTE)]
    assert convert(source).load_report.notes == [], "it is good from now on"


def test_a_part_that_was_only_touched_is_kept(source: Path) -> None:
    made = convert(source)
    inode = made.files[0].path.stat().st_ino
    os.utime(made.files[0].path)
    again = convert(source)
    assert (again.files[0].path.stat().st_ino, again.load_report.notes) == (inode, [])


def test_a_link_in_the_cache_is_not_read(source: Path, tmp_path: Path) -> None:
    part = convert(source).files[0].path
    part.rename(tmp_path / "elsewhere")
    part.symlink_to(tmp_path / "elsewhere")
    again = convert(source)
    assert not again.files[0].path.is_symlink()
    assert again.load_report.notes == [
        "the cached copy of this input was damaged, and was made again: "
        "part-00000.parquet is a link, or belongs to another user"
    ]


def test_damage_that_leaves_no_trace_is_seen_by_the_checksums_of_pages(source: Path) -> None:
    """As when a disk fails below the file system."""
    made = convert(source)
    part = made.files[0].path
    column = pq.read_metadata(part).row_group(0).column(0)
    data = bytearray(part.read_bytes())
    start = min(column.data_page_offset, column.dictionary_page_offset or column.data_page_offset)
    data[start + column.total_compressed_size - 1] ^= 0x40
    part.write_bytes(data)
    with pytest.raises(DatasetError, match="is damaged"):
        made.arrow()


@pytest.mark.parametrize("at", [20, "codes", -9])
def test_damaged_codes_are_made_again(source: Path, at) -> None:
    made = convert(source)
    want = rows(made.codes.field("name"))
    [path] = (made.path.parents[1] / "codes").glob("*/field-*")
    data = bytearray(path.read_bytes())
    data[data.index(bytes([1, 2, 3, 1, 2, 3])) if at == "codes" else at] ^= 0x01
    path.write_bytes(data)
    assert blob.load(path) is None
    assert rows(convert(source).codes.field("name")) == want
    assert blob.load(path) is not None


def test_codes_without_a_trace_of_a_change_are_not_read_as_a_whole(tmp_path: Path, monkeypatch) -> None:
    import numpy as np

    path = tmp_path / "x"
    blob.save(path, {}, {"a": np.arange(1000)})
    monkeypatch.setattr(blob, "_BOOTED", 0)
    read: list[int] = []
    crc = blob.zlib.crc32
    monkeypatch.setattr(blob.zlib, "crc32", lambda data, *more: read.append(len(data)) or crc(data, *more))
    assert blob.load(path) is not None
    assert max(read) < 1000
    os.utime(path)
    assert blob.load(path) is not None
    assert max(read) == 8000


def test_a_cache_that_others_can_write_to(source: Path, own_cache: Path) -> None:
    own_cache.mkdir(mode=0o700)
    own_cache.chmod(0o770)
    with pytest.raises(DatasetError) as caught:
        convert(source)
    assert str(caught.value) == (
        f"other users can write to the cache folder {own_cache}: its mode is 0770, expected 0700\n"
        f"Hint: chmod 700 {own_cache}, or set OBSKIT_CACHE to a folder of your own"
    )
    own_cache.chmod(0o755)
    assert convert(source).rows == 80


def test_a_cache_of_another_user(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_cache.mkdir(mode=0o700)
    uid = os.geteuid() + 1
    monkeypatch.setattr("obskit.dataset.cache._USER", lambda: uid)
    with pytest.raises(DatasetError) as caught:
        check_private(own_cache)
    assert str(caught.value) == (
        f"the cache folder {own_cache} belongs to user {uid - 1}, expected {uid}\n"
        f"Hint: chown {uid} {own_cache}, or set OBSKIT_CACHE to a folder of your own"
    )
    monkeypatch.setattr("obskit.dataset.cache._USER", None)
    check_private(own_cache)  # a system without user ids


def test_a_link_of_ones_own_to_a_cache_of_ones_own(source: Path, own_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "big").mkdir(mode=0o700)
    own_cache.symlink_to(tmp_path / "big")
    assert convert(source).rows == 80
    (tmp_path / "big").chmod(0o777)
    with pytest.raises(DatasetError, match="other users can write to the cache folder"):
        convert(source)
