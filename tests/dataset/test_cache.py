"""The cache: where it is, what is evicted first, and what stays because somebody has it open."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from obskit.dataset import Dataset, blob, cache, convert, is_dataset
from obskit.dataset.cache import Lease
from obskit.dataset.eviction import evict, evict_after, folder_size
from obskit.errors import DatasetError
from tests.dataset.samples import entries, jsonl


def test_the_least_recently_used_is_evicted_first_and_open_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    made: list[Dataset] = [convert(jsonl(tmp_path / "in" / f"{k}.jsonl", 50 + k)) for k in range(4)]
    paths = [data.path for data in made]
    for age, path in enumerate(paths):
        os.utime(path, (1_000_000 - age,) * 2)
    held = made[3]
    made.clear()
    assert evict(limit=0) == paths[2::-1], "the oldest is open, the others go by age"
    assert held.arrow().num_rows == 53
    monkeypatch.setenv("OBSKIT_CACHE_LIMIT", "1")
    new = convert(jsonl(tmp_path / "in" / "new.jsonl", 9))
    assert entries(own_cache) == sorted([new.path.name, held.path.name]), "both are in use"
    del held
    assert evict() == [paths[3]]
    assert is_dataset(new.path)


def test_the_cache_is_looked_through_once_a_minute_and_when_half_of_the_room_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    looked = []

    def counted() -> list[Path]:
        looked.append(1)
        return evict()

    monkeypatch.setattr("obskit.dataset.eviction.evict", counted)
    for k in range(5):
        made = convert(jsonl(tmp_path / "in" / f"{k}.jsonl", 50 + k))
        made.codes.ensure(made.schema.names)
    assert len(looked) == 1
    now = time.monotonic()
    monkeypatch.setattr("obskit.dataset.eviction.time.monotonic", lambda: now + 61)
    convert(jsonl(tmp_path / "in" / "5.jsonl", 60))
    assert len(looked) == 2
    size = sum(
        folder_size(path) for path in own_cache.rglob("*") if path.parent.name in ("datasets", "codes")
    )
    monkeypatch.setenv("OBSKIT_CACHE_LIMIT", str(size + 10_000))
    evict_after(0)
    for at, written in enumerate((2_000, 2_000, 2_000), 1):  # the third is beyond the half of 10,000
        evict_after(written)
        assert len(looked) == 3 + (at == 3)


def test_an_entry_that_another_process_has_open_stays(source: Path) -> None:
    entry = convert(source).path
    holding = "import sys\nfrom obskit.dataset import convert\nd = convert(sys.argv[1])\nprint(1, flush=True)\ninput()"
    process = subprocess.Popen(
        [sys.executable, "-c", holding, str(source)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "1\n"
    assert evict(limit=0) == []
    process.communicate("\n", timeout=30)
    assert evict(limit=0) == [entry]


def test_locks_go_with_their_entries(tmp_path: Path, own_cache: Path) -> None:
    for k in range(3):
        convert(jsonl(tmp_path / "in" / f"{k}.jsonl", 50 + k))
    assert len(list((own_cache / "locks").iterdir())) == 3
    assert len(evict(limit=0)) == 3
    assert list((own_cache / "locks").iterdir()) == []


def test_a_lease_that_comes_while_the_entry_is_evicted_is_one_on_the_next_entry(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = convert(source).path
    flock, evicted = cache.fcntl.flock, []

    def flock_after_eviction(descriptor: int, how: int) -> None:
        if not evicted:
            evicted.append(True)
            evicted[:] = evict(limit=0)
        flock(descriptor, how)

    monkeypatch.setattr(cache.fcntl, "flock", flock_after_eviction)
    lease = Lease(entry)
    assert evicted == [entry]
    assert convert(source).path == entry
    assert evict(limit=0) == [], "the lease holds"
    del lease
    assert evict(limit=0) == [entry]


def test_a_cache_folder_that_cannot_be_created_is_an_error(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DatasetError) as caught:
        convert(source)
    assert caught.value.message == f"cannot create the cache folder {tmp_path}/file/cache: Not a directory"
    assert caught.value.hint == "set OBSKIT_CACHE to a folder that you can write to"
    data = convert(source, tmp_path / "out")
    assert data.codes.field("name").size == 4, "a Dataset elsewhere needs no cache"


def test_a_cache_that_cannot_be_written_to_is_an_error(
    source: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    made = convert(source)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(blob, "save", refuse)
    monkeypatch.setattr("obskit.dataset.entries.temporary_folder_for", refuse)
    monkeypatch.setattr(cache, "_open_lock", refuse)
    assert convert(source).arrow().equals(made.arrow()), "what is there can be read"
    jsonl(source / "c.jsonl", 5)
    for ask in (lambda: made.codes.field("name"), lambda: convert(source)):
        with pytest.raises(DatasetError) as caught:
            ask()
        assert caught.value.message == f"cannot write to the cache folder {own_cache}: Read-only file system"
        assert caught.value.hint == "set OBSKIT_CACHE to a folder that you can write to"
    assert evict(limit=0) == []


def test_the_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    monkeypatch.delenv("OBSKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert tmp_path / "xdg" / "obskit" in convert(source).path.parents
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tmp_path / "home" / ".cache" / "obskit" in convert(source).path.parents
