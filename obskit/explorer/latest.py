"""The newest question wins: one thread, one job at a time, older ones told to stop.

Messages of a page arrive on the kernel's main thread or on another, while an older answer is still being
worked out. Working on the thread that received them would make a newer box wait for the older one. So the
receiver only leaves its job here and returns.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

Cancelled = Callable[[], bool]
Job = Callable[[Cancelled], None]


class Latest:
    """Runs jobs one after the other; a job that is not the newest is asked to stop, or never begun.

    Args:
        failed: gets the error of a job, on the job's thread, unless the job was cancelled by then.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._state = threading.Condition()
        self._sequence = 0
        self._waiting: tuple[int, Job] | None = None
        self._running = False

    def submit(self, job: Job, *, only_if_idle: bool = False) -> int:
        """Leave a job, cancel what runs, forget what waits; returns the job's sequence number at once.

        The job gets a function that says whether it has been cancelled.

        Args:
            job: what is to be done.
            only_if_idle: leave it only where nothing runs; else nothing happens, and 0 is returned.
        """
        with self._state:
            if only_if_idle and self._running:
                return 0
            self._sequence += 1
            self._waiting = (self._sequence, job)
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name="obskit-explorer", daemon=True).start()
            return self._sequence

    def cancel(self) -> None:
        """Ask what runs to stop and forget what waits."""
        with self._state:
            self._sequence += 1
            self._waiting = None

    def wait(self, timeout: float | None = None) -> bool:
        """Return when nothing is left to do; False where that took longer than `timeout` seconds."""
        with self._state:
            return self._state.wait_for(lambda: not self._running, timeout)

    def _work(self) -> None:
        while True:
            with self._state:
                if self._waiting is None:
                    self._running = False
                    self._state.notify_all()
                    return
                sequence, job = self._waiting
                self._waiting = None
            cancelled = functools.partial(self._passed, sequence)
            try:
                job(cancelled)
            except Exception as error:
                if not cancelled():
                    self._failed(error)

    def _passed(self, sequence: int) -> bool:
        return sequence != self._sequence
