"""Load the events again every few seconds, while a page shows them.

A page that shows the widget sends a message every few seconds. When none has come for a while (the cell was
run again, its output was cleared, the browser was closed), the thread waits until one comes.
"""

from __future__ import annotations

import re
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from obskit.engine import start_thread
from obskit.errors import InvalidArgument, ObskitError
from obskit.text import pluralize

DEFAULT_SECONDS = 5.0
LEAST_SECONDS = 0.2
DAY = 86_400
UNSEEN = 40.0
"""Seconds without a message from a page after which nobody is looking; a page sends one every ten."""

_INTERVAL = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_interval(every: str | float | bool) -> float:
    """Return an interval in seconds.

    Args:
        every: a number of seconds, text such as "5s", or True for the default.
    Returns:
        Seconds, from 0.2 up to less than a day.
    Raises:
        InvalidArgument: the value is not an interval, or out of these bounds.
    """
    if every is True:
        return DEFAULT_SECONDS
    found = _INTERVAL.fullmatch(every.strip()) if isinstance(every, str) else None
    length = float(found[1]) * _SECONDS[found[2]] if found is not None else every
    if isinstance(length, (str, bool)) or not LEAST_SECONDS <= length < DAY:
        raise InvalidArgument(
            f"follow must be an interval from 200 ms up to a day, got {every!r}",
            hint='give text such as follow="5s", or a number of seconds',
        )
    return float(length)


class RepeatingThread:
    """A thread that calls a method again and again, until it is stopped or the method's object is gone.

    The pause after a call is at least as long as the call took, so at most half of the time is spent loading.

    Args:
        call: a bound method. The thread does not keep its object alive.
        every: seconds between two calls.
    """

    def __init__(self, call: Callable[[], None], every: float) -> None:
        self.every = every
        self._call = weakref.WeakMethod(call)
        self._seen = time.monotonic()
        self._wake = threading.Condition()
        self._stopped = False
        # Stops when the object goes, and when the process ends: a thread must not outlive what it calls.
        self._end = weakref.finalize(call.__self__, self.stop)  # type: ignore[attr-defined]
        self._thread = start_thread(self._work, "obskit-follow", self.stop)

    def seen(self) -> None:
        """Record that a page shows the widget."""
        with self._wake:
            self._seen = time.monotonic()
            self._wake.notify_all()

    def stop(self) -> None:
        """Make no further calls; one that is under way finishes."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._end.detach()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopped

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the thread has ended; return whether it has, after at most `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        pause = self.every
        while self._wait(pause):
            call: Any = self._call()
            if call is None:
                return
            began = time.monotonic()
            call()
            del call
            pause = max(self.every, time.monotonic() - began)

    def _wait(self, pause: float) -> bool:
        """Wait for the next call, as long as nobody is looking; return False if there is none."""
        until = time.monotonic() + pause
        with self._wake:
            while not self._stopped:
                now = time.monotonic()
                unseen = now - self._seen > UNSEEN
                if now >= until and not unseen:
                    return True
                self._wake.wait(None if unseen else until - now)
        return False


class EventsFollower:
    """Loads events again and again, and hands over those that differ from the current ones.

    Args:
        current: returns the events that are shown.
        take: called on the follower's thread with events whose rows are others than the current ones'.
        report: called with {"every", "text", "error"} after each load, and with {} when following ends.
    """

    def __init__(
        self,
        current: Callable[[], Any],
        take: Callable[[Any], object],
        report: Callable[[dict[str, Any]], None],
    ) -> None:
        self._current, self._take, self._report = current, take, report
        self._lock = threading.Lock()
        self._thread: RepeatingThread | None = None

    @property
    def thread(self) -> RepeatingThread | None:
        """The thread that loads; None when nothing is followed."""
        return self._thread

    def start(self, every: float) -> None:
        """Load every so many seconds; this replaces an earlier interval."""
        with self._lock:
            if self._thread is not None:
                self._thread.stop()
            self._thread = RepeatingThread(self._load, every)
            self._report({"every": every, "text": "", "error": ""})

    def stop(self) -> None:
        """Stop loading."""
        with self._lock:
            if self._thread is not None:
                self._thread.stop()
            self._thread = None
            self._report({})

    def seen(self) -> None:
        """Record that a page shows the events."""
        if self._thread is not None:
            self._thread.seen()

    def _load(self) -> None:
        """Load the events as they are now; what goes wrong is reported, and the next load tries again."""
        thread = self._thread
        try:
            current = self._current()
            fresh = current.refresh()
            self._report_from(thread, _describe(fresh), "")
            if fresh.fingerprint != current.fingerprint:
                self._take(fresh)
        except Exception as error:
            known = isinstance(error, ObskitError)
            self._report_from(thread, "", str(error) if known else f"{type(error).__name__}: {error}")

    def _report_from(self, thread: RepeatingThread | None, text: str, error: str) -> None:
        with self._lock:
            if thread is not None and thread is self._thread and not thread.stopped:
                self._report({"every": thread.every, "text": text, "error": error})


def _describe(events: Any) -> str:
    newest = events.scope.newest
    until = "" if newest is None else f", newest at {newest:%H:%M:%S} UTC"
    return f"{pluralize(events.dataset.rows, 'event')}{until}"
