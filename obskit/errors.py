"""The exceptions that obskit raises on purpose.

::

    ObskitError
    ├── ConditionError      a condition or calculation cannot be parsed        (also ValueError)
    ├── UnknownField        there is no such field                             (also KeyError)
    ├── UnknownFunction     there is no such function in conditions            (also ValueError)
    ├── EmptySelection      a selection or baseline has no rows                (also ValueError)
    ├── ReadError           input cannot be read as events                     (also ValueError)
    ├── NoSuchPath          a path does not exist                              (also FileNotFoundError)
    ├── DatasetError        a Dataset is torn, edited or of another version    (also RuntimeError)
    ├── ChangedData         the data is not what was pinned                    (also RuntimeError)
    ├── StorageFull         the disk is full                                   (also OSError)
    ├── LimitExceeded       input exceeds a documented limit                   (also ValueError)
    ├── MissingDependency   an extra is not installed                          (also ImportError)
    ├── RemoteError         an engine elsewhere does not answer, or fails      (also ConnectionError)
    ├── Unsupported         an engine elsewhere cannot do this                 (also NotImplementedError)
    └── InvalidArgument     an argument is not valid, or does not fit another  (also ValueError)

The message says what is wrong, with which value and where; the hint says what to do.
"""

from __future__ import annotations

from obskit.distribution import install_command, repair
from obskit.text import safe


class ObskitError(Exception):
    """Base class of all errors that obskit raises on purpose.

    Args:
        message: what is wrong, and where (file, line, byte).
        hint: what to do about it; printed on its own line.

    Example:
        try:
            events.where("nope > 1")
        except ok.ObskitError as error:
            print(error.message, error.hint)
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:  # KeyError would print the repr of the message
        # The values that it quotes come from whoever sent the events.
        return safe(f"{self.message}\nHint: {self.hint}" if self.hint else self.message, lines=True)


class ConditionError(ObskitError, ValueError):
    """A condition or calculation cannot be parsed.

    Example:
        try:
            events.where("duration_ms >")
        except ok.ConditionError as error:
            print(error)
    """


class UnknownField(ObskitError, KeyError):
    """There is no such field.

    Example:
        try:
            events.where("duration_msec > 500")
        except ok.UnknownField as error:
            print(error)  # with the nearest names
    """


class UnknownFunction(ObskitError, ValueError):
    """There is no such function in conditions and calculations.

    Example:
        try:
            events.where("lenght(name) > 10")
        except ok.UnknownFunction as error:
            print(error)
    """


class EmptySelection(ObskitError, ValueError):
    """A selection or baseline has no rows.

    Example:
        try:
            events.explain("duration_ms > 1e9")
        except ok.EmptySelection as error:
            print(error)
    """


class ReadError(ObskitError, ValueError):
    """Input cannot be read as events.

    Example:
        try:
            ok.load("README.md")
        except ok.ReadError as error:
            print(error)
    """


class NoSuchPath(ObskitError, FileNotFoundError):
    """A path does not exist.

    Example:
        try:
            ok.load("no/such/folder")
        except ok.NoSuchPath as error:
            print(error)
    """


class DatasetError(ObskitError, RuntimeError):
    """A Dataset is torn, was edited, or was made by another version.

    Example:
        try:
            ok.load("sample_events")
        except ok.DatasetError as error:
            print("convert the files again:", error)
    """


class ChangedData(ObskitError, RuntimeError):
    """The data is not what was pinned: a file is missing, has another size, or holds other rows.

    Example:
        pinned = ok.pin(events)
        try:
            ok.load(pinned)
        except ok.ChangedData as error:
            print(error)  # which files changed, and how
    """


class StorageFull(ObskitError, OSError):
    """The disk is full.

    Example:
        try:
            ok.load("sample_events")
        except ok.StorageFull as error:
            print("free space in the cache's folder:", error)
    """


class LimitExceeded(ObskitError, ValueError):
    """Input exceeds a limit, which the message states.

    Example:
        try:
            ok.load("sample_events")
        except ok.LimitExceeded as error:
            print("split the input:", error)
    """


class InvalidArgument(ObskitError, ValueError):
    """An argument is not valid, or does not fit the others.

    Example:
        try:
            events.explain("error", depth=9)
        except ok.InvalidArgument as error:
            print(error)
    """


class MissingDependency(ObskitError, ImportError):
    """An extra is not installed.

    Example:
        try:
            ok.Explorer(events)
        except ok.MissingDependency as error:
            print(error)  # without the extra `notebook`: the command that installs it
    """

    @classmethod
    def of(cls, extra: str, what: str) -> MissingDependency:
        """Return the error for `what`, which needs the extra `extra`."""
        return cls(f"{what} needs the extra '{extra}'", hint=install_command(extra))

    @classmethod
    def of_module(cls, module: str | None) -> MissingDependency:
        """Return the error for a module of obskit itself that is not installed."""
        message, hint = repair(module)
        return cls(message, hint=hint)


class RemoteError(ObskitError, ConnectionError):
    """An engine on another machine cannot be reached, does not answer in time, or fails.

    Example:
        try:
            ok.connect("duckdb://no-such-file.duckdb", table="events")
        except ok.RemoteError as error:
            print(error)
    """


class Unsupported(ObskitError, NotImplementedError):
    """An engine on another machine cannot do this.

    Example:
        try:
            events.query("count()")
        except ok.Unsupported as error:
            print(error)  # what to do instead, such as events.fetch()
    """
