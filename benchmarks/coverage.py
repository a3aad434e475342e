"""Count how often the intervals that `explain` shows contain the true risk ratio.

    python -m benchmarks.coverage [RUNS] [FIRST_SEED]

Each run draws a model of traffic, and events from it. One or two causes raise the odds of failure: one to three
conditions, a number above a limit, or a set of customers. Other values differ a little as well, so that there are
weak findings, whose ratios look larger than they are because only large ones are listed. Half of the runs have
earlier time without the causes. A third are sampled by a field, and in a third failed requests are retried within
their trace. The true risk ratio of a finding, for exactly the conditions that it names, comes from the expected
failures of 400,000 more requests of the same model.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.explain import ExplainOptions, Explanation, Finding, explain

START = 1_777_888_800_000_000  # microseconds since 1970
HOUR = 3_600_000_000
POPULATION = 400_000
CUSTOMERS = 300
# A cause of fewer expected failures is not looked for; one of more than half of the events is the normal case.
LEAST_EXCESS = 20
LEAST_SHARE, MOST_SHARE = 0.005, 0.5
SMALL = 30

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]
Conditions = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Field:
    """A categorical field: its values' shares, or how they follow another field.

    Attributes:
        shares: of its values.
        effects: log odds that each value adds to failure.
        follows: name of another field, or None.
        mapping: for each value of the other field, the one it goes with.
        often: how often it does.
    """

    shares: Floats
    effects: Floats
    follows: str | None
    mapping: npt.NDArray[np.int64]
    often: float


@dataclass(frozen=True)
class Model:
    """Traffic from which events are drawn.

    Attributes:
        fields: name -> field, in the order in which they are drawn.
        base: log odds of failure of an average request.
        causes: the conditions of each cause and the log odds that it adds.
        again: probability that a failed attempt is retried and fails again.
        recovers: probability that it is retried and succeeds.
        kept_by: field that decides how many of the traces are kept, or None.
        keep: the share kept for each of its values.
        rows, earlier: number of requests now, and in earlier time.
    """

    fields: Mapping[str, Field]
    base: float
    causes: Sequence[tuple[Conditions, float]]
    again: float
    recovers: float
    kept_by: str | None
    keep: Floats
    rows: int
    earlier: int

    @property
    def tags(self) -> list[str]:
        """What kind of run it is."""
        tags = ["history" if self.earlier else "no history"]
        tags += ["weights"] if self.kept_by else []
        tags += ["retries"] if self.again else []
        return tags if len(tags) > 1 else [*tags, "plain"]

    def requests(self, rng: np.random.Generator, rows: int) -> Columns:
        """Return the fields of some requests; values of categorical ones are codes."""
        columns: Columns = {}
        for name, field in self.fields.items():
            code = rng.choice(len(field.shares), rows, p=field.shares)
            if field.follows is not None:
                code = np.where(rng.random(rows) < field.often, field.mapping[columns[field.follows]], code)
            columns[name] = code
        columns["size"] = np.round(rng.lognormal(7, 1.2, rows))
        return columns

    def failure(self, columns: Columns, late: Bools) -> Floats:
        """Return the probability that each request fails at first."""
        odds = np.full(len(late), self.base)
        for name, field in self.fields.items():
            odds += field.effects[columns[name]]
        for conditions, effect in self.causes:
            odds += np.where(late & holds(columns, conditions), effect, 0.0)
        return np.asarray(1 / (1 + np.exp(-odds)))

    def rates(self, columns: Columns, probability: Floats, conditions: Conditions) -> tuple[float, float]:
        """Return the expected rates of failed events inside and outside a slice, retries included."""
        failed = probability / (1 - self.again)
        events = 1 + probability * (self.again + self.recovers) / (1 - self.again)
        inside = holds(columns, conditions)
        return tuple(  # type: ignore[return-value]
            float(failed[rows].sum() / events[rows].sum()) if rows.any() else math.nan
            for rows in (inside, ~inside)
        )


def holds(columns: Columns, conditions: Conditions) -> Bools:
    """Return the requests that meet all conditions, as `explain` writes them."""
    held = np.ones(len(columns["size"]), dtype=bool)
    for item in conditions:
        values = columns[item["field"]]
        if item["op"] == "between":
            low, high = item["low"], item["high"]
            held &= (values >= (-math.inf if low is None else low)) & (
                values <= (math.inf if high is None else high)
            )
        elif item["op"] == "in":
            held &= np.isin(values, [_code(value) for value in item["values"]])
        elif item["op"] == "=":
            held &= values == (item["value"] if item["field"] == "size" else _code(item["value"]))
        else:
            raise ValueError(f"a condition that no field of the model can have: {item}")
    return held


def _code(value: str) -> int:
    return int(value[1:])


def draw_model(rng: np.random.Generator) -> Model:
    """Return a model in which each cause makes a fair question."""
    while True:
        history = bool(rng.random() < 0.5)
        rows = int(np.exp(rng.uniform(np.log(4_000), np.log(40_000))))
        fields = _draw_fields(rng, history)
        again = float(rng.uniform(0.3, 0.8)) if rng.random() < 1 / 3 else 0.0
        kept_by, keep = None, np.ones(1)
        if rng.random() < 1 / 3:
            kept_by = str(rng.choice(_small(fields)))
            keep = rng.choice([0.1, 0.3, 1.0], len(fields[kept_by].shares))
        base = float(np.log(rng.uniform(0.005, 0.1)))
        recovers = float(rng.uniform(0, 1 - again)) if again else 0.0
        model = Model(fields, base, [], again, recovers, kept_by, keep, rows, 2 * rows if history else 0)
        model = replace(
            model, causes=[_draw_cause(rng, model) for _ in range(2 if rng.random() < 0.3 else 1)]
        )
        if _is_fair(rng, model):
            return model


def _draw_fields(rng: np.random.Generator, history: bool) -> dict[str, Field]:
    """Return four to seven fields of 2 to 12 uneven values, and customers; with history, one value is bad."""
    fields: dict[str, Field] = {}
    spread = float(rng.choice([0.0, 0.2, 0.4]))
    for number in range(int(rng.integers(4, 8))):
        size = int(rng.integers(2, 13))
        follows = str(rng.choice(list(fields))) if fields and rng.random() < 1 / 3 else None
        other = len(fields[follows].shares) if follows else 1
        fields[f"f{number}"] = Field(
            rng.dirichlet(np.full(size, 1.2)),
            rng.normal(0, spread, size),
            follows,
            rng.integers(0, size, other),
            float(rng.uniform(0.5, 0.95)),
        )
    even = np.full(CUSTOMERS, 1 / CUSTOMERS)
    fields["customer"] = Field(even, rng.normal(0, spread / 2, CUSTOMERS), None, np.zeros(1, np.int64), 0)
    if history:
        effects = fields[str(rng.choice(_small(fields)))].effects
        effects[rng.integers(len(effects))] += rng.uniform(0.5, 2)
    return fields


def _small(fields: Mapping[str, Field]) -> list[str]:
    return [name for name in fields if name != "customer"]


def _is_fair(rng: np.random.Generator, model: Model) -> bool:
    """Return whether each cause holds for enough events, but not most, and adds enough failures."""
    size = 20_000
    columns = model.requests(rng, size)
    late = np.ones(size, dtype=bool)
    more = model.failure(columns, late) - model.failure(columns, ~late)
    held = [holds(columns, conditions) for conditions, _ in model.causes]
    return all(
        LEAST_SHARE < rows.mean() < MOST_SHARE and more[rows].sum() * model.rows / size > LEAST_EXCESS
        for rows in held
    )


def _draw_cause(rng: np.random.Generator, model: Model) -> tuple[Conditions, float]:
    kind = rng.choice(["values", "number", "set"], p=[0.75, 0.15, 0.1])
    effect = float(np.exp(rng.uniform(np.log(np.log(1.5)), np.log(np.log(30)))))
    if kind == "number":
        low = float(np.round(np.exp(7 + 1.2 * rng.normal(0.7, 0.5))))
        return [{"field": "size", "op": "between", "low": low, "high": None}], effect
    if kind == "set":
        some = rng.choice(CUSTOMERS, int(rng.integers(30, 100)), replace=False)
        return [{"field": "customer", "op": "in", "values": [f"v{k}" for k in some]}], effect
    row = model.requests(rng, 1)
    chosen = rng.choice(_small(model.fields), int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])), replace=False)
    return [{"field": str(name), "op": "=", "value": f"v{row[str(name)][0]}"} for name in chosen], effect


def draw_events(rng: np.random.Generator, model: Model) -> tuple[Columns, int | None]:
    """Return events as an engineer loads them, and when the last stretch begins; None without history."""
    rows = model.rows + model.earlier
    requests = model.requests(rng, rows)
    late = np.arange(rows) >= model.earlier
    failed = rng.random(rows) < model.failure(requests, late)
    repeats = np.ones(rows, dtype=np.int64)
    broken = failed
    if model.again:  # a failed request is tried again within its trace until it succeeds or gives up
        more = np.where(failed, rng.geometric(1 - model.again, rows), 1)
        well = failed & (rng.random(rows) < model.recovers / (1 - model.again))
        repeats = more + well
        last = np.cumsum(repeats) - 1
        broken = np.repeat(failed, repeats)
        broken[last[well]] = False
    at = np.repeat(np.arange(rows), repeats)
    columns: Columns = {}
    names = np.array([f"v{code}" for code in range(CUSTOMERS)], dtype=object)
    for name, values in requests.items():
        columns[name] = values[at] if name == "size" else names[values[at]]
    times = START + np.sort(rng.integers(0, HOUR, rows))
    columns["timestamp"] = times[at].astype("datetime64[us]")
    columns["failed"] = broken
    if model.again:
        columns["trace_id"] = np.array([f"{n:032x}" for n in range(1, rows + 1)], dtype=object)[at]
    start = int(times[model.earlier]) if model.earlier else None
    if model.kept_by is not None:
        share = model.keep[requests[model.kept_by]]
        kept = (rng.random(rows) < share)[at]
        columns = {name: values[kept] for name, values in columns.items()}
        columns["sample_weight"] = 1 / share[at][kept]
    return columns, start


@dataclass(frozen=True)
class Shown:
    """A slice as it was shown, and the truth about it.

    Attributes:
        kinds: what kind of run and of slice it is.
        low, high: the interval of its risk ratio.
        truth: the risk ratio of the model.
    """

    kinds: frozenset[str]
    low: float
    high: float
    truth: float

    @property
    def covered(self) -> bool:
        """Whether the interval contains the truth."""
        return self.low <= self.truth <= self.high


def ask(columns: Columns, start: int | None) -> Explanation:
    """Explain which events failed."""
    during = None if start is None else (np.datetime64(start, "us").astype(object), None)
    scope = Scope.of(from_arrow(pa.table(columns)))
    return explain(scope, "failed", ExplainOptions(during=during, population="all"))


def run(seed: int, population: int = POPULATION) -> list[Shown]:
    """Return all slices that a run shows: findings and refinements.

    Args:
        seed: of the model and its events.
        population: number of requests from which the true ratios are computed.
    Returns:
        The slices with their intervals and true ratios.
    """
    rng = np.random.default_rng(seed)
    model = draw_model(rng)
    columns, start = draw_events(rng, model)
    found = ask(columns, start)
    requests = model.requests(rng, population)
    probability = model.failure(requests, np.ones(population, dtype=bool))
    failures = int(columns["failed"].sum()) if start is None else found.selection["events"]
    out = []
    for role, findings in (("finding", found.findings), ("refinement", found.refinements)):
        for rank, finding in enumerate(findings):
            kinds = {f"{role}s", *(f"{role}s: {kind}" for kind in _kinds(model, finding, failures))}
            kinds |= {"first finding"} if role == "finding" and rank == 0 else set()
            inside, outside = model.rates(requests, probability, finding.conditions)
            if outside > 0:
                truth = inside / outside
                out.append(Shown(frozenset(kinds), finding.risk_ratio_low, finding.risk_ratio_high, truth))
    return out


def _kinds(model: Model, finding: Finding, failures: int) -> list[str]:
    count = len(finding.conditions)
    kinds = [*model.tags, f"{count} condition{'s' * (count > 1)}"]
    kinds += [
        {"between": "interval", "in": "set"}[item["op"]] for item in finding.conditions if item["op"] != "="
    ]
    if min(finding.selected, failures - finding.selected) < SMALL:
        kinds.append(f"under {SMALL} failures inside or outside")
    return kinds


def main(arguments: list[str]) -> None:
    """Print for each kind of slice the share of intervals that contain the truth, and where the others lie."""
    if len(arguments) > 2:
        sys.exit(__doc__)
    count, first = (*map(int, arguments), *(1000, 0)[len(arguments) :])
    shown: list[Shown] = []
    runs = 0
    for seed in range(first, first + count):
        found = run(seed)
        runs += bool(found)
        shown += found
    print(f"{count} runs, {runs} of them with a finding")
    for kind in sorted({kind for one in shown for kind in one.kinds}):
        own = [one for one in shown if kind in one.kinds]
        covered = np.mean([one.covered for one in own])
        above, below = (
            np.mean([one.low > one.truth for one in own]),
            np.mean([one.high < one.truth for one in own]),
        )
        width = np.median([one.high / max(one.low, 1e-9) for one in own])
        print(
            f"{kind:>52} {len(own):>5}  covered {covered:.3f}  too high {above:.3f}  too low {below:.3f}"
            f"  high/low {width:.2f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
