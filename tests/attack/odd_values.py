"""Values that nobody expects: methods that raise, containers in themselves, texts that are not UTF-8."""

from __future__ import annotations

import array
import collections
import contextlib
import datetime
import decimal
import enum
import fractions
import math
import os
import sys
import threading
import types
import uuid
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DUNDERS = (
    *(
        "str",
        "repr",
        "hash",
        "eq",
        "bool",
        "len",
        "iter",
        "getitem",
        "format",
        "int",
        "float",
        "index",
        "contains",
    ),
    *(
        "getattribute",
        "getattr",
        "fspath",
        "lt",
        "next",
        "length_hint",
        "bytes",
        "call",
        "del",
        "reduce_ex",
        "instancecheck",
    ),
)
ERRORS = (ValueError, RecursionError, MemoryError, AttributeError, StopIteration, KeyError)


def _raising(names: tuple[str, ...], error: type[Exception], base: type = object, *given: Any) -> Any:
    """Return an object of a subclass of `base` whose methods of these names raise."""

    def method(*_: Any, **__: Any) -> Any:
        raise error("planted")

    made = base.__new__(type("Odd", (base,), {}), *given)
    if base in (list, dict):
        made.__init__(*given)
    for name in names:
        with contextlib.suppress(TypeError, AttributeError):
            setattr(type(made), name, method)
    return made


def _values() -> dict[str, Callable[[], Any]]:
    """Return the odd values by name, each made anew."""
    table: dict[str, Callable[[], Any]] = {}
    for error in ERRORS:
        for dunder in DUNDERS if error is ValueError else ("str", "hash", "eq", "iter", "getattribute"):
            table[f"raises {error.__name__} in __{dunder}__"] = lambda dunder=dunder, error=error: _raising(
                (f"__{dunder}__",), error
            )
    for base, given in (
        (str, ("text",)),
        (int, (5,)),
        (float, (0.5,)),
        (list, ([1],)),
        (dict, ({"a": 1},)),
        (bytes, (b"x",)),
    ):
        for names in (
            ("__str__", "__repr__"),
            ("__hash__", "__eq__"),
            ("__len__", "__iter__", "items", "keys"),
            ("encode", "__getitem__", "strip", "__add__", "__format__"),
        ):
            table[f"{base.__name__} that raises in {names[0]}"] = lambda base=base, given=given, names=names: (
                _raising(names, ValueError, base, *given)
            )
    table["raises everywhere"] = lambda: _raising(
        tuple(f"__{name}__" for name in DUNDERS if name != "del"), ValueError
    )
    table |= dict(_plain())
    return table


def _plain() -> Iterator[tuple[str, Callable[[], Any]]]:
    loop_list: list[Any] = []
    loop_list.append(loop_list)
    loop_map: dict[str, Any] = {}
    loop_map["me"] = loop_map
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    for name, value in {
        "None": None,
        "an empty text": "",
        "a lone surrogate": "a\ud800b",
        "zeros": "\0\0",
        "a long text": "x" * 3_000_000,
        "bytes": b"\xff\xfe",
        "a bytearray": bytearray(b"x"),
        "a huge integer": 10**5000,
        "2**63": 2**63,
        "-2**63 - 1": -(2**63) - 1,
        "NaN": math.nan,
        "infinity": math.inf,
        "a complex number": 1j,
        "a signaling NaN": decimal.Decimal("sNaN"),
        "a huge decimal": decimal.Decimal("1e999999"),
        "a fraction": fractions.Fraction(1, 3),
        "datetime.min": datetime.datetime.min,
        "datetime.max in UTC": datetime.datetime.max.replace(tzinfo=datetime.UTC),
        "a broken time zone": datetime.datetime(
            2026, 1, 1, tzinfo=_raising(("utcoffset",), ValueError, datetime.tzinfo)
        ),
        "a timedelta": datetime.timedelta.max,
        "a list in itself": loop_list,
        "a dict in itself": loop_map,
        "5,000 levels": deep,
        "a wide dict": {f"k{n}": n for n in range(30_000)},
        "keys of many types": {None: 1, 5: 2, (1, 2): 3, b"x": 4, 1.5: 5, True: 6},
        "odd keys": {
            "": 1,
            "\ud800": 2,
            "timestamp": "x",
            "name": 5,
            "trace_id": [],
            "a" * 100_000: 3,
            "a.b": 1,
            "a": {"b": 2},
        },
        "a set": {1, "a", None},
        "a memory view": memoryview(b"abc"),
        "an array": array.array("d", [math.nan]),
        "a range": range(1000),
        "a generator": (n for n in range(3)),
        "an endless iterator": iter(int, 1),
        "a lambda": lambda: None,
        "a class": int,
        "a module": sys,
        "a lock": threading.Lock(),
        "an enum": enum.Enum("Color", "RED").RED,  # type: ignore[attr-defined]
        "an int enum": enum.IntEnum("Number", "ONE").ONE,  # type: ignore[attr-defined]
        "a uuid": uuid.UUID(int=5),
        "a path": Path("a\udcff"),
        "a mapping proxy": types.MappingProxyType({"a": 1}),
        "an ordered dict": collections.OrderedDict(a=1),
        "a chain map": collections.ChainMap({"a": 1}, {}),
        "a named tuple": collections.namedtuple("Pair", "a b")(1, math.nan),
        "an exception": ValueError("x"),
        "an exception group": ExceptionGroup("x", [ValueError("y")]),
        "an empty tuple": (),
        "Ellipsis": ...,
        "NotImplemented": NotImplemented,
        "a type that is not hashable": [[], {}],
        "a context variable": __import__("contextvars").ContextVar("x"),
        "an open file": open(os.devnull),  # noqa: SIM115
    }.items():
        yield name, lambda value=value: value
    yield "a dead weak proxy", lambda: weakref.proxy(type("Gone", (), {})())
    yield "a released memory view", _released


def _released() -> memoryview:
    view = memoryview(b"abc")
    view.release()
    return view


VALUES = _values()
