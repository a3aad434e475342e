"""The observations in each file of a dataset, as rows, and tables of counts that are kept from look to look.

Rows of a file are only read if a table of it is not kept yet: after the first look, those of the files that
are new, and of the one in which the last look ended.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from obskit.dataset import FieldCodes
from obskit.dataset.manifest import identity_of
from obskit.judge.arms import Arms, Bools, value_masks
from obskit.judge.clusters import TRACE, leaders
from obskit.judge.file_masks import FileMasks
from obskit.judge.looks import Looks, rows_in_looks
from obskit.judge.trace_join import NOTHING, Foreign, TraceKeys, join_traces, keys_of
from obskit.stats.combinations import Table, count_combinations

Ints = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class FileRows:
    """Requests of both arms in a file, in order of time.

    Attributes:
        rows: their rows in the file.
        look: the number of the look of each.
        candidate: whether it is one of the candidate.
        failed: whether it failed; None if the events have no errors.
    """

    rows: Ints
    look: Ints
    candidate: Bools
    failed: Bools | None

    def take(self, chosen: Ints | Bools) -> FileRows:
        """Return some of the requests."""
        failed = None if self.failed is None else self.failed[chosen]
        return FileRows(self.rows[chosen], self.look[chosen], self.candidate[chosen], failed)


class FileObservations:
    """The observations of two arms by file: one per trace and arm, or one per row.

    Args:
        arms: the arms.
        looks: the looks.
        cluster: "trace_id", or None if each row is an observation.
        left_out: rows that are left out, one mask per file.
    """

    def __init__(
        self, arms: Arms, looks: Looks, cluster: str | None, left_out: Sequence[Bools] | None
    ) -> None:
        dataset = arms.scope.dataset
        self.scope, self.looks, self.cluster = arms.scope, looks, cluster
        self._mine = FileMasks.of(dataset, arms.candidate.masks)
        rows = self._mine.joined(FileMasks.of(dataset, arms.baseline.masks), "or")
        if left_out is not None:
            rows = rows.joined(FileMasks.of(dataset, left_out), "and not")
        self.masks = rows
        self._errors = (
            value_masks(self.scope, "error", ["true"]) if "error" in self.scope.schema.names else None
        )
        self._requests: dict[int, FileRows] = {}
        self._observations: dict[int, FileRows] = {}

    @cached_property
    def files(self) -> list[int]:
        """The numbers of the files that have requests within the looks."""
        looks = self.looks
        ends = ((file, self.masks.ends(file)) for file in range(len(self.masks)))
        return [file for file, (n, first, last) in ends if n and first < looks.end and last >= looks.start]

    def key(self, file: int) -> Hashable | None:
        """Return what the observations of a file depend on besides its rows; None if it is not known."""
        requests = self._requests_key(file)
        return None if requests is None else (requests, self._foreign[file].key)

    def name(self, file: int) -> Hashable | None:
        """Return what the observations of a file depend on up to a look that is over; None if unknown.

        It names the file and the question. Where the last look ends does not matter.
        """
        requests = self._requests_key(file, whole=True)
        if requests is None:
            return None
        return identity_of(self.scope.dataset.files[file]), requests, self._foreign[file].key

    def observations(self, file: int) -> FileRows:
        """Return the observations of a file."""
        if file not in self._observations:
            found = self._leading(file)
            foreign = self._foreign[file]
            if len(foreign.failed) and found.failed is not None:
                failed = found.failed.copy()
                failed[foreign.failed] = True
                found = FileRows(found.rows, found.look, found.candidate, failed)
            if len(foreign.dropped):
                kept = np.ones(len(found.rows), np.bool_)
                kept[foreign.dropped] = False
                found = found.take(kept)
            self._observations[file] = found
        return self._observations[file]

    def table(self, file: int, what: Hashable, columns: Callable[[FileRows], Sequence[Ints]]) -> Table:
        """Return how many observations of a file have each combination of values.

        Args:
            file: the number of the file.
            what: what the columns are, with everything that they depend on besides the file's rows.
            columns: returns one array of whole numbers from 0 per column, with an entry per observation.

        Returns:
            The combinations that occur, one array per column, and the number of observations of each.
        """
        found: Table = self.kept(file, what, lambda: count_combinations(columns(self.observations(file))))
        return found

    def kept(self, file: int, what: Hashable, make: Callable[[], Any]) -> Any:
        """Return what is computed from the observations of a file, now or at an earlier look."""
        key, dataset = self.key(file), self.scope.dataset
        return dataset.codes.memo.get(dataset.files[file], None if key is None else (what, key), make)

    def counted(self) -> tuple[int, int]:
        """Return the number of requests of the baseline and of the candidate within the looks."""
        every = [self._counted(file) for file in self.files]
        return sum(one[0] for one in every), sum(one[1] for one in every)

    def local_codes(self, codes: FieldCodes, file: int) -> Ints:
        """Return the codes of a field on the observations of a file, in the file's own numbers."""
        return codes.parts[file][0][self.observations(file).rows]

    def _counted(self, file: int) -> tuple[int, int]:
        dataset, key = self.scope.dataset, self._requests_key(file)

        def make() -> tuple[int, int]:
            n = np.bincount(self._all_requests(file).candidate, minlength=2)
            return int(n[0]), int(n[1])

        return dataset.codes.memo.get(dataset.files[file], None if key is None else ("counted", key), make)

    def _requests_key(self, file: int, *, whole: bool = False) -> Hashable | None:
        if self.masks.key is None or self._mine.key is None:
            return None
        errors = None if self._errors is None else self._errors.key
        if self._errors is not None and errors is None:
            return None
        looks = self.looks
        # Only in the file in which the last look ends does its end matter.
        end = None if whole or self._is_whole(file) else looks.end
        return self.masks.key, self._mine.key, errors, looks.start, looks.length, end, self.cluster

    def _is_whole(self, file: int) -> bool:
        """Return whether the last look ends after the last request of a file."""
        return self.masks.ends(file).last < self.looks.end

    def _all_requests(self, file: int) -> FileRows:
        """Return all requests of a file within the looks."""
        if file not in self._requests:
            rows, look = rows_in_looks(self.masks.times[file], self.masks[file], self.looks)
            failed = None if self._errors is None else self._errors[file][rows]
            self._requests[file] = FileRows(
                rows, look.astype(np.int32, copy=False), self._mine[file][rows], failed
            )
        return self._requests[file]

    def _leading(self, file: int) -> FileRows:
        """Return the first request of each trace and arm in a file, and those without a trace."""
        found = self._all_requests(file)
        if self.cluster is None:
            return found
        ids = self.scope.dataset.codes.clusters(self.cluster)[file][found.rows]
        kept, failed = first_requests(leaders(ids, found.candidate, None), found.look, found.failed)
        return FileRows(found.rows[kept], found.look[kept], found.candidate[kept], failed)

    @cached_property
    def _foreign(self) -> dict[int, Foreign]:
        """What requests of other files change: a trace may have requests in several of them."""
        if self.cluster != TRACE or len(self.files) < 2:
            return dict.fromkeys(self.files, NOTHING)
        dataset = self.scope.dataset
        keys = {file: self._requests_key(file) for file in self.files}

        def traces(file: int) -> TraceKeys:
            def make() -> TraceKeys:
                found = self._leading(file)
                return keys_of(dataset, file, found.rows, found.candidate)

            key = keys[file]
            return dataset.codes.memo.get(dataset.files[file], None if key is None else ("traces", key), make)

        def leading(file: int, at: Ints) -> tuple[Ints, Ints, Bools | None]:
            def make() -> tuple[Ints, Ints, Bools | None]:
                found = self._leading(file).take(at)
                return self.masks.times[file][found.rows], found.look, found.failed

            key = None if keys[file] is None else ("some requests", keys[file], at.tobytes())
            return dataset.codes.memo.get(dataset.files[file], key, make)

        settled = [file for file in self.files if self._is_whole(file)]
        return join_traces(dataset, keys, settled, traces, leading)


def first_requests(leader: Ints, look: Ints, failed: Bools | None) -> tuple[Bools, Bools | None]:
    """Return which requests are the first of their cluster, and which of those have failed.

    The first request has failed if any request of its cluster in the same look has.

    Args:
        leader: the index of the first request of the cluster of each.
        look: the look of each.
        failed: whether each failed; None if the events have no errors.

    Returns:
        One flag per request, and one per first request.
    """
    kept = leader == np.arange(len(leader))
    if failed is None:
        return kept, None
    again = np.flatnonzero(failed & ~kept)
    again = again[look[again] == look[leader[again]]]
    failed = failed.copy()
    failed[leader[again]] = True
    return kept, failed[kept]
