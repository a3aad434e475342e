"""Limits of an event's size, and the conversion of any value a host passes into plain JSON within them.

Values are cut, never rejected, and each cut is counted. Nearly all events are plain and small and skip this
module: the encoder checks the types of their values and the length of the line.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

_INTEGER_BOUND = 2**63
_MIN_NAME_LENGTH = 128


@dataclass(frozen=True)
class Limits:
    """Limits of one event.

    Args:
        fields: the maximum number of fields, not counting our own columns.
        length: the maximum characters of a text. A field name may have a sixteenth of that, but at least 128.
        depth: the maximum levels of maps and lists; deeper ones become text.
        items: the maximum items of a list.
        line: the maximum bytes of the whole event; beyond that its longest values are removed.

    Example:
        Limits(fields=200, length=2_000)
    """

    fields: int = 1000
    length: int = 16_384
    depth: int = 4
    items: int = 256
    line: int = 1_048_576


class Trimmer:
    """Makes values plain and keeps them within limits; `cuts` counts what it cut."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.cuts = 0

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
        for key, value in list(items.items()):
            name = prefix + self._key(key)
            if isinstance(value, Mapping) and value and depth < self._limits.depth:
                self._flatten(name + ".", value, out, depth + 1)
            elif len(out) >= self._limits.fields + 64:
                self.cuts += 1
            else:
                out[name] = self.plain(value, depth)

    def _key(self, key: Any) -> str:
        text = _text(key)
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
            The value, cut where it exceeds a limit.
        """
        if isinstance(value, Enum):
            return self.plain(value.value, depth)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return int(value) if -_INTEGER_BOUND <= value < 2 * _INTEGER_BOUND else self._cut(str(value))
        if isinstance(value, float):
            return float(value)
        if isinstance(value, str):
            return self._cut(_text(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self._cut(bytes(value[: self._limits.length * 4]).decode("utf-8", "replace"))
        if isinstance(value, datetime | date | time):
            return value.isoformat()
        if isinstance(value, timedelta):
            return value.total_seconds()
        if isinstance(value, Mapping | list | tuple | Set):
            if depth >= self._limits.depth:
                self.cuts += 1
                return self._cut(_text(value))
            if isinstance(value, Mapping):
                return {
                    self._key(k): self.plain(v, depth + 1)
                    for k, v in list(value.items())[: self._items(value)]
                }
            return [self.plain(item, depth + 1) for item in list(value)[: self._items(value)]]
        return self._cut(_text(value))

    def _items(self, value: Any) -> int:
        self.cuts += max(0, len(value) - self._limits.items)
        return self._limits.items

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


def _text(value: Any) -> str:
    """Return the value as text that UTF-8 can encode; the type's name if its `__str__` raises."""
    try:
        return str(value).encode("utf-8", "replace").decode()
    except Exception:
        return f"<{type(value).__name__}>"


def field_count(attributes: Any) -> int:
    """Return the number of fields a host passed; 1 if what it passed has no length."""
    try:
        return len(attributes or ())
    except Exception:
        return 1


def exception_fields(exception: BaseException) -> dict[str, str]:
    """Return `exception.type`, `exception.message` and `exception.stacktrace`; never raises."""
    kind = type(exception)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    try:
        message = str(exception)
    except Exception:
        message = "(no text)"
    try:
        trace = "".join(traceback.format_exception(exception, limit=-50))
    except Exception:
        trace = ""
    return {"exception.type": name, "exception.message": message, "exception.stacktrace": trace}
