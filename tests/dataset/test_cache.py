"""The cache: where it is, what is evicted first, and what stays because somebody has it open."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from obskit.dataset import Dataset, convert, is_dataset
from obskit.dataset.cache import evict
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


def test_the_cache_folder_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    monkeypatch.delenv("OBSKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert tmp_path / "xdg" / "obskit" in convert(source).path.parents
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert tmp_path / "home" / ".cache" / "obskit" in convert(source).path.parents
