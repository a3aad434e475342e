"""How often triage names what `obskit demo --scenario` plants, next to the power that is to be expected.

python -m benchmarks.scenarios [--events 40000 1000000] [--seeds 10] [--only subtle rare ...] [--show] [--results FILE]

Power is the probability that tests as strict as triage's find the planted cause at this size: that the
operation got worse, that the cause can be told from the other requests, and that its ratio may be large enough to
be shown. It comes from the rates that are
planted and the number of observations that the rows are worth, by 400 simulated days. For work that is missing,
and for messages, it is the probability that enough was lost, or logged, to be noticed.

"Named" counts answers with exactly the planted condition: for causes, as the first finding of an operation that
got worse; "named at .95" counts them among the days whose power is at least that. "Not planted" counts
everything else that an answer says and that is in nobody's plan: an operation that got worse without a reason, a
condition, a loss, a message. With `--results`, a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import obskit as ok
from obskit.demo.generate import generate
from obskit.demo.planted import planted
from obskit.demo.scenario_records import Record
from obskit.demo.scenarios import SCENARIOS
from obskit.events import Events
from obskit.explain.earlier import LEAST_RATIO
from obskit.stats.counts import Counts
from obskit.stats.evidence import weigh
from obskit.triage.changes import ALPHA, evidence_of_growth

COMPARISONS = 600  # of a day with 18 operations, 2 outcomes and about 27 moments
CONDITIONS = 500  # single conditions on the fields of one operation
EXPLAIN_ALPHA = 0.05 / 2  # of the single conditions, as in `explain`
CALLS = 60  # pairs of a parent and a child
MOMENTS = 24
TEMPLATES = 15
DRAWS = 400
NAMES = [name for name in SCENARIOS if name != "ramp"]  # which is for `judge`
ENOUGH = 0.95  # power at which the cause must be named


@dataclass(frozen=True)
class Planted:
    """Rates of the outcome, in [0, 1].

    Attributes:
        share: of the operation's requests that have the planted condition.
        inside: rate of these requests, before and after.
        outside: rate of the others.
    """

    share: float
    inside: tuple[float, float]
    outside: float


CAUSES = {
    "subtle": Planted(0.8, (0.08, 0.12), 0.08),
    "rare": Planted(0.008, (0.001, 0.7), 0.001),
    "restating": Planted(0.2, (0.05, 0.62), 0.05),
    "deployments": Planted(1.0, (0.0005, 0.12), 0.0005),
}
# Scenarios of one day: they touch different requests, or messages that others do not touch.
DAYS = (("subtle", "rare", "message", "consumer"), ("restating",), ("region",), ("deployments",))
# Operations that the demo's own story makes worse, and those of each scenario.
WORSE = {"ingress", "POST /book", "POST /api/bookings", "POST /pay"}
WORSE |= {"GET /trains/{train_number}/seats", "GET /api/trains/{train_number}/seats"}
SEARCH = {"GET /connections", "GET /api/search"}
WORSE_TOO = {
    "subtle": SEARCH,
    "rare": {"GET /customers/{customer_id}/bookings", "GET /api/me/bookings"},
    "restating": SEARCH,
    "deployments": SEARCH,
}
# What the edge, which knows no cache node and no index, has of a search.
OF_SEARCHES = (
    {"field": "url.path", "op": "=", "value": "/api/search"},
    {"field": "url.query", "op": "between"},  # it is there
)
# Messages that the story's troubles log.
LOGGED = ("payment rejected", "cannot lay out train", "statement took", "from provider", "no answer within")
# Fields of a process: their values come and go with the deployments.
PROCESS = ("service.", "k8s.", "container.", "vcs.", "host.", "process.", "deployment.")


@dataclass(frozen=True)
class Outcome:
    """One run.

    Attributes:
        scenario: its name.
        day: all scenarios of the same day.
        events: how many events the day has.
        seed: seed of the events.
        observations: what the expected power depends on, see `observations`.
        named: whether triage names the planted cause.
        strange: what the answer about the day says and nobody planted.
    """

    scenario: str
    day: tuple[str, ...]
    events: int
    seed: int
    observations: tuple[int, ...]
    named: bool
    strange: tuple[str, ...]


def run(names: Sequence[str], events: int, seed: int, *, show: bool = False) -> list[Outcome]:
    """Make the events of a day with some scenarios, and ask triage about them."""
    records = [SCENARIOS[name].record for name in names]
    with tempfile.TemporaryDirectory(prefix="obskit-scenario-") as folder:
        out = Path(folder) / "day"
        generate(out, events=events, seed=seed, format="parquet", scenarios=names)
        loaded = ok.load(out)
        triage = loaded.triage()
        if show:
            print(f"{', '.join(names)}: {events:,} events, seed {seed}\n{triage}", flush=True)
        answer = triage.to_dict()
        day, strange = tuple(names), tuple(not_planted(answer, records))
        return [
            Outcome(
                name, day, events, seed, observations(name, record, loaded), is_named(answer, record), strange
            )
            for name, record in zip(names, records, strict=True)
        ]


def observations(name: str, record: Record, events: Events) -> tuple[int, ...]:
    """Return how many observations the power depends on.

    Returns:
        Of a cause, the operation's requests before and after the moment; of a message, its lines and all other
        lines before and after; of the consumer, the tenant's messages after; of the region, its requests before,
        and those of the other regions before and after.
    """
    since = record["during"].split("/")[0]
    early, late = f"timestamp < '{since}'", f"timestamp >= '{since}'"
    if name in CAUSES:
        requests = events.where(f"({record['where']}) and kind = 'server'")
        return tuple(_size(requests.where(when)) for when in (early, late))
    if name == "message":
        other = events.where("body is not null and name <> 'pool_wait'")
        return _size(events.where("name = 'pool_wait'")), *(
            _size(other.where(when)) for when in (early, late)
        )
    (cause,) = record["expected"]
    own = f"{cause['field']} = '{cause['value']}'"
    if name == "consumer":
        return (_size(events.where(f"({record['where']}) and {own} and {late}")),)
    units = events.where("kind = 'server'")
    slices = (f"{own} and {early}", f"not ({own}) and {early}", f"not ({own}) and {late}")
    return tuple(_size(units.where(where)) for where in slices)


def power(name: str, seen: Sequence[int]) -> float:
    """Return the expected power, in [0, 1], at a number of observations as `observations` returns it."""
    rng = np.random.default_rng(1)
    if name in CAUSES:
        return float(np.mean([_is_found(CAUSES[name], seen, rng) for _ in range(DRAWS)]))
    if name == "message":
        # None of so many may be before the moment by chance.
        lines, before, after = seen
        share = (lines + after) / max(1, lines + before + after)
        least = math.log(ALPHA / 2 / TEMPLATES / MOMENTS) / math.log(min(share, 1 - 1e-9))
        return _at_least(lines, math.ceil(least), rng)
    if name == "consumer":
        fewest = math.ceil(-math.log(ALPHA / 2 / CALLS / MOMENTS / CONDITIONS))
        return _at_least(seen[0], fewest, rng)
    # What the region would have done: as much as before, in proportion to the others.
    own, before, after = seen
    fewest = math.ceil(-math.log(ALPHA / 2 / CONDITIONS / MOMENTS))
    return _at_least(own * after / max(1, before), fewest, rng)


def _is_found(cause: Planted, sizes: Sequence[int], rng: np.random.Generator) -> bool:
    """Whether one simulated day shows the growth, and whose growth it is."""
    part = [rng.binomial(n, cause.share) for n in sizes]
    hits = [rng.binomial(n, rate) for n, rate in zip(part, cause.inside, strict=True)]
    rest = [rng.binomial(n - own, cause.outside) for n, own in zip(sizes, part, strict=True)]
    failed = [_counts(a + b) for a, b in zip(hits, rest, strict=True)]
    every = [_counts(n) for n in sizes]
    level = math.log(ALPHA / COMPARISONS)
    if evidence_of_growth(failed[0], every[0], failed[1], every[1], level) is None:
        return False
    if cause.share == 1:  # a version that all requests have: its moment names it
        return True
    selected, others = hits[1] + rest[1], sizes[1] - hits[1] - rest[1]
    level = math.log(EXPLAIN_ALPHA / 2 / CONDITIONS)
    own, missed = _counts(hits[1]), _counts(part[1] - hits[1])
    evidence = weigh(own, _counts(selected), missed, _counts(others), level)
    return bool(evidence.score[0] > 0 and evidence.plausible_ratio[0] >= LEAST_RATIO)


def _size(events: Events) -> int:
    """Return how many equally weighted observations the rows are worth."""
    weighted = events.derive(squared="sample_weight * sample_weight")
    # A sum is weighted, so the sum of the weights is that of the squares.
    (row,) = weighted.query("count() as w", "sum(sample_weight) as w2").to_arrow().to_pylist()
    return int(row["w"] ** 2 / row["w2"]) if row["w2"] else 0


def _counts(n: float) -> Counts:
    return Counts(*(np.array([float(n)]) for _ in range(3)))


def _at_least(expected: float, fewest: int, rng: np.random.Generator) -> float:
    return float((rng.poisson(expected, 10_000) >= fewest).mean())


def is_named(answer: Record, record: Record) -> bool:
    """Return whether an answer has exactly the planted condition, where a reader looks for it."""
    expected = {_key(item) for item in record["expected"]}
    if record["kind"] == "cause":
        return any(
            {_key(item) for item in part["explanation"]["findings"][0]["conditions"]} == expected
            for part in answer["explanations"]
            if part["explanation"]["findings"]
        )
    if record["kind"] == "missing work":
        return any({_key(item) for item in loss["conditions"]} == expected for loss in answer["missing"])
    texts = [f"{item['field']} = '{item['value']}'" for item in record["expected"]]
    return any(
        item["kind"] == "message" and "pool exhausted" in str(item["values"]) and item["where"] in texts
        for item in answer["messages"]
    )


def not_planted(answer: Record, records: Sequence[Record]) -> Iterator[str]:
    """Yield what an answer says and nobody planted."""
    entries = [*planted(), *records]
    known = {_key(item) for entry in entries for item in (*entry["expected"], *entry["aliases"])}
    # The first calls to the provider fail, and they are no retries.
    known.add(_key({"field": "http.request.resend_count", "op": "missing"}))
    names = {record["id"] for record in records}
    worse = WORSE.union(*(WORSE_TOO.get(name, ()) for name in names))
    if worse >= SEARCH:
        known |= {_key(item) for item in OF_SEARCHES}
    lost = [{_key(item) for item in one["expected"]} for one in records if one["kind"] == "missing work"]
    for row in answer["rows"]:
        if (row["more_errors"] or row["more_slow"]) and row["name"] not in worse:
            yield f"{row['service.name']} {row['name']} got worse"
    for part in answer["explanations"]:
        for finding in part["explanation"]["findings"]:
            if not {_key(item) for item in finding["conditions"]} <= known:
                yield f"{_name(part['operation'])}: {finding['condition']}"
    for call in answer["failing_calls"]:
        if {_key({"field": name, "op": "=", "value": v}) for name, v in call["operation"].items()}.isdisjoint(
            known | {_key({"field": "server.address", "op": "=", "value": "api.bankpay.example"})}
        ):
            yield f"calls of {_name(call['operation'])}"
        for finding in (call["explanation"] or {}).get("findings", []):
            if not {_key(item) for item in finding["conditions"]} <= known:
                yield f"calls of {_name(call['operation'])}: {finding['condition']}"
    for loss in answer["missing"]:
        own = {_key(item) for item in loss["conditions"]}
        if own not in lost:
            yield f"missing {loss['what']}: {loss['condition']} {_name(loss['child'] or {})}"
    for item in answer["messages"]:
        text = str(item["values"])
        if item["kind"] not in ("value", "instances"):
            logged = (*LOGGED, "pool exhausted") if "message" in names else LOGGED
            if not any(part in text for part in logged):
                yield f"{item['change']} message: {text}"
        elif not item["field"].startswith(PROCESS) and not ("region" in names and item["change"] == "gone"):
            yield f"{item['change']} value: {item['condition']}"


def _key(item: Record) -> tuple[str, str, str]:
    return item["field"], item["op"], json.dumps(item.get("value"), sort_keys=True)


def _name(operation: Record) -> str:
    return " ".join(str(value) for value in operation.values())


def kept(results: Path | None) -> dict[tuple[str, int, int], Outcome]:
    """Return the runs in a file, by scenario, events and seed."""
    if results is None or not results.exists():
        return {}
    runs = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    lists = ("day", "observations", "strange")
    found = [Outcome(**one | {key: tuple(one[key]) for key in lists}) for one in runs]
    return {(one.scenario, one.events, one.seed): one for one in found}


def row(runs: Sequence[Outcome]) -> str:
    """Return the row of the table for the runs of one scenario and size."""
    powers = [power(one.scenario, one.observations) for one in runs]
    sure = [one.named for one, p in zip(runs, powers, strict=True) if p >= ENOUGH]
    cells = (
        runs[0].scenario,
        f"{runs[0].events:,}",
        str(len(runs)),
        f"{sum(powers) / len(powers):.2f}",
        str(sum(one.named for one in runs)),
        f"{sum(sure)} of {len(sure)}" if sure else "-",
        str(sum(len(one.strange) for one in runs)),
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a line for each scenario and size, and what was found besides."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, nargs="+", default=[40_000, 1_000_000])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--show", action="store_true", help="print each answer")
    parser.add_argument("--results", type=Path, help="append each run to this file, and skip those in it")
    given = parser.parse_args()
    done = kept(given.results)
    seeds = range(given.first, given.first + given.seeds)
    days = [[name for name in day if name in given.only] for day in DAYS]
    for events, seed, names in itertools.product(given.events, seeds, filter(None, days)):
        if all((name, events, seed) in done for name in names):
            continue
        found = run(names, events, seed, show=given.show)
        done |= {(one.scenario, events, seed): one for one in found}
        if given.results:
            with given.results.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps(asdict(one)) + "\n" for one in found)
    head = ("scenario", "events", "days", "expected power", "named", "named at .95", "not planted")
    print(f"| {' | '.join(head)} |\n{'| --- ' * len(head)}|")
    runs = sorted(done.values(), key=lambda one: (one.events, list(SCENARIOS).index(one.scenario), one.seed))
    for _, same in itertools.groupby(runs, key=lambda one: (one.events, one.scenario)):
        print(row(list(same)))
    strange = ((f"{', '.join(one.day)}: {one.events:,} events, seed {one.seed}", one.strange) for one in runs)
    for day, texts in dict(strange).items():
        for text in texts:
            print(f"{day}: {text}")


if __name__ == "__main__":
    main()
