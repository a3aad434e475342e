"""Segments on a disk: whole messages or none, whatever the disk and earlier receivers did."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
from pathlib import Path

import pytest

from obskit.errors import InvalidArgument
from obskit.receive.refusal import Refused
from obskit.receive.segments import Segments
from obskit.receive.settings import Limits
from tests.support.receive_harness import as_json, kept, traces

START = 1_777_888_800.0  # 2026-05-04T10:00Z
LINE = str(as_json("j")).replace("'", '"').encode()


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def message(*names_: str, size: int = 0) -> bytes:
    return traces(*names_, size=size).SerializeToString()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_segment_that_is_created_during_the_look_is_not_closed(tmp_path, monkeypatch, moment):
    """Else it would be converted with the rows it has by then, and the later ones would be lost."""
    with Segments(tmp_path, Limits(free=0)) as segments:
        whole = segments._lock

        class Turn:
            def __enter__(self) -> None:
                if moment == "before":
                    self.create()
                whole.acquire()

            def __exit__(self, *_: object) -> None:
                whole.release()
                if moment == "after":
                    self.create()

            def create(self) -> None:
                with monkeypatch.context() as patch:
                    patch.setattr(segments, "_lock", whole)
                    segments.append("traces", ".otlp", message("a"))

        monkeypatch.setattr(segments, "_lock", Turn())
        assert segments.closed() == []
    assert kept(tmp_path) == ["a"]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MiB."""
    where = tmp_path / "disk"
    where.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", where], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"needs leave to mount a tmpfs: {done.stderr.strip()}")
    yield where
    subprocess.run(["umount", where], check=True)


def test_an_hour_a_segment(tmp_path):
    """Named by the hour of arrival; a new one when the hour is over, when it is full, when it was deleted."""
    clock = Clock()
    with Segments(tmp_path, Limits(free=0, segment=500), clock) as segments:
        segments.append("traces", ".otlp", message("a"))
        segments.append("traces", ".jsonl", LINE)
        segments.append("logs", ".otlp", b"")
        assert segments.closed() == []
        clock.now += 3600
        segments.append("traces", ".otlp", message("b", size=600))
        segments.append("traces", ".otlp", message("c"))
        assert [path.name for path in segments.closed()] == [
            "logs-20260504T10Z-0001.otlp",
            "traces-20260504T10Z-0001.otlp",
            "traces-20260504T10Z-0002.jsonl",
            "traces-20260504T11Z-0001.otlp",
        ]
        (tmp_path / "traces-20260504T11Z-0002.otlp").unlink()
        segments.append("traces", ".otlp", message("d"))
        clock.now -= 3600  # a clock that is set back
        segments.append("traces", ".otlp", message("e"))
        assert names(tmp_path)[-3:] == [
            "traces-20260504T10Z-0003.otlp",
            "traces-20260504T11Z-0001.otlp",
            "traces-20260504T11Z-0002.otlp",
        ]
    assert kept(tmp_path) == ["a", "b", "d", "e", "j"]


def test_a_number_is_not_used_again_once_it_is_parquet(tmp_path):
    (tmp_path / "traces-20260504T10Z-0007.parquet").mkdir()
    with Segments(tmp_path, Limits(free=0), Clock()) as segments:
        segments.append("traces", ".otlp", message("a"))
    assert names(tmp_path) == ["traces-20260504T10Z-0007.parquet", "traces-20260504T10Z-0008.otlp"]


def test_a_full_disk_loses_nothing_and_leaves_nothing_half(small_disk):
    """Written until there is no room: what was taken is whole; when there is room again it goes on."""
    taken = 0
    filler = small_disk / "filler"
    filler.write_bytes(bytes(300_000))
    with Segments(small_disk / "events", Limits(free=0), Clock()) as segments:
        big = message("big", size=50_000)

        def fill() -> None:
            nonlocal taken
            for _ in range(100):
                segments.append("traces", ".otlp", big)
                taken += 1

        with pytest.raises(Refused) as caught:
            fill()
        assert (caught.value.status, caught.value.retry) == (503, 30)
        assert 5 < taken < 25
        with pytest.raises(Refused):
            segments.append("traces", ".otlp", big)
        assert kept(segments.folder) == ["big"] * taken
        filler.unlink()
        segments.append("traces", ".otlp", message("after"))
        assert kept(segments.folder) == ["after", *["big"] * taken]


def test_a_write_that_breaks_off_is_taken_back(tmp_path):
    """The kernel takes half of a message and then no more, as a limit on the size of files makes it."""
    with Segments(tmp_path, Limits(free=0), Clock()) as segments:
        segments.append("traces", ".otlp", message("a"))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # Python ignores its signal
        try:
            with pytest.raises(Refused):
                segments.append("traces", ".otlp", message("b", size=20_000))
            assert kept(tmp_path) == ["a"]
            segments.append("traces", ".otlp", message("c"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        segments.append("traces", ".otlp", message("b", size=20_000))
    assert kept(tmp_path) == ["a", "b", "c"]


def test_room_is_left_on_the_disk(tmp_path):
    with Segments(tmp_path, Limits(free=1 << 60), Clock()) as segments, pytest.raises(Refused) as caught:
        segments.append("traces", ".otlp", message("a"))
    assert caught.value.text == "the receiver's disk is full; try again later"
    assert names(tmp_path) == []


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 40])
def test_what_a_crash_tore_is_cut_off(tmp_path, cut):
    """Of the second message only the first bytes were written: nobody was told that it is there."""
    with Segments(tmp_path, Limits(free=0), Clock()) as segments:
        segments.append("traces", ".otlp", message("a"))
        segments.append("traces", ".jsonl", LINE)
    otlp, lines = tmp_path / "traces-20260504T10Z-0001.otlp", tmp_path / "traces-20260504T10Z-0002.jsonl"
    whole = otlp.read_bytes()
    otlp.write_bytes(whole + whole[:cut])
    lines.write_bytes(lines.read_bytes() + LINE[:cut])
    only = tmp_path / "traces-20260504T10Z-0003.otlp"
    only.write_bytes(whole[:cut])
    half = tmp_path / ".traces-20260504T09Z-0001.parquet.0123ab"
    half.mkdir()
    (half / "part").write_bytes(b"x")
    with Segments(tmp_path, Limits(free=0), Clock()) as segments:
        assert segments.repaired_bytes == 3 * cut
        segments.append("traces", ".otlp", message("b"))
    assert kept(tmp_path) == ["a", "b", "j"]
    assert not half.exists()
    aside = tmp_path / f".{otlp.name}.torn"
    assert aside.read_bytes() == whole[:cut]  # no one was told of it, and still nothing is thrown away
    assert aside.stat().st_mode & 0o777 == 0o600


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    for name in ("mine.otlp", "traces.jsonl", ".hidden.parquet.x", "traces-20260504T10Z-1.otlp"):
        (tmp_path / name).write_bytes(b"\0\0\0\x09torn")
    with Segments(tmp_path, Limits(free=0), Clock()) as segments:
        assert segments.closed() == []
        assert segments.repaired_bytes == 0
    assert {path.read_bytes() for path in tmp_path.iterdir() if path.suffix != ".lock"} == {b"\0\0\0\x09torn"}


def test_one_folder_one_receiver(tmp_path):
    with Segments(tmp_path, Limits(), Clock()), pytest.raises(InvalidArgument) as caught:
        Segments(tmp_path, Limits(), Clock())
    assert str(caught.value) == (
        f"another receiver (process {os.getpid()}) is already writing to {tmp_path}\n"
        "Hint: choose another folder: --into FOLDER"
    )
    Segments(tmp_path, Limits(), Clock()).__exit__()


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidArgument) as caught:
        Segments(tmp_path / "file" / "below", Limits(), Clock())
    assert str(caught.value) == (
        f"cannot write to {tmp_path}/file/below: Not a directory\nHint: choose a folder that you may write to: --into FOLDER"
    )


def test_many_threads_write_whole_messages(tmp_path):
    with Segments(tmp_path, Limits(free=0, segment=20_000), Clock()) as segments:

        def write(number: int) -> None:
            for _ in range(50):
                segments.append("traces", ".otlp", message(f"{number}", size=300))

        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            segments.closed()
        for thread in threads:
            thread.join()
    assert kept(tmp_path) == sorted(f"{number}" for number in range(4) for _ in range(50))
    assert len(names(tmp_path)) > 3
