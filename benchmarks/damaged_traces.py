"""Comparisons of traces with damaged data, and with planted causes.

    python -m benchmarks.damaged_traces FOLDER

FOLDER is that of `benchmarks.faults`. The labelled faults are compared again, all minutes before as normal: with the
clock of each service up to 50 ms off, with 10%, 30% and 50% of the spans lost, and with half of the traces. Then causes are
planted in 50 traces of the quiet time, which are compared with the others: 50 ms on every request to a service; 25 ms on
every request to it and 25 ms on every response; the same also on the calls that it makes; and three times as many
children of one operation.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import obskit as ok
from benchmarks import faults
from obskit.traces.spans import spans_of

SEED = 7
PLANTED_TRACES = 50
DELAY_MS = 50.0


def skewed(table: pa.Table, random: np.random.Generator) -> pa.Table:
    """Return the rows with the clock of each service up to 50 ms ahead or behind."""
    services = table["service.name"].combine_chunks().dictionary_encode()
    services = services if isinstance(services, pa.DictionaryArray) else services.combine_chunks()
    ahead = random.uniform(-50_000, 50_000, len(services.dictionary)).astype(np.int64)
    at = table["timestamp"].cast(pa.int64()).to_numpy() + ahead[services.indices.to_numpy()]
    index = table.schema.get_field_index("timestamp")
    return table.set_column(index, "timestamp", pa.array(at).cast(pa.timestamp("us", "UTC")))


def without_spans(table: pa.Table, random: np.random.Generator, share: float) -> pa.Table:
    """Return the rows without a share of the spans."""
    span = pc.is_valid(table["duration_ms"]).to_numpy()
    return table.filter(pa.array(~span | (random.random(len(table)) >= share)))


def without_traces(table: pa.Table, random: np.random.Generator, share: float) -> pa.Table:
    """Return the rows without a share of the traces."""
    ids = pc.unique(table["trace_id"])
    kept = ids.filter(pa.array(random.random(len(ids)) >= share))
    return table.filter(pc.is_in(table["trace_id"], value_set=kept))


def ranks(table: pa.Table, labelled: list[dict[str, Any]]) -> list[int]:
    """Return the rank of the faulty service of each fault."""
    events = ok.load(table)
    there = set(pc.unique(table["minute"]).to_pylist())
    normal = faults.normals(labelled)["all before"]
    out = []
    for fault in labelled:
        now = next((n for later in (2, 1) if (n := faults.minute(fault["at"], later)) in there), None)
        if now is not None:
            answer = events.traces().compare(slow=f"minute = '{now}'", normal=normal)
            evidence = {row["service"]: row["evidence"] for row in answer.services.to_pylist()}
            out.append(faults.rank(evidence, fault["service"]))
    return out


def quiet(table: pa.Table, labelled: list[dict[str, Any]]) -> pa.Table:
    """Return the spans of the traces that began before an injection, and of the quiet minute, without copies."""
    events = ok.load(table)
    found = events.traces(where=faults.normals(labelled)["all before"])
    ids = found.list(limit=100_000).to_arrow()["trace_id"]
    rows = table.filter(
        pc.and_(pc.is_in(table["trace_id"], value_set=ids), pc.is_valid(table["duration_ms"]))
    )
    key = pc.binary_join_element_wise(rows["trace_id"], rows["span_id"], "/")
    _, first = np.unique(np.asarray(key), return_index=True)
    return rows.take(pa.array(np.sort(first)))


class Plant:
    """Spans as arrays, to plant causes in.

    Args:
        table: spans.
    """

    def __init__(self, table: pa.Table) -> None:
        self.events = ok.load(table)
        self.spans = spans_of(self.events.dataset)
        self.table = self.events.dataset.arrow()

    def chosen(self, at: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return per trace number 1 for up to 50 of the traces of some spans, 0 for the others, -1 without one.

        Only traces with such a span are compared: a trace without one could not have been planted.
        """
        traces = np.unique(self.spans.trace[at])
        out = np.full(self.spans.traces + 1, -1)
        out[traces] = 0
        out[random.choice(traces, min(PLANTED_TRACES, len(traces) // 2), replace=False)] = 1
        return out

    def answer(
        self,
        added: np.ndarray,
        slow: np.ndarray,
        more: pa.Table | None = None,
        before: np.ndarray | None = None,
    ) -> Any:
        """Compare after `added` ms have been added to spans; all spans above one take as much longer.

        Args:
            added: ms per span.
            slow: 1 for a trace number that is slow, 0 for a normal one, -1 for one that is not compared.
            more: further spans.
            before: how many of the added ms pass before the children of a span begin. What follows a span that
                takes longer then begins later; by default, all spans begin when they did.
        """
        total = added.copy()
        for level in range(int(self.spans.depth.max()), 0, -1):
            at = np.flatnonzero(self.spans.depth == level)
            np.add.at(total, self.spans.parent[at], total[at])
        length = self.table["duration_ms"].to_numpy() + total
        table = self.table.set_column(
            self.table.schema.get_field_index("duration_ms"), "duration_ms", pa.array(length)
        )
        if before is not None:
            table = self._later(table, total, before)
        table = table.append_column(
            "planted", pa.array(slow[self.spans.trace] == 1, mask=slow[self.spans.trace] < 0)
        )
        if more is not None:
            table = pa.concat_tables([table, more.append_column("planted", pa.array([True] * len(more)))])
        return ok.load(table).traces().compare(slow="planted", normal="not planted")

    def _later(self, table: pa.Table, total: np.ndarray, before: np.ndarray) -> pa.Table:
        """Move the starts of spans by what passes longer before them: at their parent, and in earlier siblings."""
        spans = self.spans
        start = spans.start / 1e6
        end = start + spans.duration_ms
        moved = np.zeros(len(start))
        slow = np.isin(spans.trace, np.unique(spans.trace[total > 0])) & (spans.parent >= 0)
        children = defaultdict(list)
        for span in np.flatnonzero(slow)[np.argsort(spans.depth[slow], kind="stable")].tolist():
            children[int(spans.parent[span])].append(span)
        for parent, below in children.items():  # parents before their children
            at = np.array(below)
            longer = (total[at] * (end[at][None, :] <= start[at][:, None])).sum(axis=1)
            moved[at] = moved[parent] + before[parent] + longer
        index = table.schema.get_field_index("timestamp")
        times = table["timestamp"].cast(pa.int64()).to_numpy() + np.rint(moved * 1000).astype(np.int64)
        return table.set_column(index, "timestamp", pa.array(times).cast(pa.timestamp("us", "UTC")))


def delays(
    plant: Plant, random: np.random.Generator, request: float = 1.0, of_caller: bool = False
) -> list[int]:
    """Return the rank of each service when calls to it take 50 ms more, if 20 traces call it.

    Args:
        plant: quiet traces.
        random: picks the slow ones.
        request: share of the time that passes before the service gets the request; the rest passes after its
            response.
        of_caller: whether the calls that the service makes take as much longer as those that it gets.
    """
    spans = plant.spans
    out = []
    call = np.flatnonzero(spans.only_child >= 0)
    caller, callee = spans.service[call], spans.service[spans.only_child[call]]
    for service in np.unique(callee):
        calls = call[callee == service]
        if len(np.unique(spans.trace[calls])) < 20:
            continue
        slow = plant.chosen(calls, random)
        if of_caller:
            calls = call[(callee == service) | (caller == service)]
        added = np.zeros(len(spans.row))
        added[calls[slow[spans.trace[calls]] == 1]] = DELAY_MS
        found = plant.answer(added, slow, before=added * request)
        evidence = {row["service"]: row["evidence"] for row in found.services.to_pylist()}
        out.append(faults.rank(evidence, spans.services[service]))
    return out


def repeats(plant: Plant, random: np.random.Generator, most: int = 15) -> list[int]:
    """Return 1 where a pair of operations with three times as many calls is the first row, else 2."""
    spans = plant.spans
    inner = np.flatnonzero(
        (spans.parent >= 0) & (np.bincount(spans.parent[spans.parent >= 0], minlength=len(spans.row)) == 0)
    )
    pair = spans.operation[spans.parent[inner]] * len(spans.operations) + spans.operation[inner]
    kinds, count = np.unique(pair, return_counts=True)
    out = []
    for kind in random.permutation(kinds[count >= 100])[:most]:
        at = inner[pair == kind]
        slow = plant.chosen(at, random)
        at = at[slow[spans.trace[at]] == 1]
        rows = plant.table.take(pa.array(np.concatenate([at, at])))
        ids = pa.array([f"{2**60 + n:016x}" for n in range(len(rows))])
        rows = rows.set_column(rows.schema.get_field_index("span_id"), "span_id", ids)
        added = np.zeros(len(spans.row))
        np.add.at(added, spans.parent[at], 2 * spans.duration_ms[at])
        first = plant.answer(added, slow, rows).to_arrow().slice(0, 1).to_pylist()
        service, name = spans.operations[kind % len(spans.operations)]
        hit = first and first[0]["what"] == "calls" and first[0]["child"] == f"{service} {name}"
        out.append(1 if hit else 2)
    return out


def main() -> None:
    """Print top-1/3/5 for each kind of damage, and how often a planted cause comes first."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only-planted", action="store_true", help="leave out the damaged data")
    options = parser.parse_args()
    table, labelled = faults.read(options.folder)
    kinds = {
        "as it is": lambda _: table,
        "clocks up to 50 ms off": lambda random: skewed(table, random),
        "10% of the spans lost": lambda random: without_spans(table, random, 0.1),
        "30% of the spans lost": lambda random: without_spans(table, random, 0.3),
        "50% of the spans lost": lambda random: without_spans(table, random, 0.5),
        "half of the traces": lambda random: without_traces(table, random, 0.5),
    }
    for name, damage in () if options.only_planted else kinds.items():
        found = ranks(damage(np.random.default_rng(SEED)), labelled)
        print(f"{name:40}{faults.tops(found)}  n={len(found)}", flush=True)
    plant = Plant(quiet(table, labelled))
    half = f"{DELAY_MS / 2:.0f} ms each way on calls"
    for name, more in (
        (f"{DELAY_MS:.0f} ms on requests to a service", {}),
        (f"{half} to a service", {"request": 0.5}),
        (f"{half} to and from a service", {"request": 0.5, "of_caller": True}),
    ):
        found = delays(plant, np.random.default_rng(SEED), **more)
        print(f"{name:40}{faults.tops(found)}  n={len(found)}", flush=True)
    found = repeats(plant, np.random.default_rng(SEED))
    print(f"{'three times as many calls: first row':40}{np.mean(np.array(found) == 1):.3f}  n={len(found)}")


if __name__ == "__main__":
    main()
