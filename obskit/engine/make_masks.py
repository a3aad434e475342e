"""Make the masks of a condition in the fastest way that there is.

A plain condition is answered by codes and columns in memory. For any other one the engine runs a statement,
over columns in memory or over the files. Only the rows within the condition's window of time are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np

from obskit.dataset import NO_TIME
from obskit.engine.condition import Condition
from obskit.engine.duck import HELD_VIEW
from obskit.engine.masks import BoolArray, Mask
from obskit.engine.plain import plain_condition, tests_of
from obskit.engine.plain_masks import fields_to_hold, plain_masks, plain_reader
from obskit.engine.window import few_rows, time_window, within

if TYPE_CHECKING:
    from obskit.engine.scope import Scope


def make_masks(scope: Scope, condition: Condition) -> list[Mask]:
    """Return for which rows a condition is true, and for which it is null.

    Args:
        scope: the fields that it may use; the masks are of all rows of the dataset.
        condition: a condition.
    Returns:
        One mask per file, in the order of its rows; read-only.
    Raises:
        ConditionError: the condition cannot run on these rows.
        DatasetError: the files cannot be read.
    """
    window, stored = time_window(condition), scope.dataset
    ranges = few_rows(stored.codes.times(), *window, NO_TIME)
    plain = plain_condition(condition.parsed, stored.schema) if condition.parsed is not None else None
    held = None
    if plain is not None:
        columns = scope.engine.held_columns(fields_to_hold(plain, stored.schema, stored.codes))
        if columns is not None:
            files = [file.rows for file in stored.files]
            return plain_masks(plain, stored.schema, stored.codes, columns, files, ranges)
    elif not scope.derived:
        held = scope.engine.held(condition.fields, ranges)
    if held is not None:
        table = ibis.table(ibis.Schema.from_pyarrow(held.schema), name=HELD_VIEW)
    else:
        table = scope.all_rows(condition.fields)
        table = table if ranges is None else within(table, *window)
    value = condition.to_ibis(table)
    if isinstance(value, ir.Scalar):  # a condition without fields, such as `true`
        value = table.select(value=value).value
    return scope.engine.masks(value, ranges, held)


def masks_by_file(scope: Scope, condition: Condition | None) -> tuple[str, Callable[[int], BoolArray]] | None:
    """Return a function that gives the rows of one file for which a condition is true.

    Args:
        scope: the fields that it may use.
        condition: a condition; None for all rows.
    Returns:
        What the condition is, as text that is equal for equal conditions, and the function. None if the
        values of a row do not tell by themselves, or if the engine has to be asked.
    Raises:
        StorageFull: the disk is full.

    Cost: makes the codes of the fields in those files that do not have them yet, as a file that was added.
    """
    stored = scope.dataset
    if condition is None:
        return "", lambda file: np.ones(stored.files[file].rows, dtype=bool)
    if not stored.local or condition.parsed is None:
        return None
    plain = plain_condition(condition.parsed, stored.schema)
    if plain is None:
        return None
    stored.codes.complete({test.field for test in tests_of(plain)})
    if fields_to_hold(plain, stored.schema, stored.codes):
        return None
    read = plain_reader(plain, stored.schema, stored.codes, {})
    return repr(plain), lambda file: read(file, (0, stored.files[file].rows))[0]
