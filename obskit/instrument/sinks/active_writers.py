"""Which threads are inside write(2), and whether the disk blocks one of them.

A thread whose write has returned must still wait for the interpreter, in a busy process for seconds. It must
not be taken for a thread that the disk blocks. CPU time tells them apart at no cost: a thread that waits for
the interpreter wakes up at each switch interval (5 ms) to ask for it, and one that is blocked in the kernel
does not run at all. Reading the clock of another thread gives up no interpreter and asks no disk. Before a
thread counts as blocked, the kernel is asked too: on an overloaded machine threads also wait for a processor.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from types import BuiltinFunctionType
from typing import Final, NamedTuple

STUCK_NS: Final = 50_000_000
"""A thread that has been writing for longer than this, and does not run, is blocked."""
_NOTICED_NS: Final = 10_000_000
"""Age of a write from which on its thread's CPU time is observed."""
_INTERVALS: Final = 8
"""Within so many switch intervals a thread that waits for the interpreter runs, if a processor is free."""
_MOST_REMEMBERED: Final = 1024
_FUTEX: Final = {
    "x86_64": b"202",
    "aarch64": b"98",
    "riscv64": b"98",
    "ppc64le": b"221",
    "s390x": b"238",
    "armv7l": b"240",
}.get(os.uname().machine)
"""Number of the system call in which a thread waits for a lock, such as the interpreter's."""
_HAVE_CLOCKS: Final = hasattr(time, "pthread_getcpuclockid")  # macOS has none


class _Observed(NamedTuple):
    """What is known of one write.

    Args:
        since: when it began.
        cpu: CPU time of its thread, in ns.
        at: when that was seen.
        ran: whether the thread has run since then, or would if it had a processor or the interpreter.
        blocked: whether the thread was found to be blocked.
    """

    since: int
    cpu: int
    at: int
    ran: bool = False
    blocked: bool = False


class ActiveWriters:
    """The threads that are writing now.

    `entered` maps the clock of a thread -> `time.perf_counter_ns()` at entry. The sink stores and removes
    entries directly, because it does so for every event.
    """

    def __init__(self) -> None:
        self.entered: dict[int, int] = {}
        self.thread = threading.local()
        """Its `clock` is what `own_clock` has returned; the sink reads it for every event."""
        self._observed: dict[int, _Observed] = {}

    def own_clock(self) -> int:
        """Return the CPU clock of the calling thread; its ident where there are no such clocks."""
        ident = threading.get_ident()
        clock: int = time.pthread_getcpuclockid(ident) if _HAVE_CLOCKS else ident
        self.thread.clock = clock
        return clock

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
        seen, cpu = self._observed.get(clock), _cpu_time(clock)
        if seen is None or seen.since != since:
            seen = self._remember(clock, _Observed(since, cpu, now))
        elif seen.cpu != cpu:
            seen = self._remember(clock, _Observed(since, cpu, now, ran=True))
        if seen.blocked or now - since <= STUCK_NS:
            return seen.blocked
        watched, enough = (now - seen.at) / 1e9, _INTERVALS * sys.getswitchinterval()
        if watched < enough:
            if seen.ran:
                return False
            time.sleep(enough - watched)
        blocked = not _waits_for_interpreter(clock) and _cpu_time(clock) == cpu
        self._remember(clock, _Observed(since, cpu, time.perf_counter_ns(), ran=not blocked, blocked=blocked))
        return blocked and self.entered.get(clock) == since

    def _remember(self, clock: int, seen: _Observed) -> _Observed:
        if len(self._observed) >= _MOST_REMEMBERED:  # most are of threads that have ended
            self._observed.clear()
        self._observed[clock] = seen
        return seen

    def snapshot(self) -> dict[int, int]:
        """Return the threads that are writing now, for `any_of`."""
        return dict(self.entered)

    def any_of(self, snapshot: dict[int, int]) -> bool:
        """Return whether a thread of the snapshot, other than the calling one, is still in the same call."""
        own = self.own_clock()
        return any(self.entered.get(clock) == since for clock, since in snapshot.items() if clock != own)


def _cpu_time(clock: int) -> int:
    try:
        return time.clock_gettime_ns(clock) if clock < 0 else 0  # an ident is positive
    except OSError:  # the thread has ended
        return -1


def _waits_for_interpreter(clock: int) -> bool:
    """Return whether the kernel says that the thread waits for a processor or a lock; only Linux says."""
    if not isinstance(os.write, BuiltinFunctionType):  # replaced: it may wait for a lock in Python
        return False
    try:
        with open(f"/proc/self/task/{~(clock >> 3)}/syscall", "rb") as file:
            call, *_ = file.read(64).split()
    except (OSError, ValueError):
        return False
    return call in (b"running", _FUTEX)
