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
_CONTAINERS = (dict, list, tuple, set, frozenset)
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
    if issubclass(type(value), _CONTAINERS):  # isinstance would ask the value's own `__class__` too
        return container_text(value, _MOST_CHARACTERS)
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


def container_text(value: Any, most: int) -> str:
    """Return the text of a nested container, as Python writes it, without reading all of a large one.

    Args:
        value: a map, list, tuple or set; it may contain itself.
        most: about so many characters are written; then the text ends.

    Returns:
        The text.

    Cost: proportional to `most`, even where a small value contains the same list many times at each level.
    """
    parts: list[str] = []
    _write(value, parts, [most], ())
    return "".join(parts)


def _write(value: Any, parts: list[str], left: list[int], around: tuple[int, ...]) -> None:
    kind = next((k for k in (dict, list, tuple) if isinstance(value, k)), None)
    if kind is None and isinstance(value, Mapping):
        kind = dict
    if kind is None and not isinstance(value, Set):
        _append(repr(value[: left[0]] if type(value) in (str, bytes) else value), parts, left)
        return
    brackets = _BRACKETS.get(kind, "{}")  # type: ignore[arg-type]
    if id(value) in around or len(around) >= _MOST_DEPTH:
        _append(brackets[0] + "..." + brackets[1], parts, left)
        return
    around = (*around, id(value))
    _append(brackets[0], parts, left)
    count = 0
    # Each item takes at least one character, so no more of them than characters are read.
    for item in islice(iter(value.items() if kind is dict else value), max(0, left[0])):
        if left[0] <= 0:
            return
        if count:
            _append(", ", parts, left)
        count += 1
        if kind is dict:
            _write(item[0], parts, left, around)
            _append(": ", parts, left)
            item = item[1]
        _write(item, parts, left, around)
    _append((",)" if kind is tuple and count == 1 else brackets[1]), parts, left)


def _append(text: str, parts: list[str], left: list[int]) -> None:
    parts.append(text)
    left[0] -= len(text)
