"""The fields that a process puts on every row: those of the service, and its uptime, memory and open units.

They are read at most once per second and kept as the JSON text that ends every line.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sized
from typing import Any

import orjson

from obskit.names import DRIFT

_REFRESH_NS = 1_000_000_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ProcessFields:
    """The process's fields at this moment.

    `fields` has them by name. `json_suffix` has them as JSON, from the comma to the newline. `refresh_at` is
    the `time.perf_counter_ns()` after which to read them again.

    Args:
        resource: attributes of the service, plain and redacted.
        in_flight: container whose length is the number of open units.
    """

    def __init__(self, resource: dict[str, Any], in_flight: Sized) -> None:
        self.resource = resource
        self._in_flight = in_flight
        self._begun = time.perf_counter_ns()
        self.refresh(self._begun)

    def reset_after_fork(self) -> None:
        """Take the forked child's process id, and count its uptime from now."""
        self._begun = time.perf_counter_ns()
        self.resource["process.pid"] = os.getpid()
        self.refresh(self._begun)

    def refresh(self, clock: int) -> None:
        """Read uptime, memory and open units; `clock` is `time.perf_counter_ns()` of now."""
        self.refresh_at = clock + _REFRESH_NS
        age, units = round((clock - self._begun) / 1e9, 3), len(self._in_flight)
        fields = self.resource | dict(zip(DRIFT, (age, resident_bytes(), units), strict=True))
        self.json_suffix = b"," + orjson.dumps(fields)[1:] + b"\n"
        self.fields = fields


def resident_bytes() -> int:
    """Return this process's resident memory in bytes; its peak where the system has no /proc."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
