"""Which rows a question compares: population, window of time, selection, baseline and history as masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from weakref import WeakKeyDictionary

import numpy as np

from obskit.dataset import Codes
from obskit.engine import Condition, Scope, Window
from obskit.errors import EmptySelection, InvalidArgument
from obskit.explain.bit_rows import mask_rows
from obskit.explain.cores import spread
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.kept_bits import KeptBits
from obskit.explain.question import Question
from obskit.explain.weights import Bools, Rows, Segment, WeightClass, weight_classes

LONGEST_CONDITION = 200
# The rows of each weight, of datasets in use.
_CLASSES: WeakKeyDictionary[Codes, list[WeightClass] | None] = WeakKeyDictionary()
# The rows that meet a condition, of datasets in use.
_KEPT: WeakKeyDictionary[Codes, KeptBits] = WeakKeyDictionary()


@dataclass(frozen=True)
class GroupMasks:
    """The rows of a question: for each group one mask per file of the dataset.

    Attributes:
        groups: "selected" and "baseline"; with history also "history_selected" (events of earlier time that
            have the outcome) and "history" (all earlier events on which the outcome is known). "excluded" is
            there where `from_totals` is true and some rows of the population are in neither group.
        rows: number of rows in the population.
        left_out: number of rows that `where` keeps and the population doesn't.
        unknown: number of rows left out because the selection is null.
        from_totals: the baseline is nearly all of the population, so its counts are best computed as the
            population's (which are cached) less the selected and the excluded rows.
        repeated: number of rows of the selection and the baseline left out because they repeat others.
    """

    groups: dict[str, list[Bools]]
    rows: int
    left_out: int
    unknown: int
    from_totals: bool
    repeated: int = 0


def group_masks(question: Question) -> GroupMasks:
    """Return the masks of all groups of a question.

    Args:
        question: what is compared.
    Returns:
        GroupMasks; selection and baseline have at least one row each and share none.
    Raises:
        EmptySelection: the selection or the baseline has no rows.
        InvalidArgument: history overlaps `during`.
    """
    scope, baseline = question.scope, question.baseline
    codes = scope.dataset.codes
    times = codes.times()
    units = codes.units() if question.population == "units" else None
    outcome = scope.masks(question.selection)
    where = scope.masks(None) if scope.where is not None else None
    rest = scope.masks(baseline) if baseline is not None else None

    def within(window: Window | Condition | None) -> Sequence[Bools] | None:
        if window is None:
            return None
        if isinstance(window, Window):
            return [window.mask(began) for began in times]
        return [mask.true for mask in scope.masks(window)]

    now, earlier = within(question.during), within(question.history)

    def of_file(f: int) -> tuple[dict[str, Bools], tuple[int, int, int]]:
        """Return a file's groups, and how many of its rows are compared, left out, and of unknown outcome."""
        kept = np.ones(len(times[f]), dtype=bool) if where is None else where[f].true
        in_population = kept if units is None else kept & units[f]
        compared = in_population if now is None else in_population & now[f]
        is_selected, null = outcome[f].true, outcome[f].null
        selected = compared & is_selected
        others = compared & ~is_selected if rest is None else compared & rest[f].true & ~is_selected
        unknown = 0
        if null is not None:
            unknown = int(np.count_nonzero(compared & null))
            others = others & ~null if rest is None else others
        found = {"selected": selected, "baseline": others}
        if rest is None:
            found["excluded"] = ~(selected | others) if units is None else units[f] & ~(selected | others)
        if earlier is not None:
            if bool((earlier[f] if now is None else earlier[f] & now[f]).any()):
                raise InvalidArgument(
                    "history overlaps the time window to explain",
                    hint="choose a history that ends when `during` begins",
                )
            past = in_population & earlier[f]
            found["history_selected"] = past & is_selected
            found["history"] = past if null is None else past & ~null
        rows = int(np.count_nonzero(in_population))
        return found, (rows, int(np.count_nonzero(kept)) - rows, unknown)

    by_file = list(spread(of_file, range(len(scope.dataset.files)), scope.dataset.rows))
    groups: dict[str, list[Bools]] = {"selected": [], "baseline": []}
    rows = left_out = unknown = 0
    for found, sizes in by_file:
        for name, mask in found.items():
            groups.setdefault(name, []).append(mask)
        rows, left_out, unknown = rows + sizes[0], left_out + sizes[1], unknown + sizes[2]
    _check_not_empty(question, groups)
    excluded = groups.pop("excluded", [])
    count = sum(map(np.count_nonzero, excluded))
    from_totals = rest is None and 2 * count <= sum(map(np.count_nonzero, groups["baseline"]))
    if from_totals and count:
        groups["excluded"] = excluded
    return GroupMasks(groups, rows, left_out, unknown, from_totals)


def without_totals(masks: GroupMasks, rows: int, left_out: int, unknown: int) -> GroupMasks:
    """Return the masks of a sample, with the numbers of the table that it was taken from."""
    groups = {name: parts for name, parts in masks.groups.items() if name != "excluded"}
    return GroupMasks(groups, rows, left_out, unknown, from_totals=False)


def _check_not_empty(question: Question, groups: dict[str, list[Bools]]) -> None:
    if not any(mask.any() for mask in groups["selected"]):
        raise EmptySelection("the selection has no events", hint=_widen(question, question.selection))
    if not any(mask.any() for mask in groups["baseline"]):
        hint = "every compared event is selected: narrow the selection, or give a baseline"
        if question.baseline is not None:
            hint = _widen(question, question.baseline)
        raise EmptySelection("the baseline has no events", hint=hint)


def _widen(question: Question, condition: Condition) -> str:
    text = condition.text
    text = text if len(text) <= LONGEST_CONDITION else text[: LONGEST_CONDITION - 1] + "…"
    wider = ""
    if question.population == "units":
        wider = "; population='all' (--population all) also compares events that are not units of work"
    return f"no compared event meets {text!r}: widen the condition or the window of time{wider}"


def grouped_rows(scope: Scope, masks: GroupMasks) -> GroupedRows:
    """Return all compared rows, ready to be counted.

    Args:
        scope: the events.
        masks: the rows of each group.
    Returns:
        GroupedRows with the groups of `masks`.
    """
    stored = scope.dataset.codes
    weights = stored.weights()
    files = range(len(scope.dataset.files))

    def rows_in_use(f: int) -> tuple[Bools, int]:
        # one after the other: numpy would copy the masks of all groups into one array first
        mask = reduce(np.logical_or, [parts[f] for parts in masks.groups.values()])
        return mask, int(np.count_nonzero(mask))

    used = list(spread(rows_in_use, files, scope.dataset.rows))
    # Where many rows are compared, whole columns are read in order; gathering rows pays below about a third.
    if 3 * sum(count for _, count in used) >= scope.dataset.rows:
        whole = [Segment(f, file.rows, None, weights[f]) for f, file in enumerate(scope.dataset.files)]
        if stored not in _CLASSES:
            _CLASSES[stored] = weight_classes(whole)
        kept = _KEPT.setdefault(stored, KeptBits())
        return GroupedRows(scope.codes, whole, masks.groups, _CLASSES[stored], kept)
    full = [f for f in files if used[f][1]]

    def picked(f: int) -> tuple[Rows, list[Bools]]:
        rows = mask_rows(used[f][0])
        return rows, [parts[f][rows] for parts in masks.groups.values()]

    found = list(spread(picked, full, scope.dataset.rows))
    segments = [Segment(f, used[f][1], rows, weights[f]) for f, (rows, _) in zip(full, found, strict=True)]
    groups = {name: [own[at] for _, own in found] for at, name in enumerate(masks.groups)}
    return GroupedRows(scope.codes, segments, groups)
