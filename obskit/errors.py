"""Everything obskit raises on purpose.

::

    ObskitError
    ├── ConditionError      a condition or calculation that cannot be read     (also ValueError)
    ├── UnknownField        a field that no event has                          (also KeyError)
    ├── UnknownFunction     a function that conditions do not know             (also ValueError)
    ├── EmptySelection      a selection or a baseline of no rows               (also ValueError)
    ├── ReadError           input that cannot be read as events                (also ValueError)
    ├── NoSuchPath          a path that is not there                           (also FileNotFoundError)
    ├── DatasetError        a Dataset that is torn, foreign or from elsewhere  (also RuntimeError)
    ├── StorageFull         no room to write                                   (also OSError)
    ├── LimitExceeded       input beyond a stated limit                        (also ValueError)
    ├── MissingDependency   an extra that is not installed                     (also ImportError)
    └── InvalidArgument             arguments that do not go together                  (also ValueError)

A message says what happened and where; the hint says what to do.
"""

from __future__ import annotations

from obskit.distribution import install_command, repair


class ObskitError(Exception):
    """Root of every error that obskit raises on purpose.

    Args:
        message: what happened, and where (file, line, byte).
        hint: what to do about it; printed on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:  # KeyError would print the repr
        return f"{self.message}\nHint: {self.hint}" if self.hint else self.message


class ConditionError(ObskitError, ValueError):
    """A condition or calculation that cannot be read."""


class UnknownField(ObskitError, KeyError):
    """A field that no event has."""


class UnknownFunction(ObskitError, ValueError):
    """A function that conditions do not know."""


class EmptySelection(ObskitError, ValueError):
    """A selection or a baseline of no rows."""


class ReadError(ObskitError, ValueError):
    """Input that cannot be read as events."""


class NoSuchPath(ObskitError, FileNotFoundError):
    """A path that is not there."""


class DatasetError(ObskitError, RuntimeError):
    """A Dataset that is torn, foreign, or was made by another version."""


class StorageFull(ObskitError, OSError):
    """No room left to write."""


class LimitExceeded(ObskitError, ValueError):
    """Input beyond a limit that is stated in the message."""


class InvalidArgument(ObskitError, ValueError):
    """Arguments that do not go together."""


class MissingDependency(ObskitError, ImportError):
    """An extra that is not installed."""

    @classmethod
    def of(cls, extra: str, what: str) -> MissingDependency:
        """Return the error for `what`, which needs the extra `extra`."""
        return cls(f"{what} needs the extra '{extra}'", hint=install_command(extra))

    @classmethod
    def of_module(cls, module: str | None) -> MissingDependency:
        """Return the error for a module of obskit itself that is not installed."""
        message, hint = repair(module)
        return cls(message, hint=hint)
