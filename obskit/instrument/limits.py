"""Limits of an event's size, and the conversion of any value a host passes into plain JSON within them.

Values are cut, never rejected, and each cut is counted. Nearly all events are plain and small and skip this
module: the encoder checks the types of their values and the length of the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from itertools import islice
from numbers import Integral, Rational, Real
from typing import Any

from obskit.instrument.given import CONTAINERS, container_text, placeholder, raw_text, text_of

_INTEGER_BOUND = 2**63
_MIN_NAME_LENGTH = 128
_DECIMAL_BITS = 4096
# A small value may contain the same list many times at each level, so visits to nodes are limited per event.
# Nodes are fields, items of lists and maps, and everything in a map or list that becomes text.
_LEAST_NODES = 1 << 16  # that may be visited in one event, whatever its other limits
_MOST_CHARACTERS = 1 << 20  # of maps and lists that become text, in one event


@dataclass(frozen=True)
class Limits:
    """Limits of one event.

    Args:
        fields: the maximum number of fields, not counting our own columns.
        length: the maximum characters of a text. A field name may have a sixteenth of that, but at least 128.
        depth: the maximum levels of maps and lists; deeper ones become text.
        items: the maximum items of a list.
        line: the maximum bytes of the whole event; beyond that its longest values are removed.

    Of all fields, items and nested values of one event, so many are read as `line` could hold at two bytes
    each; the rest is cut and counted.

    Example:
        Limits(fields=200, length=2_000)
    """

    fields: int = 1000
    length: int = 16_384
    depth: int = 4
    items: int = 256
    line: int = 1_048_576


class Trimmer:
    """Makes values plain and keeps them within limits.

    `cuts` counts the values and levels that it cut, `failures` the values that could not be read; their text
    is `<type>`. `failure` is the exception of the first of these.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.cuts = 0
        self.failures = 0
        self.failure: Exception | None = None
        # each node takes two bytes of the line at least: an event that fits into it has no more of them
        self._nodes = max(_LEAST_NODES, limits.line // 2, 8 * (limits.fields + limits.items))
        self._characters = _MOST_CHARACTERS

    def flatten(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the row with nested maps flattened to dotted names and every value plain.

        Args:
            row: fields of any type.

        Returns:
            The fields. Texts keep up to four times their limit, because redaction has to see whole secrets;
            `shorten` cuts them to the limit afterwards.
        """
        out: dict[str, Any] = {}
        self._flatten("", row, out, 0)
        return out

    def _flatten(self, prefix: str, items: Mapping[Any, Any], out: dict[str, Any], depth: int) -> None:
        most = self._limits.fields + 64
        for key, value in self._first(items, most + 1):
            if len(out) >= most:
                self.cuts += 1
                continue
            name = prefix + self._key(key)
            try:
                nested = isinstance(value, Mapping) and depth < self._limits.depth and bool(value)
            except Exception:
                nested = False  # `plain` reports it
            if nested and self._nodes <= 0:
                self.cuts += 1
                out[name] = placeholder(value)
            elif nested:
                before = len(out)
                try:
                    self._flatten(name + ".", value, out, depth + 1)
                except Exception as error:
                    self._fail(error)
                    if len(out) == before:
                        out[name] = placeholder(value)
            else:
                out[name] = self.plain(value, depth)

    def _first(self, items: Mapping[Any, Any], most: int) -> list[tuple[Any, Any]]:
        """Return the first items of a map, in one step: another thread may change it."""
        most = min(most, self._nodes)
        first = list(islice(items.items(), most))
        self._nodes -= len(first)
        if len(first) == most:  # the last one is cut by whoever asked; the ones after it are counted here
            self.cuts += max(0, len(items) - most)
        return first

    def _key(self, key: Any) -> str:
        text = key if type(key) is str else self._text(key)
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()
        limit = max(_MIN_NAME_LENGTH, self._limits.length // 16)
        if len(text) > limit:
            self.cuts += 1
            return text[:limit]
        return text

    def plain(self, value: Any, depth: int = 0) -> Any:
        """Convert a value to what JSON has: text, number, bool, null, or lists and maps of them.

        Args:
            value: anything.
            depth: levels of maps and lists around the value.

        Returns:
            The value, cut where it exceeds a limit; `<type>` if it cannot be read.
        """
        try:
            return self._plain(value, depth)
        except Exception as error:  # its methods are the host's
            self._fail(error)
            return placeholder(value)

    def _plain(self, value: Any, depth: int) -> Any:
        if isinstance(value, Enum):
            inner = value.value
            return self._text(value) if isinstance(inner, Enum) else self._plain(inner, depth)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return self._integer(int.__int__(value))  # not what a subclass makes of it
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, str):
            return self._cut(self._text(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self._bytes(value)
        if isinstance(value, datetime | date | time):
            return None if type(value).__name__ == "NaTType" else self._cut(text_of(value.isoformat()))
        if isinstance(value, timedelta):
            return float(value.total_seconds())
        if isinstance(value, Mapping | list | tuple | Set):
            return self._container(value, depth)
        return self._other(value)

    def _container(self, value: Any, depth: int) -> Any:
        if depth >= self._limits.depth:
            self.cuts += 1
            text = self._container_text(value, 4 * self._limits.length, 0)
            return self._cut(text.encode("utf-8", "replace").decode())
        most = min(self._limits.items, self._nodes)
        if isinstance(value, Mapping):
            items = list(islice(value.items(), most + 1))
            self._nodes -= len(items[:most])
            self._count_rest(value, len(items), most)
            return {self._key(k): self.plain(v, depth + 1) for k, v in items[:most]}
        first = list(islice(iter(value), most + 1))
        self._nodes -= len(first[:most])
        self._count_rest(value, len(first), most)
        return [self.plain(item, depth + 1) for item in first[:most]]

    def _container_text(self, value: Any, most: int, least: int) -> str:
        """Return the text of a container: of at most, and if it is longer at least, so many characters."""
        most = max(least, min(most, self._characters))
        text, visited = container_text(value, most + 1, max(least, self._nodes))
        self._characters -= len(text)
        self._nodes = max(0, self._nodes - visited)
        return text

    def _count_rest(self, value: Any, read: int, most: int) -> None:
        if read > most:
            try:
                self.cuts += max(1, len(value) - most)
            except Exception:  # it has no end
                self.cuts += 1

    def _integer(self, value: int) -> int | str:
        if -_INTEGER_BOUND <= value < 2 * _INTEGER_BOUND:
            return value
        # Python refuses to write thousands of decimal digits, because that takes very long.
        if value.bit_length() > _DECIMAL_BITS:
            bits = 4 * max(0, value.bit_length() // 4 - 4 * self._limits.length)
            self.cuts += bits > 0
            return self._cut(hex(value >> bits))
        return self._cut(str(value))

    def _bytes(self, value: bytes | bytearray | memoryview) -> str:
        most = 4 * self._limits.length
        if isinstance(value, memoryview):
            value = value.cast("B") if value.c_contiguous and value.nbytes else value.tobytes()
        elif type(value) not in (bytes, bytearray):
            value = bytes(memoryview(value))
        self.cuts += len(value) > most
        return self._cut(bytes(value[:most]).decode("utf-8", "replace"))

    def _other(self, value: Any) -> Any:
        """Convert a value of a type that JSON and Python's core do not have, such as numpy's and pandas'."""
        if isinstance(value, Integral):
            return self._integer(int(value))
        if isinstance(value, Real) and not isinstance(value, Rational):
            return float(value)
        kind = type(value)
        if kind.__module__.partition(".")[0] == "numpy" and kind.__name__ in ("bool", "bool_"):
            return bool(value)
        if kind.__module__.partition(".")[0] == "pandas" and kind.__name__ == "NAType":
            return None
        return self._cut(self._text(value))

    def _text(self, value: Any) -> str:
        """Return a value as text; a subclass of `str` whose own methods raise has the text that it holds."""
        try:
            if issubclass(type(value), CONTAINERS):
                # a name: with nothing left, others of the same kind must not become the same text
                most = max(_MIN_NAME_LENGTH, 4 * self._limits.length)
                text = self._container_text(value, most, _MIN_NAME_LENGTH)
            else:
                text = raw_text(value)
        except Exception as error:
            self._fail(error)
            if not issubclass(type(value), str):
                return placeholder(value)
            text = str.__str__(value)
        return text.encode("utf-8", "replace").decode()

    def _fail(self, error: Exception) -> None:
        self.failures += 1
        self.failure = self.failure or error

    def _cut(self, text: str, times: int = 4) -> str:
        limit = self._limits.length * times
        if len(text) <= limit:
            return text
        self.cuts += 1
        return text[:limit]

    def shorten(self, value: Any) -> Any:
        """Cut the texts in a plain value to their limit."""
        if type(value) is str:
            return self._cut(value, 1)
        if type(value) is list:
            return [self.shorten(item) for item in value]
        if type(value) is dict:
            return {key: self.shorten(item) for key, item in value.items()}
        return value
