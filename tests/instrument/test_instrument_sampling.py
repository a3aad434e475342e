"""Sampling: who is kept, what is written for everyone downstream, and whether weights estimate what was there."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

from obskit.errors import BadCall
from obskit.instrument import Handle, Sampling, event

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
UNITS = 6000


def emit(units: int, fields: Callable[[int], Mapping[str, Any]] = lambda n: {}, name: str = "work") -> None:
    for n in range(units):
        with event(name, fields(n)), event("inner"):
            pass


def estimate(weights: list[float]) -> tuple[float, float]:
    """Return the total that weights stand for and three standard errors of it (Poisson sampling)."""
    return sum(weights), 3 * math.sqrt(sum(w * (w - 1) for w in weights))


def estimates(rows: list[dict[str, Any]], total: int) -> bool:
    found, around = estimate([row["sample_weight"] for row in rows])
    return abs(found - total) <= around


def test_a_ratio_keeps_its_share_and_weights_restore_the_total(service: Service, rows: Rows) -> None:
    handle = service(sampling=Sampling(ratio=0.1))
    emit(UNITS)
    units = [row for row in rows() if row["name"] == "work"]
    inner = [row for row in rows() if row["name"] == "inner"]
    assert estimates(units, UNITS)
    assert estimates(inner, UNITS)
    assert all(row["sample_weight"] == pytest.approx(10) for row in units + inner)
    assert {row["trace_state"] for row in units} == {"ot=th:e6666666666668"}
    assert {row["trace_id"] for row in units} == {row["trace_id"] for row in inner}
    assert handle.counters["unsampled"] == 2 * (UNITS - len(units))


def test_every_field_may_have_ratios_of_its_own(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(ratio=1.0, by="http.route", ratios={"/health": 0.05, "/book": 0.5}))
    routes = ["/health", "/book", "/pay"]
    emit(UNITS, lambda n: {"http.route": routes[n % 3]})
    for route in routes:
        assert estimates([row for row in rows() if row.get("http.route") == route], UNITS // 3)
    assert len([row for row in rows() if row.get("http.route") == "/pay"]) == UNITS // 3


def test_by_a_key_all_units_of_a_user_are_kept_or_none(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(ratio=0.25, key="user.id"))
    emit(4000, lambda n: {"user.id": f"u{n % 800}"})
    units = [row for row in rows() if row["name"] == "work"]
    by_user: dict[str, int] = {}
    for row in units:
        by_user[row["user.id"]] = by_user.get(row["user.id"], 0) + 1
    assert set(by_user.values()) == {5}
    found, around = estimate([4.0] * len(by_user))
    assert abs(found - 800) <= around
    assert all(";rv:" in row["trace_state"] for row in units)


def test_the_tail_keeps_failures_and_slow_ones_for_certain(service: Service, rows: Rows) -> None:
    """1 in 50 fails, which the head would mostly miss. Kept for certain they weigh 1, the rest 20."""
    service(sampling=Sampling(ratio=0.05, errors=True, slow_ms=60_000))
    tracer = trace.get_tracer("t")
    for n in range(UNITS):
        with event("work", n=n) as e:
            with event("inner"):
                pass
            if n % 50 == 0:
                e["http.response.status_code"] = 503
        if n % 1000 == 1:
            tracer.start_span("slow", start_time=1_000).end(end_time=90_000_000_000)
    units = [row for row in rows() if row["name"] == "work"]
    failed = [row for row in units if row.get("http.response.status_code") == 503]
    assert [row["n"] for row in failed] == list(range(0, UNITS, 50))
    assert {row["sample_weight"] for row in failed} == {1.0}
    assert estimates(units, UNITS)
    assert estimates([row for row in units if row not in failed], UNITS - len(failed))
    weight = {row["trace_id"]: row["sample_weight"] for row in units}
    inner = [row for row in rows() if row["name"] == "inner"]
    assert {row["trace_id"]: row["sample_weight"] for row in inner} == weight
    assert len([row for row in rows() if row["name"] == "slow"]) == UNITS // 1000


@pytest.mark.parametrize(
    ("state", "sampled", "weight"),
    [
        ("ot=th:c", True, 4.0),
        ("vendor=x,ot=rv:0123456789abcd;th:8", True, 2.0),
        ("", True, None),
        ("", False, 0),
    ],
)
def test_a_callers_decision_and_weight_are_followed(
    service: Service, rows: Rows, state: str, sampled: bool, weight: float | None
) -> None:
    service(sampling=Sampling(ratio=0.5))
    caller = context(random.getrandbits(128), state, sampled)
    span = trace.get_tracer("t").start_span("work", context=caller)
    assert span.is_recording() is sampled
    span.end()
    assert [row["sample_weight"] for row in rows()] == ([] if weight == 0 else [weight])


def context(trace_id: int, state: str, sampled: bool) -> Any:
    entries = TraceState.from_header([state]) if state else None
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else 0)
    return set_span_in_context(NonRecordingSpan(SpanContext(trace_id, 7, True, flags, entries)))


def test_where_nothing_is_sampled_all_is_kept_whatever_the_caller_says(service: Service, rows: Rows) -> None:
    service()
    for sampled in (True, False):
        span = trace.get_tracer("t").start_span("work", context=context(9, "ot=th:c", sampled))
        assert bool(span.get_span_context().trace_flags.sampled) is sampled
        assert span.get_span_context().trace_state.get("ot") == "th:c"
        span.end()
    assert [row["sample_weight"] for row in rows()] == [1.0, 1.0]


@pytest.mark.parametrize("ratio", [0, -1, 1.5, math.nan])
def test_a_ratio_that_is_none_is_refused(ratio: float) -> None:
    with pytest.raises(BadCall) as caught:
        Sampling(ratio=ratio)
    assert str(caught.value) == f"a sampling ratio of {ratio}\nHint: a share above 0 and at most 1: ratio=0.1"
