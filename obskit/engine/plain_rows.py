"""Pick rows for which a plain condition is true among given ones, without a mask of all rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from obskit.dataset import NO_TIME
from obskit.engine.condition import Condition
from obskit.engine.plain import Joined, Plain, plain_condition
from obskit.engine.plain_masks import Rows, fields_to_hold, plain_reader
from obskit.engine.window import row_ranges, time_window

if TYPE_CHECKING:
    from obskit.engine.scope import Scope

Pick = Callable[[int, Rows], Rows]


class RowPicker:
    """Picks the rows of a scope for which a condition is true, from codes and columns in memory.

    Args:
        ranges: (first row, one after the last row) of each file; the condition is true for no other row.
        pick: given the number of a file and numbers of its rows, returns those for which it is true.
    """

    def __init__(self, ranges: Sequence[tuple[int, int]], pick: Pick) -> None:
        self.ranges, self.pick = ranges, pick

    @classmethod
    def of(cls, scope: Scope, condition: Condition) -> RowPicker | None:
        """Return the picker of the rows of a scope that meet a condition.

        Args:
            scope: the rows that are picked from.
            condition: a condition over its fields.
        Returns:
            RowPicker; None if the engine has to be asked.
        """
        stored = scope.dataset
        parts: list[Plain] = []
        lows, highs = [], []
        for each in (scope.where, condition):
            if each is None:
                continue
            low, high = time_window(each)
            lows += [] if low is None else [low]
            highs += [] if high is None else [high]
            plain = plain_condition(each.parsed, stored.schema) if each.parsed is not None else None
            if plain is None:
                return None
            parts.append(plain)
        every = Joined(True, tuple(parts))
        held = scope.engine.held_columns(fields_to_hold(every, stored.schema, stored.codes))
        if held is None:
            return None

        def reader(plain: Plain) -> Pick:
            read = plain_reader(plain, stored.schema, stored.codes, held)
            return lambda file, rows: rows[read(file, rows)[0]]

        low, high = max(lows, default=None), min(highs, default=None)
        ranges = row_ranges(stored.codes.times(), low, high, NO_TIME)
        return cls(ranges or [(0, file.rows) for file in stored.files], _picker(every, reader))


def _picker(plain: Plain, reader: Callable[[Plain], Pick]) -> Pick:
    """Return a function that picks rows; each part of an `and` looks only at what the ones before left."""
    if not (isinstance(plain, Joined) and plain.every):
        return reader(plain)
    parts = [_picker(part, reader) for part in plain.parts]

    def pick(file: int, rows: Rows) -> Rows:
        for part in parts:
            if not len(rows):
                break
            rows = part(file, rows)
        return rows

    return pick
