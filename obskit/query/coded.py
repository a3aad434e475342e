"""Count groups from the codes of fields: counts and percentiles in one pass of numpy, without a statement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import FieldCodes, Weights
from obskit.engine import Scope
from obskit.query.aggregate import Groups
from obskit.query.calculations import Calculation
from obskit.query.terms import middles
from obskit.stats import buckets

MOST_CELLS = 1 << 24  # of one histogram; above that a statement is faster


def can_count_codes(scope: Scope, names: Sequence[str], calculations: Sequence[Calculation]) -> bool:
    """Return whether `count_codes` can answer; codes that do not exist yet are made.

    Args:
        scope: the rows.
        names: the fields to group by.
        calculations: what to calculate for each group.

    Returns:
        True if every field is coded value by value, every calculation is `count()`, `rows()` or a percentile
        of a plain field, and the histograms are small enough.
    """
    if (
        not scope.dataset.local
        or not names
        or not scope.dataset.rows
        or not all(_is_countable(scope, c) for c in calculations)
    ):
        return False
    measured = _measured_fields(calculations)
    schema = scope.dataset.schema
    if not set(schema.names).issuperset([*names, *measured]):
        return False
    if not all(_may_be_coded(schema.field(name).type) for name in names):
        return False
    scope.dataset.codes.ensure([*names, *measured])  # in one pass; explain and the heatmap need them too
    keys = [scope.codes(name) for name in names]
    if any(key.kind != "value" or key.rare_code is not None for key in keys):
        return False
    cells = math.prod(key.size for key in keys)
    values = [scope.codes(name) for name in measured]
    if cells > MOST_CELLS or any(v.kind == "flag" or cells * v.size > MOST_CELLS for v in values):
        return False
    return all(weight.classes is not None for weight in scope.dataset.codes.weights())


def count_codes(scope: Scope, names: Sequence[str], calculations: Sequence[Calculation]) -> Groups:
    """Count groups from codes; only where `can_count_codes` is true.

    Args:
        scope: the rows.
        names: the fields to group by.
        calculations: what to calculate for each group.

    Returns:
        The groups that have rows, with the values that the statements would give.
    """
    measured = _measured_fields(calculations)
    keys, values = ([scope.codes(name) for name in some] for some in (names, measured))
    sizes = [key.size for key in keys]
    cells = math.prod(sizes)
    weights = scope.dataset.codes.weights()
    masks = None if scope.where is None else [mask.true for mask in scope.masks(None)]
    total, rows = np.zeros(cells), np.zeros(cells, np.int64)
    grids = [np.zeros(cells * value.size) for value in values]
    for file, weight in enumerate(weights):
        mask = None if masks is None else masks[file]
        group = _combine_codes([(k.parts[file][0], _local_size(k, file)) for k in keys], mask)
        _count_groups(group, keys, file, weight, mask, total, rows)
        for value, grid in zip(values, grids, strict=True):
            _count_grid(group, keys, value, file, weight, mask, grid)
    found = np.flatnonzero(rows)
    stored = scope.dataset.schema.names
    if "sample_weight" not in stored and "event_count" not in stored:
        total = total.astype(np.int64)
    by_field = dict(zip(measured, zip(values, grids, strict=True), strict=True))
    return Groups(
        keys=_key_columns(names, keys, found, sizes),
        values={c.name: _value_column(c, found, total, rows, by_field) for c in calculations},
        sql=(),
        rows=int(rows.sum()),
        unweighted=_unweighted(scope, weights) if "sample_weight" in stored else None,
    )


def _measured_fields(calculations: Sequence[Calculation]) -> list[str]:
    """Return the fields that percentiles are taken of, each once."""
    return list(dict.fromkeys(_plain_field(c) for c in calculations if c.function == "percentile"))


def _may_be_coded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind))


def _is_countable(scope: Scope, calculation: Calculation) -> bool:
    if calculation.function in ("count", "rows"):
        return calculation.condition is None
    if calculation.function != "percentile" or calculation.argument is None:
        return False
    field = _plain_field(calculation)
    return calculation.argument.fields == {field} and pa.types.is_primitive(scope.type_of(field))


def _plain_field(calculation: Calculation) -> str:
    """Return the field of a percentile; "" if its argument is more than a field."""
    argument = calculation.argument
    if argument is None or len(argument.fields) != 1:
        return ""
    (name,) = argument.fields
    return name if argument.text.strip('"').replace('""', '"') == name else ""


def _local_size(codes: FieldCodes, file: int) -> int:
    """Return how many codes a field has in one file."""
    remap = codes.parts[file][1]
    return codes.size if remap is None else len(remap)


def _combine_codes(
    parts: Sequence[tuple[npt.NDArray[Any], int]], mask: npt.NDArray[np.bool_] | None
) -> npt.NDArray[Any]:
    """Return one number per row for its combination of local codes."""
    out: npt.NDArray[Any] | None = None
    for codes, size in parts:
        picked = codes if mask is None else codes[mask]
        if out is None:
            out = picked
        else:
            out = np.multiply(out, size, dtype=np.int64)
            out += picked
    return out if out is not None else np.zeros(0, np.int64)


def _global_cells(keys: Sequence[FieldCodes], file: int) -> npt.NDArray[np.int64]:
    """Return the global cell of each combination of local codes."""
    out = np.zeros(1, np.int64)
    for key in keys:
        remap = key.parts[file][1]
        known = np.arange(key.size, dtype=np.int64) if remap is None else remap.astype(np.int64)
        out = (out[:, None] * key.size + known[None, :]).reshape(-1)
    return out


def _count_groups(
    group: npt.NDArray[Any],
    keys: Sequence[FieldCodes],
    file: int,
    weight: Weights,
    mask: npt.NDArray[np.bool_] | None,
    total: npt.NDArray[Any],
    rows: npt.NDArray[Any],
) -> None:
    global_cells = _global_cells(keys, file)
    by_class = _by_class(group, len(global_cells), weight, mask)
    np.add.at(rows, global_cells, by_class.sum(axis=1))
    np.add.at(total, global_cells, by_class @ (weight.n * weight.w))


def _count_grid(
    group: npt.NDArray[Any],
    keys: Sequence[FieldCodes],
    value: FieldCodes,
    file: int,
    weight: Weights,
    mask: npt.NDArray[np.bool_] | None,
    grid: npt.NDArray[Any],
) -> None:
    codes, remap = value.parts[file]
    size = value.size if remap is None else len(remap)
    global_cells = _global_cells(keys, file)
    cell = np.multiply(group, size, dtype=np.int64)
    cell += codes if mask is None else codes[mask]
    local = _by_class(cell, len(global_cells) * size, weight, mask) @ (weight.n * weight.w)
    inner = np.arange(value.size, dtype=np.int64) if remap is None else remap.astype(np.int64)
    at = (global_cells[:, None] * value.size + inner[None, :]).reshape(-1)
    used = np.flatnonzero(local)
    np.add.at(grid, at[used], local[used])


def _by_class(
    cell: npt.NDArray[Any], cells: int, weight: Weights, mask: npt.NDArray[np.bool_] | None
) -> npt.NDArray[np.int64]:
    """Return the number of rows per cell and class of weight."""
    kinds = len(weight.n)
    if kinds == 1 or weight.classes is None:
        return np.bincount(cell, minlength=cells).reshape(cells, 1)
    classes = weight.classes if mask is None else weight.classes[mask]
    both = np.multiply(cell, kinds, dtype=np.int64)
    both += classes
    return np.bincount(both, minlength=cells * kinds).reshape(cells, kinds)


def _value_column(
    calculation: Calculation,
    found: npt.NDArray[np.int64],
    total: npt.NDArray[Any],
    rows: npt.NDArray[Any],
    measured: dict[str, tuple[FieldCodes, npt.NDArray[Any]]],
) -> pa.Array:
    if calculation.function == "rows":
        return pa.array(rows[found])
    if calculation.function == "count":
        return pa.array(total[found])
    value, grid = measured[_plain_field(calculation)]
    cell, order = _ordered_buckets(value)
    weight = grid.reshape(-1, value.size)[found][:, 1:][:, order]
    running = np.cumsum(weight, axis=1)
    whole = running[:, -1] if running.shape[1] else np.zeros(len(found))
    reach = (running >= (whole * float(calculation.q or 0) * (1 - 1e-12))[:, None]) & (weight > 0)
    at = np.argmax(reach, axis=1) if running.shape[1] else np.zeros(len(found), np.int64)
    out = np.where(whole > 0, middles(cell[at]) if len(cell) else np.nan, np.nan)
    return pa.array(out, from_pandas=True)


def _ordered_buckets(value: FieldCodes) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Return the buckets of the entries that are numbers, ascending, and the indices of those entries."""
    if value.bucket is not None:
        cell = value.bucket
    else:
        cell = buckets.buckets(value.values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    order = np.argsort(cell, kind="stable")
    order = order[(cell[order] != buckets.NAN) & (cell[order] != buckets.NULL)]
    return cell[order], order


def _key_columns(
    names: Sequence[str], keys: Sequence[FieldCodes], found: npt.NDArray[np.int64], sizes: Sequence[int]
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    rest = found
    for name, key, size in reversed(list(zip(names, keys, sizes, strict=True))):
        code, rest = rest % size, rest // size
        at = pa.array(np.maximum(code - 1, 0), mask=code == 0)
        values = key.values if key.values.type == key.type else key.values.cast(key.type)
        out[name] = values.take(at) if len(values) else pa.nulls(len(code), key.type)
    return {name: out[name] for name in names}


def _unweighted(scope: Scope, weights: Sequence[Weights]) -> int:
    if scope.where is None:
        return sum(weight.unweighted for weight in weights)
    if not any(weight.unweighted for weight in weights):
        return 0
    missing = scope.codes("sample_weight")
    masks = scope.masks(None)
    return sum(int(((missing.parts[at][0] == 0) & masks[at].true).sum()) for at in range(len(masks)))
