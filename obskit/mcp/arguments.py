"""Check the arguments of a call against the tool's schema, with errors that an agent can act on.

The schemas use a small part of JSON Schema: `string` (with `enum`), `integer` (with `minimum` and `maximum`)
and `array` of strings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from obskit.errors import InvalidArgument
from obskit.mcp.values import MARK
from obskit.names import nearest

MOST_CHARACTERS = 20_000
"""Characters of one argument."""

MOST_ITEMS = 200
"""Items of a list."""

_WORDS = {"string": "text", "integer": "a whole number", "array": "a list of texts"}


def check_arguments(
    tool: str, properties: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call, checked.

    Args:
        tool: the tool's name, for the errors.
        properties: the schemas of its arguments.
        given: what the client sent; null and what is empty count as left out, as many models send it.

    Returns:
        The arguments that were given.

    Raises:
        InvalidArgument: an argument is unknown, of another type, out of bounds, or contains a remark of a
            reply about a part that it left out.
    """
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in properties:
            near = nearest(name, properties)
            known = f"did you mean {near[0]}? " if near else ""
            raise InvalidArgument(
                f"{tool} has no argument {name!r}", hint=f"{known}it takes {', '.join(properties)}"
            )
        if value not in (None, "", []):
            found[name] = _checked(tool, name, properties[name], value)
    return found


def _checked(tool: str, name: str, expected: Mapping[str, Any], value: Any) -> Any:
    kind = expected["type"]
    if kind == "array" and isinstance(value, str):
        value = [value]  # the one thing that every agent gets wrong, and that is not ambiguous
    if not _fits(kind, value):
        raise InvalidArgument(
            f"{name} of {tool} must be {_WORDS[kind]}, got {_short(value)}", hint=_example(name, expected)
        )
    if kind == "integer":
        low, high = expected["minimum"], expected["maximum"]
        if not low <= value <= high:
            raise InvalidArgument(
                f"{name} of {tool} must be {low:,} to {high:,}, got {_short(value)}",
                hint=f"give a number in these bounds, or leave out {name}",
            )
        return value
    texts = value if kind == "array" else [value]
    if len(texts) > MOST_ITEMS:
        raise InvalidArgument(
            f"{name} of {tool} may have {MOST_ITEMS} items, got {len(texts):,}", hint="split the call"
        )
    for text in texts:
        _check_text(tool, name, text)
    if "enum" in expected and value not in expected["enum"]:
        raise InvalidArgument(
            f"{name} of {tool} must be one of {', '.join(expected['enum'])}, got {_short(value)}",
            hint=f"{name}: {json.dumps(expected['enum'][0])}",
        )
    return value


def _check_text(tool: str, name: str, text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise InvalidArgument(
            f"{name} of {tool} may have {MOST_CHARACTERS:,} characters, got {len(text):,}",
            hint="use a shorter condition, such as one with like or >",
        )
    if MARK in text:
        raise InvalidArgument(
            f"{name} of {tool} contains {MARK!r}, which marks a part that a reply left out",
            hint="get the whole value with rows and a higher `chars`, or use another condition",
        )


def _fits(kind: str, value: Any) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "array":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)


def _example(name: str, expected: Mapping[str, Any]) -> str:
    example = {"string": "...", "integer": expected.get("minimum", 1), "array": ["..."]}[expected["type"]]
    return f"for example {json.dumps({name: example})}"


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:80]}…"
