"""Capture the events that instrumented code emits, in memory, with the same ids and times in every run."""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson

from obskit.errors import ObskitError
from obskit.instrument import Handle, api, configure, process_fields, runtime
from obskit.instrument.configuration import isolated_configuration
from obskit.instrument.otel import foreign_provider
from obskit.instrument.spans import event_span
from obskit.names import DRIFT

START = 1_767_225_600_000_000_000
"""The clock's first time, in nanoseconds since 1970: 2026-01-01T00:00:00Z."""

# Fields about the process, which differ from run to run.
_PROCESS_FIELDS = frozenset({"host.name", "process.pid", "service.instance.id", *DRIFT})


class Clock:
    """A clock that moves on by one step each time it is read."""

    def __init__(self, step_ns: int) -> None:
        self.monotonic = time.monotonic
        self._step = step_ns
        self._reads = itertools.count(1)

    def perf_counter_ns(self) -> int:
        """Return nanoseconds since the clock started."""
        return next(self._reads) * self._step

    def time_ns(self) -> int:
        """Return nanoseconds since 1970."""
        return START + self.perf_counter_ns()


class _Memory:
    """A sink that appends rows to a list."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        self.file: Path | None = None
        self._kept = kept

    def write(self, line: bytes, _clock: int) -> None:
        """Parse a line and append it, without the process's own fields."""
        row = orjson.loads(line)
        self._kept.append({name: value for name, value in row.items() if name not in _PROCESS_FIELDS})

    def tend(self) -> None:
        """Do nothing."""

    def reset(self) -> None:
        """Do nothing: a forked child has its own rows."""

    def flush(self, _timeout: float) -> bool:
        """Return True: nothing is queued."""
        return True

    def close(self, _timeout: float) -> bool:
        """Return True: nothing is queued."""
        return True


@contextmanager
def captured(
    service: str = "tested", *, step_ms: float = 1.0, **options: Any
) -> Iterator[list[dict[str, Any]]]:
    """Yield a list of the rows that this process emits within the context; nothing is written.

    Ids and times are the same in every run: ids come from a fixed seed, and the clock starts with the year
    2026 and moves on by one step each time it is read, so a unit of work with nothing in it lasts one step.
    Fields that differ from run to run (process, host, memory) are left out. An earlier configuration is
    suspended.

    Args:
        service: `service.name`.
        step_ms: milliseconds per step of the clock.
        **options: of `configure`, except `sink`: `sampling`, `redaction`, `attributes`, ...

    Yields:
        The rows, in the order in which their events ended.

    Example:
        from obskit.instrument import event

        with captured("booking") as rows:
            with event("book", {"cart.items": 3}):
                pass
        assert rows[0]["cart.items"] == 3
    """
    kept: list[dict[str, Any]] = []
    clock = Clock(round(step_ms * 1e6))
    unset = {name: "" for name in os.environ if name.startswith(("OTEL_", "OBSKIT_"))}
    with isolated_configuration(), ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, unset))
        for module in (api, process_fields, foreign_provider, runtime):
            stack.enter_context(patch.object(module, "time", clock))
        stack.enter_context(patch.object(event_span, "_now", clock.time_ns))
        stack.enter_context(patch.object(event_span, "_clock", clock.perf_counter_ns))
        handle = configure(service, sink=None, **options)
        _redirect(handle, kept)
        yield kept


def _redirect(handle: Handle, kept: list[dict[str, Any]]) -> None:
    """Make a configured process append its rows to a list, and draw ids from a fixed seed."""
    made = handle._runtime
    if made is None:
        raise ObskitError("nothing can be captured: configure() failed", hint="see its log for the reason")
    made.sink = _Memory(kept)  # type: ignore[assignment]
    made.random_bits = random.Random(2026).getrandbits  # noqa: S311
    # The thread that tends the files would read the clock at random times.
    made._keeper = threading.current_thread()
