"""Plant causes in synthetic events, and count how often `explain` names them neither wider nor narrower.

    python -m benchmarks.planted [INCIDENTS] [FIRST_SEED] [--without wider narrower]

Each incident has four to eight fields with uneven values, some of them correlated, and rates of failure that
differ by value. One or two causes of one to three conditions multiply the odds of failure, by different amounts
in their different parts. Half of the incidents have earlier time without the causes, and there some value was
always bad. A third are sampled by a field, a fifth have traces that retry. An answer is right-sized if more than
nine tenths of the rows that it or the cause holds are held by both.

`--without` leaves findings as they are where they would become wider or narrower.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.explain import ExplainOptions, Explanation, explain
from obskit.explain.sizing import Sizer

START = 1_777_888_800_000_000  # microseconds since 1970
HOUR = 3_600_000_000
# Fewer failures than this beyond the usual are not a fair question.
LEAST_EXCESS = 60
SAME = 0.9
FIRST = (1, 3, 5)

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Incident:
    """Events with planted causes.

    Attributes:
        columns: the events.
        causes: for each cause its conditions, field -> value.
        during: microseconds from which on the causes are there; None if they always are.
        tags: what kind of incident it is.
    """

    columns: Columns
    causes: tuple[dict[str, str], ...]
    during: int | None
    tags: tuple[str, ...]


def plant(seed: int) -> Incident:
    """Return an incident; the same one for the same seed."""
    rng = np.random.default_rng(seed)
    while True:
        made = _attempt(rng)
        if made is not None:
            return made


def _attempt(rng: np.random.Generator) -> Incident | None:
    history = bool(rng.random() < 0.5)
    now = int(rng.integers(10_000, 40_000))
    rows = now * 3 if history else now
    fields = _fields(rng, rows)
    late = np.arange(rows) >= rows - now
    odds = np.full(rows, np.log(rng.uniform(0.003, 0.05)))
    for values in fields.values():
        names, code = np.unique(values, return_inverse=True)
        odds += rng.normal(0, 0.35 if history else 0.2, len(names))[code]
    if history:
        values = fields[str(rng.choice(list(fields)))]
        odds += np.where(values == rng.choice(values), rng.uniform(1, 2.5), 0.0)
    usual = 1 / (1 + np.exp(-odds))
    causes: list[dict[str, str]] = []
    inside = np.zeros(rows, dtype=bool)
    for _ in range(2 if rng.random() < 0.3 else 1):
        row, depth = int(rng.integers(rows)), int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))
        cause = {str(name): str(fields[name][row]) for name in rng.choice(list(fields), depth, replace=False)}
        held = holds(fields, cause)
        share = (held & late).sum() / now
        if not 0.005 < share < 0.5 or (held & inside).any():
            return None
        if any(_same(held, holds(fields, part)) for part in _parts(cause)):
            return None  # a condition that changes nothing
        effect = np.full(rows, np.log(rng.uniform(3, 40)))
        part = fields[str(rng.choice([name for name in fields if name not in cause]))]
        names, code = np.unique(part, return_inverse=True)
        effect *= rng.uniform(0.4, 1.6, len(names))[code]
        more = 1 / (1 + np.exp(-odds - effect)) - usual
        if more[held & late].sum() < LEAST_EXCESS:
            return None
        odds = odds + np.where(held & late, effect, 0.0)
        inside |= held
        causes.append(cause)
    failed = rng.random(rows) < 1 / (1 + np.exp(-odds))
    columns: Columns = dict(fields)
    tags = [f"{max(map(len, causes))} conditions", "history" if history else "no history"]
    tags += ["two causes"] if len(causes) > 1 else []
    columns["timestamp"] = (START + np.sort(rng.integers(0, HOUR, rows))).astype("datetime64[us]")
    columns["failed"] = failed
    if rng.random() < 0.2:
        tags.append("retries")
        columns["trace_id"] = np.array([f"{n:032x}" for n in range(1, rows + 1)], dtype=object)
        _retry(rng, columns, rows - now)
    if rng.random() < 1 / 3:
        tags.append("weights")
        by = columns[str(rng.choice(list(fields)))]
        keep = dict.fromkeys(map(str, np.unique(by)), 1.0)
        keep |= {name: float(rng.choice([0.2, 0.5, 1.0])) for name in keep}
        share_kept = np.array([keep[str(value)] for value in by])
        kept = rng.random(rows) < share_kept
        columns["sample_weight"] = 1 / share_kept
        columns = {name: values[kept] for name, values in columns.items()}
        late = late[kept]
    start = int(columns["timestamp"][late][0].astype(np.int64)) if history else None
    return Incident(columns, tuple(causes), start, tuple(tags))


def _fields(rng: np.random.Generator, rows: int) -> Columns:
    """Return four to eight fields of 2 to 12 uneven values; a third follow another field, mostly."""
    fields: Columns = {}
    for number in range(int(rng.integers(4, 9))):
        size = int(rng.integers(2, 13))
        names = np.array([f"v{k}" for k in range(size)], dtype=object)
        code = rng.choice(size, rows, p=rng.dirichlet(np.full(size, 1.2)))
        if fields and rng.random() < 1 / 3:
            _, other = np.unique(fields[str(rng.choice(list(fields)))], return_inverse=True)
            follows = rng.random(rows) < rng.uniform(0.5, 0.95)
            code = np.where(follows, rng.integers(0, size, other.max() + 1)[other], code)
        fields[f"f{number}"] = names[code]
    return fields


def _retry(rng: np.random.Generator, columns: Columns, first: int) -> None:
    """Make three traces fail 20 to 200 times, each with the fields of its first row."""
    rows = len(columns["failed"])
    for _ in range(3):
        at = rng.choice(np.arange(first, rows), int(rng.integers(20, 200)), replace=False)
        for name in columns:
            if name not in ("timestamp", "failed"):
                columns[name][at] = columns[name][at[0]]
        columns["failed"][at] = True


def holds(columns: Mapping[str, npt.NDArray[Any]], conditions: Mapping[str, str]) -> Bools:
    """Return the rows that meet all conditions."""
    return np.logical_and.reduce([columns[name] == value for name, value in conditions.items()])


def _parts(cause: dict[str, str]) -> Iterator[dict[str, str]]:
    for drop in cause if len(cause) > 1 else ():
        yield {name: value for name, value in cause.items() if name != drop}


def _same(one: Bools, other: Bools) -> bool:
    return bool((one & other).sum() > SAME * (one | other).sum())


def ask(incident: Incident, **options: Any) -> Explanation:
    """Explain which events of an incident failed."""
    scope = Scope.of(from_arrow(pa.table(incident.columns)))
    during = None
    if incident.during is not None:
        during = (np.datetime64(incident.during, "us").astype(object), None)
    return explain(scope, "failed", ExplainOptions(during=during, population="all", **options))


def answers(found: Explanation) -> list[dict[str, str]]:
    """Return the findings, then the refinements, as field -> value; an answer of another kind is empty."""
    slices = [finding.conditions for finding in (*found.findings, *found.refinements)]
    return [
        {item["field"]: item["value"] for item in items} if all(item["op"] == "=" for item in items) else {}
        for items in slices
    ]


def right_sized(incident: Incident, found: list[dict[str, str]]) -> dict[int, float]:
    """Return for the first 1, 3 and 5 answers: whether one of the causes is among them."""
    causes = [holds(incident.columns, cause) for cause in incident.causes]
    said = [
        bool(one) and any(_same(holds(incident.columns, one), cause) for cause in causes) for one in found
    ]
    return {k: float(any(said[:k])) for k in FIRST}


def run(seeds: range, **options: Any) -> dict[str, list[dict[int, float]]]:
    """Return for each kind of incident, and for "all", how each was answered."""
    found: dict[str, list[dict[int, float]]] = {"all": []}
    for seed in seeds:
        incident = plant(seed)
        said = right_sized(incident, answers(ask(incident, **options)))
        for tag in ("all", *incident.tags):
            found.setdefault(tag, []).append(said)
    return found


def leave_sizes(kinds: list[str]) -> None:
    """Make findings no longer "wider" or "narrower", to see what that is worth."""
    plain = Sizer.__init__

    def changed(self: Sizer, *args: Any, **options: Any) -> None:
        plain(self, *args, **options)
        for kind in kinds:
            setattr(self, kind, {})

    Sizer.__init__ = changed  # type: ignore[method-assign]


def main() -> None:
    """Print the shares of right-sized answers, by kind of incident."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("incidents", type=int, nargs="?", default=200)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("--without", nargs="+", choices=("wider", "narrower"), default=[])
    arguments = parser.parse_args()
    leave_sizes(arguments.without)
    seeds = range(arguments.first, arguments.first + arguments.incidents)
    for tag, said in sorted(run(seeds).items()):
        shares = "  ".join(f"top-{k} {np.mean([one[k] for one in said]):.3f}" for k in FIRST)
        print(f"{tag:>14} {len(said):>5}  {shares}")


if __name__ == "__main__":
    main()
