"""The traces that conditions select, and conditions without their lower bound of time."""

from __future__ import annotations

import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.traces.select import traces_where, without_start
from obskit.traces.spans import spans_of
from tests.traces.synthetic import Shop


@pytest.fixture(scope="module")
def scope() -> Scope:
    shop = Shop(1)
    for n in range(20):
        shop.trace(slow=n % 2 == 0)
    return Scope.of(from_arrow(shop.table()))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (
            "timestamp >= '2026-05-04T10:00Z' and timestamp < '2026-05-04T11:00Z'",
            "timestamp < '2026-05-04T11:00Z'",
        ),
        ("timestamp >= '2026-05-04T10:00Z'", None),
        ("'2026-05-04T10:00Z' <= timestamp and slow", "slow"),
        ("'2026-05-04T11:00Z' > timestamp and slow", "timestamp < '2026-05-04T11:00Z' and slow"),
        ("timestamp > '-30m' and slow", "slow"),
        ("name = 'it''s' and timestamp >= '2026-05-04T10:00Z'", "name = 'it''s'"),
        ("timestamp between '2026-05-04T10:00Z' and '2026-05-04T11:00Z'", "timestamp <= '2026-05-04T11:00Z'"),
        ("any(slow and name = 'x') and timestamp >= '2026-05-04T10:00Z'", "any(slow and name = 'x')"),
        (
            "timestamp >= '2026-05-04T10:00Z' and (lower(name) in ('a', 'b') or not slow) and service.name like 'g%'",
            "(lower(name) in ('a', 'b') or not slow) and service.name like 'g%'",
        ),
        ("timestamp >= '2026-05-04T10:00Z' and hour(timestamp) = 10", "hour(timestamp) = 10"),
        ("timestamp >= '2026-05-04T10:00Z' or slow", "timestamp >= '2026-05-04T10:00Z' or slow"),
        ("duration_ms > 5", "duration_ms > 5"),
    ],
)
def test_the_lower_bound_of_time_is_left_out(scope: Scope, condition: str, expected: str | None) -> None:
    found = without_start(scope, scope.condition(condition))
    if expected is None:
        assert found is None
        return
    assert found is not None
    wanted = scope.condition(expected)
    ours, theirs = (scope.masks(each)[0].true.tolist() for each in (found, wanted))
    assert ours == theirs
    assert found.fields == wanted.fields


def test_no_condition_has_no_start(scope: Scope) -> None:
    assert without_start(scope, None) is None


def test_one_row_must_fulfill_all_conditions(scope: Scope) -> None:
    spans = spans_of(scope.dataset)
    assert traces_where(scope, spans).sum() == 20
    assert traces_where(scope, spans, scope.condition("slow")).sum() == 10
    both = (scope.condition("name = 'GET /buy'"), scope.condition("service.name = 'stock'"))
    assert traces_where(scope, spans, *both).sum() == 0
    assert traces_where(scope, spans, None, scope.condition("kind = 'event'")).sum() == 20
