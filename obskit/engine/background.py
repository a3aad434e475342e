"""Threads that work in the background, ended before the interpreter ends.

The interpreter ends a daemon thread as soon as it comes back from native code, such as DuckDB's or Arrow's,
which ends the whole process with "FATAL: exception not rethrown". So the thread is asked to stop, and waited
for, while everything is still there.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections.abc import Callable

PATIENCE = 30.0  # seconds that the end of the process waits for all threads together

_running: dict[threading.Thread, Callable[[], None]] = {}


def start_thread(work: Callable[[], None], name: str, stop: Callable[[], None]) -> threading.Thread:
    """Start a thread that does not keep the process alive.

    Args:
        work: what it does.
        name: its name.
        stop: asks the work to end soon; called when the process ends, on another thread.

    Returns:
        The thread.
    """

    def run() -> None:
        try:
            work()
        finally:
            _running.pop(threading.current_thread(), None)

    thread = threading.Thread(target=run, name=name, daemon=True)
    _running[thread] = stop
    try:
        thread.start()
    except BaseException:
        _running.pop(thread, None)
        raise
    return thread


@atexit.register
def _end_all() -> None:
    running = list(_running.items())
    for _, stop in running:
        with contextlib.suppress(Exception):  # the others are to be asked as well
            stop()
    end = time.monotonic() + PATIENCE
    for thread, _ in running:
        thread.join(max(0.0, end - time.monotonic()))
