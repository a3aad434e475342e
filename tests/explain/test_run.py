"""The steps together: repeatable, and cancelled between them."""

from __future__ import annotations

import pytest

from obskit.engine import Scope
from obskit.explain import Cancelled, ExplainOptions, explain


def test_a_cancelled_question_ends_between_steps(scope: Scope) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 3

    with pytest.raises(Cancelled):
        explain(scope, "error", ExplainOptions(cancelled=cancelled))


def test_the_same_question_has_the_same_answer(scope: Scope) -> None:
    assert explain(scope, "error").to_dict() == explain(scope, "error").to_dict()
