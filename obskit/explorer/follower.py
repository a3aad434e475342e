"""Looking again every few seconds, as long as somebody looks on.

A page that shows the widget says so every few seconds. Once none has for a while, as after the cell was run
again, its output cleared or the browser closed, the thread rests until one does.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from obskit.dataset import drop_entry
from obskit.errors import InvalidArgument, ObskitError
from obskit.explorer.latest import Cancelled
from obskit.explorer.markers import incomplete_from
from obskit.explorer.state import State
from obskit.explorer.view import numeric_fields
from obskit.text import pluralize

DEFAULT = 5.0
UNSEEN = 40.0
"""Seconds without a page's word after which nobody looks on; a page says it every ten."""

_STRETCH = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
LEAST = 0.2


def seconds(every: str | float | bool) -> float:
    """Return how many seconds lie between two looks: a number, text such as "5s", or True for the default.

    Raises:
        InvalidArgument: it is none of these, or less than 200 ms.
    """
    if every is True:
        return DEFAULT
    found = _STRETCH.fullmatch(every.strip()) if isinstance(every, str) else None
    length = float(found[1]) * _SECONDS[found[2]] if found is not None else every
    if isinstance(length, (str, bool)) or not LEAST <= length < 86_400:
        raise InvalidArgument(f"follow={every!r} is no stretch of time", hint='follow="5s", 200ms at least')
    return float(length)


class Follower:
    """A thread that calls `look` again and again, until it is stopped or what it belongs to is gone.

    A look that takes long makes the pause after it as long, so that no more than half of the time is spent.

    Args:
        look: a bound method; only its object's life counts, this does not prolong it.
        every: seconds between two looks.
    """

    def __init__(self, look: Callable[[], None], every: float) -> None:
        self.every = every
        self._look = weakref.WeakMethod(look)
        self._seen = time.monotonic()
        self._wake = threading.Condition()
        self._stopped = False
        # When the object goes, and when the process ends, for a thread cannot outlive what it calls.
        self._end = weakref.finalize(look.__self__, self.stop)  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._work, name="obskit-follow", daemon=True)
        self._thread.start()

    def seen(self) -> None:
        """Take note that a page shows it."""
        with self._wake:
            self._seen = time.monotonic()
            self._wake.notify_all()

    def stop(self) -> None:
        """Look no more; a look under way goes on to its end."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        self._end.detach()

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopped

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the thread's end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        pause = self.every
        while self._rest(pause):
            look: Any = self._look()
            if look is None:
                return
            began = time.monotonic()
            look()
            del look
            pause = max(self.every, time.monotonic() - began)

    def _rest(self, pause: float) -> bool:
        """Wait for the next look, longer where nobody looks on; False when there is none."""
        until = time.monotonic() + pause
        with self._wake:
            while not self._stopped:
                now = time.monotonic()
                unseen = now - self._seen > UNSEEN
                if now >= until and not unseen:
                    return True
                self._wake.wait(None if unseen else until - now)
        return False


class Following:
    """What an Explorer does to follow; `Explorer` has the rest of these attributes."""

    _base: Any
    _state: State
    _narrowed: tuple[tuple[str, ...], Any]
    _lock: Any
    _latest: Any
    _follower: Follower | None
    _answer: Any
    _passed: list[Path]

    def follow(self, every: str | float | None = DEFAULT) -> None:
        """Look for new events every so often, and show them; the box and what was narrowed stay.

        It rests while no page shows the widget, and ends when that is closed. What goes wrong is shown in the
        widget, and it looks again.

        Args:
            every: "5s", "1m" or seconds; None ends it.
        Raises:
            InvalidArgument: no stretch of time.
        """
        pause = None if every is None else seconds(every)
        with self._lock:
            if self._follower is not None:
                self._follower.stop()
            self._follower = None if pause is None else Follower(self._look, pause)
            self._following = {} if pause is None else {"every": pause, "text": "", "error": ""}

    def close(self) -> None:
        """Close the widget; it follows no more."""
        if getattr(self, "_follower", None) is not None:
            self.follow(None)
        super().close()  # type: ignore[misc]

    def _look(self) -> None:
        """Load the events as they are now, and show them unless a question is being answered."""
        follower = self._follower
        try:
            fresh = self._base.refresh()
            changed = fresh.fingerprint != self._base.fingerprint
            self._told(follower, fresh, "")
            if changed:
                self._latest.submit(functools.partial(self._renew, fresh), only_if_idle=True)
        except Exception as error:
            known = isinstance(error, ObskitError)
            self._told(follower, None, str(error) if known else f"{type(error).__name__}: {error}")

    def _told(self, follower: Follower | None, fresh: Any, error: str) -> None:
        newest = None if fresh is None else fresh.scope.newest
        until = "" if newest is None else f", the newest of {newest:%H:%M:%S} UTC"
        text = "" if fresh is None else f"{pluralize(fresh.dataset.rows, 'event')}{until}"
        with self._lock:
            if follower is not None and follower is self._follower and not follower.stopped:
                self._following = {"every": follower.every, "text": text, "error": error}

    def _renew(self, fresh: Any, cancelled: Cancelled) -> None:
        """Take fresh events in, with what was asked of the others."""
        state = self._state
        until = incomplete_from(fresh, math.inf) if state.x.field == "timestamp" else None
        fields = numeric_fields(fresh, state.y.field)
        with self._lock:
            if cancelled():
                return
            before, self._state = self._state, dataclasses.replace(self._state, until=until)
            self._passed.append(self._base.dataset.path)
            self._base, self._fields = fresh, fields
            self._narrowed = ((), fresh)
            after = self._state
        self._answer(before, after, cancelled)
        # Each look at a folder that grows makes an entry of the cache; those nobody has open any more go.
        self._passed = [path for path in self._passed if not drop_entry(path)]
