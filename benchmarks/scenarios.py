"""How often triage names what `obskit demo --scenario` plants, next to the power that is to be expected.

python -m benchmarks.scenarios [--events 40000 1000000] [--seeds 10] [--only subtle rare ...]

Power is the probability that a test as strict as triage's finds the planted cause at this size: from the rates
that are planted and the number of observations that the rows are worth, by 400 simulated comparisons. For work
that is missing, and for messages, it is the probability that enough was lost, or logged, to be noticed.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import obskit as ok
from obskit.demo.generate import generate
from obskit.demo.planted import planted
from obskit.demo.scenario_records import Record
from obskit.demo.scenarios import SCENARIOS
from obskit.events import Events
from obskit.stats.evidence import Counts
from obskit.triage.changes import ALPHA, evidence_of_growth

COMPARISONS = 600  # of a day with 18 operations, 2 outcomes and about 27 moments
DRAWS = 400
# Share of the operation's requests with the outcome, before and after.
RATES = {
    "subtle": (0.08, 0.112),
    "rare": (0.0016, 0.0072),
    "restating": (0.05, 0.164),
    "deployments": (0.0005, 0.12),
}
LINES = 10  # of a new message, to be noticed
# Work is missing if so many events are expected that none is unlikely, in any of the comparisons.
FEWEST_LOST = math.ceil(-math.log(ALPHA / COMPARISONS))


@dataclass(frozen=True)
class Outcome:
    """One run.

    Attributes:
        power: the expected power.
        named: whether triage names the planted cause.
        strange: findings that were not planted.
    """

    power: float
    named: bool
    strange: tuple[str, ...]


def run(name: str, events: int, seed: int) -> Outcome:
    """Make the events of a scenario, and ask triage about them."""
    record = SCENARIOS[name].record
    with tempfile.TemporaryDirectory(prefix="obskit-scenario-") as folder:
        out = Path(folder) / "day"
        generate(out, events=events, seed=seed, format="parquet", scenarios=[name])
        loaded = ok.load(out)
        answer = loaded.triage().to_dict()
        return Outcome(_power(name, record, loaded), _names(answer, record), tuple(_strange(answer, record)))


def _power(name: str, record: Record, events: Events) -> float:
    since = record["during"].split("/")[0]
    early, late = f"timestamp < '{since}'", f"timestamp >= '{since}'"
    rng = np.random.default_rng(1)
    if name in RATES:
        sizes = [
            _size(events.where(f"({record['where']}) and kind = 'server' and {when}"))
            for when in (early, late)
        ]
        hits = [rng.binomial(n, rate, DRAWS) for n, rate in zip(sizes, RATES[name], strict=True)]
        wholes = [_counts(n) for n in sizes]
        level = math.log(ALPHA / COMPARISONS)
        found = [
            evidence_of_growth(_counts(a), wholes[0], _counts(b), wholes[1], level)
            for a, b in zip(*hits, strict=True)
        ]
        return sum(one is not None for one in found) / DRAWS
    if name == "message":
        return _at_least(_rows(events.where("name = 'pool_wait'")), LINES, rng)
    (cause,) = record["expected"]
    own = f"{cause['field']} = '{cause['value']}'"
    if name == "consumer":
        return _at_least(_rows(events.where(f"({record['where']}) and {own} and {late}")), FEWEST_LOST, rng)
    # What the region would have done: as much as before, in proportion to the others.
    units = events.where("kind = 'server'")
    before, others, after = (
        _rows(units.where(where))
        for where in (f"{own} and {early}", f"not ({own}) and {early}", f"not ({own}) and {late}")
    )
    return _at_least(before * after / max(1, others), FEWEST_LOST, rng)


def _size(events: Events) -> int:
    """Return how many equally weighted observations the rows are worth."""
    weighted = events.derive(squared="sample_weight * sample_weight")
    # A sum is weighted, so the sum of the weights is that of the squares.
    (row,) = weighted.query("count() as w", "sum(sample_weight) as w2").to_arrow().to_pylist()
    return int(row["w"] ** 2 / row["w2"]) if row["w2"] else 0


def _counts(n: float) -> Counts:
    return Counts(*(np.array([float(n)]) for _ in range(3)))


def _rows(events: Events) -> int:
    return int(events.query("rows() as n").to_arrow().to_pylist()[0]["n"])


def _at_least(expected: float, fewest: int, rng: np.random.Generator) -> float:
    return float((rng.poisson(expected, 10_000) >= fewest).mean())


def _names(answer: Record, record: Record) -> bool:
    """Whether a section of the answer, except the table of operations, names the planted condition."""
    told = json.dumps({key: value for key, value in answer.items() if key not in ("rows", "sql", "query")})
    return all(
        json.dumps(item["value"]) in told or f"'{item['value']}'" in told for item in record["expected"]
    )


def _strange(answer: Record, record: Record) -> Iterator[str]:
    """Yield the first findings of explanations that have nothing to do with what is planted.

    Calls to a planted place are themselves what is planted, whatever sets them apart.
    """
    known = [item for entry in (*planted(), record) for item in (*entry["expected"], *entry["aliases"])]
    values = {(item["field"], item.get("op"), _plain(item.get("value"))) for item in known}
    for part in (*answer["explanations"], *answer["failing_calls"]):
        found = (part["explanation"] or {}).get("findings") or []
        if found:
            own = {(i["field"], i["op"], _plain(i.get("value"))) for i in found[0]["conditions"]}
            own |= {(name, "=", _plain(value)) for name, value in part["operation"].items()}
            if own.isdisjoint(values):
                yield f"{part['operation']}: {found[0]['condition']}"


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def main() -> None:
    """Print a line for each scenario and size, and what was found besides."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, nargs="+", default=[40_000, 1_000_000])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS))
    given = parser.parse_args()
    print("| scenario | events | expected power | named | not planted |\n|---|---|---|---|---|")
    strange: list[str] = []
    for name in given.only:
        for events in given.events:
            found = [run(name, events, seed) for seed in range(1, given.seeds + 1)]
            power = sum(one.power for one in found) / len(found)
            named = sum(one.named for one in found)
            more = [f"{name}, {events:,} events: {text}" for one in found for text in one.strange]
            cells = (name, f"{events:,}", f"{power:.2f}", f"{named} of {len(found)}", str(len(more)))
            print(f"| {' | '.join(cells)} |", flush=True)
            strange += more
    print("\n".join(["", *strange]))


if __name__ == "__main__":
    main()
