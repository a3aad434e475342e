"""Turn attributes, given as parallel arrays, into one Arrow column per key.

All readers of spans give their attributes as `Attributes`: the row, key and value of each pair.

    row   key      value           ->    "db"     "ms"
    0     "db"     "users"               "users"  1.5
    0     "ms"     1.5                   null     2.0
    1     "ms"     2

The pairs are sorted by key once, and one column at a time is taken from them, so values stay in Arrow and
never become Python objects. The result equals what `row_batcher.RowBatcher` makes of the same attributes as
dicts: integers and floats of one key become floats, other mixtures become text, with the counts in
`schema.MIXED`. If a row has a key twice, the last value wins; the value of an inner level (the span) wins
over that of an outer one (the scope, the resource). Each loser is counted as an override.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.batches.row_batcher import CELLS, attribute_name, typed
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
    """Pairs of key and value, sorted by row.

    Attributes:
        row: row number of each pair, ascending.
        key: key of each pair: strings or a dictionary of strings; null means "".
        values: one array per type (string, int64, float64, bool), each as long as `key`. A pair's value is in
            the first array that is not null at its position; a pair without a value is ignored.
        other: position of a pair -> a value that fits no such array: a list, an integer of more than 64 bits.
    """

    row: Integers
    key: pa.Array
    values: tuple[pa.Array, ...]
    other: Mapping[int, Any]

    @classmethod
    def of(cls, row: Sequence[int], keys: Sequence[str], values: Sequence[Any]) -> Attributes:
        """Return pairs of Python values.

        Args:
            row: row number of each pair, ascending.
            keys: key of each pair.
            values: text, numbers, booleans or lists of them; None for no value.
        Returns:
            The pairs as arrays.
        """
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
    """Attributes that several rows share, such as those of resources.

    Attributes:
        attributes: pairs whose `row` is the number of the resource, from 0.
        of: for each row of the batch, the number of its resource.
    """

    attributes: Attributes
    of: Integers


class _SortedLevel(NamedTuple):
    """The pairs of one level, sorted by key.

    Attributes:
        pairs: the unsorted pairs.
        of: as `Level.of`; None for the attributes of the rows themselves.
        groups: number of resources.
        order: for each sorted pair, its position in `pairs`.
        row: for each sorted pair, its row.
        kind: for each sorted pair, which of `pairs.values` has its value; len(pairs.values) is `pairs.other`.
        edges: where the pairs of each key start; the end of the last is appended.
        single: per key, the kind of its values if all have the same and no row has two; else -1.
    """

    pairs: Attributes
    of: Integers | None
    groups: int
    order: Integers
    row: Integers
    kind: npt.NDArray[np.int8]
    edges: Integers
    single: npt.NDArray[np.int8]


class _Piece(NamedTuple):
    """Values of one type for some of the rows: `at` is the position of each row's value, or -1."""

    values: pa.Array | Mapping[int, Any]
    at: Integers


class Pivot:
    """Makes batches from the fixed columns and the attributes of one file.

    Args:
        report: counts the overridden keys.
    """

    def __init__(self, report: FileReport) -> None:
        self._report = report
        self._names: set[str] = set()

    def batches(
        self, own: Mapping[str, pa.Array], attributes: Attributes, levels: Sequence[Level] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows as one batch, or as several if rows times fields exceed `CELLS`.

        Args:
            own: fixed columns by name, one value per row each; at least one column.
            attributes: attributes of the rows themselves.
            levels: attributes that rows share, the outermost level first.
        Yields:
            Batches: the fixed columns, then one column per attribute in order of appearance.
        Raises:
            LimitExceeded: more than `MAX_FIELDS` distinct names since the first batch.
        """
        rows = len(next(iter(own.values())))
        every = [(level.attributes, level.of) for level in levels] + [(attributes, None)]
        names: dict[str, int] = {}
        coded = [_encode(pairs, names) for pairs, _ in every]
        self._names.update(names)
        if len(self._names) > MAX_FIELDS:
            raise too_many_fields()
        if rows > 1 and rows * len(names) > CELLS:
            for start, stop in ((0, rows // 2), (rows // 2, rows)):
                yield from self.batches(
                    {name: column.slice(start, stop - start) for name, column in own.items()},
                    _slice_pairs(attributes, start, stop),
                    [_slice_level(level, start, stop) for level in levels],
                )
            return
        fields, arrays = [], []
        for name, array in own.items():
            fields.append(pa.field(name, array.type))
            arrays.append(array)
        sorted_ = [
            _sort_by_key(pairs, of, kind, codes, len(names))
            for (pairs, of), (kind, codes) in zip(every, coded, strict=True)
        ]
        for name, array, mixed in self._columns(list(names), sorted_, rows):
            fields.append(
                pa.field(name, array.type, metadata={MIXED: orjson.dumps(mixed)} if mixed else None)
            )
            arrays.append(array)
        yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields, metadata=NAMED))

    def _columns(
        self, names: list[str], levels: list[_SortedLevel], rows: int
    ) -> list[tuple[str, pa.Array, dict[str, int]]]:
        """Return one column per key, in the order in which keys first appear, row by row."""
        first = [_first_rows(level, rows) for level in levels]
        found = []
        for code, name in enumerate(names):
            having = [d for d, level in enumerate(levels) if level.edges[code] < level.edges[code + 1]]
            single = levels[having[0]].single[code] if len(having) == 1 else -1
            if single >= 0:
                column = _single_type_column(levels[having[0]], code, int(single), rows)
                mixed: dict[str, int] = {}
            else:
                column, mixed = self._mixed_column(name, [levels[d] for d in having[::-1]], code, rows)
            if column is None:
                continue
            place = min(_first_position(levels[d], code, first[d], d) for d in having)
            found.append((place, (name, column, mixed)))
        found.sort(key=lambda item: item[0])
        return [item for _, item in found]

    def _mixed_column(
        self, name: str, levels: list[_SortedLevel], code: int, rows: int
    ) -> tuple[pa.Array | None, dict[str, int]]:
        """Return the column of a key with several types, levels or values per row; innermost level first."""
        pieces: list[_Piece] = []
        taken = np.zeros(rows, bool)
        values = 0
        for level in levels:
            index, count = _pair_of_row(level, code, rows)
            values += count
            index = np.where(taken, -1, index)
            has = index >= 0
            taken |= has
            pieces += _split_by_type(level, index, has)
        if not pieces:
            return None, {}
        self._report.override(name, values - int(np.count_nonzero(taken)))
        return _combine(pieces)


def _encode(pairs: Attributes, names: dict[str, int]) -> tuple[npt.NDArray[np.int8], Integers]:
    """Return each pair's kind and key code, -1 without a value; new names are added to `names`."""
    kind = np.full(len(pairs.row), -1, np.int8)
    for at in range(len(pairs.values) - 1, -1, -1):
        values = pairs.values[at]
        if values.null_count < len(values):
            kind[values.is_valid().to_numpy(zero_copy_only=False)] = at
    if pairs.other:
        kind[np.fromiter(pairs.other, np.int64, len(pairs.other))] = len(pairs.values)
    key = pairs.key
    if not isinstance(key, pa.DictionaryArray):
        key = pc.fill_null(key, "").dictionary_encode()
    elif key.null_count:
        key = pc.fill_null(key.dictionary_decode(), "").dictionary_encode()
    has = kind >= 0
    indices = key.indices.to_numpy(zero_copy_only=False)
    renamed = np.full(len(key.dictionary), -1, np.int64)
    used = np.zeros(len(key.dictionary), bool)
    used[indices if has.all() else indices[has]] = True
    for at, text in enumerate(key.dictionary.to_pylist()):
        if used[at]:
            renamed[at] = names.setdefault(attribute_name(text), len(names))
    if not len(renamed):
        return kind, np.full(len(kind), -1, np.int64)
    codes = renamed[indices]
    codes[~has] = -1
    return kind, codes


def _sort_by_key(
    pairs: Attributes, of: Integers | None, kind: npt.NDArray[np.int8], codes: Integers, keys: int
) -> _SortedLevel:
    order, edges = sorted_by_code(codes, keys)
    row, kind = pairs.row[order], kind[order]
    single = np.full(keys, -1, np.int8)
    there = np.flatnonzero(np.diff(edges))
    if len(there):
        starts = edges[there]
        again = np.zeros(len(row), bool)
        again[1:] = row[1:] <= row[:-1]
        again[starts] = False
        least, most = np.minimum.reduceat(kind, starts), np.maximum.reduceat(kind, starts)
        plain = (least == most) & (most < len(pairs.values)) & ~np.logical_or.reduceat(again, starts)
        single[there] = np.where(plain, least, -1)
    groups = 0 if of is None else int(max(of.max(initial=-1), pairs.row.max(initial=-1))) + 1
    return _SortedLevel(pairs, of, groups, order, row, kind, edges, single)


def _first_rows(level: _SortedLevel, rows: int) -> Integers | None:
    """Return the first row of each resource of the level; None for the rows' own attributes."""
    if level.of is None:
        return None
    out = np.full(level.groups, rows, np.int64)
    out[level.of[::-1]] = np.arange(rows - 1, -1, -1)
    return out


def _first_position(
    level: _SortedLevel, code: int, first: Integers | None, depth: int
) -> tuple[int, int, int]:
    """Return where a key first appears: row, level and position among the pairs of the level."""
    start, stop = level.edges[code], level.edges[code + 1]
    if first is None:
        return int(level.row[start]), depth, int(level.order[start])
    rows = first[level.row[start:stop]]
    nearest = int(rows.argmin())
    return int(rows[nearest]), depth, int(level.order[start + nearest])


def _single_type_column(level: _SortedLevel, code: int, kind: int, rows: int) -> pa.Array | None:
    """Return the column of a key of one type on one level, or None if no row has it."""
    start, stop = level.edges[code], level.edges[code + 1]
    at = level.order[start:stop]
    values = level.pairs.values[kind]
    if level.of is None and len(at) == rows:
        return values.take(pa.array(at))
    index = np.full(rows if level.of is None else level.groups, -1, np.int64)
    index[level.row[start:stop]] = at
    if level.of is not None:
        index = index[level.of]
    missing = index < 0
    return None if missing.all() else values.take(pa.array(index, mask=missing if missing.any() else None))


def _pair_of_row(level: _SortedLevel, code: int, rows: int) -> tuple[Integers, int]:
    """Return for each row its pair of one key, or -1, and the number of such pairs over all rows."""
    start, stop = level.edges[code], level.edges[code + 1]
    at, row = level.order[start:stop], level.row[start:stop]
    index = np.full(rows if level.of is None else level.groups, -1, np.int64)
    index[row] = at  # the last of several wins
    if level.of is None:
        return index, len(at)
    each = np.bincount(row, minlength=level.groups)
    return index[level.of], int(each[level.of].sum())


def _split_by_type(level: _SortedLevel, index: Integers, has: npt.NDArray[np.bool_]) -> Iterator[_Piece]:
    kinds = np.full(len(index), -1, np.int8)
    back = np.empty(len(level.order), np.int8)
    back[level.order] = level.kind
    kinds[has] = back[index[has]]
    for kind in np.unique(kinds[has]).tolist():
        values = level.pairs.values[kind] if kind < len(level.pairs.values) else level.pairs.other
        yield _Piece(values, np.where(kinds == kind, index, -1))


def _combine(pieces: list[_Piece]) -> tuple[pa.Array, dict[str, int]]:
    """Return the column of pieces with disjoint rows, and per type the number of values that became text."""
    arrow = [(piece.values, piece.at) for piece in pieces if isinstance(piece.values, pa.Array)]
    if len(arrow) < len(pieces):
        return _combine_in_python(pieces)
    types = {str(values.type): values.type for values, _ in arrow}
    mixed: dict[str, int] = {}
    columns = [_take(values, index) for values, index in arrow]
    if types.keys() == {"int64", "double"}:
        columns = [pc.cast(column, pa.float64(), safe=False) for column in columns]
    elif len(types) > 1:
        for column in columns:
            if not pa.types.is_string(column.type):
                kind = word(column.type)
                mixed[kind] = mixed.get(kind, 0) + len(column) - column.null_count
        columns = [to_text(column) for column in columns]
    return columns[0] if len(columns) == 1 else pc.coalesce(*columns), mixed


def _take(values: pa.Array, index: Integers) -> pa.Array:
    missing = index < 0
    return values.take(pa.array(index, mask=missing if missing.any() else None))


def _combine_in_python(pieces: list[_Piece]) -> tuple[pa.Array, dict[str, int]]:
    column: list[Any] = [None] * len(pieces[0].at)
    for values, index in pieces:
        rows = np.flatnonzero(index >= 0).tolist()
        at = index[index >= 0]
        for row, value in zip(rows, _getter(values)(at), strict=True):
            column[row] = value
    return typed(column)


def _getter(values: pa.Array | Mapping[int, Any]) -> Callable[[Integers], list[Any]]:
    if isinstance(values, pa.Array):
        return lambda at: values.take(pa.array(at)).to_pylist()
    return lambda at: [values[i] for i in at.tolist()]


def _slice_pairs(pairs: Attributes, start: int, stop: int) -> Attributes:
    """Return the pairs of rows `start` to `stop` (exclusive), renumbered from 0."""
    low, high = (int(at) for at in np.searchsorted(pairs.row, (start, stop)))
    return Attributes(
        pairs.row[low:high] - start,
        pairs.key.slice(low, high - low),
        tuple(values.slice(low, high - low) for values in pairs.values),
        {at - low: value for at, value in pairs.other.items() if low <= at < high},
    )


def _slice_level(level: Level, start: int, stop: int) -> Level:
    """Return the level of rows `start` to `stop` (exclusive), without resources that none of them uses."""
    of = level.of[start:stop]
    low, high = (int(of.min()), int(of.max()) + 1) if len(of) else (0, 0)
    return Level(_slice_pairs(level.attributes, low, high), of - low)
