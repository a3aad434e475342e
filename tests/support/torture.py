"""A service that does everything at once and keeps a ledger of what should be on disk.

`python tests/support/torture.py FOLDER LEDGERS sampled|stuck`. Each of its processes writes one ledger: the events that
it ended, each with its parent's key and exactly the fields it should have, and the expected counts.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import multiprocessing
import os
import random
import sys
import threading
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any

from opentelemetry import trace

from obskit.instrument import Files, Sampling, add, carry, configure, event, part
from obskit.instrument.sinks import jsonl as sink_module

FOLDER, LEDGERS, MODE = sys.argv[1:4]
TIMES = 15


class Ledger:
    """The events and counts that are expected of this process."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.events: dict[str, dict[str, Any]] = {}
        self.counts = {"late": 0, "outside": 0, "inherited": 0}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    def note(self, parent: str | None, **fields: Any) -> str:
        """Record an event that is about to begin and return its key."""
        key = f"{self.where}/{next(self._numbers)}"
        self.events[key] = {"parent": parent, "fields": fields}
        return key

    def count(self, name: str) -> None:
        with self._lock:
            self.counts[name] += 1


def begin_ledger(where: str) -> None:
    """Begin a new ledger, at the start and in every child."""
    global ledger
    ledger = Ledger(where)


def write_ledger() -> None:
    """Write the ledger together with the counters."""
    assert handle.flush(20)
    found = {
        "pid": os.getpid(),
        "events": ledger.events,
        "expected": ledger.counts,
        "counters": handle.counters,
    }
    with open(f"{LEDGERS}/{ledger.where.replace('/', '_')}.json", "w") as file:
        json.dump(found, file)


def nested() -> None:
    """Fields added below land on the root."""
    key = ledger.note(None, added=1, own=2)
    inner = ledger.note(key, mine=3)
    failing = random.random() < 0.1
    with event("unit", {"t.key": key, "pad": "x" * random.randrange(300)}) as e:
        e["t.own"] = 2
        with event("inner", {"t.key": inner}) as i, part("a part"):
            add({"t.added": 1})
            i["t.mine"] = 3
        if failing:
            e["error.type"] = "Planted"


def threads() -> None:
    """Threads with `carry` add to the unit, others do not; one thread outlives the unit."""
    key = ledger.note(None, carried=1)
    ended = threading.Event()

    def carried() -> None:
        add({"t.carried": 1})
        inner = ledger.note(key)
        with event("carried", {"t.key": inner}):
            time.sleep(0)

    def bare() -> None:
        ledger.count("outside")
        add({"t.lost": 1})
        with event("bare", {"t.key": ledger.note(None, own=1)}):
            add({"t.own": 1})

    def outliving() -> None:
        ended.wait()
        own = ledger.note(key, own=1)
        with event("outliving", {"t.key": own}):
            add({"t.own": 1})
            with event("below", {"t.key": ledger.note(own)}):
                pass
        ledger.count("late")
        add({"t.late": 1})

    with event("unit", {"t.key": key}):
        running = [threading.Thread(target=carry(f)) for f in (carried, outliving)]
        running.append(threading.Thread(target=bare))
        for thread in running:
            thread.start()
        running[0].join()
        running[2].join()
    ended.set()
    running[1].join()


async def tasks() -> None:
    """Concurrent requests, each with a background task that outlives it."""
    background: list[asyncio.Task[None]] = []

    async def mail(parent: str, gate: asyncio.Event) -> None:
        await gate.wait()
        with event("mail", {"t.key": ledger.note(parent, sent=1)}):
            await asyncio.sleep(0)
            add({"t.sent": 1})
        ledger.count("late")
        add({"t.late": 1})

    async def request(number: int) -> None:
        key = ledger.note(None, number=number)
        gate = asyncio.Event()
        with event("request", {"t.key": key}):
            background.append(asyncio.create_task(mail(key, gate)))
            await asyncio.sleep(0)
            with event("query", {"t.key": ledger.note(key)}):
                await asyncio.sleep(0)
                add({"t.number": number})
        gate.set()

    await asyncio.gather(*(request(n) for n in range(TIMES)))
    await asyncio.gather(*background)


@event("steps")
def steps(key: str) -> Generator[int, None, None]:
    trace.get_current_span().set_attribute("t.key", key)
    for n in range(3):
        trace.get_current_span().set_attribute("t.last", n)
        yield n


@event("stream")
async def stream(key: str) -> AsyncGenerator[int, None]:
    trace.get_current_span().set_attribute("t.key", key)
    for n in range(3):
        await asyncio.sleep(0)
        trace.get_current_span().set_attribute("t.last", n)
        yield n


def generators() -> None:
    """Two alternating generators, one left early; each has its own event, and the consumer another."""
    one, two = steps(ledger.note(None, last=2)), steps(ledger.note(None, last=1))
    for first, _ in zip(one, two, strict=False):
        with event("consumer", {"t.key": ledger.note(None, got=first)}):
            add({"t.got": first})
        if first == 1:
            break
    two.close()
    for _ in one:
        pass

    async def consume(key: str) -> None:
        async for _ in stream(key):
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(*(consume(ledger.note(None, last=2)) for _ in range(2)))

    asyncio.run(both())


def repeated(function: Any) -> None:
    for _ in range(TIMES):
        function()


def work(deep: int, above: str | None = None) -> None:
    """Run everything in threads, and fork children meanwhile, in the middle of an event."""
    kinds = (nested, threads, generators)
    running = [threading.Thread(target=repeated, args=(kind,)) for kind in (nested, *kinds)]
    running.append(threading.Thread(target=lambda: asyncio.run(tasks())))
    for thread in running:
        thread.start()
    children = forked(deep, above) if deep else []
    for thread in running:
        thread.join()
    for pid in children:
        assert os.waitpid(pid, 0)[1] == 0


def forked(deep: int, above: str | None) -> list[int]:
    where = ledger.where
    key = ledger.note(above)
    children: list[int] = []
    child = False
    with event("forking", {"t.key": key}):
        for number in range(2):
            pid = os.fork()
            if pid == 0:
                child = True
                begin_ledger(f"{where}/fork{number}")
                ledger.count("outside")
                add({"t.lost": 1})  # the event that is current is the parent's
                with event("in child", {"t.key": ledger.note(key, own=1)}):
                    add({"t.own": 1})
                work(deep - 1, key)
                break  # out of the block, whose event the parent writes
            children.append(pid)
        if not child:
            deadline = time.monotonic() + (20 if MODE == "stuck" else 0.2)  # the head may leave it out
            while not handle.counters["unfinished"] and time.monotonic() < deadline:
                time.sleep(0.02)
    if child:
        ledger.count("inherited")
        write_ledger()
        os._exit(0)
    return children


def in_pool(where: str) -> None:
    """Run in multiprocessing's children."""
    begin_ledger(where)
    work(0)
    write_ledger()


def slow_write(fd: int, data: bytes, write: Any = os.write) -> int:
    if random.random() < 0.005:
        time.sleep(0.08)  # longer than STUCK_NS, so the others continue in memory
    return write(fd, data)


class SlowDisk:
    """The sink's `os`, with a disk that is stuck at times."""

    write = staticmethod(slow_write)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


sys.setswitchinterval(1e-5)
if MODE == "stuck":
    sink_module.os = SlowDisk()  # type: ignore[assignment]
handle = configure(
    "torture",
    sink=FOLDER,
    files=Files(rotate_bytes=20_000),
    sampling=Sampling(ratio=0.3, errors=True) if MODE == "sampled" else None,
    unfinished_after=0.2,
)

if __name__ == "__main__":
    begin_ledger("main")
    asyncio.run(asyncio.sleep(0))  # else a child may inherit asyncio's own lock, held by a thread
    pools = [
        multiprocessing.get_context(how).Process(target=in_pool, args=(f"{ledger.where}/{how}",))
        for how in ("fork", "spawn")
    ]
    for process in pools:
        process.start()
    work(2)
    for process in pools:
        process.join()
        assert process.exitcode == 0
    write_ledger()
