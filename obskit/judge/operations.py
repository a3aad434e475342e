"""Number the operations of requests: the strata within a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.engine import Scope, format_condition

Ints = npt.NDArray[Any]  # int32 or int64
SERVICE = "service.name"
ACTIONS = ("name", "http.route", "rpc.method")
MOST_OPERATIONS = 200
MOST_CELLS = 1 << 22
OTHER = "other operations"


@dataclass(frozen=True, eq=False)
class Operations:
    """The operations of some requests, the most frequent first.

    Attributes:
        names: what people call them; the last may stand for all rare ones.
        keys: (field, value) of each operation's fields; empty for the rare ones.
        codes: the codes of the fields.
        numbers: the number of each combination of codes.
    """

    names: tuple[str, ...]
    keys: tuple[tuple[tuple[str, str | None], ...], ...]
    codes: tuple[FieldCodes, ...]
    numbers: Ints

    def __len__(self) -> int:
        return len(self.names)

    def number(self, rows: Sequence[Ints]) -> Ints:
        """Return the number of the operation of some rows of each file."""
        return self.numbers[_cells(self.codes, rows)]

    def number_of(self, file: int, local: Sequence[Ints], size: int) -> Ints:
        """Return the numbers of `size` operations, given their codes in a file's own numbers by field."""
        cell = np.zeros(size, np.int32)
        for each, own in zip(self.codes, local, strict=True):
            remap = each.parts[file][1]
            cell *= each.size
            cell += (own if remap is None else remap[own]).astype(np.int32, copy=False)
        return self.numbers[cell]

    def by_key(self, values: Ints) -> tuple[Any, ...]:
        """Return a value of each operation in an order that does not depend on how frequent they are."""
        rows = map(tuple, values.reshape(len(self), -1).tolist())
        return tuple(sorted(zip(map(repr, self.keys), rows, strict=True)))

    def condition(self, number: int) -> str | None:
        """Return the condition of an operation; None if it represents several."""
        items = [{"field": field, "op": "=", "value": value} for field, value in self.keys[number]]
        return format_condition(items) if items else None


def find_operations(scope: Scope, rows: Sequence[Ints]) -> tuple[Operations, Ints]:
    """Return the operations of some rows: their service and what they did.

    Args:
        scope: the events.
        rows: the rows of each file.

    Returns:
        The operations, and the number of the one of each row. The rarest are one, if there are more than
        MOST_OPERATIONS.
    """
    codes = operation_codes(scope)
    return _numbered(codes, _cells(codes, rows), None)


def operations_of(codes: Sequence[FieldCodes], own: Sequence[Ints], count: Ints) -> tuple[Operations, Ints]:
    """Return the operations of counted requests.

    Args:
        codes: the codes of the fields that identify operations.
        own: the codes of each entry, one array per field.
        count: the number of requests of each entry.

    Returns:
        As `find_operations`.
    """
    cell = np.zeros(len(count), np.int32)
    for each, part in zip(codes, own, strict=True):
        cell = cell * np.int32(each.size) + part
    return _numbered(codes, cell, count)


def _numbered(codes: Sequence[FieldCodes], cell: Ints, count: Ints | None) -> tuple[Operations, Ints]:
    codes = tuple(codes)
    counts = np.bincount(cell, count, prod(each.size for each in codes)).astype(np.int64, copy=False)
    common = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]
    if len(common) > MOST_OPERATIONS:
        common = common[counts[common] >= counts[common[MOST_OPERATIONS - 1]]]
    # Of equally frequent ones in the order of their names: codes depend on the division into files.
    ordered = sorted(common.tolist(), key=lambda at: (-counts[at], repr(_key(at, codes))))
    common = np.array(ordered[:MOST_OPERATIONS], np.int64)
    numbers = np.full(len(counts), len(common), np.int32)
    numbers[common] = np.arange(len(common))
    keys = [_key(int(at), codes) for at in common]
    shared = (
        {field for field, _ in keys[0] if len({dict(key)[field] for key in keys}) == 1} if keys else set()
    )
    names = [_name(key, shared if len(codes) > 1 else set()) for key in keys]
    if int((counts > 0).sum()) > len(common) or not names:
        names.append(OTHER)
        keys.append(())
    return Operations(tuple(names), tuple(keys), codes, numbers), numbers[cell]


def operation_codes(scope: Scope) -> list[FieldCodes]:
    """Return the codes of the fields that identify operations."""
    out = []
    for some in ((SERVICE,), ACTIONS):
        for name in some:
            if name not in scope.schema.names:
                continue
            codes = scope.codes(name)
            if codes.kind == "value" and codes.rare_code is None:
                out.append(codes)
                break
    # Of too many combinations, what requests did is the finer part.
    return out if prod(each.size for each in out) <= MOST_CELLS else out[-1:]


def _cells(codes: Sequence[FieldCodes], rows: Sequence[Ints]) -> Ints:
    # All combinations of one field are below its size, and those of several are at most MOST_CELLS.
    out = np.zeros(sum(map(len, rows)), np.int32)
    for each in codes:
        parts = [each.codes(file)[r] for file, r in enumerate(rows)]
        out *= each.size
        out += np.concatenate(parts).astype(np.int32, copy=False) if parts else 0
    return out


def _key(cell: int, codes: Sequence[FieldCodes]) -> tuple[tuple[str, str | None], ...]:
    out = []
    for each in reversed(codes):
        cell, code = divmod(cell, each.size)
        out.append((each.name, None if code == 0 else str(each.values[code - 1])))
    return tuple(reversed(out))


def _name(key: tuple[tuple[str, str | None], ...], shared: set[str]) -> str:
    shown = [value for field, value in key if value is not None and field not in shared]
    shown = shown or [value for _, value in key if value is not None][-1:]
    return " ".join(shown) or "requests without a name"
