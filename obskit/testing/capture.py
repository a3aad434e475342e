"""What a service emits, as rows in memory, the same in every run: for tests of instrumented code."""

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
from obskit.instrument import Handle, api, configure, runtime
from obskit.instrument import process_fields as drift
from obskit.instrument.configuration import isolated_configuration
from obskit.instrument.otel import foreign_provider as join
from obskit.instrument.spans import event_span as span
from obskit.names import DRIFT

START = 1_767_225_600_000_000_000
"""Where the clock begins, in nanoseconds since 1970: 2026-01-01T00:00:00Z."""

# What a process says of itself, which differs from run to run.
_DRIFT = frozenset({"host.name", "process.pid", "service.instance.id", *DRIFT})


class Clock:
    """A clock that goes on by one step each time that somebody looks at it."""

    def __init__(self, step_ns: int) -> None:
        self.monotonic = time.monotonic
        self._step = step_ns
        self._looks = itertools.count(1)

    def perf_counter_ns(self) -> int:
        """Return nanoseconds since the clock began."""
        return next(self._looks) * self._step

    def time_ns(self) -> int:
        """Return nanoseconds since 1970."""
        return START + self.perf_counter_ns()


class _Memory:
    """A sink that keeps rows."""

    def __init__(self, kept: list[dict[str, Any]]) -> None:
        self.file: Path | None = None
        self._kept = kept

    def write(self, line: bytes, _clock: int) -> None:
        """Keep a line, as it would be written, as a row."""
        row = orjson.loads(line)
        self._kept.append({name: value for name, value in row.items() if name not in _DRIFT})

    def tend(self) -> None:
        """Do nothing."""

    def reset(self) -> None:
        """Do nothing: a forked child's rows are its own."""

    def flush(self, _timeout: float) -> bool:
        """Nothing waits."""
        return True

    def close(self, _timeout: float) -> bool:
        """Nothing waits."""
        return True


@contextmanager
def captured(
    service: str = "tested", *, step_ms: float = 1.0, **options: Any
) -> Iterator[list[dict[str, Any]]]:
    """Give the rows that this process emits within, in the order of their ends; nothing is written.

    Ids and times are the same in every run: ids are drawn from one seed, and the clock begins with the year
    2026 and goes on by a step each time it is looked at, so that a unit with nothing in it lasts one step.
    What differs from run to run (process, host, memory) is left out. What was configured before is put aside.

    Args:
        service: `service.name`.
        step_ms: milliseconds of a step of the clock.
        options: as `configure` takes them, but for `sink`: `sampling`, `redaction`, `attributes`, ...
    """
    kept: list[dict[str, Any]] = []
    clock = Clock(round(step_ms * 1e6))
    here = {name: "" for name in os.environ if name.startswith(("OTEL_", "OBSKIT_"))}
    with isolated_configuration(), ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, here))
        for module in (api, drift, join, runtime):
            stack.enter_context(patch.object(module, "time", clock))
        stack.enter_context(patch.object(span, "_now", clock.time_ns))
        stack.enter_context(patch.object(span, "_clock", clock.perf_counter_ns))
        handle = configure(service, sink=None, **options)
        _into(handle, kept)
        yield kept


def _into(handle: Handle, kept: list[dict[str, Any]]) -> None:
    """Have a configured process keep its rows in a list, and draw ids from a seed."""
    made = handle._runtime
    if made is None:
        raise ObskitError("nothing can be captured: configure failed", hint="its log says why")
    made.sink = _Memory(kept)  # type: ignore[assignment]
    made.random_bits = random.Random(2026).getrandbits  # noqa: S311
    # The thread that looks after files would look at the clock, whenever it comes to it.
    made._keeper = threading.current_thread()
