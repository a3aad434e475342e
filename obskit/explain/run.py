"""`explain`, step by step: count the fields, find candidates, rank them, report."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from obskit.engine import Scope
from obskit.explain.candidates import Candidates, find_candidates
from obskit.explain.counted import Counted, count_fields
from obskit.explain.explanation import build_explanation
from obskit.explain.field_choice import FieldChoice, choose_fields
from obskit.explain.grouped_rows import FieldCondition
from obskit.explain.options import ExplainOptions
from obskit.explain.question import Question, resolve
from obskit.explain.rank import Ranked, rank
from obskit.explain.recounted import MOST_CONDITIONS, Elsewhere, RecountedRows
from obskit.explain.result import Explanation
from obskit.explain.search import Slice
from obskit.explain.singles import is_number
from obskit.explain.wide_numbers import wide_codes, wide_scope
from obskit.text import pluralize

DEFAULTS = ExplainOptions()
# Of a table elsewhere, so many slices are counted exactly there, and so many of each kind that is not a
# cause or a refinement.
BEST = 40
FEW = 8
# So many numbers are cut by the table's histogram, which costs time with each of them.
MOST_NUMBERS = 5
LARGEST_INTEGER = 2**53  # as a float


def explain(scope: Scope, selection: Any, options: ExplainOptions = DEFAULTS) -> Explanation:
    """Rank the conditions that separate selected events from the baseline.

    Args:
        scope: the events.
        selection: condition for the outcome (slow, failed, on the new version); at least one event.
        options: what to compare with, and how.
    Returns:
        Explanation; findings in descending order of evidence, shares in [0, 1].
    Raises:
        EmptySelection: the selection or the baseline has no events.
        InvalidArgument: an argument has a value that it can't have, or arguments contradict each other.
        UnknownField, UnknownFunction, ConditionError: a condition can't be read.
        Cancelled: `options.cancelled` returned true.
    Cost: one scan of the coded columns; memory O(rows/8 x conditions kept + fields x distinct values).
    Source: Bailis et al., MacroBase (2017), for the order of counting; Tarone (1990) for the number of tests
        to correct for; the scores are ours.
    """
    question = resolve(scope, selection, options)
    counted = count_fields(question, choose_fields(question))
    known: Candidates | None = None
    if options.first is not None and options.depth > 1:
        known, early = _first_answer(counted)
        options.first(early)
        options.check_cancelled()
    candidates = find_candidates(counted, options.depth, early=False, known=known)
    options.check_cancelled()
    return build_explanation(counted, candidates, rank(counted, candidates), early=False)


def _first_answer(counted: Counted) -> tuple[Candidates, Explanation]:
    """Return an answer of single conditions that comes early: without sets, examples and what-ifs.

    Its intervals are those that hold for all conditions at once, which are wider.
    """
    candidates = find_candidates(counted, 1, early=True)
    counted.question.options.check_cancelled()
    ranked = rank(counted, candidates, own_intervals=False)
    return candidates, build_explanation(counted, candidates, ranked, early=True)


def explain_first(question: Question, least: int) -> Explanation | None:
    """Return an answer of single conditions from rows that are a sample, before the exact one.

    Args:
        question: the question, about the rows of the sample.
        least: with fewer selected events than this, the sample says too little.
    Returns:
        Explanation, marked as that of a sample; None with too few selected events.
    Raises:
        EmptySelection, InvalidArgument, Cancelled: as `explain`.
    Cost: as `explain` of the sample with a depth of 1.
    """
    counted = count_fields(question, choose_fields(question))
    if counted.full.totals["selected"].n[0] < least:
        return None
    _, found = _first_answer(counted)
    return dataclasses.replace(found, sampled=question.scope.dataset.rows)


def explain_sample(
    question: Question, fields: FieldChoice, asked: Question, elsewhere: Elsewhere
) -> Explanation:
    """Rank conditions on a sample of a table elsewhere, and count the best of them exactly there.

    Args:
        question: the question, about the rows of the sample.
        fields: the fields to look at.
        asked: the question as it was put, about the table.
        elsewhere: what is known of the table.

    Returns:
        Explanation: all of its numbers are of the table, or its notes say otherwise.

    Raises:
        EmptySelection, InvalidArgument, Cancelled: as `explain`.

    Cost: as `explain` of the sample, twice where a finding has an interval; and two statements, for the
        histograms of such numbers and for the conditions of the best slices.
    """
    options = asked.options
    counted = count_fields(question, fields, asked=asked, elsewhere=elsewhere)
    known: Candidates | None = None
    if options.first is not None and options.depth > 1:
        known, early = _first_answer(counted)
        options.first(dataclasses.replace(early, sampled=question.scope.dataset.rows))
        options.check_cancelled()
    candidates = find_candidates(counted, options.depth, early=False, known=known)
    ranked = rank(counted, candidates)
    if not isinstance(counted.full, RecountedRows) or counted.full.complete:
        return build_explanation(counted, candidates, ranked, early=False)
    options.check_cancelled()
    histograms = elsewhere.histograms(_shown_numbers(counted, ranked))
    if histograms:
        scope = question.scope
        wide = {name: wide_codes(scope.codes(name), found) for name, found in histograms.items()}
        question = dataclasses.replace(question, scope=wide_scope(scope, wide))
        counted = count_fields(question, fields, asked=asked, elsewhere=elsewhere, histograms=histograms)
        candidates = find_candidates(counted, options.depth, early=False)
        ranked = rank(counted, candidates)
    full = cast(RecountedRows, counted.full)
    options.check_cancelled()
    full.add(elsewhere.combine(_best_conditions(ranked)))
    candidates = _known_only(full, candidates)
    ranked = rank(counted, candidates)
    return build_explanation(counted, candidates, _recounted_only(full, ranked), early=False)


def _best_slices(ranked: Ranked) -> list[Slice]:
    """Return the slices that would be shown, the most important first."""
    slices = [ranked.judged.slices[at] for at in ranked.causes]
    slices += [ranked.restating.slices[at] for at in ranked.restatements[:FEW]]
    slices += [ranked.descriptive.slices[at] for at in ranked.descriptions[:FEW]]
    slices += [ranked.judged.slices[at] for at in ranked.refinements]
    return slices[:BEST]


def _shown_numbers(counted: Counted, ranked: Ranked) -> dict[str, bool]:
    """Return the numbers of which an interval is in a finding, and which of them are coded by value.

    Integers that a float cannot hold keep the intervals of the sample.
    """
    found: dict[str, bool] = {}
    slices = [ranked.judged.slices[at] for at in ranked.causes]
    for condition in (one for slice_ in slices for one in slice_):
        codes = counted.columns[condition.field].codes
        open_ends = condition.spec.get("low") is None and condition.spec.get("high") is None
        if condition.spec["op"] == "missing" or not is_number(codes):
            continue
        if condition.spec["op"] == "between" and open_ends:
            continue
        by_value = codes.kind == "value"
        values = codes.values.to_numpy(zero_copy_only=False)
        if not by_value or max(abs(int(values[0])), abs(int(values[-1]))) < LARGEST_INTEGER:
            found[condition.field] = by_value
    return dict(list(found.items())[:MOST_NUMBERS])


def _best_conditions(ranked: Ranked) -> list[FieldCondition]:
    """Return the conditions of the best slices, as many as one statement can count."""
    named = dict.fromkeys(condition for one in _best_slices(ranked) for condition in one)
    return list(named)[:MOST_CONDITIONS]


def _known_only(full: RecountedRows, candidates: Candidates) -> Candidates:
    """Return the slices that are counted exactly: an estimate that is high by chance must not win."""
    return dataclasses.replace(
        candidates,
        slices=[one for one in candidates.slices if full.is_known(one)],
        conditions=[one for one in candidates.conditions if full.is_known([one])],
    )


def _recounted_only(full: RecountedRows, ranked: Ranked) -> Ranked:
    """Return what is shown, without slices of which only estimates are known."""
    out: dict[str, Any] = {}
    left = 0
    for places, slices in (
        ("causes", ranked.judged.slices),
        ("refinements", ranked.judged.slices),
        ("descriptions", ranked.descriptive.slices),
        ("restatements", ranked.restating.slices),
    ):
        shown = getattr(ranked, places)
        out[places] = [at for at in shown if full.is_known(slices[at])]
        left += len(shown) - len(out[places])
    note = f"{pluralize(left, 'weaker condition is', 'weaker conditions are')} left out: only estimated"
    return dataclasses.replace(ranked, **out, notes=(*ranked.notes, note) if left else ranked.notes)
