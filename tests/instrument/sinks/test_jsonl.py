"""The sink: stuck and full disks, rotation, budget, forks, many processes; every event accounted for."""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from obskit.instrument import Files, Handle, event
from obskit.instrument.counters import Counters
from obskit.instrument.sinks import jsonl as sink_module
from obskit.instrument.sinks import rotation as files_module
from obskit.instrument.sinks.jsonl import JsonlSink
from tests.support.instrument_process import events_in, read, run

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def emit(number: int, name: str = "work") -> None:
    for n in range(number):
        with event(name, n=n):
            pass


def test_files_are_for_the_owner_alone_and_named(service: Service) -> None:
    handle = service(service="book ing/é")
    emit(1)
    assert handle.file is not None
    assert stat.S_IMODE(handle.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(handle.file.parent.stat().st_mode) == 0o700
    assert handle.file.name.startswith("book_ing_")
    assert f"-{os.getpid()}-" in handle.file.name


def test_a_stuck_disk_holds_up_only_who_is_in_the_call(
    service: Service, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One writer hangs in write(2); the others go on at once, in memory, and arrive once it is free."""
    handle = service()
    emit(1, "first")
    free, entered, real = threading.Event(), threading.Event(), os.write

    def stuck(fd: int, data: bytes) -> int:
        if b'"victim"' in data:
            entered.set()
            free.wait(30)
        return real(fd, data)

    monkeypatch.setattr(sink_module.os, "write", stuck)
    victim = threading.Thread(target=emit, args=(1, "victim"))
    victim.start()
    entered.wait(10)
    time.sleep(0.06)
    begun = time.perf_counter()
    emit(500)
    assert time.perf_counter() - begun < 5
    assert handle.counters["deferred"] == 500
    assert handle.counters["waiting"] == 500
    assert handle.flush(0.05) is False
    assert len(rows()) == 1
    free.set()
    victim.join(10)
    assert handle.flush(20) is True
    until(lambda: len(rows()) == 502)
    assert [row["n"] for row in rows() if row["name"] == "work"] == list(range(500))
    assert handle.counters["waiting"] == 0
    assert handle.counters["dropped"] == 0
    emit(1, "direct")
    assert handle.counters["deferred"] == 500


def test_a_pipe_nobody_reads_fills_a_bounded_queue(tmp_path: Path) -> None:
    """A FIFO is a disk that sticks: what does not fit is dropped and counted, and all is accounted for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    counters = Counters()
    sink = JsonlSink(pipe, "s", Files(queue_bytes=50_000), counters)
    line = b"x" * 999 + b"\n"
    stuck = threading.Thread(
        target=lambda: [sink.write(line, time.perf_counter_ns()) for _ in range(80)], daemon=True
    )
    stuck.start()
    until(lambda: any(time.perf_counter_ns() - since > 60_000_000 for since in sink._inside.values()))
    for _ in range(200):
        sink.write(line, time.perf_counter_ns())
    counts = counters.as_dict()
    assert counts["waiting"] == 50
    assert counts["dropped"] == 150
    got = bytearray()
    deadline = time.monotonic() + 20
    while (stuck.is_alive() or counters.as_dict()["waiting"]) and time.monotonic() < deadline:
        got += drained(reader)
        time.sleep(0.005)
    got += drained(reader)
    counts = counters.as_dict()
    assert counts["waiting"] == 0
    assert counts["written"] == got.count(b"\n")
    assert counts["written"] + counts["dropped"] == 280
    assert sink.close(1)
    os.close(reader)


def drained(reader: int) -> bytes:
    got = b""
    while True:
        try:
            piece = os.read(reader, 65536)
        except BlockingIOError:
            return got
        if not piece:
            return got
        got += piece


def test_a_full_disk_costs_events_and_heals(
    service: Service, rows: Rows, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    handle = service()
    emit(1)
    real = os.write

    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sink_module.os, "write", full)
    emit(10)
    monkeypatch.setattr(sink_module.os, "write", real)
    emit(1)
    assert (handle.counters["written"], handle.counters["dropped"]) == (2, 10)
    assert len(rows()) == 2
    assert len([r for r in caplog.records if "No space left" in r.getMessage()]) == 1


def test_after_a_short_write_the_next_event_begins_a_line(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = service()
    emit(1)
    real, shorts = os.write, iter([True, True, True])

    def short(fd: int, data: bytes) -> int:
        return real(fd, data[:20]) if next(shorts, False) else real(fd, data)

    monkeypatch.setattr(sink_module.os, "write", short)
    emit(2)
    (path,) = (tmp_path / "events").glob("*.jsonl")
    whole = []
    for line in path.read_bytes().splitlines():
        try:
            whole.append(orjson.loads(line)["n"])
        except orjson.JSONDecodeError:
            continue
    assert whole == [0, 1]
    assert (handle.counters["written"], handle.counters["dropped"]) == (2, 1)


def test_files_rotate_and_are_packed(tmp_path: Path) -> None:
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(rotate_bytes=10_000, free=0), counters)
    for n in range(300):
        sink.write(b'{"n":%d,"pad":"%s"}\n' % (n, b"x" * 100), time.perf_counter_ns())
    sink.tend()
    packed = sorted(tmp_path.glob("*.jsonl.gz"))
    plain = list(tmp_path.glob("*.jsonl"))
    assert len(packed) == 3
    assert plain == [sink.file]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in packed)
    seen = [
        orjson.loads(line)["n"] for path in packed for line in gzip.decompress(path.read_bytes()).splitlines()
    ]
    seen += [row["n"] for row in read(tmp_path)]
    assert seen == list(range(300))
    sink.close(1)


@pytest.mark.parametrize("when", ["while it packs", "before it is renamed"])
def test_a_process_that_ends_while_it_packs_leaves_each_event_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    path = tmp_path / "s-host-1-20260504T100000.000000Z.jsonl"
    path.write_bytes(b"".join(b'{"name":"work","n":%d}\n' % n for n in range(1000)))
    rename, unlink = Path.rename, Path.unlink

    def ends(self: Path, target: Path) -> Path:
        if when == "while it packs" or target.suffix == ".gz":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", ends)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    with pytest.raises(KeyboardInterrupt):
        files_module.pack(path)
    monkeypatch.setattr(Path, "unlink", unlink)
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == [path.name]
    loaded = events_in(tmp_path)
    assert sorted(loaded.to_arrow(["n"]).column(0).to_pylist()) == list(range(1000))
    assert loaded.load_report.rejected_count == 0


def test_files_rotate_by_age(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path, "s", Files(rotate_seconds=0.01, free=0, pack=False), Counters())
    sink.write(b"{}\n", time.perf_counter_ns())
    first = sink.file
    time.sleep(0.02)
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert sink.file != first
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    sink.close(1)


def test_a_file_that_someone_removed_is_made_anew(tmp_path: Path) -> None:
    sink = JsonlSink(tmp_path, "s", Files(free=0), Counters())
    sink.write(b"{}\n", time.perf_counter_ns())
    assert sink.file is not None
    sink.file.unlink()
    sink.tend()
    sink.write(b'{"n":1}\n', time.perf_counter_ns())
    assert [row["n"] for row in read(tmp_path)] == [1]
    sink.close(1)


def test_a_folder_that_someone_removed_is_made_anew(tmp_path: Path) -> None:
    """Where it cannot be, events are counted as lost, not as written to a file that nobody can open."""
    counters = Counters()
    folder = tmp_path / "events"
    sink = JsonlSink(folder, "s", Files(free=0), counters)
    sink.write(b"{}\n", time.perf_counter_ns())
    shutil.rmtree(folder)
    folder.write_text("in the way")
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert (counters.as_dict()["written"], counters.as_dict()["dropped"]) == (1, 1)
    folder.unlink()
    sink.tend()
    sink.write(b'{"n":1}\n', time.perf_counter_ns())
    assert [row["n"] for row in read(folder)] == [1]
    assert (counters.as_dict()["written"], counters.as_dict()["dropped"]) == (2, 1)
    sink.close(1)


def test_the_budget_takes_the_oldest_closed_files_of_ours_alone(tmp_path: Path) -> None:
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(rotate_bytes=1000, keep=5_000, free=0, pack=False), counters)
    other = tmp_path / "precious.jsonl"
    other.write_bytes(b"x" * 100_000)
    living = JsonlSink(tmp_path, "alive", Files(free=0), Counters())
    living.write(b"y" * 3000 + b"\n", time.perf_counter_ns())
    assert living.file is not None
    os.utime(living.file, (1, 1))
    for n in range(20):
        sink.write(b'{"n":%d,"pad":"%s"}\n' % (n, b"x" * 1000), time.perf_counter_ns())
        if sink.file is not None:
            os.utime(sink.file, (n + 10, n + 10))
    sink.tend()
    assert other.exists()
    assert living.file.exists()
    assert counters.as_dict()["deleted"] >= 15
    kept = [
        row["n"]
        for row in map(orjson.loads, b"".join(p.read_bytes() for p in tmp_path.glob("s-*")).splitlines())
    ]
    assert kept == list(range(kept[0], 20)) or sorted(kept) == list(range(min(kept), 20))
    sink.close(1)
    living.close(1)


def test_below_the_floor_of_free_space_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(free=1000), counters)
    sink.write(b"{}\n", time.perf_counter_ns())
    monkeypatch.setattr(files_module, "free_bytes", lambda _: 10)
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert counters.as_dict()["dropped"] == 1
    monkeypatch.setattr(files_module, "free_bytes", lambda _: 10_000)
    sink.tend()
    sink.write(b"{}\n", time.perf_counter_ns())
    assert counters.as_dict()["written"] == 2
    sink.close(1)


def test_several_processes_share_a_folder(tmp_path: Path) -> None:
    script = """
    import sys
    from obskit.instrument import configure, event
    configure("s", sink=sys.argv[1])
    for n in range(500):
        with event("work", n=n): pass
    """
    for _ in range(3):
        run(script, str(tmp_path))
    assert len(list(tmp_path.glob("*.jsonl"))) == 3
    assert sorted(row["n"] for row in read(tmp_path)) == sorted(list(range(500)) * 3)


def test_after_half_a_line_and_a_full_disk_the_next_event_begins_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a line fits, then nothing for a while: the event that fits again must not be glued to the half."""
    counters = Counters()
    sink = JsonlSink(tmp_path, "s", Files(free=0), counters)
    real, room = os.write, iter([10, None, None])

    def full(fd: int, data: bytes) -> int:
        left = next(room, len(data))
        if left is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data[:left])

    monkeypatch.setattr(sink_module.os, "write", full)
    for n in range(4):
        sink.write(b'{"n":%d,"name":"work"}\n' % n, time.perf_counter_ns())
    (path,) = tmp_path.glob("*.jsonl")
    assert path.read_bytes().splitlines()[1:] == [b'{"n":2,"name":"work"}', b'{"n":3,"name":"work"}']
    assert (counters.as_dict()["written"], counters.as_dict()["dropped"]) == (2, 2)
    sink.close(1)


def test_one_thread_drains_even_if_a_signal_comes_as_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handler that emits while the thread is being started must not start another."""
    sink = JsonlSink(tmp_path, "s", Files(free=0), Counters())
    started: list[int] = []

    class Late(threading.Thread):
        def start(self) -> None:
            started.append(len(started))
            if len(started) == 1:
                sink._defer(b'{"n":1}\n')
            super().start()

    monkeypatch.setattr(sink_module.threading, "Thread", Late)
    sink._defer(b'{"n":0}\n')
    assert sink.flush(10)
    assert started == [0]
    assert [row["n"] for row in read(tmp_path)] == [0, 1]
    sink.close(1)


def test_where_no_thread_can_be_started_the_next_event_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = JsonlSink(tmp_path, "s", Files(free=0), Counters())
    tries = iter([True])

    class Refused(threading.Thread):
        def start(self) -> None:
            if next(tries, False):
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(sink_module.threading, "Thread", Refused)
    sink._defer(b'{"n":0}\n')
    assert not sink.flush(0.05)
    sink._defer(b'{"n":1}\n')
    assert sink.flush(10)
    assert [row["n"] for row in read(tmp_path)] == [0, 1]
    sink.close(1)
