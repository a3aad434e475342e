"""A process whose threads all want the interpreter. Waiting for it is not waiting for the disk."""

from __future__ import annotations

import mmap
import signal
import struct
import time
from pathlib import Path

import pytest

from tests.support.instrument_process import read, start

pytestmark = pytest.mark.once

BUSY = """
import mmap, os, struct, sys, threading, time
from obskit.instrument import configure, event
threads = int(sys.argv[3])
shared = mmap.mmap(os.open(sys.argv[2], os.O_RDWR), 0)
handle = configure("busy", sink=sys.argv[1])

def work(t):
    n = 0
    while True:
        with event("work", t=t, n=n):
            sum(range(int(sys.argv[4])))
        n += 1  # its block has ended
        struct.pack_into("q", shared, 8 * t, n)
        struct.pack_into("q", shared, 8 * threads, handle.counters["dropped"])

for t in range(threads):
    threading.Thread(target=work, args=(t,), daemon=True).start()
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("work", [0, 20_000], ids=["only events", "computing"])
@pytest.mark.parametrize("threads", [16, 40])
def test_a_busy_process_that_is_killed_has_its_ended_events_on_disk(
    tmp_path: Path, threads: int, work: int
) -> None:
    """Each thread counts its ended blocks in shared memory. Nothing waits in memory on a healthy disk."""
    shared = tmp_path / "shared"
    shared.write_bytes(bytes(8 * (threads + 1)))
    process = start(BUSY, str(tmp_path / "events"), str(shared), str(threads), str(work))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    with shared.open("r+b") as file, mmap.mmap(file.fileno(), 0) as view:
        time.sleep(1.5)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        *ended, dropped = struct.unpack(f"{threads + 1}q", view)
    found = {(row["t"], row["n"]) for row in read(tmp_path / "events")}
    missing = {(t, n) for t in range(threads) for n in range(ended[t])} - found
    assert sum(ended) > threads
    assert dropped == 0
    assert len(missing) <= sum(ended) / 100, f"{len(missing)} of {sum(ended)}"
