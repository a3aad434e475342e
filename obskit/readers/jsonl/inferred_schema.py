"""Infer an exact Arrow schema from JSON objects, one object after the other.

    {"id": 1, "tags": ["a"]}       id: int64, tags: list<string>
    {"id": 1.5, "ok": true}        id: double, tags: list<string>, ok: bool
    {"id": "x"}                    tags: list<string>, ok: bool

The last object makes `id` a field of mixed types, which Arrow cannot parse. Such a field is left out of the
schema: Arrow refuses blocks with unexpected fields, so a block that has the field is parsed another way.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

_NONE = type(None)
_UNKNOWN = object()
_ARROW = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string(), _NONE: pa.null()}


class _Mixed:
    """Marks a field of several types, which Arrow cannot parse."""


class _List:
    """A list whose items have the Python type `of`; NoneType until an item is not null."""

    def __init__(self) -> None:
        self.of: type = _NONE


class InferredSchema:
    """The fields of all objects seen so far and their types.

    Attributes:
        fields: number of fields, those of nested objects included.
    """

    def __init__(self) -> None:
        self.fields = 0
        self._root: dict[str, Any] = {}
        self._schema: pa.Schema | None = None

    def learn(self, row: dict[str, Any]) -> None:
        """Add the fields and types of an object."""
        self._learn(self._root, row)

    def schema(self) -> pa.Schema | None:
        """Return the schema of all objects so far, or None before the first."""
        if self._schema is None and self._root:
            self._schema = pa.schema(_fields(self._root))
        return self._schema

    def _learn(self, node: dict[str, Any], row: dict[str, Any]) -> None:
        for key, value in row.items():
            kind = type(value)
            have = node.get(key, _UNKNOWN)
            if have is kind or (kind is _NONE and have is not _UNKNOWN):
                continue
            if kind is dict:
                if have is _UNKNOWN or have is _NONE:
                    self._put(node, key, have := {})
                if type(have) is dict:
                    self._learn(have, value)
                    continue
                if have is not _Mixed:
                    self._put(node, key, _Mixed)
            elif kind is list:
                if have is _UNKNOWN or have is _NONE:
                    self._put(node, key, have := _List())
                if type(have) is _List:
                    self._learn_list(node, key, have, value)
                elif have is not _Mixed:
                    self._put(node, key, _Mixed)
            else:
                became = kind if have is _UNKNOWN else _unite(have, kind)
                if became is not have:
                    self._put(node, key, became)

    def _learn_list(self, node: dict[str, Any], key: str, have: _List, items: list[Any]) -> None:
        for kind in set(map(type, items)):
            became = _unite(have.of, kind) if kind in _ARROW else _Mixed
            if became is _Mixed:
                self._put(node, key, _Mixed)
                return
            if became is not have.of:
                have.of = became
                self._schema = None

    def _put(self, node: dict[str, Any], key: str, kind: Any) -> None:
        if key not in node:
            self.fields += 1
        node[key] = kind
        self._schema = None


def _unite(have: Any, kind: type) -> Any:
    if have is kind or kind is _NONE:
        return have
    if have is _NONE:
        return kind
    numbers = (have is int and kind is float) or (have is float and kind is int)
    return float if numbers else _Mixed


def _fields(node: dict[str, Any]) -> list[pa.Field]:
    out = []
    for key, kind in node.items():
        if kind is _Mixed:
            continue
        if type(kind) is dict:
            out.append(pa.field(key, pa.struct(_fields(kind))))
        elif type(kind) is _List:
            out.append(pa.field(key, pa.list_(_ARROW[kind.of])))
        else:
            out.append(pa.field(key, _ARROW[kind]))
    return out
