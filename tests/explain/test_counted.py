"""Counts of single conditions are the same however often, and in whatever order, they are asked for."""

from __future__ import annotations

import pytest

from obskit.engine import Scope
from obskit.explain.counted import count_fields
from obskit.explain.field_choice import choose_fields
from obskit.explain.options import ExplainOptions
from obskit.explain.question import resolve
from obskit.stats.evidence import score


def test_conditions_that_are_asked_for_twice_keep_their_own_counts(scope: Scope) -> None:
    question = resolve(scope, "error.type is not null", ExplainOptions())
    counted = count_fields(question, choose_fields(question))
    conditions = [*counted.singles.conditions, *counted.singles.descriptive]
    assert len(conditions) > 10
    for asked in ([*conditions[5:8], *conditions[5:8]], [*conditions, conditions[0]], conditions[::-1]):
        counts, scores = counted.counts(asked), counted.scores(asked)
        for at, condition in enumerate(asked):
            column = counted.columns[condition.field]
            for found, own in zip(counts, (column.selected, column.baseline), strict=True):
                for name in ("n", "w", "w2"):
                    assert getattr(found, name)[at] == getattr(own, name)[condition.index].sum()
        totals = counted.full.totals
        expected = score(
            counts[0], totals["selected"], counts[1], totals["baseline"], counted.levels.log_level[0]
        )
        assert scores.tolist() == pytest.approx(expected.tolist())
