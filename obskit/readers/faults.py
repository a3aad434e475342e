"""Tell a reader's own faults from errors that are meant, and give them a reason for the load report.

A fault is an error that a reader does not raise on purpose, such as a KeyError for an unforeseen value. It
costs the record or document that it happens in. A full disk, a limit or too little memory is not a fault:
these concern the whole run, and their errors are passed on.
"""

from __future__ import annotations

from obskit.errors import ObskitError

NOT_FAULTS: tuple[type[Exception], ...] = (ObskitError, OSError, MemoryError)
"""Errors that are passed on: catch them before `Exception`."""


def fault_reason(error: Exception) -> str:
    """Return the reason of a rejection because of a fault, without data, so that equal faults are one reason.

    Args:
        error: an error that is not one of `NOT_FAULTS`.

    Returns:
        Such as "a fault in the reader (KeyError)".
    """
    return f"a fault in the reader ({type(error).__name__})"
