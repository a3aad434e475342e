"""Rollouts that several modules of these tests use: `booking` 2.3.7, and 2.4.0 next to it from 10:00 on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from obskit import load
from obskit.events import Events
from obskit.judge import JudgeArguments, Verdict, judge

T = datetime(2026, 5, 4, 10, tzinfo=UTC)
OLD, NEW = "2.3.7", "2.4.0"
Columns = dict[str, np.ndarray]
Change = Callable[[Columns, np.random.Generator], None]


@lru_cache(8)
def rollout(
    *,
    minutes: int = 60,
    before: int = 30,
    rpm: int = 600,
    share: float = 0.1,
    errors: float = 0.01,
    ratio: float = 1.0,
    slower: float = 1.0,
    seed: int = 1,
    change: Change | None = None,
    after: int = 3,
) -> Events:
    """Requests of two versions at once.

    Args:
        minutes: how long both versions run.
        before: how long the old version ran alone.
        rpm: requests per minute.
        share: the new version's share of the requests.
        errors: the old version's error rate.
        ratio: how many times as often the new version fails.
        slower: how many times as long the new version takes.
        seed: of the random numbers.
        change: changes the columns before they are loaded.
        after: minutes of another service at the end, so that the rollout's last minutes are complete.
    """
    rng = np.random.default_rng([20261128, seed])
    n = rng.poisson(rpm * (minutes + before))
    start = int(T.timestamp() * 1e6)
    micros = np.sort(rng.integers(start - before * 60_000_000, start + minutes * 60_000_000, n))
    new = (micros >= start) & (rng.random(n) < share)
    route = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    base = errors * np.array([1.0, 1.0, 1.0])[route]
    columns: Columns = {
        "timestamp": micros,
        "duration_ms": rng.lognormal(np.log(80), 0.6, n) * np.where(new, slower, 1.0),
        "service.version": np.where(new, NEW, OLD),
        "service.name": np.full(n, "booking"),
        "name": np.array(["GET /seats", "POST /book", "DELETE /book"])[route],
        "kind": np.full(n, "server"),
        "error": rng.random(n) < base * np.where(new, ratio, 1.0),
        "trace_id": np.array([f"{seed:08x}{at:024x}" for at in range(n)]),
    }
    if change is not None:
        change(columns, rng)
    return load(
        pa.concat_tables(
            [table_of(columns), later(start + (minutes + after) * 60_000_000)], promote_options="default"
        )
    )


def table_of(columns: Columns) -> pa.Table:
    """Return columns as a table; times are microseconds, and None and NaN are null."""
    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    arrays["timestamp"] = pa.array(columns["timestamp"], pa.timestamp("us", "UTC"), from_pandas=True)
    return pa.table(arrays)


def later(micros: int) -> pa.Table:
    """One request of another service, the newest event."""
    return table_of(
        {
            "timestamp": np.array([micros]),
            "duration_ms": np.array([1.0]),
            "service.name": np.array(["edge"]),
            "name": np.array(["ping"]),
            "kind": np.array(["server"]),
            "error": np.array([False]),
            "trace_id": np.array(["f" * 32]),
        }
    )


def only(columns: Columns, keep: np.ndarray) -> None:
    """Keep some rows, in place."""
    for name in list(columns):
        columns[name] = columns[name][keep]


def verdict(events: Events, **arguments: Any) -> Verdict:
    """Judge, with 2.4.0 as the candidate unless told otherwise."""
    if "candidate" not in arguments and "candidate_where" not in arguments:
        arguments["candidate"] = NEW
    return judge(events.scope, JudgeArguments(**arguments))
