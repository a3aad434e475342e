"""Memory that was freed goes back to the system, which C's library does not do by itself."""

from __future__ import annotations

import contextlib
import ctypes

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE = 256 * 1024


def give_back() -> None:
    """Tell glibc to keep few pools and to give large pieces back at once; elsewhere nothing happens.

    By itself it raises its threshold to 32 MiB after the first large request, and keeps what lies below it,
    in a pool of each thread: a flood of large requests leaves three times the memory that it needed.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 2)
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _LARGE)
