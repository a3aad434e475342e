"""A question with every field counted in both groups, and the conditions on one field worth a look."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from obskit.dataset import FieldCodes
from obskit.errors import InvalidArgument
from obskit.explain.field_choice import FieldChoice
from obskit.explain.group_masks import GroupMasks, group_masks, grouped_rows
from obskit.explain.grouped_rows import FieldCondition, GroupedRows
from obskit.explain.question import Question
from obskit.explain.singles import Column, field_conditions, interval_totals, is_number
from obskit.stats.evidence import Counts, Floats, count_testable, score
from obskit.text import pluralize

ALPHA = 0.05
# How the error is shared among slices of one, two and three conditions.
SHARES = (0.5, 0.25, 0.25)
LEAST_EVENTS = 5.0
LEAST_SHARE = 0.01
# Fields with more values than this may hold a set of values that matter together.
FEW_VALUES = 20


@dataclass(frozen=True)
class Levels:
    """What a slice has to reach.

    Attributes:
        log_level: natural log of the error level of a bound, for slices of one, two and three conditions.
        floor: the fewest selected observations.
    """

    log_level: tuple[float, float, float]
    floor: float


@dataclass(frozen=True)
class Singles:
    """Conditions on one field.

    Attributes:
        conditions: those that may be causes.
        descriptive: those on fields that describe the outcome.
        weak: fields with many values of which none stands out alone; a set of values may stand out.
    """

    conditions: tuple[FieldCondition, ...]
    descriptive: tuple[FieldCondition, ...]
    weak: tuple[Column, ...]


@dataclass(frozen=True)
class Counted:
    """A question with its fields counted, exactly and over all compared rows.

    Attributes:
        question: what was asked.
        masks, full: the compared rows.
        columns: the counts of each field, by name.
        levels: what a slice has to reach.
        singles: the conditions on one field.
        skipped: fields left out or only partly looked at, each {"field", "reason"}.
    """

    question: Question
    masks: GroupMasks
    full: GroupedRows
    columns: Mapping[str, Column]
    levels: Levels
    singles: Singles
    skipped: tuple[dict[str, str], ...]

    def counts(self, conditions: Sequence[FieldCondition]) -> tuple[Counts, Counts]:
        """Return the counts of single conditions in the selection and in the baseline."""
        out = np.empty((2, 3, len(conditions)))
        for at, condition in enumerate(conditions):
            column, codes = self.columns[condition.field], np.array(condition.codes, dtype=np.int64)
            for side, counts in enumerate((column.selected, column.baseline)):
                for of, values in enumerate((counts.n, counts.w, counts.w2)):
                    out[side, of, at] = values[codes[0]] if len(codes) == 1 else values[codes].sum()
        return Counts(*out[0]), Counts(*out[1])


def count_fields(question: Question, fields: FieldChoice) -> Counted:
    """Count every field of a question in both groups.

    Args:
        question: what was asked.
        fields: the fields to look at.
    Returns:
        Counted.
    Raises:
        EmptySelection: the selection or the baseline has no events.
        InvalidArgument: the history has no events, or overlaps `during`.
        Cancelled: a newer question made this one pointless.
    """
    check = question.options.check_cancelled
    _encode(question, fields)
    masks = group_masks(question)
    check()
    full = grouped_rows(question.scope, masks)
    if "history" in full.groups and full.totals["history"].n[0] == 0:
        raise InvalidArgument(
            "the history has no events", hint="give an earlier window that has events, or history=None"
        )
    columns: dict[str, Column] = {}
    skipped = list(fields.skipped)
    for name in fields.names:
        check()
        column, reason = _count_field(question, masks, full, question.scope.codes(name))
        if column is not None:
            columns[name] = column
        if reason is not None:
            skipped.append({"field": name, "reason": reason})
    levels = _levels(columns.values(), full, 0.0 if question.selects_time else LEAST_SHARE)
    singles = _find_singles(columns.values(), full, levels, fields.descriptive)
    check()
    return Counted(question, masks, full, columns, levels, singles, tuple(skipped))


def _encode(question: Question, fields: FieldChoice) -> None:
    """Make the codes of the fields that have none yet."""
    scope, options = question.scope, question.options
    codes, stored = scope.dataset.codes, set(scope.dataset.schema.names)
    missing = [name for name in fields.names if name in stored and not codes.ready(name)]
    if not missing:
        return

    def step(what: str, done: int, total: int) -> None:
        options.check_cancelled()
        if options.progress is not None:
            options.progress(what, done, total)

    codes.ensure(missing, progress=step)


def _count_field(
    question: Question, masks: GroupMasks, full: GroupedRows, codes: FieldCodes
) -> tuple[Column | None, str | None]:
    """Return a field's counts and why it is only partly looked at; None and the reason if it is left out."""
    if codes.size <= 1:
        return None, "missing everywhere"
    totals = codes.totals.get(question.population) if masks.from_totals else None
    if totals is not None and not totals.n[1:].any():
        return None, "missing in all compared events"
    selected = full.tally("selected", codes.name)
    if totals is not None:
        baseline = Counts(totals.n.astype(float), totals.w, totals.w2) - selected
        if "excluded" in full.groups:
            baseline = baseline - full.tally("excluded", codes.name)
    else:
        baseline = full.tally("baseline", codes.name)
    seen = selected.n + baseline.n
    if np.count_nonzero(seen) <= 1 and codes.kind != "flag":
        return None, "the same in all compared events"
    reason = None
    if codes.kind == "flag":
        reason = "only looked at whether it is there"
    elif codes.rare_code is not None and seen[codes.rare_code] > 0.5 * seen[1:].sum():
        common = pluralize(codes.size - 2, "common value")
        reason = f"nearly unique: only looked at whether it is there, and at {common}"
    return Column(codes, selected, baseline), reason


def _levels(columns: Collection[Column], full: GroupedRows, least_share: float) -> Levels:
    """Return the error level of each depth, corrected for all slices that could have been significant."""
    from_values = [
        (column.selected.n + column.baseline.n)[(column.selected.n + column.baseline.n) > 0]
        for column in columns
        if column.codes.kind != "numeric"
    ]
    from_intervals = [interval_totals(column) for column in columns if is_number(column.codes)]
    totals = np.concatenate([np.zeros(0), *from_values, *from_intervals])
    selected, baseline = float(full.totals["selected"].n[0]), float(full.totals["baseline"].n[0])
    singles = count_testable(totals, math.log(selected / (selected + baseline)), ALPHA * SHARES[0])
    log_levels = []
    for depth, part in enumerate(SHARES, 1):
        log_tests = 0.0  # of how many ways there are to choose so many of the singles
        if singles >= depth:
            log_tests = (
                math.lgamma(singles + 1) - math.lgamma(depth + 1) - math.lgamma(max(singles - depth, 0) + 1)
            )
        log_levels.append(math.log(ALPHA * part / 2) - max(log_tests, 0.0))
    floor = max(LEAST_EVENTS, least_share * selected)
    return Levels((log_levels[0], log_levels[1], log_levels[2]), floor)


def _find_singles(
    columns: Collection[Column], full: GroupedRows, levels: Levels, descriptive: frozenset[str]
) -> Singles:
    all_selected, all_baseline = full.totals["selected"], full.totals["baseline"]
    level = levels.log_level[0]

    def scores(column: Column, conditions: Sequence[FieldCondition]) -> Floats:
        at = np.array([condition.codes[0] for condition in conditions], dtype=np.int64)
        return score(column.selected[at], all_selected, column.baseline[at], all_baseline, level)

    causes: list[FieldCondition] = []
    describing: list[FieldCondition] = []
    weak: list[Column] = []
    for column in columns:
        own = field_conditions(column, all_selected, all_baseline, levels.floor, level)
        if column.codes.name in descriptive:
            describing += own
            continue
        causes += own
        if column.codes.kind == "value" and column.codes.size > FEW_VALUES:
            found = scores(column, [condition for condition in own if condition.spec["op"] == "="])
            if not len(found) or found.max() <= 0:
                weak.append(column)
    return Singles(tuple(causes), tuple(describing), tuple(weak))
