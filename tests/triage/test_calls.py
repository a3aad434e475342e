"""Calls that fail: named by what they call, also where a second attempt hides the failure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.events import Events

pytestmark = pytest.mark.once

T = datetime(2026, 5, 4, tzinfo=UTC)
BASE = int(T.timestamp() * 1e6)


def calls(
    requests: int = 6_000,
    *,
    broken: tuple[int, int] | None = (12, 24),
    retries: bool = True,
    fallback: bool = False,
    seed: int = 3,
    weights: bool = False,
    at_first: float = 0.3,
) -> Events:
    """A day of a shop that calls two payment providers; one of them fails in 30% of first attempts, or
    more in the first four hours.

    errors of calls to north   ______________||||||||||||||
                               hour 0        broken
    errors of POST /order      ____________________________   with retries or a fallback
    """
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for n in range(requests):
        at = BASE + int(n * 86_400_000_000 / requests)
        hour = (at - BASE) / 3_600_000_000
        field, host = ("server.address", "pay.north.example") if n % 2 else ("peer.service", "south")
        bad = broken is not None and broken[0] <= hour < broken[1] and n % 2 == 1
        rate = at_first if broken is not None and hour < broken[0] + 4 else 0.3
        failed = rng.random() < (rate if bad else 0.005)
        hidden = not failed or retries or fallback
        own = {"trace_id": f"{n + 1:032x}", "sample_weight": (1.0 if failed else 8.0) if weights else None}
        rows.append(
            own
            | {
                "span_id": "a" * 16,
                "kind": "server",
                "name": "POST /order",
                "timestamp": at,
                "error": not hidden,
            }
        )
        attempts = [True, False] if failed and retries else [bool(failed)]
        for number, error in enumerate(attempts):
            rows.append(
                own
                | {
                    "span_id": f"{number + 1:016x}",
                    "parent_span_id": "a" * 16,
                    "kind": "client",
                    "name": "POST",
                    "timestamp": at + 1_000 * (number + 1),
                    "error": error,
                    field: host,
                }
            )
    kinds = {"timestamp": pa.timestamp("us", "UTC"), "sample_weight": pa.float64(), "error": pa.bool_()}
    names = [*(name for row in rows for name in row), "server.address", "peer.service"]
    table = {
        name: pa.array([row.get(name) for row in rows], kinds.get(name, pa.string()))
        for name in dict.fromkeys(names)
    }
    table["service.name"] = pa.array(["shop"] * len(rows))
    table["duration_ms"] = pa.array(np.random.default_rng(1).lognormal(3, 0.4, len(rows)))
    return load(pa.table(table))


@pytest.mark.parametrize("weights", [False, True])
def test_failures_that_a_retry_hides_are_found_and_called_masked(weights: bool) -> None:
    found = calls(weights=weights).triage()
    assert not found.causes
    (call,) = found.calls
    assert call.operation == {"service.name": "shop", "server.address": "pay.north.example"}
    assert call.since == T + timedelta(hours=12)
    assert call.until is None
    assert call.is_masked
    assert call.headline().startswith("calls from shop to pay.north.example: errors ")
    assert call.headline().endswith("; masked by retries: 100% of their traces end without an error")
    assert call.explanation is not None
    assert call.explanation.findings == (), "only when and where they were made sets them apart"
    assert found.verdict == (
        "No operation got worse beyond chance, but calls to other services fail more than before."
    )
    assert call.headline() in str(found)
    assert "masked by retries" in found._repr_html_()
    (listed,) = json.loads(json.dumps(found.to_dict()))["failing_calls"]
    assert listed["where"] == (
        "kind = 'client' and service.name = 'shop' and server.address = 'pay.north.example'"
    )


def test_a_provider_that_recovered_is_found_with_its_end() -> None:
    (call,) = calls(broken=(12, 13)).triage().calls
    assert (call.since, call.until) == (T + timedelta(hours=12), T + timedelta(hours=13))
    assert call.after == pytest.approx(0.25, abs=0.08)
    assert "since 2026-05-04T12:00:00Z until 2026-05-04T13:00:00Z, about " in call.headline()


def test_calls_that_fail_less_but_still_fail_have_no_end() -> None:
    """
    errors of calls to north   ____________||||........   90%, then 30%
    """
    (call,) = calls(at_first=0.9).triage().calls
    assert (call.since, call.until) == (T + timedelta(hours=12), None)


def test_a_fallback_is_not_called_a_retry() -> None:
    (call,) = calls(retries=False, fallback=True).triage().calls
    assert "hidden from the callers: 100% of their traces end without an error" in call.headline()


def test_callers_that_fail_too_are_not_called_fine() -> None:
    found = calls(retries=False).triage()
    assert [cause.operation["name"] for cause in found.causes] == ["POST /order"]
    (call,) = found.calls
    assert not call.is_masked
    assert call.explanation is None, "the caller's failures are explained already"
    assert "masked" not in call.headline()


def test_calls_that_are_as_before_are_not_listed() -> None:
    for seed in range(5):
        found = calls(2_000, broken=None, seed=seed).triage()
        assert not found.calls
        assert found.verdict.startswith("No operation got worse beyond chance. ")


def test_without_client_spans_or_traces_nothing_is_missing() -> None:
    assert not calls(400).where("kind = 'server'").triage().calls
    table = calls().to_arrow().drop_columns(["trace_id", "span_id", "parent_span_id"])
    (call,) = load(table).triage().calls
    assert call.masked is None
    assert "masked" not in call.headline()
