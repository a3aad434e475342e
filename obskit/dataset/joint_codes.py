"""Joint codes: a number per row for several fields of few values together, and those of a row side by side.

To count scattered rows, the codes of a field alone cost a cache line for each row and field. A row's joint
codes share one or two cache lines, and one count over the joint codes of ten fields gives the counts of each
as sums (its marginal counts). They are made of the codes, per part, and take about two bytes for every four
such fields. Without them everything is counted from the codes alone, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from obskit.dataset.code_store import Blob, CodeStore
from obskit.dataset.eviction import evict_after
from obskit.dataset.merge import FieldCodes
from obskit.errors import DatasetError

# Fields with more values stand alone; so many combinations fit into the cache of a core, once per weight.
MOST_VALUES = 64
MOST_CELLS = 4_096
# Dictionaries that grew may make more combinations than planned, up to what a 16-bit number safely holds.
LARGEST = 1 << 15
# Version of the rules that they are made by. Codes of another order need another one.
RULES = "1"
WHAT = "joint"
# With fewer rows, codes stay in the cache of a core anyway. A part of more rows would take much memory.
LEAST_ROWS, MOST_ROWS = 200_000, 2_000_000
LEAST_READY = 0.75

Hits: TypeAlias = npt.NDArray[np.int64]
Table: TypeAlias = npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class JointGroup:
    """Fields that share a joint code.

    Attributes:
        fields: their codes; the first one varies slowest.
        size: number of combinations of their codes.
        columns: per part, which column of its joint codes this is.
        tables: per part, the combination of each of its own joint codes.
    """

    fields: tuple[FieldCodes, ...]
    size: int
    columns: tuple[int, ...]
    tables: tuple[Table, ...]

    def marginals(self, hits: Hits) -> dict[str, Hits]:
        """Return the counts of each field, given those of all combinations.

        Args:
            hits: classes x `size`.

        Returns:
            For each field an array of classes x codes.
        """
        out: dict[str, Hits] = {}
        kinds, left = len(hits), self.size
        for field in self.fields:
            left //= field.size
            cells = hits.reshape(kinds, field.size, left)
            out[field.name] = cells.sum(axis=2)
            hits = cells.sum(axis=1)
        return out

    def decoder(self, codes: FieldCodes) -> npt.NDArray[Any]:
        """Return the code of one of the fields in each combination."""
        at = next(at for at, field in enumerate(self.fields) if field is codes)
        left = int(np.prod([field.size for field in self.fields[at + 1 :]], dtype=np.int64))
        own = np.arange(self.size) // left % codes.size
        return own.astype(np.min_scalar_type(codes.size - 1))


@dataclass(frozen=True, eq=False)
class JointCodes:
    """The joint codes of a dataset.

    Attributes:
        groups: fields that share a joint code.
        parts: per part, rows x joint codes, mapped from the disk.
    """

    groups: tuple[JointGroup, ...]
    parts: tuple[npt.NDArray[np.uint16], ...]

    def group_of(self, codes: FieldCodes) -> JointGroup | None:
        """Return the group that a field is in; None if it shares no joint code."""
        return self._by_field.get(codes)

    @cached_property
    def _by_field(self) -> dict[FieldCodes, JointGroup]:
        return {field: group for group in self.groups for field in group.fields}


def plan(sizes: Mapping[str, int]) -> list[list[str]]:
    """Return which fields are to share a joint code.

    Args:
        sizes: number of codes of each field.

    Returns:
        Names of at least two fields each; a field with too many values is in none.
    """
    groups: list[tuple[int, list[str]]] = []
    for name, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        if not 2 <= size <= MOST_VALUES:
            continue
        for at, (cells, names) in enumerate(groups):
            if cells * size <= MOST_CELLS:
                groups[at] = cells * size, [*names, name]
                break
        else:
            groups.append((size, [name]))
    return [names for _, names in groups if len(names) > 1]


def may_join(rows: Sequence[int], ready: int, fields: int) -> bool:
    """Return whether joint codes are worth while, and all fields that they should have are ready.

    Args:
        rows: number of rows of each part.
        ready: how many fields have codes.
        fields: how many fields there are.

    Returns:
        Whether to make them: once they are there, they are not made again for more fields.
    """
    return sum(rows) >= LEAST_ROWS and max(rows) <= MOST_ROWS and ready >= LEAST_READY * fields


def ensure_joint(
    store: CodeStore,
    rows: Sequence[int],
    fields: Mapping[str, FieldCodes],
    threads: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> JointCodes | None:
    """Return the joint codes of a dataset; make those of the parts that have none yet.

    Args:
        store: where they are.
        rows: number of rows of each part.
        fields: the codes of the fields that may share joint codes.
        threads: how many parts to work on at a time.
        progress: called as (what, done, total) after each part; an exception in it stops the work.

    Returns:
        JointCodes; None if the parts have no group of fields in common, or if nothing can be written.

    Cost: to make them, one pass over the codes of fields of few values: two seconds of CPU time for ten
        million rows of a hundred such fields.
    """
    found = [store.read(file, WHAT, RULES) for file in range(len(rows))]
    missing = [file for file, blob in enumerate(found) if blob is None]
    if missing:
        # parts that were added later follow the first ones
        known = next((blob[0]["groups"] for blob in found if blob is not None), None)
        groups = known or plan({name: codes.size for name, codes in fields.items()})

        def make(file: int) -> None:
            store.write(file, WHAT, *_joined(file, rows[file], groups, fields))

        try:
            with ThreadPoolExecutor(threads, thread_name_prefix="obskit-joint") as pool:
                running = [pool.submit(make, file) for file in missing]
                try:
                    for done, future in enumerate(running, 1):
                        future.result()
                        if progress is not None:
                            progress("joining codes", done, len(missing))
                except BaseException:
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        except (OSError, DatasetError):  # the disk is full, or may not be written to
            return None
        for file in missing:
            found[file] = store.read(file, WHAT, RULES)
        if store.cached:
            evict_after(sum(2 * len(groups) * rows[file] for file in missing))
    there = [blob for blob in found if blob is not None]
    return open_joint(there, fields) if len(there) == len(found) else None


def _joined(file: int, rows: int, groups: Sequence[Sequence[str]], fields: Mapping[str, FieldCodes]) -> Blob:
    """Return the joint codes of a part, in the numbers of its own dictionaries."""
    own: list[list[str]] = []
    sizes: list[list[int]] = []
    for names in groups:
        if all(name in fields for name in names):
            local = [_local_size(fields[name], file) for name in names]
            if np.prod(local, dtype=float) <= LARGEST:
                own.append(list(names))
                sizes.append(local)
    out = np.zeros((rows, len(own)), dtype=np.uint16)
    for at, (names, local) in enumerate(zip(own, sizes, strict=True)):
        joined = fields[names[0]].parts[file][0].astype(np.uint16)
        for name, size in zip(names[1:], local[1:], strict=True):
            joined *= np.uint16(size)
            joined += fields[name].parts[file][0]
        out[:, at] = joined
    return {"rows": rows, "name": RULES, "groups": own, "sizes": sizes}, {"codes": out.ravel()}


def _local_size(codes: FieldCodes, file: int) -> int:
    remap = codes.parts[file][1]
    return codes.size if remap is None else len(remap)


def open_joint(found: Sequence[Blob], fields: Mapping[str, FieldCodes]) -> JointCodes | None:
    """Return the joint codes of a dataset, for the groups of fields that all of its parts have.

    Args:
        found: the joint codes of each part.
        fields: the codes of fields.

    Returns:
        JointCodes; None if the parts have no group in common.
    """
    common: dict[tuple[str, ...], list[int]] = {}
    for place, (meta, _) in enumerate(found):
        for column, names in enumerate(meta["groups"]):
            columns = common.setdefault(tuple(names), [])
            if len(columns) == place:
                columns.append(column)
    groups = []
    for names, columns in common.items():
        own = [fields[name] for name in names if name in fields]
        size = int(np.prod([codes.size for codes in own], dtype=float))
        if len(columns) < len(found) or len(own) < len(names) or size > LARGEST:
            continue
        tables = [
            _table(own, file, meta["sizes"][column])
            for file, ((meta, _), column) in enumerate(zip(found, columns, strict=True))
        ]
        known = [table for table in tables if table is not None]
        if len(known) == len(tables):
            groups.append(JointGroup(tuple(own), size, tuple(columns), tuple(known)))
    if not groups:
        return None
    parts = [arrays["codes"].reshape(meta["rows"], len(meta["groups"])) for meta, arrays in found]
    return JointCodes(tuple(groups), tuple(parts))


def _table(fields: Sequence[FieldCodes], file: int, sizes: Sequence[int]) -> Table | None:
    """Return the combination of each joint code of a part; None if its dictionaries are others by now."""
    table: npt.NDArray[Any] = np.zeros(1, dtype=np.int64)
    for codes, size in zip(fields, sizes, strict=True):
        remap = codes.parts[file][1]
        if size < (1 if remap is None else len(remap)):
            return None
        own = np.zeros(size, dtype=np.int64)
        numbers = np.arange(min(size, codes.size)) if remap is None else remap
        own[: len(numbers)] = numbers
        table = (table[:, None] * codes.size + own).ravel()
    return table.astype(np.uint16)
