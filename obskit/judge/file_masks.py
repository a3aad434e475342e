"""Rows of a dataset as masks that are made file by file, when a file is first looked at.

A further look at a rollout has mostly files that were looked at before, and what was counted in those is kept
(`obskit.dataset.FileMemo`). Their masks are then never made. A mask has a key, which names the question that
it answers; counts are kept under it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from obskit.dataset import Dataset, FieldCodes
from obskit.engine import Scope

Bools = npt.NDArray[np.bool_]
Make = Callable[[int], Bools]
_NEVER = np.iinfo(np.int64).max


def is_stored(scope: Scope, field: str) -> bool:
    """Return whether a field is in the files of the dataset, and is not computed."""
    if field not in scope.dataset.schema.names or field in scope.trace_fields.names:
        return False
    return scope.call(field) is None


def codes_key(scope: Scope, codes: FieldCodes) -> Hashable | None:
    """Return what the codes of a field in a file depend on besides its rows; None if it is not known."""
    if not is_stored(scope, codes.name):
        return None
    # Of a field with rare values, other files tell which values have a code of their own.
    return codes.name if codes.rare_code is None else (codes.name, tuple(codes.values.to_pylist()))


class Ends(NamedTuple):
    """The number of rows of a mask, and the times of the first and the last in µs."""

    rows: int
    first: int
    last: int


class FileMasks(Sequence[Bools]):
    """One mask per file of a dataset.

    Args:
        dataset: the dataset.
        make: makes the mask of a file.
        key: what the mask of a file depends on besides the rows of the file; None if it depends on other
            files, or on what cannot be compared. Counts are not kept then.
    """

    def __init__(self, dataset: Dataset, make: Make, key: Hashable | None) -> None:
        self.dataset, self.key = dataset, key
        self._make = make
        self._made: dict[int, Bools] = {}

    @classmethod
    def of(cls, dataset: Dataset, masks: Sequence[Bools]) -> FileMasks:
        """Return masks as they are, without a key unless they have one."""
        return masks if isinstance(masks, FileMasks) else cls(dataset, lambda file: masks[file], None)

    @overload
    def __getitem__(self, file: int) -> Bools: ...
    @overload
    def __getitem__(self, file: slice) -> list[Bools]: ...
    def __getitem__(self, file: int | slice) -> Bools | list[Bools]:
        if isinstance(file, slice):
            return [self[at] for at in range(*file.indices(len(self)))]
        if not 0 <= file < len(self):
            raise IndexError(f"there are {len(self):,} files, got the number {file}")
        if file not in self._made:
            self._made[file] = self._make(file)
        return self._made[file]

    def __len__(self) -> int:
        return len(self.dataset.files)

    def joined(self, other: FileMasks, operation: str) -> FileMasks:
        """Return the rows of both ("and"), of any ("or"), or of this one and not the other ("and not")."""

        def make(file: int) -> Bools:
            if operation == "and":
                return self[file] & other[file]
            return self[file] | other[file] if operation == "or" else self[file] & ~other[file]

        known = self.key is not None and other.key is not None
        return FileMasks(self.dataset, make, (operation, self.key, other.key) if known else None)

    def since(self, start: int) -> FileMasks:
        """Return the rows from a time in µs on."""
        key = None if self.key is None else ("since", self.key, start)
        return FileMasks(self.dataset, lambda file: self[file] & (self.times[file] >= start), key)

    @property
    def times(self) -> list[npt.NDArray[np.int64]]:
        """The times of all rows in µs, per file."""
        return self.dataset.codes.times()

    def kept(self, file: int, what: Any, make: Callable[[], Any]) -> Any:
        """Return what is counted in a file, now or when these rows of it were last asked for.

        Args:
            file: the number of the file.
            what: what is counted; None if it is not to be kept.
            make: counts it.

        Returns:
            What `make` returned.
        """
        key = None if self.key is None or what is None else (what, self.key)
        return self.dataset.codes.memo.get(self.dataset.files[file], key, make)

    def ends(self, file: int) -> Ends:
        """Return how many rows of a file there are, and when the first and the last were."""

        def make() -> Ends:
            found = self.times[file][self[file]]
            if not len(found):
                return Ends(0, _NEVER, -_NEVER)
            return Ends(len(found), int(found.min()), int(found.max()))

        found: Ends = self.kept(file, "ends", make)
        return found

    def all_ends(self) -> Ends:
        """Return how many rows there are in all, and when the first and the last were."""
        every = [self.ends(file) for file in range(len(self))]
        return Ends(
            sum(one.rows for one in every),
            min((one.first for one in every), default=_NEVER),
            max((one.last for one in every), default=-_NEVER),
        )

    def count(self, start: int | None = None, end: int | None = None) -> int:
        """Return how many rows there are from `start` to before `end`, both in µs."""
        total = 0
        low, high = -_NEVER if start is None else start, _NEVER if end is None else end
        for file in range(len(self)):
            rows, first, last = self.ends(file)
            if not rows or first >= high or last < low:
                continue
            if low <= first and last < high:
                total += rows
                continue
            # Clipped, so that a time outside of the file's does not count as another question.
            within = max(low, first), min(high, last + 1)
            total += self.kept(file, ("count", *within), partial(self._count_in, file, *within))
        return total

    def _count_in(self, file: int, low: int, high: int) -> int:
        times = self.times[file]
        return int((self[file] & (times >= low) & (times < high)).sum())
