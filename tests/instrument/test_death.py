"""Every event whose block had ended survives any way in which a process can end."""

from __future__ import annotations

import mmap
import random
import signal
import struct
import time
from pathlib import Path

import pytest

from tests.support.instrument_process import events_in, read, run, start

SERVICE = """
import os, sys, signal, time
from obskit.instrument import configure, event
handle = configure("dying", sink=sys.argv[1], unfinished_after=0.1)
for n in range(2000):
    with event("work", n=n):
        pass
assert handle.counters["written"] == 2000
assert handle.counters["deferred"] == 0
"""
WAIT = """
with event("hanging", seat="14C"):
    while not handle.counters["unfinished"]:
        time.sleep(0.02)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
def test_a_killed_process_leaves_every_ended_event_and_the_hanging_unit(
    tmp_path: Path, number: signal.Signals
) -> None:
    process = start(SERVICE + WAIT, str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == -number
    rows = read(tmp_path)
    assert sorted(row["n"] for row in rows if row["name"] == "work") == list(range(2000))
    (hanging,) = [row for row in rows if row["name"] == "hanging"]
    assert hanging["obskit.unfinished"] is True
    assert hanging["seat"] == "14C"
    loaded = events_in(tmp_path)
    assert loaded.dataset.rows == 2001
    assert loaded.load_report.notes == ["1 unit was not finished when last seen: obskit.unfinished is true"]


THREADS = """
import mmap, os, struct, sys, threading, time
from obskit.instrument import Files, configure, event
from obskit.instrument.sinks import jsonl as sink
shared = mmap.mmap(os.open(sys.argv[2], os.O_RDWR), 0)
if sys.argv[3] == "slow":
    write, calls = os.write, 0
    class SlowDisk:
        def write(self, fd, data):
            global calls
            calls += 1
            if calls % 300 == 0: time.sleep(0.07)
            return write(fd, data)
        def __getattr__(self, name): return getattr(os, name)
    sink.os = SlowDisk()
handle = configure("dying", sink=sys.argv[1], files=Files(rotate_bytes=200_000), unfinished_after=0.2)

def work(t):
    n = 0
    while True:
        with event("work", t=t, n=n, pad="x" * (n % 400)):
            pass
        n += 1  # its block has ended; first publish the deferred count
        struct.pack_into("q", shared, 64 * t + 8, handle.counters["deferred"])
        struct.pack_into("q", shared, 64 * t, n)

for t in range(6):
    threading.Thread(target=work, args=(t,), daemon=True).start()
with event("open", seat="14C"):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("disk", ["fast", "slow"])
def test_events_that_ended_in_any_thread_survive_kill_9(tmp_path: Path, disk: str) -> None:
    """Six threads count their ended blocks in shared memory; all except deferred ones are on disk."""
    shared = tmp_path / "shared"
    for attempt in range(3):
        shared.write_bytes(bytes(6 * 64))
        folder = tmp_path / str(attempt)
        process = start(THREADS, str(folder), str(shared), disk)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.3 + random.random() / 3)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        with shared.open("r+b") as file, mmap.mmap(file.fileno(), 0) as view:
            ended = [struct.unpack_from("q", view, 64 * t)[0] for t in range(6)]
            deferred = max(struct.unpack_from("q", view, 64 * t + 8)[0] for t in range(6))
        events = events_in(folder)
        table = events.to_arrow(["name", "t", "n"]).to_pylist()
        found = [(row["t"], row["n"]) for row in table if row["name"] == "work"]
        assert len(set(found)) == len(found), "twice"
        missing = {(t, n) for t in range(6) for n in range(ended[t])} - set(found)
        assert len(missing) <= deferred
        assert min(ended) > 0
        # Where the kill met a thread within write(2), its line may end there: that block had not ended.
        torn = "torn: the file ends within the line"
        assert set(events.load_report.rejected_by_reason) <= {"is empty", torn}
        assert events.load_report.rejected_by_reason.get(torn, 0) <= 1
        if disk == "slow":
            assert deferred > 0


STOPS = """
lock = threading.Lock()
with event("deadlocked", seat="14C") as e:
    e["step"] = "payment"
    lock.acquire()
    print("ready", flush=True)
    lock.acquire()
"""


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=lambda s: s.name)
def test_a_hang_leaves_a_provisional_row(tmp_path: Path, number: signal.Signals) -> None:
    """A deadlock, and a process that is stopped like a frozen container and then killed."""
    process = start("import threading" + SERVICE + STOPS, str(tmp_path))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    deadline = time.monotonic() + 20
    while not any(row.get("obskit.unfinished") for row in read(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    if number == signal.SIGSTOP:
        (row,) = [row for row in read(tmp_path) if row["name"] == "deadlocked"]
        assert (row["obskit.unfinished"], row["step"]) == (True, "payment")
        process.kill()
    process.communicate(timeout=30)
    (row,) = [row for row in read(tmp_path) if row["name"] == "deadlocked"]
    assert (row["obskit.unfinished"], row["seat"], row["step"]) == (True, "14C", "payment")


def test_a_unit_that_runs_out_of_memory_ends_as_an_error(tmp_path: Path) -> None:
    out = run(
        """
        import resource, sys
        from obskit.instrument import configure, event
        handle = configure("greedy", sink=sys.argv[1])
        with event("before"): pass
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), -1))
        try:
            with event("hog", seat="14C"):
                kept = [bytearray(8 << 20) for _ in range(1000)]
        except MemoryError:
            kept = None
        with event("after"): pass
        print(handle.counters["written"], handle.counters["failed"])
        """,
        str(tmp_path),
    )
    assert out == "3 0\n"
    hog = read(tmp_path)[1]
    assert (hog["name"], hog["seat"], hog["error.type"]) == ("hog", "14C", "MemoryError")
    assert hog["status_code"] == "ERROR"


def test_a_process_killed_for_its_memory_leaves_the_guilty_unit(tmp_path: Path) -> None:
    """The out-of-memory killer is a kill -9 in the middle of a unit."""
    process = start(
        SERVICE
        + """
with event("hog", rows=10**9):
    kept = []
    while True:
        kept.append(bytearray(1 << 20))
        time.sleep(0.01)
        if handle.counters["unfinished"] and len(kept) > 20:
            os.kill(os.getpid(), signal.SIGKILL)
""",
        str(tmp_path),
    )
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    (hog,) = events_in(tmp_path).where("name = 'hog'").to_arrow().to_pylist()
    assert (hog["obskit.unfinished"], hog["rows"]) == (True, 10**9)
    assert hog["process.memory.usage"] > 1 << 20


HANDLERS = {
    "leaves": "lambda *_: sys.exit(0)",
    "fails": "lambda *_: sys.exit(143)",
    "shuts down": "lambda *_: (handle.shutdown(), sys.exit(0))",
    "says goodbye": "goodbye",
}


@pytest.mark.parametrize("handler", HANDLERS)
def test_sigterm_with_the_hosts_own_handler(tmp_path: Path, handler: str) -> None:
    """SystemExit passes through the open unit and so ends it; a handler can emit too."""
    process = start(
        SERVICE
        + f"""
def goodbye(*_):
    with event("goodbye"): pass
    sys.exit(0)
signal.signal(signal.SIGTERM, {HANDLERS[handler]})
"""
        + WAIT,
        str(tmp_path),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode == (143 if handler == "fails" else 0), log
    rows = read(tmp_path)
    assert sorted(row["n"] for row in rows if row["name"] == "work") == list(range(2000))
    hanging = [row for row in rows if row["name"] == "hanging"]
    if handler == "shuts down":  # before its end: that comes too late
        assert [row.get("obskit.unfinished") for row in hanging] == [True]
        return
    assert [row.get("obskit.unfinished") for row in hanging] == [True, None]
    assert hanging[1]["status_code"] == ("ERROR" if handler == "fails" else "UNSET")
    assert len([row for row in rows if row["name"] == "goodbye"]) == (handler == "says goodbye")
    assert events_in(tmp_path).load_report.replaced == 1


def test_a_signal_handler_can_emit_at_any_moment(tmp_path: Path) -> None:
    out = run(
        """
        import signal, sys
        from obskit.instrument import Files, configure, event
        handle = configure("x", sink=sys.argv[1], files=Files(rotate_bytes=50_000))
        ticks = 0
        def tick(*_):
            global ticks
            ticks += 1
            with event("tick", n=ticks): pass
        signal.signal(signal.SIGALRM, tick)
        signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
        for n in range(8000):
            with event("work", n=n): pass
        signal.setitimer(signal.ITIMER_REAL, 0)
        handle.flush()
        c = handle.counters
        print(ticks, c["written"] - ticks, c["dropped"] + c["failed"] + c["waiting"])
        """,
        str(tmp_path),
    )
    ticks, work, lost = map(int, out.split())
    assert (work, lost) == (8000, 0)
    found = events_in(tmp_path).to_arrow(["name", "n"]).to_pylist()
    assert sorted(row["n"] for row in found if row["name"] == "work") == list(range(8000))
    assert sorted(row["n"] for row in found if row["name"] == "tick") == list(range(1, ticks + 1))


def test_a_normal_exit_waits_for_deferred_events(tmp_path: Path) -> None:
    """A write hangs for 300 ms and the rest queues. The process ends at once, and every event is on disk."""
    out = run(
        """
        import os, sys, threading, time
        from obskit.instrument import configure, event
        from obskit.instrument.sinks import jsonl as sink
        class SlowDisk:
            def write(self, fd, data):
                if b"victim" in data: entered.set(); time.sleep(0.3)
                return os.write(fd, data)
            def __getattr__(self, name): return getattr(os, name)
        sink.os, entered = SlowDisk(), threading.Event()
        handle = configure("x", sink=sys.argv[1])
        def victim():
            with event("victim"): pass
        threading.Thread(target=victim, daemon=True).start()
        entered.wait(); time.sleep(0.06)
        for n in range(100):
            with event("work", n=n): pass
        print(handle.counters["deferred"], handle.counters["written"])
        """,
        str(tmp_path),
    )
    assert out == "100 0\n"
    assert sorted(row.get("n", -1) for row in read(tmp_path)) == list(range(-1, 100))


@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)", "os.kill(os.getpid(), signal.SIGABRT)"])
def test_every_event_survives_any_way_to_exit(tmp_path: Path, end: str) -> None:
    process = start(SERVICE + end, str(tmp_path))
    process.communicate(timeout=30)
    assert sorted(row["n"] for row in read(tmp_path)) == list(range(2000))
