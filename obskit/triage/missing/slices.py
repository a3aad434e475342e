"""The slices whose volume is watched: operations, services, and the values of fields that many rows have."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import FieldCodes, Progress
from obskit.engine import Scope
from obskit.names import DRIFT, describes_error
from obskit.triage.missing.binned import BinnedRows, Bools, Floats, Ints, Volume
from obskit.triage.missing.steps import FEWEST

MOST_VALUES = 2_000  # of one field
_CELLS = 1 << 22
MOST_INTEGERS = 64  # distinct values; with more, a number is a measure and not a category
_NOT_WATCHED = frozenset(
    {
        *DRIFT,
        *("timestamp", "sample_weight", "event_count", "trace_state", "trace_id", "span_id"),
        *("parent_span_id", "error", "body", "severity_text", "severity_number", "obskit.unfinished"),
    }
)
# Fields that say where work ran. Their values come and go with rollouts and restarts.
_PLACES = tuple(
    f"{name}."
    for name in (
        *("service", "k8s", "host", "container", "process", "cloud", "faas", "deployment", "vcs"),
        *("telemetry", "os", "aws", "azure", "gcp", "heroku", "webengine", "thread"),
    )
)
_NO_PLACE = "service.name"  # a service does not take over the work of another one


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices by the values of one field, or of the fields that identify operations.

    Attributes:
        fields: the fields.
        keys: the values of each slice, one per field; None is missing. The last slice has all other values.
        tables: per file, the slice of each code.
        codes: per file, the code of each row.
    """

    fields: tuple[str, ...]
    keys: list[tuple[Any, ...]]
    tables: list[Ints]
    codes: list[npt.NDArray[Any]]

    @property
    def is_place(self) -> bool:
        """Whether the slices are places where work runs, which come and go."""
        first = self.fields[0]
        return len(self.fields) == 1 and first != _NO_PLACE and first.startswith(_PLACES)

    @property
    def other(self) -> int:
        """The number of the slice of all other values."""
        return len(self.keys)

    def count(self, rows: BinnedRows) -> Volume:
        """Add up the weight of each slice per bin; the last one has all other values."""
        return rows.count(self.tables, self.codes, len(self.keys) + 1)

    def with_other(self, other: Slices, rows: BinnedRows) -> Floats:
        """Return the weight of the rows in each of these slices and of each of another field; (S, T)."""
        width = len(other.keys) + 1
        number = [
            (table * width)[codes] + theirs[their_codes]
            for table, codes, theirs, their_codes in zip(
                self.tables, self.codes, other.tables, other.codes, strict=True
            )
        ]
        return rows.weight_of(number, (len(self.keys) + 1) * width).reshape(-1, width)

    def rows(self, at: int) -> list[Bools]:
        """Return per file which rows are in a slice."""
        return [(table == at)[codes] for table, codes in zip(self.tables, self.codes, strict=True)]

    def items(self, at: int) -> tuple[dict[str, Any], ...]:
        """Return the conditions of a slice."""
        return tuple(
            {"field": name, "op": "missing"} if value is None else {"field": name, "op": "=", "value": value}
            for name, value in zip(self.fields, self.keys[at], strict=True)
        )


def watched_fields(scope: Scope) -> list[str]:
    """Return the fields whose values are watched, in the order of the schema."""
    out = []
    for field in scope.schema:
        kind = field.type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        category = pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind)
        if category and field.name not in _NOT_WATCHED and not describes_error(field.name):
            out.append(field.name)
    return out


def slices_of(scope: Scope, keys: Sequence[str], progress: Progress | None) -> list[Slices]:
    """Return the slices to watch: operations first, then the values of each field.

    Args:
        scope: the events.
        keys: the fields that identify operations.
        progress: called while fields are coded for the first time.

    Returns:
        One set of slices per field that has at least two frequent values.
    """
    derived = {name for name, _ in scope.derived}
    fields = watched_fields(scope)
    stored = [name for name in dict.fromkeys([*keys, *fields]) if name not in derived]
    scope.dataset.codes.ensure(stored, progress)
    out = [_operations(scope, keys)] if len(keys) > 1 else []
    for name in [*keys, *(name for name in fields if name not in keys)]:
        found = _values(scope.codes(name))
        if found is not None:
            out.append(found)
    return out


def _values(codes: FieldCodes) -> Slices | None:
    """Return the slices of a field's frequent values; None if it is not a category."""
    if codes.kind != "value":
        return None
    if pa.types.is_integer(codes.type) and codes.size > MOST_INTEGERS:
        return None
    totals = codes.totals["units"].n.astype(np.float64)
    often = np.flatnonzero(totals >= FEWEST)
    often = often[often != (-1 if codes.rare_code is None else codes.rare_code)]
    if len(often) > MOST_VALUES:
        often = np.sort(often[np.argsort(-totals[often], kind="stable")[:MOST_VALUES]])
    if len(often) < 2:
        return None
    number = np.full(codes.size, len(often), np.int64)
    number[often] = np.arange(len(often))
    values: list[tuple[Any, ...]] = [(_value(codes, code),) for code in often.tolist()]
    tables = [number if remap is None else number[remap] for _, remap in codes.parts]
    return Slices((codes.name,), values, tables, [part for part, _ in codes.parts])


def _operations(scope: Scope, keys: Sequence[str]) -> Slices:
    """Return the slices of operations."""
    found, number = operations_of(scope, keys)
    ends = np.cumsum([0, *(file.rows for file in scope.dataset.files)])
    codes = [number[start:end] for start, end in pairwise(ends)]
    table = np.arange(len(found) + 1)
    return Slices(tuple(keys), found, [table] * len(codes), codes)


def _value(codes: FieldCodes, code: int) -> Any:
    return None if code == 0 else codes.values[code - 1].as_py()


def operations_of(scope: Scope, keys: Sequence[str]) -> tuple[list[tuple[Any, ...]], Ints]:
    """Return the distinct values of fields, and their number on each row of the dataset.

    Args:
        scope: the events.
        keys: one to three fields.

    Returns:
        The distinct values, and per row their index; one more for what is too rare to be listed.
    """
    derived = {name for name, _ in scope.derived}
    scope.dataset.codes.ensure([key for key in keys if key not in derived])
    parts = [scope.codes(key) for key in keys]
    sizes = [part.size for part in parts]
    joint = np.zeros(scope.dataset.rows, np.int64)
    for part in parts:
        joint *= part.size
        joint += np.concatenate([part.codes(file) for file in range(len(part.parts))])
    cells = math.prod(sizes)
    if cells <= _CELLS:
        distinct = np.flatnonzero(np.bincount(joint, minlength=cells))
        number = np.zeros(cells, np.int64)
        number[distinct] = np.arange(len(distinct))
        at = number[joint]
    else:
        distinct, at = np.unique(joint, return_inverse=True)
    columns, rest = [], distinct
    for part in reversed(parts):
        columns.append(rest % part.size)
        rest = rest // part.size
    columns.reverse()
    kept = np.ones(len(distinct), bool)
    for part, column in zip(parts, columns, strict=True):
        if part.rare_code is not None:
            kept &= column != part.rare_code
    renumber = np.where(kept, np.cumsum(kept) - 1, int(kept.sum()))
    found = [
        tuple(_value(part, int(code)) for part, code in zip(parts, codes, strict=True))
        for codes in zip(*(column[kept].tolist() for column in columns), strict=True)
    ]
    return found, renumber[at]
