"""Sampling: which units are kept, what goes downstream, and whether weights estimate the true totals.

Ids come from a seed, so an estimate that is inside its interval once always is.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context

from obskit.errors import InvalidArgument
from obskit.instrument import Handle, Sampling, event
from obskit.instrument.api import Active
from tests.support.instrument_process import events_in, read, run

Rows = Callable[[], list[dict[str, Any]]]
Service = Callable[..., Handle]
UNITS = 6000


@pytest.fixture
def service(service: Service) -> Service:
    """The usual fixture, with ids from a seed."""

    def make(**options: Any) -> Handle:
        handle = service(**options)
        assert Active.runtime is not None
        Active.runtime.random_bits = random.Random(4711).getrandbits
        return handle

    return make


def emit(units: int, fields: Callable[[int], Mapping[str, Any]] = lambda n: {}, name: str = "work") -> None:
    for n in range(units):
        with event(name, fields(n)), event("inner"):
            pass


def estimate(weights: list[float]) -> tuple[float, float]:
    """Return the total that the weights represent, and three standard errors of it (Poisson sampling)."""
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


def test_each_value_of_a_field_can_have_its_own_ratio(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(ratio=1.0, by="http.route", ratios={"/health": 0.05, "/book": 0.5}))
    routes = ["/health", "/book", "/pay"]
    emit(UNITS, lambda n: {"http.route": routes[n % 3]})
    for route in routes:
        assert estimates([row for row in rows() if row.get("http.route") == route], UNITS // 3)
    assert len([row for row in rows() if row.get("http.route") == "/pay"]) == UNITS // 3


def test_a_key_keeps_all_units_of_a_user_or_none(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(ratio=0.25, key="user.id"))
    emit(4000, lambda n: {"user.id": f"u{n % 800}"})
    units = [row for row in rows() if row["name"] == "work"]
    by_user: dict[str, int] = {}
    for row in units:
        by_user[row["user.id"]] = by_user.get(row["user.id"], 0) + 1
    assert set(by_user.values()) == {5}
    found, around = estimate([4.0] * len(by_user))
    assert abs(found - 800) <= around
    # Units of one user are kept or left out together: the units' own interval is five times as wide.
    total = sum(row["sample_weight"] for row in units)
    assert abs(total - 4000) <= 5 * around
    assert all(";rv:" in row["trace_state"] for row in units)


def test_the_tail_keeps_every_failed_and_slow_unit(service: Service, rows: Rows) -> None:
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


def test_the_tail_works_with_ratios_per_value(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(by="name", ratios={"health": 0.02}, ratio=0.5, errors=True))
    for name, every in (("health", 20), ("book", 7)):
        for n in range(UNITS // 2):
            with event(name) as e:
                if n % every == 0:
                    e["error.type"] = "Timeout"
    for name, every in (("health", 20), ("book", 7)):
        kept = [row for row in rows() if row["name"] == name]
        failed = [row for row in kept if "error.type" in row]
        assert len(failed) == len(range(0, UNITS // 2, every))
        assert {row["sample_weight"] for row in failed} == {1.0}
        assert estimates(kept, UNITS // 2)


def test_every_slow_unit_is_kept(service: Service, rows: Rows) -> None:
    service(sampling=Sampling(ratio=0.1, slow_ms=100))
    tracer = trace.get_tracer("t")
    for n in range(UNITS):
        tracer.start_span("work", start_time=10**18).end(10**18 + (200 if n % 30 == 0 else 20) * 10**6)
    kept = rows()
    slow = [row for row in kept if row["duration_ms"] == 200]
    assert [row["sample_weight"] for row in slow] == [1.0] * (UNITS // 30)
    assert estimates(kept, UNITS)
    assert estimates([row for row in kept if row["duration_ms"] == 20], UNITS - UNITS // 30)


def test_a_unit_with_a_provisional_row_also_gets_its_final_row(service: Service, rows: Rows) -> None:
    """The head left the unit out. It failed when the keeper looked and recovered later; its final row is kept."""
    service(sampling=Sampling(ratio=1e-9, errors=True), unfinished_after=0.0)
    assert Active.runtime is not None
    with event("work") as e:
        e["error"] = True
        Active.runtime.check_open_units()
        e["error"] = False
    assert [(row.get("obskit.unfinished"), row["error"], row["sample_weight"]) for row in rows()] == [
        (True, True, 1.0),
        (None, False, 1.0),
    ]


def called(number: int, ratio: float, *, tell: bool = True, key: bool = False) -> None:
    """Serve calls from a service that samples consistently, by its trace ids or by its own randomness."""
    draw, tracer = random.Random(7), trace.get_tracer("t")
    threshold = round((1 - ratio) * 2**56)
    for _ in range(number):
        trace_id = draw.getrandbits(128) | 1 << 127
        randomness = draw.getrandbits(56) if key else trace_id & (2**56 - 1)
        members = [f"rv:{randomness:014x}"] if key else []
        sampled = randomness >= threshold
        if tell and sampled:
            members.append(f"th:{threshold:014x}".rstrip("0"))
        state = f"vendor=x,ot={';'.join(members)}" if members else ""
        with tracer.start_as_current_span("work", context=context(trace_id, state, sampled)), event("inner"):
            pass


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("rules", [Sampling(ratio=0.01), Sampling(ratio=0.01, errors=True)])
def test_weights_from_a_sampling_caller_estimate_its_total(
    service: Service, rows: Rows, key: bool, rules: Sampling
) -> None:
    handle = service(sampling=rules)
    called(UNITS, 0.2, key=key)
    units = [row for row in rows() if row["name"] == "work"]
    assert estimates(units, UNITS)
    assert estimates([row for row in rows() if row["name"] == "inner"], UNITS)
    assert all(row["sample_weight"] == pytest.approx(5) for row in units)
    assert handle.counters["unsampled"] == 2 * (UNITS - len(units))


def test_a_caller_without_a_threshold_leaves_the_weight_unknown(
    service: Service, rows: Rows, tmp_path: Path
) -> None:
    service(sampling=Sampling(ratio=0.5))
    called(1000, 0.2, tell=False)
    found = rows()
    assert 2 * 150 < len(found) < 2 * 250
    assert {row["sample_weight"] for row in found} == {None}
    answer = events_in(tmp_path / "events").query("count()")
    assert answer.to_arrow().column(0).to_pylist() == [len(found)]
    assert f"{len(found)} of {len(found)} rows have no sample weight, counted as 1" in answer.notes


@pytest.mark.parametrize("key", [False, True])
def test_an_own_decision_inside_a_callers_trace(service: Service, rows: Rows, key: bool) -> None:
    """Both use the same randomness, so every unit kept here is in a trace that the caller kept too."""
    service(sampling=Sampling(ratio=0.1, follow_parent=False))
    called(UNITS, 0.2, key=key)
    units = [row for row in rows() if row["name"] == "work"]
    assert estimates(units, UNITS)
    assert all(row["sample_weight"] == pytest.approx(10) for row in units)
    assert all(row["trace_state"].startswith("ot=th:e6666666666668") for row in units)
    assert all("vendor=x" in row["trace_state"] for row in units)


def test_loaded_counts_use_the_weights(service: Service, rows: Rows, tmp_path: Path) -> None:
    service(sampling=Sampling(ratio=0.2, by="http.route", ratios={"/health": 0.05}, errors=True))
    for n in range(UNITS):
        with event("work", {"http.route": "/health" if n % 2 else "/book"}) as e:
            e["http.response.status_code"] = 503 if n % 100 == 0 else 200
    answer = events_in(tmp_path / "events").query("count()", "count(error) as failed", by=["http.route"])
    found = {row["http.route"]: row for row in answer.to_arrow().to_pylist()}
    for route in ("/health", "/book"):
        _, around = estimate([r["sample_weight"] for r in rows() if r["http.route"] == route])
        assert abs(found[route]["count()"] - UNITS // 2) <= around
    assert (found["/book"]["failed"], found["/health"]["failed"]) == (UNITS // 100, 0)


JOINED = """
import random, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import TraceState
random.seed(7)  # OpenTelemetry draws its ids from it

class Telling(Sampler):
    def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, links=None, state=None):
        parent = trace.get_current_span(parent_context).get_span_context()
        if parent.is_valid:
            keep, state = parent.trace_flags.sampled, parent.trace_state
        else:
            keep, state = trace_id & (2**56 - 1) >= 0xC0000000000000, TraceState([("ot", "th:c")])
        return SamplingResult(Decision.RECORD_AND_SAMPLE if keep else Decision.DROP, None, state)
    def get_description(self):
        return "Telling"

trace.set_tracer_provider(TracerProvider(sampler=Telling() if sys.argv[2] == "tells" else TraceIdRatioBased(0.25)))
from obskit.instrument import Sampling, configure, event
handle = configure("x", sink=sys.argv[1], sampling=Sampling(ratio=0.001))
for n in range(4000):
    with event("work", n=n), event("inner"): pass
print(handle.mode, handle.counters["failed"])
"""


@pytest.mark.parametrize("sampler", ["tells", "does not tell"])
def test_a_sampling_providers_threshold_gives_the_weight(tmp_path: Path, sampler: str) -> None:
    """OpenTelemetry's own ratio sampler writes no threshold, so the weight is unknown."""
    assert run(JOINED, str(tmp_path), sampler) == "joined 0\n"
    for name in ("work", "inner"):
        kept = [row for row in read(tmp_path) if row["name"] == name]
        if sampler == "tells":
            assert {row["sample_weight"] for row in kept} == {4.0}
            assert estimates(kept, 4000)
        else:
            assert {row["sample_weight"] for row in kept} == {None}
            assert 800 < len(kept) < 1200


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


def test_without_sampling_everything_is_kept_regardless_of_the_caller(service: Service, rows: Rows) -> None:
    service()
    for sampled in (True, False):
        span = trace.get_tracer("t").start_span("work", context=context(9, "ot=th:c", sampled))
        assert bool(span.get_span_context().trace_flags.sampled) is sampled
        assert span.get_span_context().trace_state.get("ot") == "th:c"
        span.end()
    assert [row["sample_weight"] for row in rows()] == [1.0, 1.0]


@pytest.mark.parametrize("ratio", [0, -1, 1.5, math.nan])
def test_an_invalid_ratio_is_rejected(ratio: float) -> None:
    with pytest.raises(InvalidArgument) as caught:
        Sampling(ratio=ratio)
    assert str(caught.value) == (
        f"sampling ratio must be above 0 and at most 1, got {ratio}\nHint: ratio=0.1 keeps a tenth of the units"
    )
