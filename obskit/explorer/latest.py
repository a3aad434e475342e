"""Run only the newest job: one thread, one job at a time; older jobs are cancelled.

A page may send a box while an earlier one is being answered. Answering on the thread that receives messages
would make the newer box wait. So the receiver submits a job here and returns at once.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable

from obskit.engine import start_thread

Cancelled = Callable[[], bool]
Job = Callable[[Cancelled], None]


class Latest:
    """Runs jobs one after the other. A job that isn't the newest is asked to stop, or is never started.

    Args:
        failed: called with the error of a job, on the job's thread, unless the job was cancelled.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._state = threading.Condition()
        self._sequence = 0
        self._waiting: tuple[int, Job] | None = None
        self._running = False

    def submit(self, job: Job, *, only_if_idle: bool = False) -> int:
        """Submit a job: cancel the one that runs and drop the one that waits.

        Args:
            job: called with a function that returns whether the job has been cancelled.
            only_if_idle: submit the job only if none is running.
        Returns:
            The job's sequence number, at once; 0 if the job was not submitted.
        """
        with self._state:
            if only_if_idle and self._running:
                return 0
            self._sequence += 1
            self._waiting = (self._sequence, job)
            if not self._running:
                self._running = True
                start_thread(self._work, "obskit-explorer", self.cancel)
            return self._sequence

    def cancel(self) -> None:
        """Cancel the job that runs and drop the one that waits."""
        with self._state:
            self._sequence += 1
            self._waiting = None

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until there is nothing left to do; return False if `timeout` seconds were not enough."""
        with self._state:
            return self._state.wait_for(lambda: not self._running, timeout)

    def _work(self) -> None:
        try:
            self._run_all()
        except BaseException:  # an error that could not be handed over: the next job gets another thread
            with self._state:
                self._running = False
                self._state.notify_all()
            raise

    def _run_all(self) -> None:
        while True:
            with self._state:
                if self._waiting is None:
                    self._running = False
                    self._state.notify_all()
                    return
                sequence, job = self._waiting
                self._waiting = None
            cancelled = functools.partial(self._is_cancelled, sequence)
            try:
                job(cancelled)
            except Exception as error:
                if not cancelled():
                    self._failed(error)

    def _is_cancelled(self, sequence: int) -> bool:
        return sequence != self._sequence
