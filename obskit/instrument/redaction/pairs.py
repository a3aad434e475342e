"""Names and values that travel in pairs within a list: headers, arguments, forms, the lines of a private key.

The name in a pair says about its value what the name of a field says about the field's. Lists of headers are
`[["x-api-key", "..."]]` or `["Accept", "*/*", "X-Api-Key", "..."]`; archives of requests, pods and forms have
`[{"name": "password", "value": "..."}]`; validators report `{"loc": ["body", "password"], "input": "..."}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from obskit.instrument.redaction.command_flags import redact_arguments
from obskit.instrument.redaction.rules import MASK

_NAMES = (
    "name",
    "key",
    "field",
    "header",
    "param",
    "parameter",
    "option",
    "flag",
    "variable",
    "column",
    "attribute",
    "loc",
    "k",
    "Name",
    "Key",
    "ParameterKey",
    "path",
    "label",
    "var",
    "type",
    "id",
)
_VALUES = frozenset(
    {
        "value",
        "ParameterValue",
        "values",
        "val",
        "v",
        "old",
        "new",
        "input",
        "before",
        "after",
        "from",
        "to",
        "Value",
        "content",
        "data",
    }
    | {
        "old_value",
        "new_value",
        "oldValue",
        "newValue",
        "stringValue",
        "given",
        "current",
        "previous",
        "default",
    }
)
_LONGEST_NAME = 80
# Programs whose password has a place of its own on the line.
_PLACED_PROGRAMS = frozenset(
    {
        "vault",
        "htpasswd",
        "rabbitmqctl",
        "mysqladmin",
        "net",
        "poetry",
        "aws",
        "curl",
        "7z",
        "sqlcmd",
        "xfreerdp",
    }
)
_SPACE = re.compile(r"\s|^$")
Place = int | str


def pair_of(item: Any) -> tuple[str, list[Any]] | None:
    """Return the name that a pair holds, and where its values are.

    Args:
        item: an item of a list: `["x-api-key", "..."]` or `{"name": "password", "value": "..."}`.

    Returns:
        The name and the places of the values; None if the item is not a pair.
    """
    if type(item) is list:
        if len(item) == 2 and type(item[0]) is str and 1 < len(item[0]) <= _LONGEST_NAME:
            return item[0].lstrip("-"), [1]
        return None
    if type(item) is dict:
        places = [key for key in item if key in _VALUES]
        if not places:
            return None
        for key in _NAMES:
            name = item.get(key)
            if type(name) is list and name:
                name = name[-1]
            if type(name) is str and 1 < len(name) <= _LONGEST_NAME and key not in places:
                return name, places
    return None


def masked_strings(
    items: list[str], named: Callable[[str, Any], Any], text: Callable[[str], str]
) -> list[str]:
    """Mask the secrets in a list of texts that belong together.

    Args:
        items: arguments, names and values in turn, or lines.
        named: returns a value, masked if its name says so.
        text: returns a text, masked.

    Returns:
        The texts; the same list if nothing was masked.
    """
    if any("PRIVATE KEY" in item for item in items):
        return _without_key(items)
    out = redact_arguments(items)
    if (
        out is items
        and items[0].rsplit("/", 1)[-1] in _PLACED_PROGRAMS
        and not any(map(_SPACE.search, items))
    ):
        words = text(" ".join(items)).split(" ")
        return words if len(words) == len(items) else out
    if len(items) in (2, 3) and items[0] == "AUTH":  # redis
        return [*items[:-1], MASK]
    if len(items) % 2 == 0 and out is items:
        pairs = list(zip(items[::2], items[1::2], strict=True))
        if all(" " not in name and 1 < len(name) <= _LONGEST_NAME for name, _ in pairs):
            masked = [text for name, value in pairs for text in (name, named(name, value))]
            out = masked if masked != items else items
    return out


def _without_key(items: list[str]) -> list[str]:
    """Mask the lines of a private key, and keep the lines around them."""
    found, inside = [], False
    for item in items:
        begins = "-----BEGIN" in item and "PRIVATE KEY" in item
        ends = "-----END" in item
        inside = inside or begins
        found.append(MASK if inside else item)
        if inside and ends:
            inside = False
    return found
