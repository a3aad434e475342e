"""One trace is one unit of evidence: 300 retries in one trace are neither a trouble nor a part of one."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.events import Events
from obskit.triage.counts import count_operations
from obskit.triage.repeats import count_by_trace
from obskit.triage.row_set import RowSet
from tests.triage.days import T

pytestmark = pytest.mark.once

NOON = T + timedelta(hours=12)


def calls(cause: float, storm: int, tenant: str = "a", rows: int = 6_000) -> Events:
    """A day of calls, each in a trace of its own, and one trace in which a call is repeated again and again.

    tenant a, free plan   ________________||||||||||||||||   fails from noon on, in hundreds of traces
    one trace             _________________________|______   fails 300 times in a minute
    """
    rng = np.random.default_rng(1)
    at = np.linspace(0, 86_399, rows)
    tenants, plans = rng.choice(["a", "b", "c", "d"], rows), rng.choice(["free", "paid"], rows)
    error = rng.random(rows) < 0.003
    error |= (at >= 43_200) & (tenants == "a") & (plans == "free") & (rng.random(rows) < cause)
    at = np.append(at, 70_000 + 0.2 * np.arange(storm))
    size = len(at)
    traces = [f"{number:032x}" for number in range(1, rows + 1)] + ["f" * 32] * storm
    return load(
        pa.table(
            {
                "timestamp": pa.array([T + timedelta(seconds=second) for second in at.tolist()]),
                "kind": ["client"] * size,
                "service.name": ["pay"] * size,
                "name": ["POST"] * size,
                "server.address": ["psp.example"] * size,
                "duration_ms": rng.lognormal(3, 0.3, size),
                "trace_id": traces,
                "span_id": [f"{number:016x}" for number in range(1, size + 1)],
                "parent_span_id": [f"{number + 10**9:016x}" for number in range(size)],
                "error": np.append(error, np.ones(storm, bool)),
                "tenant.id": [*tenants.tolist(), *[tenant] * storm],
                "plan": [*plans.tolist(), *["paid"] * storm],
            }
        )
    )


def test_retries_of_one_trace_are_no_trouble() -> None:
    found = calls(0.0, 300).triage(population="all")
    assert (found.causes, found.repeats, found.calls) == ((), (), ())
    left = "295 {} left out, of traces with far more of an operation than others have"
    assert f"to test what got worse, {left.format('events')}" in found.notes
    assert f"to test what got worse, {left.format('calls')}" in found.notes
    (row,) = found.to_arrow().to_pylist()  # what is shown has all of them
    assert (row["events"], round(row["errors"], 3)) == (2_050, 0.15)


@pytest.mark.parametrize("tenant", ["a", "b"])
@pytest.mark.parametrize("cause", [0.15, 0.4])
def test_retries_of_one_trace_do_not_widen_or_hide_a_finding(cause: float, tenant: str) -> None:
    found = calls(cause, 300, tenant).triage(population="all")
    (one,) = found.causes
    assert one.since == NOON
    assert [{item["value"] for item in f.conditions} for f in one.explanation.findings] == [{"a", "free"}]
    (call,) = found.calls
    assert (call.since, call.until) == (NOON, None)


def test_nothing_is_left_out_where_all_traces_are_alike() -> None:
    found = calls(0.4, 0).triage(population="all")
    assert not [note for note in found.notes if "left out, of traces" in note]


def test_counts_by_trace_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(5)
    rows = 3_000
    trace = rng.zipf(1.4, rows) % 400
    table: dict[str, Any] = {
        "timestamp": pa.array(
            [T + timedelta(seconds=int(at)) for at in np.sort(rng.integers(0, 86_400, rows))]
        ),
        "kind": ["server"] * rows,
        "name": rng.choice(["GET /", "POST /"], rows),
        "duration_ms": pa.array(rng.lognormal(3, 1, rows), mask=rng.random(rows) < 0.1),
        "error": rng.random(rows) < 0.2,
        "trace_id": pa.array([f"{number:032x}" for number in trace], mask=rng.random(rows) < 0.1),
        "sample_weight": rng.choice([1.0, 4.0], rows),
    }
    scope = load(pa.table(table)).scope
    counted, _ = count_operations(scope, ["name"], [NOON])
    found, left_out = count_by_trace(counted, RowSet.of(scope), [["name"]], [NOON])
    assert left_out > 0
    for operation in found:
        clusters: dict[Any, list[tuple[int, float]]] = defaultdict(list)
        for at, row in enumerate(scope.dataset.arrow().to_pylist()):
            if row["name"] == operation.key[0]:
                key = row["trace_id"] if row["trace_id"] is not None else at
                clusters[bool(row["error"]), key].append((row["timestamp"] >= NOON, row["sample_weight"]))
        for hit in (False, True):
            own = [each for (failed, _), each in clusters.items() if failed == hit]
            sizes = sorted(
                len(each)
                for (failed, key), each in clusters.items()
                if failed == hit and isinstance(key, str)
            )
            most = max(5, 3 * sizes[int(0.9 * (len(sizes) - 1))])
            own = [each[:most] for each in own]
            whole = operation.sums[:, operation.place // len(operation.cells) == hit].sum(axis=1)
            assert whole[0] == pytest.approx(len(own))
            assert whole[1] == pytest.approx(sum(weight for each in own for _, weight in each))
            assert whole[2] == pytest.approx(sum(sum(weight for _, weight in each) ** 2 for each in own))
