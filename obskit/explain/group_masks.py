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
from obskit.explain.grouped_rows import GroupedRows
from obskit.explain.question import Question
from obskit.explain.weights import Bools, Segment, WeightClass, weight_classes

LONGEST_CONDITION = 200
# The rows of each weight, of datasets in use.
_CLASSES: WeakKeyDictionary[Codes, list[WeightClass] | None] = WeakKeyDictionary()


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
    groups: dict[str, list[Bools]] = {"selected": [], "baseline": []}
    if earlier is not None:
        groups |= {"history_selected": [], "history": []}
    rows = unknown = everything = 0
    for f in range(len(scope.dataset.files)):
        in_population = np.ones(len(times[f]), dtype=bool) if where is None else where[f].true
        everything += int(np.count_nonzero(in_population))
        if units is not None:
            in_population = in_population & units[f]
        compared = in_population if now is None else in_population & now[f]
        is_selected, null = outcome[f].true, outcome[f].null
        selected = compared & is_selected
        others = compared & ~is_selected if rest is None else compared & rest[f].true & ~is_selected
        if null is not None:
            unknown += int(np.count_nonzero(compared & null))
            others = others & ~null if rest is None else others
        groups["selected"].append(selected)
        groups["baseline"].append(others)
        rows += int(np.count_nonzero(in_population))
        if earlier is not None:
            if bool((earlier[f] if now is None else earlier[f] & now[f]).any()):
                raise InvalidArgument(
                    "history overlaps the time window to explain",
                    hint="choose a history that ends when `during` begins",
                )
            past = in_population & earlier[f]
            groups["history"].append(past if null is None else past & ~null)
            groups["history_selected"].append(past & is_selected)
    _check_not_empty(question, groups)
    from_totals = False
    if rest is None:
        excluded = [
            ~(selected | others) if units is None else units[f] & ~(selected | others)
            for f, (selected, others) in enumerate(zip(groups["selected"], groups["baseline"], strict=True))
        ]
        count = sum(map(np.count_nonzero, excluded))
        from_totals = 2 * count <= sum(map(np.count_nonzero, groups["baseline"]))
        if from_totals and count:
            groups["excluded"] = excluded
    return GroupMasks(groups, rows, everything - rows, unknown, from_totals)


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
    # one after the other: numpy would copy the masks of all groups into one array first
    used = [reduce(np.logical_or, parts) for parts in zip(*masks.groups.values(), strict=True)]
    counts = [int(np.count_nonzero(mask)) for mask in used]
    # Where many rows are compared, whole columns are read in order; gathering rows pays below about a third.
    if 3 * sum(counts) >= scope.dataset.rows:
        whole = [Segment(f, file.rows, None, weights[f]) for f, file in enumerate(scope.dataset.files)]
        if stored not in _CLASSES:
            _CLASSES[stored] = weight_classes(whole)
        return GroupedRows(scope.codes, whole, masks.groups, _CLASSES[stored])
    segments: list[Segment] = []
    groups: dict[str, list[Bools]] = {name: [] for name in masks.groups}
    for f, (mask, count) in enumerate(zip(used, counts, strict=True)):
        if count:
            rows = mask_rows(mask)
            segments.append(Segment(f, count, rows, weights[f]))
            for name, parts in masks.groups.items():
                groups[name].append(parts[f][rows])
    return GroupedRows(scope.codes, segments, groups)
