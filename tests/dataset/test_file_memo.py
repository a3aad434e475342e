"""What was computed from single files: kept by file and question, the least recently used out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from obskit.dataset import DataFile, FileMemo


def file(digest: str) -> DataFile:
    return DataFile(Path("part.parquet"), 3, digest, None, None)


def test_a_result_is_computed_once_per_file_and_question() -> None:
    memo = FileMemo()
    made: list[str] = []

    def make() -> str:
        made.append("made")
        return f"result {len(made)}"

    assert memo.get(file("a"), "count", make) == "result 1"
    assert memo.get(file("a"), "count", make) == "result 1"
    assert memo.get(file("a"), "other", make) == "result 2"
    assert memo.get(file("b"), "count", make) == "result 3", "other rows"


def test_without_a_key_nothing_is_kept() -> None:
    memo = FileMemo()
    assert [memo.get(file("a"), None, lambda at=at: at) for at in (1, 2)] == [1, 2]
    assert memo.kept_bytes == 0


def test_the_least_recently_used_result_is_dropped() -> None:
    memo = FileMemo(limit=2_500)
    for digest in ("a", "b"):
        memo.get(file(digest), "array", lambda: np.zeros(100))
    memo.get(file("a"), "array", lambda: np.ones(100))
    memo.get(file("c"), "array", lambda: np.zeros(100))
    assert memo.get(file("a"), "array", lambda: np.ones(100))[0] == 0, "kept"
    assert memo.get(file("b"), "array", lambda: np.ones(100))[0] == 1, "made again"
    assert memo.kept_bytes <= 2_500


def test_files_that_are_gone_are_forgotten() -> None:
    memo = FileMemo()
    for digest in ("a", "b"):
        memo.get(file(digest), "array", lambda: np.zeros(100), mapped=True)
    memo.put("about several files", 1)
    memo.forget_others([file("b"), file("c")])
    assert memo.get(file("a"), "array", lambda: np.ones(1))[0] == 1, "made again"
    assert memo.get(file("b"), "array", lambda: np.ones(1))[0] == 0, "kept"
    assert memo.peek("about several files") == 1
