"""Helpers for tests: the contract that every reader keeps, sample files, and events that a service emits.

`captured` needs only the base install, the rest the extra `data`; so modules are imported when names are
first used. For tests only: nothing here is optimized for speed or memory.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from obskit.errors import MissingDependency

if TYPE_CHECKING:
    from obskit.testing.canonical import differences, incident
    from obskit.testing.capture import captured
    from obskit.testing.contract import ReaderContract
    from obskit.testing.format_samples import encoded, samples
    from obskit.testing.markers import MarkerContract, deployments

# name -> module
_MODULES = {
    "MarkerContract": "markers",
    "ReaderContract": "contract",
    "captured": "capture",
    "deployments": "markers",
    "differences": "canonical",
    "encoded": "format_samples",
    "incident": "canonical",
    "samples": "format_samples",
}

__all__ = [
    "MarkerContract",
    "ReaderContract",
    "captured",
    "deployments",
    "differences",
    "encoded",
    "incident",
    "samples",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'obskit.testing' has no attribute {name!r}")
    try:
        module = importlib.import_module(f"obskit.testing.{_MODULES[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "obskit":
            raise MissingDependency.of_module(error.name) from error
        raise MissingDependency.of("data", f"obskit.testing.{name}") from error
    return getattr(module, name)
