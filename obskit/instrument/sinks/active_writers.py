"""Which threads are inside write(2), and whether the disk blocks one of them.

A thread whose write has returned must still wait for the interpreter, in a busy process for seconds. It must not
be taken for a thread that the disk blocks. CPU time tells them apart: a thread that waits for the interpreter
wakes up at each switch interval (5 ms) to ask for it, and one that is blocked in the kernel does not run at all.
Reading the clock of another thread gives up no interpreter and asks no disk.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import Final, NamedTuple

STUCK_NS: Final = 50_000_000
"""A thread that has been writing for longer than this, and does not run, is blocked."""
_NOTICED_NS: Final = 10_000_000
"""Age of a write from which on its thread's CPU time is observed."""
_INTERVALS: Final = 8
"""Within so many switch intervals a thread that waits for the interpreter has run, even on a loaded machine."""
_MOST_REMEMBERED: Final = 1024
_HAVE_CLOCKS: Final = hasattr(time, "pthread_getcpuclockid")  # macOS has none


class _Thread(threading.local):
    def __init__(self) -> None:
        ident = threading.get_ident()
        self.clock: int = time.pthread_getcpuclockid(ident) if _HAVE_CLOCKS else ident


class _Observed(NamedTuple):
    """What is known of one write; times in ns.

    Args:
        since: when it began.
        cpu: CPU time of its thread.
        at: when that was last looked at.
        ran_at: when that had grown; 0 before that.
        idle: for how long it has not grown.
    """

    since: int
    cpu: int
    at: int
    ran_at: int = 0
    idle: int = 0


class ActiveWriters:
    """The threads that are writing now.

    `entered` maps the clock of a thread -> `time.perf_counter_ns()` at entry. The sink stores and removes
    entries directly, because it does so for every event.
    """

    def __init__(self) -> None:
        self.entered: dict[int, int] = {}
        self.thread = _Thread()
        """`thread.clock` is the CPU clock of the calling thread, or its ident if the system has no such clocks."""
        self._observed: dict[int, _Observed] = {}

    def stuck(self) -> bool:
        """Return whether the disk blocks a thread.

        While that is not known of a thread that has been writing for long, the calling thread sleeps for some
        switch intervals and looks again.
        """
        now = time.perf_counter_ns()
        for clock, since in list(self.entered.items()):
            if now - since > _NOTICED_NS and self._blocked(clock, since, now):
                return True
        return False

    def _blocked(self, clock: int, since: int, now: int) -> bool:
        interval = int(sys.getswitchinterval() * 1e9)
        seen = self._observe(clock, since, now, interval)
        if now - since <= STUCK_NS or now - seen.ran_at < _INTERVALS * interval:
            return False
        while seen.idle < _INTERVALS * interval:
            time.sleep(interval / 1e9)
            if self.entered.get(clock) != since:
                return False
            seen = self._observe(clock, since, time.perf_counter_ns(), interval)
            if not seen.idle:
                return False
        return True

    def _observe(self, clock: int, since: int, now: int, interval: int) -> _Observed:
        before, cpu = self._observed.get(clock), _cpu_time(clock)
        if before is None or before.since != since:
            seen = _Observed(since, cpu, now)
        elif before.cpu != cpu:
            seen = _Observed(since, cpu, now, ran_at=now)
        else:  # between two looks the whole process may have been halted, so no more than one interval counts
            idle = before.idle + min(now - before.at, interval)
            seen = before._replace(at=now, idle=idle)
        if len(self._observed) >= _MOST_REMEMBERED:  # most are of threads that have ended
            self._observed.clear()
        self._observed[clock] = seen
        return seen

    def snapshot(self) -> dict[int, int]:
        """Return the threads that are writing now, for `any_of`."""
        return dict(self.entered)

    def any_of(self, snapshot: dict[int, int]) -> bool:
        """Return whether a thread of the snapshot, other than the calling one, is still in the same call."""
        own = self.thread.clock
        return any(self.entered.get(clock) == since for clock, since in snapshot.items() if clock != own)


def _cpu_time(clock: int) -> int:
    try:
        return time.clock_gettime_ns(clock) if clock < 0 else 0  # an ident is positive
    except OSError:  # the thread has ended
        return -1
