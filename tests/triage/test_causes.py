"""An outcome that is partly in the traces of another one is explained by what is left of it."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.triage import Triage
from tests.triage.days import T


def two_services(requests: int = 16_000, *, pop_fails: bool = True, seed: int = 2) -> Triage:
    """Half of the requests to the edge are bookings. From noon on there are two troubles.

    book: method=sepa   ____________||||||||||||   fails, and so does the edge
    edge: pop=fra       ____________||||||||||||   fails by itself, whatever is requested
    """
    rng = np.random.default_rng(seed)
    n = requests
    seconds = np.sort(rng.uniform(0, 86_400, n))
    late = seconds >= 43_200
    book = rng.random(n) < 0.5
    sepa, fra = rng.random(n) < 0.3, rng.random(n) < 0.2
    book_fails = book & ((sepa & late & (rng.random(n) < 0.6)) | (rng.random(n) < 0.005))
    edge_fails = fra & late & (rng.random(n) < (0.5 if pop_fails else 0.0))
    failed = book_fails | edge_fails | (rng.random(n) < 0.005)
    micros = (seconds * 1e6).astype(np.int64) + int(T.timestamp() * 1e6)
    trace = np.array([f"{number + 1:032x}" for number in range(n)])
    edge = {
        "timestamp": micros,
        "trace_id": trace,
        "service.name": np.full(n, "edge"),
        "name": np.full(n, "ingress"),
        "error": failed,
        "duration_ms": 20 + rng.lognormal(3, 0.3, n),
        "url.path": np.where(book, "/book", "/search"),
        "pop": np.where(fra, "fra", "ams"),
        "method": np.full(n, None),
    }
    inner = {
        "timestamp": micros[book] + 1_000,
        "trace_id": trace[book],
        "service.name": np.full(book.sum(), "book"),
        "name": np.full(book.sum(), "POST /book"),
        "error": book_fails[book],
        "duration_ms": rng.lognormal(2, 0.3, book.sum()),
        "url.path": np.full(book.sum(), None),
        "pop": np.full(book.sum(), None),
        "method": np.where(sepa, "sepa", "card")[book],
    }
    table = pa.table({name: pa.array([*edge[name], *inner[name]]) for name in edge})
    times = table["timestamp"].cast(pa.timestamp("us", "UTC"))
    table = table.set_column(0, "timestamp", times)
    return load(table.append_column("kind", pa.array(["server"] * table.num_rows))).triage()


def test_what_is_left_of_a_caller_is_explained() -> None:
    found = two_services()
    book, edge = found.causes
    assert book.operation == {"service.name": "book", "name": "POST /book"}
    assert [finding.condition for finding in book.explanation.findings] == ["method = 'sepa'"]
    assert (book.within, book.share) == ((), 0.0)
    assert edge.operation == {"service.name": "edge", "name": "ingress"}
    assert edge.within == (book.operation,)
    assert edge.share == pytest.approx(0.45, abs=0.1)
    assert [finding.condition for finding in edge.explanation.findings] == ["pop = 'fra'"]
    assert edge.headline().endswith("in the traces of book POST /book above")
    assert edge.headline() in str(found)
    listed = json.loads(json.dumps(found.to_dict()))["explanations"][1]
    assert listed["within"] == [{"service.name": "book", "name": "POST /book"}]


def test_a_caller_that_only_passes_failures_on_is_not_explained() -> None:
    found = two_services(pop_fails=False)
    (book,) = found.causes
    assert book.operation["name"] == "POST /book"
    (edge,) = found.repeats
    assert edge.headline().endswith("in the same traces as book POST /book above")


def two_versions(*, third_is_bad: bool, rollout: bool = False, seed: int = 3) -> Triage:
    """Version 2 breaks SEPA at 8:00, version 3 breaks Android at 16:00.

    errors   ________||||||||||||||||||||||||
    version  1       2         3
    """
    rng = np.random.default_rng(seed)
    n = 24_000
    hour = np.sort(rng.uniform(0, 24, n))
    version = np.where(hour < 8, "1", np.where(hour < 16, "2", "3"))
    if rollout:  # half of the requests at 8:00, all of them at 10:00
        version = np.where((hour < 10) & (rng.random(n) < 0.5), "1", version)
    sepa, android = rng.random(n) < 0.3, rng.random(n) < 0.3
    error = rng.random(n) < 0.005
    error |= (version != "1") & sepa & (rng.random(n) < 0.3)
    error |= (version == "3") & android & third_is_bad & (rng.random(n) < 0.5)
    steps = [(8, "2"), (16, "3"), *([(10, "2")] if rollout else [])]
    micros = [*(hour * 3_600e6).astype(np.int64), *(int(at * 3_600e6) for at, _ in steps)]
    extra = len(steps)
    table = pa.table(
        {
            "timestamp": pa.array(np.array(micros) + int(T.timestamp() * 1e6), pa.timestamp("us", "UTC")),
            "name": ["POST /book"] * n + ["deployment"] * extra,
            "kind": ["server"] * n + ["event"] * extra,
            "service.name": ["book"] * (n + extra),
            "service.version": [*version, *(to for _, to in steps)],
            "error": pa.array([*error, *[False] * extra]),
            "payment.method": [*np.where(sepa, "sepa", "card"), *[None] * extra],
            "app.platform": [*np.where(android, "android", "ios"), *[None] * extra],
        }
    )
    return load(table).triage()


def test_a_second_bad_deployment_of_one_operation_is_explained_too() -> None:
    found = two_versions(third_is_bad=True)
    named = {
        (cause.since.hour, cause.deployment): [
            {item["value"] for item in finding.conditions} for finding in cause.explanation.findings
        ]
        for cause in found.causes
    }
    assert set(named) == {(8, "book 2"), (16, "book 3")}
    assert any("sepa" in values for values in named[8, "book 2"])
    assert not any("android" in values for values in named[8, "book 2"])
    assert any("android" in values for values in named[16, "book 3"])
    assert not any("sepa" in values for values in named[16, "book 3"])


@pytest.mark.parametrize("rollout", [False, True])
def test_a_harmless_deployment_and_a_later_step_of_a_rollout_are_no_further_change(rollout: bool) -> None:
    (cause,) = two_versions(third_is_bad=False, rollout=rollout).causes
    assert (cause.since.hour, cause.deployment) == (8, "book 2")
