"""Let a package be called like its main function: `obskit.delivery(markers)`.

`obskit.delivery` is a package, and Python binds that name as soon as the package is imported. Users call it
as a function, so the package is made callable.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    _function: Callable[..., Any]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._function(*arguments, **named)


def make_callable(package: str, function: Callable[..., Any]) -> None:
    """Make a package callable.

    Args:
        package: the name of the package, from within it.
        function: what a call of the package calls; it gives the package its documentation and its signature.
    """
    module = sys.modules[package]
    module.__class__ = _CallablePackage
    module.__dict__["_function"] = function
    module.__dict__["__signature__"] = inspect.signature(function)
    module.__doc__ = function.__doc__
