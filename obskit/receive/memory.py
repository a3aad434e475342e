"""Make glibc return freed memory to the operating system."""

from __future__ import annotations

import contextlib
import ctypes

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE = 256 * 1024


def return_freed_memory() -> None:
    """Make glibc use few pools and return large blocks at once; does nothing with other C libraries.

    By default glibc raises its threshold to 32 MiB after the first large request, and keeps smaller blocks in
    one pool per thread. After many large requests the process holds three times the memory that it needed.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 2)
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _LARGE)
