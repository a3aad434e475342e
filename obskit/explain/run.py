"""`explain`, step by step: count the fields, find candidates, rank them, report."""

from __future__ import annotations

from typing import Any

from obskit.engine import Scope
from obskit.explain.candidates import find_candidates
from obskit.explain.counted import Counted, count_fields
from obskit.explain.explanation import build_explanation
from obskit.explain.field_choice import choose_fields
from obskit.explain.options import ExplainOptions
from obskit.explain.question import resolve
from obskit.explain.rank import rank
from obskit.explain.result import Explanation

DEFAULTS = ExplainOptions()


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
    if options.first is not None and options.depth > 1:
        options.first(_answer(counted, 1, early=True))
        options.check_cancelled()
    return _answer(counted, options.depth, early=False)


def _answer(counted: Counted, depth: int, *, early: bool) -> Explanation:
    """Return the answer of conjunctions to a depth; an early one without sets, examples and what-ifs."""
    options = counted.question.options
    candidates = find_candidates(counted, depth, early=early)
    options.check_cancelled()
    ranked = rank(counted, candidates)
    return build_explanation(counted, candidates, ranked, early=early)
