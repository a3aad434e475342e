"""Counts of the rows that a question leaves out, kept for the next question that leaves out the same ones.

The Explorer leaves the newest stretch of time out of every box. Next to a small box, these rows are many.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary, ref

import numpy as np

from obskit.dataset import Codes, FieldCodes
from obskit.explain.grouped_rows import GroupedRows
from obskit.stats.counts import Counts

GROUP = "excluded"


class ExcludedCounts:
    """The counts of the excluded rows of a question for each code of a field.

    Args:
        full: all rows of the question.
    """

    def __init__(self, full: GroupedRows) -> None:
        self._last = ref(full)
        self._files = [segment.file for segment in full.segments]
        self._rows = full.all_row_numbers(GROUP)
        self._known: WeakKeyDictionary[FieldCodes, Counts] = WeakKeyDictionary()

    @classmethod
    def of(cls, stored: Codes, full: GroupedRows) -> ExcludedCounts:
        """Return the counts of a question's excluded rows, with those that are known from the last question.

        Args:
            stored: the codes of the dataset.
            full: all rows of the question, with a group of excluded ones.
        Returns:
            ExcludedCounts; they are kept while the dataset is in use.
        """
        kept = _KEPT.get(stored)
        if kept is None or not kept._holds(full):
            kept = _KEPT[stored] = cls(full)
        return kept

    def knows(self, codes: FieldCodes) -> bool:
        """Return whether the rows have been counted for a field."""
        return codes in self._known

    def tally(self, full: GroupedRows, codes: FieldCodes) -> Counts:
        """Return the counts of the rows for each code of a field, as `GroupedRows.tally` does."""
        found = self._known.get(codes)
        if found is None:
            found = self._known[codes] = full.tally(GROUP, codes.name)
        return found

    def _holds(self, full: GroupedRows) -> bool:
        """Return whether these are the excluded rows of a question."""
        if self._last() is full:
            return True
        same = self._files == [segment.file for segment in full.segments] and all(
            np.array_equal(own, other)
            for own, other in zip(self._rows, full.all_row_numbers(GROUP), strict=True)
        )
        if same:
            self._last = ref(full)
        return same


_KEPT: WeakKeyDictionary[Codes, ExcludedCounts] = WeakKeyDictionary()
