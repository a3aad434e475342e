"""Count how often fields that restate the selection are set apart, and causes that separate completely are not.

    python -m benchmarks.restating [RUNS] [FIRST_SEED]

Half of the runs plant a cause and a field that says the selection in other words: a timer of the layer above, the
part that takes the time, a size that grows with it, a status. It must be set apart, and the cause must come first.
The other half plants a cause that separates completely or nearly so: a canary with or without pods, a customer, a
payload above a limit, a flag that fails always. It must come first.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.explain import ExplainOptions, explain

START = 1_777_888_800_000_000  # microseconds since 1970
RESTATING = ("timer", "part", "size", "status")
CAUSES = ("canary with pods", "canary alone", "customer", "payload", "flag")
Columns = dict[str, Any]


def traffic(rng: np.random.Generator, rows: int) -> Columns:
    """Return requests with some fields that follow each other, and nothing wrong."""
    columns: Columns = {"timestamp": (START + 1000 * np.arange(rows)).astype("datetime64[us]")}
    for name, size in (("route", 6), ("region", 3), ("client", 4), ("shard", 40), ("customer", 300)):
        values = np.array([f"{name}-{k}" for k in range(size)], dtype=object)
        weights = 1 / np.arange(1, size + 1)
        columns[name] = values[rng.choice(size, rows, p=weights / weights.sum())]
    columns["payload"] = rng.integers(100, 100_000, rows)
    scale = np.where(columns["route"] == "route-1", rng.uniform(1, 4), 1.0)
    columns["duration_ms"] = scale * rng.lognormal(3, rng.uniform(0.4, 1.0), rows)
    return columns


def restating(seed: int, rows: int = 30_000) -> tuple[Columns, str, str, str, str]:
    """Return events, the selection, the field of the cause, the field that restates the selection, its kind."""
    rng = np.random.default_rng(seed)
    kind = RESTATING[seed % len(RESTATING)]
    columns = traffic(rng, rows)
    cause = str(rng.choice(["route", "region", "client", "shard"]))
    hit = columns[cause] == rng.choice(np.unique(columns[cause])[:3])
    if kind == "status":
        broken = rng.random(rows) < np.where(hit, rng.uniform(0.1, 0.6), 0.01)
        bad = rng.choice(np.array(["502", "503", "504"], dtype=object), rows, p=[0.6, 0.3, 0.1])
        columns |= {"broken": broken, "again": np.where(broken, bad, "200")}
        return columns, "broken", cause, "again", kind
    slow = hit & (rng.random(rows) < rng.uniform(0.1, 0.6))
    columns["duration_ms"] += np.where(slow, rng.uniform(300, 1_200, rows), 0)
    noise = {"timer": 1.0, "part": rng.beta(8, 2, rows), "size": 50 * rng.lognormal(0, 0.3, rows)}[kind]
    columns["again"] = columns["duration_ms"] * noise + rng.exponential(1.0, rows)
    return columns, "duration_ms > 300", cause, "again", kind


def complete(seed: int, rows: int = 30_000) -> tuple[Columns, str, str, str]:
    """Return events, the selection, the field of the cause, and its kind."""
    rng = np.random.default_rng(seed)
    kind = CAUSES[seed % len(CAUSES)]
    columns = traffic(rng, rows)
    if kind == "payload":
        limit = rng.integers(80_000, 98_000)
        columns["duration_ms"] += np.where(columns["payload"] > limit, rng.uniform(400, 1_500, rows), 0)
        return columns, "duration_ms > 350", "payload", kind
    if kind == "customer":
        name, hit = "customer", columns["customer"] == f"customer-{rng.integers(3, 30)}"
    else:
        hit = rng.random(rows) < rng.uniform(0.005, 0.03)
        name = "flag" if kind == "flag" else "version"
        columns[name] = np.where(hit, "new", "old")
        if kind == "canary with pods":
            pods = np.array([f"pod-{k}" for k in range(40)], dtype=object)
            columns["pod"] = np.where(hit, pods[rng.integers(0, 2, rows)], pods[rng.integers(2, 40, rows)])
    return columns | {"broken": hit}, "broken", name, kind


def ask(columns: Columns, selection: str) -> tuple[set[str], set[str]]:
    """Return the fields of the first finding, with its aliases, and those that are set apart."""
    found = explain(Scope.of(from_arrow(pa.table(columns))), selection, ExplainOptions(population="all"))
    first = found.findings[:1]
    names = {item["field"] for finding in first for item in finding.conditions}
    names |= {alias.split(" ")[0] for finding in first for alias in finding.aliases}
    return names, {item["field"] for finding in found.restates for item in finding.conditions}


def main(arguments: list[str]) -> None:
    """Print the share of right answers, by kind."""
    if len(arguments) > 2:
        sys.exit(__doc__)
    count, first = (*map(int, arguments), *(200, 0)[len(arguments) :])
    right: dict[str, list[bool]] = {}
    for seed in range(first, first + count // 2):
        columns, selection, cause, again, kind = restating(seed)
        names, apart = ask(columns, selection)
        right.setdefault(f"{kind}: set apart", []).append(apart == {again})
        right.setdefault(f"{kind}: cause first", []).append(cause in names)
        columns, selection, cause, kind = complete(seed)
        names, apart = ask(columns, selection)
        right.setdefault(f"{kind}: first", []).append(cause in names and not apart)
    for kind, said in sorted(right.items()):
        print(f"{kind:>24} {sum(said)} of {len(said)}")


if __name__ == "__main__":
    main(sys.argv[1:])
