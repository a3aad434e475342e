"""Count and test the slices after a look: from rows, or file by file with what earlier looks counted.

What is true after a look that is over hardly ever changes. So the counts after it and its tests are kept,
under all that they depend on: the rows of the files that begin before its end, the thresholds, the strata.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import FieldCodes
from obskit.judge.file_masks import codes_key
from obskit.judge.file_rows import FileObservations
from obskit.judge.latency_counts import Thresholds
from obskit.judge.observations import Ints, Observations
from obskit.judge.slice_counts import (
    CLASSES,
    SliceLayout,
    SliceOutcome,
    SliceTable,
    class_edges,
    class_of,
    classes_of,
)
from obskit.judge.slice_tests import SliceTest, tests_of
from obskit.stats.sequential import Floats

_COUNTS = "counts of slices"
KEPT_STEPS = 2  # looks whose counts are kept, to count on from


class SliceSource(Protocol):
    """Tests the slices after a look; looks are asked for in ascending order."""

    def tests(self, look: int) -> list[SliceTest]:
        """Return the tests of the slices with all observations up to a look."""


def slice_source(
    observed: Observations,
    layouts: Sequence[SliceLayout],
    thresholds: Thresholds | None,
    outcomes: Sequence[SliceOutcome],
) -> SliceSource:
    """Return what tests the slices of observations."""
    if observed.by_file is None:
        return _FromRows(observed, layouts, thresholds, outcomes)
    return _FromFiles(observed, observed.by_file, layouts, thresholds, outcomes)


def _test(tables: Sequence[SliceTable], outcomes: Sequence[SliceOutcome]) -> list[SliceTest]:
    return [test for table in tables for test in tests_of(table, outcomes, tables)]


class _FromRows:
    """Counts slices from rows."""

    def __init__(
        self,
        observed: Observations,
        layouts: Sequence[SliceLayout],
        thresholds: Thresholds | None,
        outcomes: Sequence[SliceOutcome],
    ) -> None:
        self._outcomes = outcomes
        rest = observed.candidate * np.int32(CLASSES) + classes_of(observed, thresholds)
        look = observed.look
        self._order = None if bool((look[1:] >= look[:-1]).all()) else np.argsort(look, kind="stable")
        self._looks = look if self._order is None else look[self._order]
        self._start = 0
        self._cells = [
            layout.cell(
                [observed.codes(name)[0] for name in layout.fields],
                layout.strata.of(look, observed.operation),
                rest,
            )
            for layout in layouts
        ]
        self._tables = [
            SliceTable(layout.fields, tuple(each.values for each in layout.codes), np.zeros(layout.shape))
            for layout in layouts
        ]

    def tests(self, look: int) -> list[SliceTest]:
        end = int(np.searchsorted(self._looks, look, side="right"))
        now: Any = slice(self._start, end) if self._order is None else self._order[self._start : end]
        self._start = end
        for table, cell in zip(self._tables, self._cells, strict=True):
            counts = table.counts
            counts += np.bincount(cell[now], minlength=counts.size).reshape(counts.shape)
        return _test(self._tables, self._outcomes)


@dataclass(frozen=True, eq=False)
class _FileCells:
    """The observations of a file in order of their looks.

    Attributes:
        looks: the looks that occur.
        ends: how many observations there are up to each of them.
        columns: the codes of the fields of slices, then those of operations, all in the file's own numbers.
        rest: the arm and the class.
    """

    looks: Ints
    ends: Ints
    columns: tuple[Ints, ...]
    rest: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _Kept:
    """What is kept of the slices after a look.

    Attributes:
        names: what it depends on.
        values: the values of each field then; there may be more now.
        result: the counts of each layout, or the tests.
    """

    names: Hashable
    values: tuple[pa.Array, ...]
    result: list[Any]


class _FromFiles:
    """Counts slices file by file, and goes on from an earlier look where its files are the same."""

    def __init__(
        self,
        observed: Observations,
        source: FileObservations,
        layouts: Sequence[SliceLayout],
        thresholds: Thresholds | None,
        outcomes: Sequence[SliceOutcome],
    ) -> None:
        self._observed, self._source, self._layouts = observed, source, layouts
        self._thresholds, self._outcomes = thresholds, outcomes
        self._codes = {each.name: each for layout in layouts for each in layout.codes}
        timed = () if observed.durations is None else (observed.durations,)
        used = (*self._codes.values(), *observed.operations.codes, *timed)
        self._fields = tuple(codes_key(observed.scope, each) for each in used)
        self._stored = None not in self._fields
        self._memo = observed.scope.dataset.codes.memo
        self._begins = {file: self._first_look(file) for file in source.files}
        self._classes = self._class_key()
        self._values = tuple(each.values for each in self._codes.values())
        self._last: tuple[int, list[Floats]] | None = None

    def tests(self, look: int) -> list[SliceTest]:
        names = self._names(look)
        hits = tuple((one.name, one.hits, one.counted) for one in self._outcomes)
        key = None if names is None else ("tests of slices", look, names, hits)
        kept: _Kept | None = None if key is None else self._memo.peek(key)
        if kept is not None and self._same_values(kept.values):
            outcome = {(one.name, one.hits): one for one in self._outcomes}
            return [
                replace(test, outcome=outcome[test.outcome.name, test.outcome.hits]) for test in kept.result
            ]
        tables = [
            SliceTable(layout.fields, tuple(each.values for each in layout.codes), counts)
            for layout, counts in zip(self._layouts, self._counts(look, names), strict=True)
        ]
        made = _test(tables, self._outcomes)
        if key is not None:
            self._memo.put(key, _Kept(names, self._values, made), size=sum(map(_size_of, made)))
        return made

    def _counts(self, look: int, names: Hashable | None) -> list[Floats]:
        """Return the counts of all observations up to a look."""
        start, counts = self._base(look)
        for file, begins in self._begins.items():
            if begins <= look:
                self._add(file, start, look, counts)
        self._last = look, counts
        if names is not None:
            kept: tuple[tuple[int, _Kept], ...] = self._memo.peek(_COUNTS) or ()
            now = look, _Kept(names, self._values, [each.copy() for each in counts])
            size = KEPT_STEPS * sum(each.nbytes for each in counts)
            self._memo.put(_COUNTS, (*kept, now)[-KEPT_STEPS:], size=size)
        return counts

    def _base(self, look: int) -> tuple[int, list[Floats]]:
        """Return a look before this one, and the counts after it; they may be changed."""
        if self._last is not None:
            return self._last
        kept: tuple[tuple[int, _Kept], ...] = self._memo.peek(_COUNTS) or ()
        for at, one in sorted(kept, key=lambda pair: -pair[0]):
            if at <= look and one.names == self._names(at) and self._same_values(one.values):
                counts = []
                for layout, old in zip(self._layouts, one.result, strict=True):
                    counts.append(np.zeros(layout.shape))
                    # There may be more values now, but those of then have the same codes.
                    inner = tuple(slice(size) for size in _sizes(layout, one.values, self._codes))
                    counts[-1][inner] = old[inner]
                return at, counts
        return -1, [np.zeros(layout.shape) for layout in self._layouts]

    def _add(self, file: int, start: int, look: int, counts: list[Floats]) -> None:
        """Add the observations of a file after the look `start`, up to `look`."""
        found = self._cells(file)
        low, high = np.searchsorted(found.looks, (start, look), side="right")
        if low == high:
            return
        first = int(found.ends[low - 1]) if low else 0
        rows = slice(first, int(found.ends[high - 1]))
        looks = np.repeat(found.looks[low:high], np.diff(found.ends[low:high], prepend=first))
        own = [column[rows] for column in found.columns]
        operation = self._observed.operations.number_of(file, own[len(self._codes) :], len(looks))
        numbers = {}
        for (name, codes), local in zip(self._codes.items(), own, strict=False):
            remap = codes.parts[file][1]
            numbers[name] = local if remap is None else remap[local]
        for layout, out in zip(self._layouts, counts, strict=True):
            stratum = layout.strata.of(looks, operation)
            cell = layout.cell([numbers[name] for name in layout.fields], stratum, found.rest[rows])
            out += np.bincount(cell, minlength=out.size).reshape(out.shape)

    def _cells(self, file: int) -> _FileCells:
        source, shown = self._source, self._observed.operations.codes

        def make() -> _FileCells:
            found = source.observations(file)
            own = [source.local_codes(each, file) for each in (*self._codes.values(), *shown)]
            operation = self._observed.operations.number_of(file, own[len(self._codes) :], len(found.rows))
            durations = self._observed.durations
            duration = None if durations is None else durations.codes(file)[found.rows]
            classes = class_of(
                self._thresholds, operation, found.candidate, duration, found.look, found.failed
            )
            rest = found.candidate * np.uint8(CLASSES) + classes
            looks, counts = np.unique(found.look, return_counts=True)
            return _FileCells(looks, np.cumsum(counts), tuple(own), rest)

        if not self._stored:
            return make()
        cells: _FileCells = source.kept(file, ("cells of slices", self._fields, self._classes), make)
        return cells

    def _names(self, look: int) -> Hashable | None:
        """Return what the counts after a look depend on; None if it is not known."""
        files = [self._source.name(file) for file, at in self._begins.items() if at <= look]
        if not self._stored or None in files:
            return None
        layouts = tuple(
            (one.fields, one.strata.stretch[: look + 1].tobytes(), one.strata.count, one.strata.width)
            for one in self._layouts
        )
        keys = tuple(sorted(map(repr, self._observed.operations.keys)))
        return tuple(files), layouts, keys, self._classes

    def _class_key(self) -> Hashable:
        """Return what the classes depend on besides the rows."""
        found = self._thresholds
        if found is None:
            return None
        edges = class_edges(found)
        known = np.concatenate([edges.reshape(len(edges), -1), found.first[:, None]], axis=1)
        return self._observed.operations.by_key(known)

    def _first_look(self, file: int) -> int:
        looks = self._source.looks
        return (max(self._source.masks.ends(file).first, looks.start) - looks.start) // looks.length

    def _same_values(self, values: tuple[pa.Array, ...]) -> bool:
        """Return whether the values of then still have the same codes."""
        return len(values) == len(self._values) and all(
            now.slice(0, len(then)).equals(then) for now, then in zip(self._values, values, strict=True)
        )


def _size_of(test: SliceTest) -> int:
    arrays = (*test.codes, test.n, test.x, test.ratio, test.p, test.least)
    return sum(each.nbytes for each in arrays)


def _sizes(layout: SliceLayout, values: tuple[pa.Array, ...], codes: dict[str, FieldCodes]) -> list[int]:
    """Return the number of codes of each field of a layout when there were these values."""
    known = {name: len(then) + 1 for name, then in zip(codes, values, strict=True)}
    return [known[name] for name in layout.fields]
