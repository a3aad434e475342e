"""Values that are odd in every way: their methods raise or never end, or they are large, deep or foreign."""

from __future__ import annotations

import dataclasses
import enum
import itertools
import threading
from collections import OrderedDict, UserDict, namedtuple
from collections.abc import Callable, Iterator, Mapping, Set
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd


class OddError(Exception):
    """What the odd things raise."""


def raise_odd(*_: object, **__: object) -> Any:
    raise OddError("odd")


METHODS = (
    "__hash__", "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__str__", "__repr__", "__bool__",
    "__len__", "__iter__", "__next__", "__float__", "__int__", "__index__", "__format__", "__contains__",
    "__getitem__", "__class__", "__getattr__", "__getattribute__", "__call__", "__bytes__", "__sizeof__",
    "__enter__", "__exit__", "__reduce__", "__dir__", "__del__", "__bytes__",
)  # fmt: skip


def odd_class(base: type, *methods: str) -> type:
    body: dict[str, Any] = {name: raise_odd for name in methods if name not in ("__class__", "__del__")}
    if "__class__" in methods:
        body["__class__"] = property(raise_odd)
    if base is object and "__hash__" not in methods:
        body["__hash__"] = lambda self: 7
    return type("Odd", (base,), body)


class Everything(odd_class(object, *METHODS)):  # type: ignore[misc]
    """Raises from each of its methods."""


class NoText:
    __slots__ = ()

    def __str__(self) -> Any:
        return 5


class RaisingMap(Mapping[str, Any]):
    """A map that raises after its first item."""

    def __getitem__(self, name: str) -> Any:
        if name == "first":
            return 1
        raise OddError("no value")

    def __iter__(self) -> Iterator[str]:
        yield "first"
        yield "second"
        raise OddError("no more names")

    def __len__(self) -> int:
        return 2


class EndlessMap(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        return name

    def __iter__(self) -> Iterator[str]:
        return (f"name {number}" for number in itertools.count())

    def __len__(self) -> int:
        return 2**40


class EndlessList(list[int]):
    def __iter__(self) -> Iterator[int]:
        return itertools.count()


class EndlessSet(Set[int]):
    def __contains__(self, item: object) -> bool:
        return True

    def __iter__(self) -> Iterator[int]:
        return itertools.count()

    def __len__(self) -> int:
        return 2**62


@dataclasses.dataclass
class Data:
    one: Any = 1
    itself: Any = None


class Color(enum.Enum):
    RED = "red"
    DEEP = {"a": [1]}  # noqa: RUF012


class Number(enum.IntEnum):
    ONE = 1


def circle() -> list[Any]:
    circle: list[Any] = [{}]
    circle[0]["again"] = circle
    circle.append(circle)
    return circle


def _circular_map() -> dict[str, Any]:
    circle: dict[str, Any] = {}
    circle["again"] = circle
    return circle


def deep(kind: Callable[[Any], Any], levels: int = 5_000) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = kind(value)
    return value


def doubling() -> list[Any]:
    """A small value whose text would have 2 ** 60 items."""
    value: list[Any] = [1]
    for _ in range(60):
        value = [value, value]
    return value


async def _coroutine() -> None: ...


async def _async_generator() -> Any:
    yield 1


def _released() -> memoryview:
    view = memoryview(b"abc")
    view.release()
    return view


def _closed_coroutine() -> Any:
    one = _coroutine()
    one.close()
    return one


Point = namedtuple("Point", "x y")

ODD: dict[str, Callable[[], Any]] = {
    **{f"raises in {name}": (lambda name=name: odd_class(object, name)()) for name in METHODS},
    **{
        f"{base.__name__} that raises in {name}": (lambda base=base, name=name: odd_class(base, name)())
        for base in (str, int, float, bytes, list, tuple, dict, set, frozenset)
        for name in (
            "__hash__",
            "__eq__",
            "__str__",
            "__iter__",
            "__len__",
            "__bool__",
            "__class__",
            "__le__",
        )
    },
    "raises in everything": Everything,
    "the class": lambda: Everything,
    "text that is none": NoText,
    "str that raises in encode": lambda: type("Odd", (str,), {"encode": raise_odd, "__str__": raise_odd})(
        "x"
    ),
    "int with other order": lambda: type("Odd", (int,), {"__le__": raise_odd, "__lt__": raise_odd})(3),
    "dict that raises in items": lambda: type("Odd", (dict,), {"items": raise_odd, "keys": raise_odd})(a=1),
    "map that raises": RaisingMap,
    "user dict": lambda: UserDict({"a": 1}),
    "ordered": lambda: OrderedDict(a=1),
    "endless map": EndlessMap,
    "endless list": EndlessList,
    "endless set": EndlessSet,
    "endless iterator": itertools.count,
    "endless pairs": lambda: ((f"n{n}", n) for n in itertools.count()),
    "circle": circle,
    "circular map": _circular_map,
    "deep list": lambda: deep(lambda value: [value]),
    "deep map": lambda: deep(lambda value: {"a": value}),
    "deep tuple": lambda: deep(lambda value: (value,)),
    "doubling": doubling,
    "wide map": lambda: {f"name {n}": n for n in range(10_000)},
    "huge integer": lambda: 1 << 200_000,
    "negative huge integer": lambda: -(10**5000),
    "65 bits": lambda: 2**64,
    "nan": lambda: float("nan"),
    "infinity": lambda: float("-inf"),
    "lone surrogate": lambda: "a\ud800b",
    "bytes": lambda: b"\xff\x00",
    "memoryview": lambda: memoryview(b"abc"),
    "memoryview of doubles": lambda: memoryview(np.arange(6.0).reshape(2, 3)),
    "memoryview without dimensions": lambda: memoryview(np.array(1.0)),
    "memoryview with steps": lambda: memoryview(b"abcdef")[::2],
    "released memoryview": _released,
    "numpy integer": lambda: np.int64(5),
    "numpy float": lambda: np.float32(0.5),
    "numpy bool": lambda: np.bool_(True),
    "numpy time": lambda: np.datetime64("2026-05-04T10:00"),
    "numpy array": lambda: np.arange(3),
    "numpy record": lambda: np.zeros(1, dtype=[("a", "i4")])[0],
    "pandas NA": lambda: pd.NA,
    "pandas NaT": lambda: pd.NaT,
    "pandas frame": lambda: pd.DataFrame({"a": [1]}),
    "decimal": lambda: Decimal("1.50"),
    "signaling decimal": lambda: Decimal("sNaN"),
    "fraction": lambda: Fraction(1, 3),
    "enum": lambda: Color.DEEP,
    "int enum": lambda: Number.ONE,
    "dataclass": Data,
    "dataclass with a circle": lambda: Data(circle()),
    "namedtuple": lambda: Point(1, 2),
    "generator": lambda: (n for n in range(3)),
    "async generator": _async_generator,
    "coroutine": _closed_coroutine,
    "lock": threading.Lock,
    "thread": threading.current_thread,
    "exception": lambda: OddError("odd"),
    "module": lambda: np,
    "none": lambda: None,
    "object": object,
    "empty text": lambda: "",
    "type": lambda: int,
}


WIDE = ("endless map", "wide map")
"""These fill the event: fields that are added later are cut, and counted."""
