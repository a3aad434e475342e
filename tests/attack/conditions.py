"""Random conditions and calculations: an answer or an ObskitError."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

import obskit as ok
from tests.attack.byte_mutations import mutate
from tests.attack.cases import Case, Fault
from tests.attack.grammar import FIELDS, across, calculation, condition, field, large, value

USES = (
    "where",
    "where",
    "where",
    "query where",
    "calculation",
    "by",
    "having",
    "order",
    "every",
    "explain",
    "between",
)


_SHORT = {
    "by": FIELDS,
    "order": ("name", "name desc", "count()", "count() desc, name", "name asc nulls last", "", "-name", "1"),
    "every": (
        "1m",
        "1us",
        "-5s",
        "0s",
        "1e9h",
        "99999999999999999999w",
        "1.5s",
        "0.0001us",
        "1",
        "m",
        "1M",
        "10ms",
    ),
}


class Part:
    """Makes the inputs of this part; `prepare` returns what tries one, in a worker."""

    name = "conditions"
    worker = True

    def case(self, rng: random.Random, seed: int, number: int) -> Case:
        use = rng.choice(USES)
        text = calculation(rng) if use == "calculation" else condition(rng, rng.choice([0, 1, 2, 3, 4]))
        if use in ("by", "order", "every"):
            text = rng.choice(
                _SHORT[use]
                if rng.random() < 0.7
                else [field(rng), value(rng, 1), across(rng, 1), across(rng, 1), *FIELDS]
            )
        if rng.random() < 0.03:
            text = large(rng)
        payload = text.encode("utf-8", "surrogatepass")
        if rng.random() < 0.15:
            other = condition(rng, 2).encode("utf-8", "surrogatepass")
            payload = mutate(rng, payload, [other], "text")[0][:200_000]
        return Case("conditions", seed, number, payload, {"use": use})

    @staticmethod
    def prepare(folder: Path) -> Callable[[Case], list[Fault]]:
        events = _events(folder)

        def attempt(case: Case) -> list[Fault]:
            text = case.payload.decode("utf-8", "surrogateescape")
            try:
                _use(events, case.details["use"], text)
            except ok.ObskitError as error:
                return [] if _told(error) else [Fault.of(error, "an error without a text")]
            except Exception as error:
                return [Fault.of(error)]
            return []

        attempt(
            Case("conditions", 0, 0, b"duration_ms > 1", {"use": "where"})
        )  # compiled once, before the memory counts
        return attempt


def _told(error: ok.ObskitError) -> bool:
    return bool(str(error).strip())


def _use(events: ok.Events, use: str, text: str) -> None:
    if use == "where":
        events.where(text).query("count()").to_arrow()
    elif use == "query where":
        events.query("count()", where=text).to_arrow()
    elif use == "calculation":
        events.query(text).to_arrow()
    elif use == "by":
        events.query("count()", by=[text]).to_arrow()
    elif use == "having":
        events.query("count() as n", by=["name"], having=text).to_arrow()
    elif use == "order":
        events.query("count()", by=["name"], order=text).to_arrow()
    elif use == "every":
        events.query("count()", every=text).to_arrow()
    elif use == "between":
        events.between(text).query("count()").to_arrow()
    else:
        events.explain(text)


def _events(folder: Path) -> ok.Events:
    """Return ten events with a field of every type, one with values that overflow, one that is all null."""
    rows = 10
    columns = {
        "timestamp": pa.array([datetime(2026, 5, 4, 10, 0, n, tzinfo=UTC) for n in range(rows)]),
        "duration_ms": pa.array(
            [0.0, -1.0, float("nan"), float("inf"), 1e308, 5e-324, None, 20.0, 30.0, 40.0]
        ),
        "name": pa.array(["GET", "", "é", "\0", "%", "'", '"', "x" * 5000, None, "12"]),
        "error": pa.array([True, False] * 5),
        "kind": pa.array(["server"] * rows),
        "http.route": pa.array([f"/{n}" for n in range(rows)]),
        "http.response.status_code": pa.array([200, 500] * 5),
        "tags": pa.array([["a", None], [], None] + [["b"]] * 7),
        "numbers": pa.array([[1, 2], [None], []] + [[3]] * 7, pa.list_(pa.int64())),
        "service.version": pa.array(["2.4.0"] * rows),
        "big": pa.array([2**63 - 1, -(2**63), 0, 1, None] * 2, pa.int64()),
        "note": pa.nulls(rows, pa.string()),
        "event_count": pa.array([1, 2**40, None, 0, -1] * 2, pa.int64()),
        "severity_number": pa.array([9] * rows),
        "trace_id": pa.array([f"{n:032x}" for n in range(rows)]),
        "select.id": pa.array(list(range(rows))),
        "a b": pa.array([1.5] * rows),
        '"': pa.array(["q"] * rows),
        "times": pa.array([datetime(1, 1, 1, tzinfo=UTC)] * rows),
    }
    return ok.load(pa.table(columns))
