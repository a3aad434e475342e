"""Masks of plain conditions, from dictionary codes, times and numbers in memory.

A comparison with a field in codes is made once per value of the dictionary, then looked up for each row.
Results have SQL's three values: true, false and null. NaN is equal to itself and above all other numbers, as
in DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.dataset import NO_TIME, Codes, FieldCodes, among
from obskit.engine.masks import BoolArray, Mask, by_chunk
from obskit.engine.plain import Comparison, Joined, Missing, Not, Operator, Plain, Test, Written, tests_of
from obskit.engine.window import TIME

# Rows of one file, as first and end or as numbers. Which rows are true and which null; None without nulls.
Range = tuple[int, int]
Rows = npt.NDArray[np.int64]
Found = tuple[BoolArray, BoolArray | None]
Numbers = Sequence[pa.ChunkedArray]


def fields_to_hold(plain: Plain, schema: pa.Schema, codes: Codes) -> list[str]:
    """Return the fields of a condition whose values are needed, because codes do not tell them exactly."""
    tests = [test for test in tests_of(plain) if not _is_time(test.field, schema)]
    return list(dict.fromkeys(test.field for test in tests if _exact_codes(test, codes) is None))


def plain_masks(
    plain: Plain,
    schema: pa.Schema,
    codes: Codes,
    held: Mapping[str, Numbers],
    files: Sequence[int],
    ranges: Sequence[Range] | None,
) -> list[Mask]:
    """Return for which rows a condition is true, and for which it is null.

    Args:
        plain: the condition.
        schema: the stored fields.
        codes: their codes.
        held: the columns of `fields_to_hold`, one array per file.
        files: the number of rows of each file.
        ranges: (first row, one after the last row) of each file; the masks are false elsewhere.
    Returns:
        One mask per file; read-only.
    """
    read = plain_reader(plain, schema, codes, held)
    masks = []
    for file, rows in enumerate(files):
        first, last = (0, rows) if ranges is None else ranges[file]
        true, null = read(file, (first, last))
        if null is not None and not null.any():
            null = None
        if (first, last) != (0, rows):
            true = _widened(true, rows, (first, last))
            null = None if null is None else _widened(null, rows, (first, last))
        true.flags.writeable = False
        masks.append(Mask(true, null))
    return masks


def plain_reader(
    plain: Plain, schema: pa.Schema, codes: Codes, held: Mapping[str, Numbers]
) -> Callable[[int, Range | Rows], Found]:
    """Return a function that makes a condition on some rows of a file; arguments as in `plain_masks`."""
    readers = [_reader(test, schema, codes, held) for test in tests_of(plain)]
    # in the order of the tests
    return lambda file, rows: _combine(plain, [read(file, rows) for read in readers])


def _combine(plain: Plain, found: Iterable[Found]) -> Found:
    """Return what a condition is, given what its tests are, from left to right."""
    results = iter(found)
    if isinstance(plain, Not):
        true, null = _combine(plain.part, results)
        return ~true if null is None else ~(true | null), null
    if isinstance(plain, Joined):
        return reduce(_and if plain.every else _or, [_combine(part, results) for part in plain.parts])
    return next(results)


def _and(one: Found, other: Found) -> Found:
    true = one[0] & other[0]
    parts = [null & _maybe(by) for (_, null), by in ((one, other), (other, one)) if null is not None]
    return true, reduce(np.bitwise_or, parts) if parts else None


def _or(one: Found, other: Found) -> Found:
    true = one[0] | other[0]
    parts = [null & ~true for _, null in (one, other) if null is not None]
    return true, reduce(np.bitwise_or, parts) if parts else None


def _maybe(found: Found) -> BoolArray:
    """Return which rows are not false."""
    true, null = found
    return true if null is None else true | null


def _widened(part: BoolArray, rows: int, within: Range) -> BoolArray:
    out = np.zeros(rows, dtype=bool)
    out[slice(*within)] = part
    return out


def _reader(
    test: Test, schema: pa.Schema, codes: Codes, held: Mapping[str, Numbers]
) -> Callable[[int, Range | Rows], Found]:
    """Return a function that makes a test on some rows of a file."""
    if _is_time(test.field, schema):
        times = codes.times()
        return lambda file, rows: _in_numbers(test, times[file][_index(rows)], NO_TIME)
    exact = _exact_codes(test, codes)
    if exact is not None:
        return _in_codes(test, exact)
    columns = held[test.field]
    return lambda file, rows: _in_column(test, _values_of(columns[file], rows))


def _index(rows: Range | Rows) -> slice | Rows:
    return slice(*rows) if isinstance(rows, tuple) else rows


def _values_of(column: pa.ChunkedArray, rows: Range | Rows) -> pa.ChunkedArray:
    if isinstance(rows, tuple):
        return column.slice(rows[0], rows[1] - rows[0])
    return column.take(pa.array(rows))


def _is_time(name: str, schema: pa.Schema) -> bool:
    return name == TIME and bool(schema.field(name).type == pa.timestamp("us", "UTC"))


def _exact_codes(test: Test, codes: Codes) -> FieldCodes | None:
    """Return the codes of a test's field if they are at hand, and tell for each row whether it is true."""
    found = codes.known(test.field)
    if found is None or isinstance(test, Missing):  # code 0 is missing, whatever the others are
        return found
    return found if found.kind == "value" and found.rare_code is None else None


def _in_codes(test: Test, codes: FieldCodes) -> Callable[[int, Range | Rows], Found]:
    accept = np.zeros(codes.size, dtype=bool)
    if isinstance(test, Missing):
        accept[0] = True
    else:
        accept[1:] = _accepted(test, codes.values)
    nulls = not isinstance(test, Missing) and bool(codes.totals["all"].n[0])

    def read(file: int, rows: Range | Rows) -> Found:
        local, remap = codes.parts[file]
        part = local[_index(rows)]
        own = accept if remap is None else accept[remap]
        hits = np.flatnonzero(own)
        true = among(part, own, hits) if len(hits) else np.zeros(len(part), dtype=bool)
        return true, part == 0 if nulls else None

    return read


def _accepted(test: Test, values: pa.Array) -> BoolArray:
    """Return for which values of a dictionary a test is true."""
    if pa.types.is_integer(values.type):
        return _test(test, values.to_numpy(zero_copy_only=False))
    wanted = pa.array([test.value] if isinstance(test, Comparison) else list(_values(test)), values.type)
    found: BoolArray = pc.is_in(values, value_set=wanted).to_numpy(zero_copy_only=False)
    return ~found if isinstance(test, Comparison) and test.operator == "!=" else found


def _in_numbers(test: Test, data: npt.NDArray[Any], unknown: int) -> Found:
    """Make a test on numbers of which one value stands for null."""
    null = data == unknown
    if isinstance(test, Missing):
        return null, None
    true = _test(test, data)
    return (true & ~null, null) if null.any() else (true, None)


def _in_column(test: Test, column: pa.ChunkedArray) -> Found:
    if isinstance(test, Missing):
        _, null = by_chunk(column, lambda *_: False)
        return np.zeros(len(column), dtype=bool) if null is None else null, None

    def values(chunk: pa.Array, data: pa.Buffer | None) -> BoolArray | bool:
        if data is None:
            return False
        is_time = pa.types.is_timestamp(chunk.type)  # microseconds since 1970
        width = np.dtype(np.int64 if is_time else chunk.type.to_pandas_dtype())
        return _test(test, np.frombuffer(data, width, len(chunk), chunk.offset * width.itemsize))

    return by_chunk(column, values)


def _test(test: Test, data: npt.NDArray[Any]) -> BoolArray:
    """Return for which numbers a test is true."""
    if isinstance(test, Comparison):
        return _compare(test.operator, data, test.value)
    return reduce(np.bitwise_or, [_compare("=", data, value) for value in _values(test)])


def _values(test: Test) -> Sequence[Written]:
    return () if isinstance(test, (Comparison, Missing)) else test.values


def _compare(operator: Operator, data: npt.NDArray[Any], value: Written) -> BoolArray:
    # NaN is above every number: it is greater where it is not less.
    match operator:
        case "=":
            return np.asarray(data == value)
        case "!=":
            return np.asarray(data != value)
        case "<":
            return np.asarray(data < value)
        case "<=":
            return np.asarray(data <= value)
        case ">":
            return np.logical_not(data <= value)
        case ">=":
            return np.logical_not(data < value)
