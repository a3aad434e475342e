"""Disks that are stuck, full, unwritable or missing: losses are counted, and no thread waits."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.instrument_process import events_in, run, start

STUCK = """
import sys, threading, time
from obskit.instrument import configure, event
from obskit.instrument.api import Active
handle = configure("x", sink=sys.argv[1])
def fill():
    for n in range(2000):
        with event("work", n=n, pad="x" * 100): pass
threading.Thread(target=fill, daemon=True).start()
inside, begun = Active.runtime.sink.writers.entered, time.monotonic()
while not any(time.perf_counter_ns() - since > 60_000_000 for since in list(inside.values())):
    time.sleep(0.01)
    assert time.monotonic() - begun < 20
begun = time.monotonic()
for _ in range(500):
    with event("other"): pass
print(time.monotonic() - begun < 5, handle.counters["dropped"], flush=True)
"""


def test_a_disk_that_is_stuck_for_ever_does_not_block_the_exit(tmp_path: Path) -> None:
    """Nobody reads an open pipe: only the thread in write(2) waits, and the exit waits two seconds."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    begun = time.monotonic()
    assert run(STUCK, str(pipe)) == "True 0\n"
    assert time.monotonic() - begun < 30
    got = os.read(reader, 1 << 20)
    assert got.count(b'"name":"work"') > 50
    os.close(reader)


def test_a_pipe_without_a_reader_drops_events_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert run(EMIT, str(tmp_path / "pipe")) == "5 0\n"


EMIT = """
import sys
from obskit.instrument import configure, event
handle = configure("x", sink=sys.argv[1])
for _ in range(5):
    with event("a"): pass
print(handle.counters["dropped"], handle.counters["written"])
"""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_logged_once() -> None:
    process = start(EMIT, "/dev/full")
    out, log = process.communicate(timeout=30)
    assert out == "5 0\n"
    assert log == (
        "obskit: /dev/full rejected the write (No space left on device); events are dropped and counted\n"
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    small = tmp_path / "small"
    small.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)]
    if shutil.which("mount") is None or subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    yield small
    subprocess.run(["umount", "-l", str(small)], check=True)


def test_a_really_full_disk_loses_exactly_what_is_counted_and_recovers(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 30_000)
    process = start(
        """
        import sys
        from obskit.instrument import Files, configure, event
        handle = configure("x", sink=sys.argv[1], files=Files(free=0, pack=False))
        def emit(first, last):
            for n in range(first, last):
                with event("work", n=n, pad="x" * (n % 250)): pass
            print(handle.counters["written"], handle.counters["dropped"], flush=True)
        emit(0, 1000)
        sys.stdin.readline()
        emit(1000, 1010)
        """,
        str(small_disk / "events"),
    )
    assert process.stdout is not None
    written, dropped = map(int, process.stdout.readline().split())
    assert written + dropped == 1000
    assert dropped > 500
    (small_disk / "filler").unlink()
    out, log = process.communicate("\n", timeout=30)
    assert out == f"{written + 10} {dropped}\n", log
    assert log.count("No space left on device") == 1
    events = events_in(small_disk / "events")
    found = events.to_arrow(["n"]).column(0).to_pylist()
    assert len(found) == written + 10
    assert set(range(1000, 1010)) <= set(found)
    assert events.load_report.rejected_count <= 1, "at most the one half that did not fit"


def test_a_folder_without_write_permission_drops_events(tmp_path: Path) -> None:
    """If the tests run as root, which may write everywhere, the process becomes `nobody`."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to nobody
    try:
        folder.chmod(0o555)
        out = run(
            """
            import os, sys
            from obskit.instrument import configure, event
            handle = configure("x", sink=sys.argv[1])
            if os.geteuid() == 0: os.setuid(65534)
            for _ in range(5):
                with event("a"): pass
            print(handle.counters["dropped"], handle.counters["written"])
            """,
            str(folder / "events"),
        )
        assert out == "5 0\n"
        assert list(folder.iterdir()) == []
    finally:
        shutil.rmtree(folder)


def test_a_folder_that_cannot_be_created_drops_events(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(EMIT, str(tmp_path / "file" / "below")) == "5 0\n"
