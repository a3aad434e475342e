"""Windows of time in conditions: fewer rows are read, and the masks are the same."""

from __future__ import annotations

import numpy as np
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from tests.query.scopes import events


@pytest.mark.parametrize(
    "text",
    [
        "duration_ms > 50 and timestamp >= '2026-05-04T13:20Z' and timestamp < '2026-05-04T13:25Z'",
        "timestamp between '2026-05-04T13:20Z' and '2026-05-04T13:21Z' and (size > 100 or duration_ms < 5)",
        "timestamp > '-5m' and duration_ms is null",
        "timestamp = '2026-05-04T13:20Z'",
        "timestamp < '2020-01-01'",
        "duration_ms > 5 or timestamp < '2026-05-04T13:10Z'",
        "not timestamp < '2026-05-04T13:50Z'",
    ],
)
@pytest.mark.parametrize("timed", [True, False])
def test_masks_are_the_same_with_and_without_the_window(
    text: str, timed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = events()
    table = made.dataset.arrow()
    scope = Scope.of(from_arrow(table.filter(table["timestamp"].is_valid()) if timed else table))
    condition = scope.condition(text)
    windowed = scope.masks(condition)
    monkeypatch.setattr("obskit.engine.make_masks.time_window", lambda _: (None, None))
    plain = Scope.of(scope.dataset).masks(condition)
    for ours, theirs in zip(windowed, plain, strict=True):
        assert (ours.true == theirs.true).all()
        nothing = np.zeros(len(ours.true), bool)
        assert (
            (nothing if ours.null is None else ours.null) == (nothing if theirs.null is None else theirs.null)
        ).all()
