"""A question with every field counted in both groups, and the conditions on one field worth a look."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from obskit.dataset import FieldCodes, Progress
from obskit.errors import InvalidArgument
from obskit.explain.cores import spread
from obskit.explain.field_choice import FieldChoice
from obskit.explain.group_masks import GroupMasks, group_masks, grouped_rows, without_totals
from obskit.explain.grouped_rows import SIDES, FieldCondition, GroupedRows
from obskit.explain.options import ExplainOptions
from obskit.explain.question import Question
from obskit.explain.recounted import Elsewhere, RecountedRows
from obskit.explain.repeats import without_repeats
from obskit.explain.singles import Column, field_conditions, interval_totals, is_number
from obskit.explain.wide_numbers import Histogram, wide_column
from obskit.stats.counts import Counts, Floats
from obskit.stats.evidence import count_testable, least_testable, score
from obskit.text import pluralize

ALPHA = 0.05
# How the error is shared among slices of one, two and three conditions.
SHARES = (0.5, 0.25, 0.25)
LEAST_EVENTS = 5.0
LEAST_SHARE = 0.01
# So many fields are worth joint codes, which are made once.
MANY_FIELDS = 16
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
        asked: the question as it was put; `question` itself, unless that is about a sample.
        elsewhere: what is known of that table; None if all rows are here.
    """

    question: Question
    masks: GroupMasks
    full: GroupedRows
    columns: Mapping[str, Column]
    levels: Levels
    singles: Singles
    skipped: tuple[dict[str, str], ...]
    asked: Question
    elsewhere: Elsewhere | None = None

    def counts(self, conditions: Sequence[FieldCondition]) -> tuple[Counts, Counts]:
        """Return the counts of single conditions in the selection and in the baseline."""
        found = self._numbers(conditions)
        return Counts(*found[:3]), Counts(*found[3:6])

    def scores(self, conditions: Sequence[FieldCondition]) -> Floats:
        """Return the evidence for single conditions in nats, as if no row repeated another."""
        return np.asarray(self._numbers(conditions)[6])

    def compared(self, name: str) -> Counts:
        """Return the counts of all compared rows for each code of a field, of any field."""
        selected, baseline = _tally(self.question, self.masks, self.full, self.question.scope.codes(name))
        return selected + baseline

    @cached_property
    def _known(self) -> _Known:
        return _Known()

    def _numbers(self, conditions: Sequence[FieldCondition]) -> Floats:
        """Return the six counts and the score of each condition; what is asked for again is kept."""
        known = self._known
        if known.recounts != self.full.recounts:  # better counts have come since
            known.reset(self.full.recounts)
        new = [condition for condition in dict.fromkeys(conditions) if condition not in known.at]
        if new:
            known.at.update((condition, at) for at, condition in enumerate(new, len(known.at)))
            known.numbers = np.concatenate([known.numbers, self._count(new)], axis=1)
        return known.numbers[:, [known.at[condition] for condition in conditions]]

    def _count(self, conditions: Sequence[FieldCondition]) -> Floats:
        out = np.empty((7, len(conditions)))
        values: dict[str, list[int]] = {}
        for at, condition in enumerate(conditions):
            if len(condition.codes) == 1:
                values.setdefault(condition.field, []).append(at)
            else:
                index = condition.index
                out[:6, at] = [row[index].sum() for row in self.columns[condition.field].rows]
        for name, places in values.items():
            codes = [conditions[at].codes[0] for at in places]
            for into, row in zip(out, self.columns[name].rows, strict=False):
                into[places] = row[codes]
        slices = [(condition,) for condition in conditions]
        found = self.full.recounted(SIDES, slices, [Counts(*out[:3]), Counts(*out[3:6])])
        out[:6] = [counts for side in found for counts in (side.n, side.w, side.w2)]
        selected, baseline = self.full.totals["selected"], self.full.totals["baseline"]
        out[6] = score(found[0], selected, found[1], baseline, self.levels.log_level[0])
        return out


class _Known:
    """The numbers of conditions that were asked for: a column of `numbers` for each."""

    def __init__(self) -> None:
        self.reset(0)

    def reset(self, recounts: int) -> None:
        """Forget all numbers; the rows have been recounted so often."""
        self.recounts = recounts
        self.at: dict[FieldCondition, int] = {}
        self.numbers: Floats = np.zeros((7, 0))


def count_fields(
    question: Question,
    fields: FieldChoice,
    *,
    asked: Question | None = None,
    elsewhere: Elsewhere | None = None,
    histograms: Mapping[str, Histogram] = MappingProxyType({}),
) -> Counted:
    """Count every field of a question in both groups.

    Args:
        question: what was asked.
        fields: the fields to look at.
        asked: the question as it was put, if `question` is about a sample of a table elsewhere.
        elsewhere: what is known of that table.
        histograms: the histograms of numbers there, whose codes the scope of `question` has.
    Returns:
        Counted.
    Raises:
        EmptySelection: the selection or the baseline has no events.
        InvalidArgument: the history has no events, or overlaps `during`.
        Cancelled: a newer question made this one pointless.
    """
    check = question.options.check_cancelled
    _encode(question, fields)
    masks = without_repeats(question, group_masks(question))
    check()
    if elsewhere is not None:
        masks = without_totals(masks, elsewhere.rows, elsewhere.left_out, elsewhere.unknown)
    full = grouped_rows(question.scope, masks)
    if elsewhere is not None:
        full = RecountedRows(full, elsewhere.totals)
    if "history" in full.groups and full.totals["history"].n[0] == 0:
        raise InvalidArgument(
            "the history has no events", hint="give an earlier window that has events, or history=None"
        )
    columns: dict[str, Column] = {}
    skipped = list(fields.skipped)

    def count(name: str) -> tuple[Column | None, str | None]:
        check()
        codes = question.scope.codes(name)
        if name in histograms:
            return wide_column(codes, histograms[name], full.totals), None
        return _count_field(question, masks, full, codes)

    if elsewhere is None:
        _count_jointly(question, fields.names, masks, full)
    found = spread(count, fields.names, question.scope.dataset.rows)
    for name, (column, reason) in zip(fields.names, found, strict=True):
        if column is not None:
            columns[name] = column
        if reason is not None:
            skipped.append({"field": name, "reason": reason})
    levels = _levels(columns.values(), full, 0.0 if question.selects_time else LEAST_SHARE)
    singles = _find_singles(columns.values(), full, levels, fields.descriptive)
    check()
    return Counted(
        question, masks, full, columns, levels, singles, tuple(skipped), asked or question, elsewhere
    )


def _count_jointly(question: Question, names: Sequence[str], masks: GroupMasks, full: GroupedRows) -> None:
    """Count all fields of few values together, in the groups in which `_tally` counts rows."""
    scope, stored = question.scope, question.scope.dataset.codes
    joint = stored.joint(_progress(question.options)) if len(names) >= MANY_FIELDS else None
    if joint is None:
        return
    shared = {field.name: field for group in joint.groups for field in group.fields}
    own = [name for name in names if name in shared and scope.codes(name) is shared[name]]
    groups = ("selected", "excluded") if masks.from_totals else SIDES
    for group in groups:
        if group in full.groups:
            full.tally_jointly(group, own, joint, scope.dataset.rows)


def _encode(question: Question, fields: FieldChoice) -> None:
    """Make the codes of the fields that have none yet."""
    scope = question.scope
    codes, stored = scope.dataset.codes, set(scope.dataset.schema.names)
    missing = [name for name in fields.names if name in stored and not codes.ready(name)]
    if missing:
        codes.ensure(missing, progress=_progress(question.options))


def _progress(options: ExplainOptions) -> Progress:
    """Return what codes report to while they are made."""

    def step(what: str, done: int, total: int) -> None:
        options.check_cancelled()
        if options.progress is not None:
            options.progress(what, done, total)

    return step


def _count_field(
    question: Question, masks: GroupMasks, full: GroupedRows, codes: FieldCodes
) -> tuple[Column | None, str | None]:
    """Return a field's counts and why it is only partly looked at; None and the reason if it is left out."""
    if codes.size <= 1:
        return None, "missing everywhere"
    totals = codes.totals.get(question.population) if masks.from_totals else None
    if totals is not None and not totals.n[1:].any():
        return None, "missing in all compared events"
    selected, baseline = _tally(question, masks, full, codes)
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


def _tally(
    question: Question, masks: GroupMasks, full: GroupedRows, codes: FieldCodes
) -> tuple[Counts, Counts]:
    """Return the counts of each code in the selection and in the baseline."""
    selected = full.tally("selected", codes.name)
    if not masks.from_totals:
        return selected, full.tally("baseline", codes.name)
    totals = codes.totals[question.population]
    baseline = Counts(totals.n.astype(float), totals.w, totals.w2) - selected
    if "excluded" in full.groups:
        baseline = baseline - full.tally("excluded", codes.name)
    return selected, baseline


def _levels(columns: Collection[Column], full: GroupedRows, least_share: float) -> Levels:
    """Return the error level of each depth, corrected for all slices that could have been significant."""
    selected, baseline = float(full.totals["selected"].n[0]), float(full.totals["baseline"].n[0])
    log_rate, alpha = math.log(selected / (selected + baseline)), ALPHA * SHARES[0]
    # fewer observations cannot be significant; most values of an id have fewer
    least = least_testable(log_rate, alpha)
    from_values = [
        seen[seen >= least]
        for seen in (
            column.selected.n + column.baseline.n for column in columns if column.codes.kind != "numeric"
        )
    ]
    from_intervals = [interval_totals(column) for column in columns if is_number(column.codes)]
    totals = np.concatenate([np.zeros(0), *from_values, *from_intervals])
    singles = count_testable(totals, log_rate, alpha)
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
    causes: list[FieldCondition] = []
    describing: list[FieldCondition] = []
    maybe_weak: list[tuple[Column, list[int]]] = []
    for column in columns:
        own = field_conditions(column, all_selected, all_baseline, levels.floor, level)
        if column.codes.name in descriptive:
            describing += own
            continue
        causes += own
        if column.codes.kind == "value" and column.codes.size > FEW_VALUES:
            values = [condition.codes[0] for condition in own if condition.spec["op"] == "="]
            maybe_weak.append((column, values))
    return Singles(tuple(causes), tuple(describing), _weak(maybe_weak, full, level))


def _weak(
    columns: Sequence[tuple[Column, Sequence[int]]], full: GroupedRows, level: float
) -> tuple[Column, ...]:
    """Return the fields of which no value is significant alone, given the codes of their common values."""
    selected, baseline = (
        Counts.join([getattr(column, group)[np.array(codes, dtype=np.int64)] for column, codes in columns])
        for group in SIDES
    )
    found = score(selected, full.totals["selected"], baseline, full.totals["baseline"], level) > 0
    ends = np.cumsum([len(codes) for _, codes in columns]).tolist()
    return tuple(
        column
        for (column, codes), end in zip(columns, ends, strict=True)
        if not found[end - len(codes) : end].any()
    )
