"""Attributes as parallel arrays into a column a key: what every format of spans shares.

A format gives its attributes as `Attributes`: the row of each, its key, its value. They are coded by key,
sorted once, and taken a key at a time, so that no Python value is made of what Arrow holds already. The
result is what `rows.RowBatcher` makes of the same attributes as dicts: one type a key where there is one,
int and float as float, other mixtures as text with the counts in `schema.MIXED`; the last of a key that a
row has twice wins, and an inner level's value over an outer one's, each counted as an override.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.rows import CELLS, attribute_name, typed
from obskit.schema import MAX_FIELDS, MIXED, NAMED, FileReport
from obskit.schema.flatten import sorted_by_code, too_many_fields
from obskit.schema.types import to_text, word

Integers = npt.NDArray[np.int64]

_KINDS: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
_INT64 = range(-(2**63), 2**63)


class Attributes(NamedTuple):
    """Pairs of key and value, those of one row one after the other.

    Attributes:
        row: of each pair, ascending.
        key: strings, or a dictionary of strings; null is "".
        values: arrays as long as `key`, one a type (string, int64, float64, bool); the pair's value is that
            which is not null, the first if there are several. A pair without a value is none.
        other: position of a pair -> what no such array holds: a list, an integer beyond 64 bits.
    """

    row: Integers
    key: pa.Array
    values: tuple[pa.Array, ...]
    other: Mapping[int, Any]

    @classmethod
    def of(cls, row: Sequence[int], keys: Sequence[str], values: Sequence[Any]) -> Attributes:
        """Return pairs of Python values: text, numbers, booleans, lists of them, None for no value."""
        kinds = [
            int
            if type(v) is int and v in _INT64
            else type(v)
            if type(v) in _KINDS and type(v) is not int
            else None
            for v in values
        ]
        arrays = tuple(
            pa.array([v if k is kind else None for v, k in zip(values, kinds, strict=True)], arrow)
            for kind, arrow in _KINDS.items()
            if kind in kinds
        )
        other = {
            at: v for at, (v, k) in enumerate(zip(values, kinds, strict=True)) if k is None and v is not None
        }
        return cls(np.array(row, np.int64), pa.array(keys, pa.string()), arrays, other)


class Level(NamedTuple):
    """Attributes that several rows share, such as a resource's: `of` is, for every row, whose it has.

    Attributes:
        attributes: their `row` counts resources, from 0.
        of: for every row of the batch the resource it belongs to.
    """

    attributes: Attributes
    of: Integers


class _Coded(NamedTuple):
    """A level's pairs sorted by key; `order` is where each was, `edges` where each key's stretch begins."""

    attributes: Attributes
    of: Integers | None
    groups: int
    kind: npt.NDArray[np.int8]
    codes: npt.NDArray[np.int64]
    order: Integers
    edges: Integers


class _Piece(NamedTuple):
    """Values of one type for some rows: `at`, for every row, is a value's place or -1."""

    values: pa.Array | Mapping[int, Any]
    at: Integers


class Pivot:
    """Makes batches of a format's own columns and its attributes, for one file."""

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._names: set[str] = set()

    def batches(
        self, own: Mapping[str, pa.Array], attributes: Attributes, levels: Sequence[Level] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Give rows as batches: more than one where rows times fields are more than `CELLS`.

        Args:
            own: columns of ours, each as long as there are rows; at least one.
            attributes: of the rows themselves.
            levels: of what they belong to, the outermost first.

        Raises:
            LimitExceeded: more than `MAX_FIELDS` names since the first batch.
        """
        rows = len(next(iter(own.values())))
        every = [(level.attributes, level.of) for level in levels] + [(attributes, None)]
        names: dict[str, int] = {}
        coded = [_coded(pairs, of, names) for pairs, of in every]
        self._names.update(names)
        if len(self._names) > MAX_FIELDS:
            raise too_many_fields()
        if rows > 1 and rows * len(names) > CELLS:
            for start, stop in ((0, rows // 2), (rows // 2, rows)):
                yield from self.batches(
                    {name: column.slice(start, stop - start) for name, column in own.items()},
                    _between(attributes, start, stop),
                    [_used(level, start, stop) for level in levels],
                )
            return
        fields, arrays = [], []
        for name, array in own.items():
            fields.append(pa.field(name, array.type))
            arrays.append(array)
        for name, array, mixed in self._columns(list(names), _sorted(coded, len(names)), rows):
            fields.append(
                pa.field(name, array.type, metadata={MIXED: orjson.dumps(mixed)} if mixed else None)
            )
            arrays.append(array)
        yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata=NAMED))

    def _columns(
        self, names: list[str], levels: list[_Coded], rows: int
    ) -> Iterator[tuple[str, pa.Array, dict[str, int]]]:
        first = [_first_rows(level, rows) for level in levels]
        found = []
        for code, name in enumerate(names):
            pieces: list[_Piece] = []
            taken: npt.NDArray[np.bool_] | None = None
            values, place = 0, (rows, 0, 0)
            for depth in range(len(levels) - 1, -1, -1):  # the innermost has the say
                level = levels[depth]
                at = level.order[level.edges[code] : level.edges[code + 1]]
                if not len(at):
                    continue
                index, count = _index(level, at, rows)
                values += count
                if not count:
                    continue
                row = first[depth][level.attributes.row[at]]
                nearest = int(row.argmin())
                place = min(place, (int(row[nearest]), depth, int(at[nearest])))
                if taken is not None:
                    index = np.where(taken, -1, index)
                has = index >= 0
                taken = has if taken is None else taken | has
                pieces += _pieces(level, index, has)
            if taken is None:
                continue
            self._report.override(name, values - int(np.count_nonzero(taken)))
            found.append((place, name, pieces))
        for _, name, pieces in sorted(found, key=lambda item: item[0]):
            yield (name, *_joined(pieces))


def _coded(attributes: Attributes, of: Integers | None, names: dict[str, int]) -> _Coded:
    """Code the keys by `names`, which grows; pairs without a value have the code -1."""
    kind = np.full(len(attributes.row), -1, np.int8)
    for at in range(len(attributes.values) - 1, -1, -1):
        values = attributes.values[at]
        if values.null_count < len(values):
            kind[values.is_valid().to_numpy(zero_copy_only=False)] = at
    if attributes.other:
        kind[np.fromiter(attributes.other, np.int64, len(attributes.other))] = len(attributes.values)
    key = attributes.key
    if not isinstance(key, pa.DictionaryArray):
        key = pc.fill_null(key, "").dictionary_encode()
    elif key.null_count:
        key = pc.fill_null(key.dictionary_decode(), "").dictionary_encode()
    indices = key.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    used = np.zeros(len(key.dictionary), bool)
    used[indices[kind >= 0]] = True
    renamed = np.full(len(key.dictionary), -1, np.int64)
    for at, text in enumerate(key.dictionary.to_pylist()):
        if used[at]:
            renamed[at] = names.setdefault(attribute_name(text), len(names))
    codes = np.where(kind >= 0, renamed[indices], -1) if len(renamed) else np.full(len(kind), -1, np.int64)
    nothing = np.zeros(0, np.int64)
    groups = 0 if of is None else int(max(of.max(initial=-1), attributes.row.max(initial=-1))) + 1
    return _Coded(attributes, of, groups, kind, codes, nothing, nothing)


def _sorted(levels: list[_Coded], keys: int) -> list[_Coded]:
    out = []
    for level in levels:
        order, edges = sorted_by_code(level.codes, keys)
        out.append(level._replace(order=order, edges=edges))
    return out


def _first_rows(level: _Coded, rows: int) -> Integers:
    """Return, for every resource of the level, the first row that has it."""
    if level.of is None:
        return np.arange(rows)
    out = np.full(level.groups, rows, np.int64)
    out[level.of[::-1]] = np.arange(rows - 1, -1, -1)
    return out


def _index(level: _Coded, at: Integers, rows: int) -> tuple[Integers, int]:
    """Return for every row the pair of one key that it has, or -1, and how many such pairs all rows have."""
    row = level.attributes.row[at]
    if level.of is None:
        index = np.full(rows, -1, np.int64)
        index[row] = at  # of several the last stays
        return index, len(at)
    of_group = np.full(level.groups, -1, np.int64)
    of_group[row] = at
    each = np.bincount(row, minlength=level.groups)
    return of_group[level.of], int(each[level.of].sum())


def _pieces(level: _Coded, index: Integers, has: npt.NDArray[np.bool_]) -> Iterator[_Piece]:
    kinds = np.where(has, level.kind[index], -1)
    pairs = level.attributes
    for kind in np.unique(kinds[has]).tolist():
        values = pairs.values[kind] if kind < len(pairs.values) else pairs.other
        yield _Piece(values, np.where(kinds == kind, index, -1))


def _joined(pieces: list[_Piece]) -> tuple[pa.Array, dict[str, int]]:
    """Return a column of pieces that have no row in common, and how many values of which type became text."""
    arrow = [(piece.values, piece.at) for piece in pieces if isinstance(piece.values, pa.Array)]
    if len(arrow) < len(pieces):
        return _by_value(pieces)
    types = {str(values.type): values.type for values, _ in arrow}
    mixed: dict[str, int] = {}
    columns = [_taken(values, index) for values, index in arrow]
    if types.keys() == {"int64", "double"}:
        columns = [pc.cast(column, pa.float64(), safe=False) for column in columns]
    elif len(types) > 1:
        for column in columns:
            if not pa.types.is_string(column.type):
                kind = word(column.type)
                mixed[kind] = mixed.get(kind, 0) + len(column) - column.null_count
        columns = [to_text(column) for column in columns]
    return columns[0] if len(columns) == 1 else pc.coalesce(*columns), mixed


def _taken(values: pa.Array, index: Integers) -> pa.Array:
    missing = index < 0
    return values.take(pa.array(index, mask=missing if missing.any() else None))


def _by_value(pieces: list[_Piece]) -> tuple[pa.Array, dict[str, int]]:
    column: list[Any] = [None] * len(pieces[0].at)
    for values, index in pieces:
        rows = np.flatnonzero(index >= 0).tolist()
        at = index[index >= 0]
        for row, value in zip(rows, _python(values)(at), strict=True):
            column[row] = value
    return typed(column)


def _python(values: pa.Array | Mapping[int, Any]) -> Callable[[Integers], list[Any]]:
    if isinstance(values, pa.Array):
        return lambda at: values.take(pa.array(at)).to_pylist()
    return lambda at: [values[i] for i in at.tolist()]


def _between(pairs: Attributes, start: int, stop: int) -> Attributes:
    """Return the pairs of rows from `start` to before `stop`, which are then counted from 0."""
    low, high = (int(at) for at in np.searchsorted(pairs.row, (start, stop)))
    return Attributes(
        pairs.row[low:high] - start,
        pairs.key.slice(low, high - low),
        tuple(values.slice(low, high - low) for values in pairs.values),
        {at - low: value for at, value in pairs.other.items() if low <= at < high},
    )


def _used(level: Level, start: int, stop: int) -> Level:
    """Return a level for some of the rows, without the pairs of resources that none of them has."""
    of = level.of[start:stop]
    low, high = (int(of.min()), int(of.max()) + 1) if len(of) else (0, 0)
    return Level(_between(level.attributes, low, high), of - low)
