"""Turn rows that are Python dicts into Arrow batches with exact types; accepts any row.

    {"a": 1, "b": "x"}               ->    a: double [1.0, 2.5]    b: string ["x", "7"]
    {"a": 2.5, "b": 7}

If the values of a field have several types, they become text, and the column's metadata has the count of
each type (`schema.MIXED`). An integer of more than 64 bits becomes text too: it is an id, and as floats two
different ids could become equal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from obskit.names import COLUMNS
from obskit.schema import EVENTS_TYPE, LINKS_TYPE, MAX_FIELDS, MIXED
from obskit.schema.flatten import UNNAMED, too_many_fields
from obskit.schema.types import TIMESTAMP, json_text, to_text

DEPTH_LIMIT = 64
"""How deep objects and lists in one row may be nested."""

CELLS = 16_000_000
"""Rows times columns at which a batch is full; otherwise many rare fields could fill the memory."""

BYTES = 64 * 1024 * 1024
"""Bytes at which a batch is full, if the reader counts them."""

BATCH_TYPES: Mapping[str, pa.DataType] = {
    "timestamp": TIMESTAMP,
    "events": EVENTS_TYPE,
    "links": LINKS_TYPE,
}
"""Columns of spans and log records that have a fixed type, whatever their values are."""

# Columns that readers of spans fill; an attribute with such a name is renamed.
_TAKEN = frozenset({*COLUMNS, "events", "links"})
_NONE = type(None)
_WORDS = {bool: "bool", int: "int", float: "float", str: "string", list: "list", dict: "object"}
_PLAIN = {bool, float, str}
_ARROW = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


class MalformedRecord(ValueError):
    """A record that its format does not allow; the message is the reason it is rejected for."""


class TooDeep(ValueError):
    """A row that is nested deeper than `DEPTH_LIMIT`.

    Example:
        row = {}
        for _ in range(1_000):
            row = {"a": row}
        try:
            flat(row)
        except TooDeep as error:
            print(error)
    """

    def __init__(self) -> None:
        super().__init__(f"nested deeper than {DEPTH_LIMIT} levels")


def attribute_name(key: str) -> str:
    """Return the column name of an attribute: `http.route` stays, `kind` becomes `attributes.kind`."""
    return f"attributes.{key}" if key in _TAKEN else key or UNNAMED


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose nested objects are flattened: {"a": {"b": 1}} becomes {"a.b": 1}.

    Args:
        row: a JSON object; returned as it is if it has no nested objects.
    Returns:
        Dotted name -> value; if two names are equal, the value that was nested less deeply.
    Raises:
        TooDeep: objects or lists are nested deeper than `DEPTH_LIMIT`.

    Example:
        flat({"http": {"route": "/book"}, "duration_ms": 12.5})
    """
    kinds = set(map(type, row.values()))
    if list in kinds:
        for value in row.values():
            if type(value) is list and not _shallow(value):
                raise TooDeep
    if dict not in kinds:
        return row
    out: dict[str, Any] = {}
    level: list[tuple[str, dict[str, Any]]] = [("", row)]
    for _ in range(DEPTH_LIMIT):
        deeper: list[tuple[str, dict[str, Any]]] = []
        for prefix, item in level:
            for key, value in item.items():
                if type(value) is dict:
                    deeper.append((f"{prefix}{key}.", value))
                elif out.get(prefix + key) is None:
                    if prefix and type(value) is list and not _shallow(value):
                        raise TooDeep
                    out[prefix + key] = value
        if not deeper:
            return out
        level = deeper
    raise TooDeep


def _shallow(values: list[Any]) -> bool:
    level: list[Any] = [values]
    for _ in range(DEPTH_LIMIT):
        level = [
            inner
            for item in level
            for inner in (item.values() if type(item) is dict else item)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return True
    return False


class RowBatcher:
    """Collects flat rows and returns them as batches.

    Args:
        metadata: metadata for the schema of every batch.
        types: columns that have a fixed type, whatever their values are.

    Example:
        batcher = RowBatcher()
        batcher.add({"name": "book", "duration_ms": 12.5}, 40)  # the row, and its size in bytes
        batcher.add({"name": "pay", "error": True}, 30)
        print(batcher.take().to_pylist())
    """

    def __init__(
        self, metadata: dict[bytes, bytes] | None = None, types: Mapping[str, pa.DataType] | None = None
    ) -> None:
        self._types = types or {}
        self.rows = 0
        self._bytes = 0
        # Values that are not null, and their rows: a rare field costs its values, not one cell per row.
        self._columns: dict[str, tuple[list[Any], list[int]]] = {}
        self._names: set[str] = set()
        self._metadata = metadata

    @property
    def full(self) -> bool:
        """Whether `take` has to be called before the next row is added."""
        large = self.rows * len(self._columns) >= CELLS or self.rows >= 131_072
        return large or self._bytes >= BYTES

    def add(self, row: dict[str, Any], size: int = 0) -> None:
        """Add a flat row.

        Args:
            row: name -> value.
            size: bytes of the row, for readers that do not limit the size of their blocks themselves.

        Raises:
            LimitExceeded: more than `MAX_FIELDS` distinct names since the first batch.
        """
        at, columns = self.rows, self._columns
        for key, value in row.items():
            column = columns.get(key)
            if column is None:
                column = columns[key] = ([], [])
                if key not in self._names:
                    self._names.add(key)
                    if len(self._names) > MAX_FIELDS:
                        raise too_many_fields()
            if value is not None:
                column[0].append(value)
                column[1].append(at)
        self.rows = at + 1
        self._bytes += size

    def take(self) -> pa.RecordBatch:
        """Return the collected rows as a batch and start the next one."""
        fields, arrays = [], []
        for name, (values, at) in self._columns.items():
            forced = self._types.get(name)
            array, mixed = typed(values) if forced is None else (pa.array(values, forced), {})
            if len(at) < self.rows:
                index = np.full(self.rows, -1, np.int64)
                index[at] = np.arange(len(at))
                array = array.take(pa.array(index, mask=index < 0))
            metadata = {MIXED: orjson.dumps(mixed)} if mixed else None
            fields.append(pa.field(name or UNNAMED, array.type, metadata=metadata))
            arrays.append(array)
        if not fields:  # a batch without columns would have no rows
            fields, arrays = [pa.field("timestamp", TIMESTAMP)], [pa.nulls(self.rows, TIMESTAMP)]
        self._columns, self.rows, self._bytes = {}, 0, 0
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata=self._metadata))


def typed(values: list[Any]) -> tuple[pa.Array, dict[str, int]]:
    """Return Python values as an array of the one type that fits all of them.

    Args:
        values: None, booleans, numbers, text, or lists of them; an object becomes JSON text.
    Returns:
        The array, and the number of values per type that became text because types were mixed.
    """
    kinds = set(map(type, values))
    kinds.discard(_NONE)
    if not kinds:
        return pa.nulls(len(values)), {}
    if kinds == {list}:
        return _lists(values), {}
    if len(kinds) == 1 and kinds <= _PLAIN:
        return pa.array(values, _ARROW[kinds.pop()]), {}
    if kinds <= {int, float}:
        try:
            integers = pa.array([v if type(v) is int else None for v in values], pa.int64())
            return (
                (integers, {})
                if float not in kinds
                else (pa.array([None if v is None else float(v) for v in values], pa.float64()), {})
            )
        except (OverflowError, pa.ArrowInvalid):
            pass
    counts = Counter(map(type, values))
    mixed = {_WORDS[kind]: counts[kind] for kind in kinds if kind is not str}
    return pa.array(texts(values), pa.string()), mixed


def texts(values: list[Any]) -> list[str | None]:
    """Return each value as text, formatted like `schema.types.to_text` formats columns."""
    floats: dict[float, str] = {}
    out: list[str | None] = []
    for value in values:
        kind = type(value)
        if value is None or kind is str:
            out.append(value)
        elif kind is bool:
            out.append("true" if value else "false")
        elif kind is int:
            out.append(str(value))
        elif kind is float:
            text = floats.get(value)
            if text is None:
                text = floats[value] = to_text(pa.array([value], pa.float64()))[0].as_py()
            out.append(text)
        else:
            out.append(json_text(value))
    return out


def _lists(values: list[Any]) -> pa.Array:
    kinds = {type(item) for value in values if value is not None for item in value}
    kinds.discard(_NONE)
    if not kinds:
        return pa.array(values, pa.list_(pa.null()))
    if kinds <= {int, float}:
        try:
            if float not in kinds:
                return pa.array(values, pa.list_(pa.int64()))
            floats = [v and [None if i is None else float(i) for i in v] for v in values]
            return pa.array(floats, pa.list_(pa.float64()))
        except (OverflowError, pa.ArrowInvalid):
            pass
    elif len(kinds) == 1 and kinds <= {str, bool}:
        return pa.array(values, pa.list_(_ARROW[next(iter(kinds))]))
    return pa.array([None if v is None else texts(v) for v in values], pa.list_(pa.string()))
