"""Read what a host passes: names, values and maps whose own methods may raise, never end or be very large.

An `Exception` that such a method raises costs the value or the name, never the event, and never reaches the
host. What is no `Exception` (KeyboardInterrupt, SystemExit, a cancellation, the timeouts of some frameworks)
interrupts the host on purpose, and passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from itertools import islice
from typing import Any

from opentelemetry.trace import Link, SpanContext

MOST_FIELDS = 65_536
"""The maximum number of fields that are read from a map that is not a dict: it may have no end."""
_MOST_DEPTH = 50
_MOST_CHARACTERS = 65_536
_MOST_NODES = 65_536
CONTAINERS = (dict, list, tuple, set, frozenset)
_NUMBERS = (int, float, bool, type(None))
_NANOSECONDS = 2**63
_BRACKETS = {dict: "{}", list: "[]", tuple: "()"}

Report = Callable[[str, BaseException], None]
"""Counts a failure, given what failed as the subject of "... failed", and logs the first of its kind."""


def text_of(value: Any) -> str:
    """Return a value as text that UTF-8 can encode; `<type>` if its `__str__` raises.

    The text of a container ends after about 65,536 characters.
    """
    try:
        return raw_text(value).encode("utf-8", "replace").decode()
    except Exception:
        return placeholder(value)


def raw_text(value: Any) -> str:
    """Return a value as text, that of a container cut; raises what the value's methods raise."""
    if issubclass(type(value), CONTAINERS):  # isinstance would ask the value's own `__class__` too
        return container_text(value, _MOST_CHARACTERS, _MOST_NODES)[0]
    return str.__str__(str(value))


def placeholder(value: Any) -> str:
    """Return the text that replaces a value that cannot be read, such as `<Decimal>`; never raises."""
    try:
        return f"<{type(value).__name__}>".encode("utf-8", "replace").decode()
    except Exception:
        return "<value>"


def field_count(attributes: Any) -> int:
    """Return the number of fields a host passed; 1 if what it passed has no length."""
    try:
        return min(len(attributes or ()), MOST_FIELDS)
    except Exception:
        return 1


def merge_fields(attributes: Any, fields: Mapping[str, Any], report: Report, where: str) -> dict[Any, Any]:
    """Return a new dict of the fields a host passed as a map and as keywords.

    Args:
        attributes: a map, or pairs; anything else is reported.
        fields: the keywords; they win.
        report: called with `where` and the exception for what cannot be read; the rest is kept.
        where: the call, such as "event()".

    Returns:
        The fields; from a map that is not a dict, at most `MOST_FIELDS`.
    """
    try:
        if type(attributes) is dict:
            return {**attributes, **fields}
        if attributes is None:
            return {**fields}
    except Exception as error:  # names that cannot be compared: below they are left out one by one
        report(where, error)
    out: dict[Any, Any] = {}
    try:
        for name, value in _pairs(attributes):
            _store(out, name, value, report, where)
    except Exception as error:
        report(where, error)
    for name, value in fields.items():
        _store(out, name, value, report, where)
    return out


def _pairs(attributes: Any) -> Iterator[tuple[Any, Any]]:
    if type(attributes) is dict:
        yield from list(attributes.items())
    elif hasattr(attributes, "keys"):
        for name in islice(iter(attributes.keys()), MOST_FIELDS):
            yield name, attributes[name]
    else:
        for name, value in islice(iter(attributes), MOST_FIELDS):
            yield name, value


def _store(out: dict[Any, Any], name: Any, value: Any, report: Report, where: str) -> None:
    try:
        out[name] = value
    except Exception as error:
        report(where, error)


def nanoseconds(given: Any, report: Report, where: str) -> int | None:
    """Return a time in nanoseconds since 1970.

    Args:
        given: the time; None for none.
        report: called with `where` if it is not a whole number, or not in the years 1678 to 2261.
        where: the call, such as "end()".

    Returns:
        The time; None if there is none.
    """
    if given is None or (type(given) is int and -_NANOSECONDS < given < _NANOSECONDS):
        return given
    report(where, ValueError(f"a time must be whole nanoseconds since 1970, got {placeholder(given)}"))
    return None


def links_of(links: Any, report: Report, where: str, most: int) -> list[Link]:
    """Return the links that a host passed, with their attributes copied.

    Args:
        links: an iterable of links; anything else in it is reported and left out.
        report: called with `where` and the exception.
        where: the call, such as "start_span()".
        most: the maximum number of links.

    Returns:
        The links.
    """
    found: list[Link] = []
    try:
        for link in islice(iter(links), most):
            if issubclass(type(link), Link) and issubclass(type(link.context), SpanContext):
                found.append(Link(link.context, merge_fields(link.attributes, {}, report, where)))
            else:
                report(where, TypeError(f"expected a Link, got {placeholder(link)}"))
    except Exception as error:
        report(where, error)
    return found


def container_text(value: Any, characters: int, nodes: int) -> tuple[str, int]:
    """Return the text of a nested container, as Python writes it, without reading all of a large one.

    Args:
        value: a map, list, tuple or set; it may contain itself.
        characters: about so many are written; then the text ends.
        nodes: the maximum number of values, keys and containers in it that are visited; then the text ends.

    Returns:
        The text, and the number of nodes visited.

    Cost: proportional to the smaller one of the limits, even where a small value contains the same list many
        times at each level.
    """
    writer = _TextWriter(characters, nodes)
    writer.write(value, ())
    return "".join(writer.parts), nodes - writer.nodes


class _TextWriter:
    """Writes nested values.

    `characters` and `nodes` are what is left of the limits. What is written may exceed the former by the end
    of a text and the brackets around it.
    """

    __slots__ = ("characters", "nodes", "parts")

    def __init__(self, characters: int, nodes: int) -> None:
        self.characters, self.nodes = characters, nodes
        self.parts: list[str] = []

    def write(self, value: Any, around: tuple[int, ...]) -> None:
        self.nodes -= 1
        if type(value) in _NUMBERS:
            self._append(repr(value))
            return
        kind = next((k for k in (dict, list, tuple) if isinstance(value, k)), None)
        if kind is None and isinstance(value, Mapping):
            kind = dict
        if kind is None and not isinstance(value, Set):
            most = max(0, self.characters)
            self._append(repr(value[:most] if type(value) in (str, bytes, bytearray) else value))
            return
        brackets = _BRACKETS.get(kind, "{}")  # type: ignore[arg-type]
        if id(value) in around or len(around) >= _MOST_DEPTH:
            self._append(brackets[0] + "..." + brackets[1])
            return
        self._append(brackets[0])
        count = self._items(value, kind is dict, (*around, id(value)))
        if count is not None:
            self._append(",)" if kind is tuple and count == 1 else brackets[1])

    def _items(self, value: Any, pairs: bool, around: tuple[int, ...]) -> int | None:
        """Write the items of a container; return their number; None if a limit was reached earlier."""
        count = 0
        for item in value.items() if pairs else value:  # endless ones too: each item is a node at least
            if self.characters <= 0 or self.nodes <= 0:
                return None
            if count:
                self._append(", ")
            count += 1
            if pairs:
                self.write(item[0], around)
                self._append(": ")
                item = item[1]
            self.write(item, around)
        return count

    def _append(self, text: str) -> None:
        self.parts.append(text)
        self.characters -= len(text)
