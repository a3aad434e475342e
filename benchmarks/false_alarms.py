"""Count how often `explain` finds something where nothing is planted.

    python -m benchmarks.false_alarms [RUNS] [FIRST_SEED]

Each run is a day's traffic with bursts, in which failures have one rate everywhere. In turn nothing is added, one
route is kept at 1 in 100, some traces retry, or the last hours are compared with earlier ones as history. At most
15 of 200 runs may have a finding.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.explain import ExplainOptions, Explanation, explain

START = 1_777_852_800_000_000  # midnight, microseconds since 1970
HOUR = 3_600_000_000
KINDS = ("plain", "sampled", "retries", "history")


def quiet(seed: int, rows: int = 30_000) -> tuple[dict[str, Any], str]:
    """Return events in which the outcome depends on nothing, and what kind of run it is."""
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    hour = np.arange(24)
    daily = 1 + 0.8 * np.sin((hour - 9) / 24 * 2 * np.pi) + (rng.random(24) < 0.1) * 3
    columns: dict[str, Any] = {
        "timestamp": np.sort(
            START + rng.choice(24, rows, p=daily / daily.sum()) * HOUR + rng.integers(0, HOUR, rows)
        ).astype("datetime64[us]"),
        "duration_ms": np.round(rng.lognormal(3, 1, rows), 3),
        "payload": rng.integers(100, 100_000, rows),
    }
    for number, size in enumerate((3, 4, 6, 12, 40, 300, 5_000)):
        weights = 1 / np.arange(1, size + 1) ** rng.uniform(0, 1.2)
        values = np.array([f"v{k}" for k in range(size)], dtype=object)
        columns[f"f{number}"] = values[rng.choice(size, rows, p=weights / weights.sum())]
    columns["optional"] = np.where(rng.random(rows) < 0.1, columns["f1"], None)
    broken = rng.random(rows) < rng.choice([0.005, 0.03, 0.2])
    if kind == "sampled":
        columns["sample_weight"] = np.where(columns["f2"] == "v1", 100.0, 1.0)
    if kind == "retries":
        trace = np.array([f"{n:032x}" for n in range(1, rows + 1)], dtype=object)
        for _ in range(20):
            at = rng.choice(rows, int(rng.integers(5, 100)), replace=False)
            for values in (*(columns[name] for name in columns if name[0] == "f"), trace):
                values[at] = values[at[0]]
            broken[at] = True
        columns["trace_id"] = trace
    return columns | {"broken": broken}, kind


def ask(seed: int, rows: int = 30_000) -> tuple[Explanation, str]:
    """Explain the failures of a run; return the answer and the kind of run."""
    columns, kind = quiet(seed, rows)
    during = None
    if kind == "history":
        during = (np.datetime64(START + 16 * HOUR, "us").astype(object), None)
    scope = Scope.of(from_arrow(pa.table(columns)))
    return explain(scope, "broken", ExplainOptions(during=during, population="all")), kind


def main(arguments: list[str]) -> None:
    """Print the runs with a finding, and how many there are of each kind."""
    if len(arguments) > 2:
        sys.exit(__doc__)
    count, first = (*map(int, arguments), *(200, 0)[len(arguments) :])
    runs, alarms = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0)
    for seed in range(first, first + count):
        found, kind = ask(seed)
        runs[kind] += 1
        alarms[kind] += bool(found.findings)
        for finding in found.findings:
            print(f"seed {seed} ({kind}): {finding}")
    parts = "  ".join(f"{kind} {alarms[kind]} of {runs[kind]}" for kind in KINDS)
    print(f"false alarms {sum(alarms.values())} of {count}: {parts}")


if __name__ == "__main__":
    main(sys.argv[1:])
