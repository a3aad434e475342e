"""obskit: find which requests are slow or failing after a deployment, for whom, and why.

`load` makes `Events`, and everything else is a verb on them. Names are looked up when they are first used, so
that importing obskit costs nothing and works without the extras.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

from obskit.errors import (
    ChangedData,
    ConditionError,
    DatasetError,
    EmptySelection,
    InvalidArgument,
    LimitExceeded,
    MissingDependency,
    NoSuchPath,
    ObskitError,
    ReadError,
    RemoteError,
    StorageFull,
    UnknownField,
    UnknownFunction,
    Unsupported,
)

if TYPE_CHECKING:
    from obskit.checks import checks
    from obskit.delivery import delivery
    from obskit.encryption import SubjectKeys
    from obskit.engine import format_condition
    from obskit.events import Events, Pin, connect, load, pin
    from obskit.explain import Explanation, Finding
    from obskit.explorer.widget import Explorer
    from obskit.readers import Reader, register_reader
    from obskit.record import Ledger, note
    from obskit.report import Report, report

# Exported name -> (module, extra that provides its dependencies).
_LAZY_EXPORTS: dict[str, tuple[str, str]] = {
    "Events": ("events", "data"),
    "Explanation": ("explain", "data"),
    "Explorer": ("explorer.widget", "notebook"),
    "Finding": ("explain", "data"),
    "Ledger": ("record", "data"),
    "Pin": ("events", "data"),
    "Reader": ("readers", "data"),
    "Report": ("report", "data"),
    "SubjectKeys": ("encryption", "crypto"),
    "checks": ("checks", "data"),
    "connect": ("events", "data"),
    "delivery": ("delivery", "data"),
    "format_condition": ("engine", "data"),
    "load": ("events", "data"),
    "note": ("record", "data"),
    "pin": ("events", "data"),
    "register_reader": ("readers", "data"),
    "report": ("report", "data"),
}

__all__ = [
    "ChangedData",
    "ConditionError",
    "DatasetError",
    "EmptySelection",
    "Events",
    "Explanation",
    "Explorer",
    "Finding",
    "InvalidArgument",
    "Ledger",
    "LimitExceeded",
    "MissingDependency",
    "NoSuchPath",
    "ObskitError",
    "Pin",
    "ReadError",
    "Reader",
    "RemoteError",
    "Report",
    "StorageFull",
    "SubjectKeys",
    "UnknownField",
    "UnknownFunction",
    "Unsupported",
    "checks",
    "connect",
    "delivery",
    "format_condition",
    "load",
    "note",
    "pin",
    "register_reader",
    "report",
]


def __getattr__(name: str) -> Any:
    if name == "BadCall":
        warnings.warn("obskit.BadCall is now obskit.InvalidArgument", DeprecationWarning, stacklevel=2)
        return InvalidArgument
    if name not in _LAZY_EXPORTS:
        raise AttributeError(f"module 'obskit' has no attribute {name!r}")
    module_name, extra = _LAZY_EXPORTS[name]
    try:
        module = importlib.import_module(f"obskit.{module_name}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "obskit":
            raise MissingDependency.of_module(error.name) from error
        raise MissingDependency.of(extra, f"obskit.{name}") from error
    # `delivery` and `checks` are packages that can be called.
    found = module if module_name == name else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
