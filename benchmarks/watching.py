"""Judge a rollout again each time a further part of its events has arrived, and list what each look costs.

python -m benchmarks.watching [--rows 166667] [--files 60] [--looks 5] [--kind folder late growing parquet]

One process looks, as `obskit judge --watch` does. Times are CPU-seconds of that process, user and system.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import obskit
from benchmarks.judging import CLIENTS, CUSTOMERS, MINUTE, OPERATIONS, PODS, START
from obskit.judge import Verdict

KINDS = ("folder", "late", "growing", "parquet")


def part(number: int, rows: int, files: int, late: bool) -> pa.Table:
    """Return the events that arrive in one minute; the new version begins after a quarter of the files.

    Args:
        number: the number of the minute.
        rows: events per minute.
        files: minutes before the first look.
        late: whether one event in a hundred arrives up to 20 seconds after it began.
    """
    rng = np.random.default_rng([20261130, number])
    begin = START + (number - files // 4) * MINUTE
    micros = np.sort(rng.integers(begin, begin + MINUTE, rows))
    if late:
        micros -= np.where(rng.random(rows) < 0.01, rng.integers(0, MINUTE // 3, rows), 0)
    new = (micros >= START) & (rng.random(rows) < 0.1)
    weight = 1 / np.arange(1, CUSTOMERS + 1) ** 0.9
    customer = rng.choice(CUSTOMERS, rows, p=weight / weight.sum())
    return pa.table(
        {
            "timestamp": pa.array(micros, pa.timestamp("us", "UTC")),
            "duration_ms": rng.lognormal(np.log(80), 0.6, rows),
            "service.version": _named(new, ["2.3.7", "2.4.0"]),
            "service.name": _named(np.zeros(rows), ["booking"]),
            "name": _named(rng.integers(0, OPERATIONS, rows), [f"GET /{at}" for at in range(OPERATIONS)]),
            "kind": _named(np.zeros(rows), ["server"]),
            "error": rng.random(rows) < 0.01,
            "trace_id": pa.array(np.arange(rows) + number * rows).cast(pa.string()),
            "customer.id": _named(customer, [f"c{at}" for at in range(CUSTOMERS)]),
            "client.name": _named(rng.integers(0, CLIENTS, rows), [f"client {at}" for at in range(CLIENTS)]),
            "k8s.pod.name": _named(
                rng.integers(0, PODS, rows) + PODS * new, [f"pod-{at}" for at in range(2 * PODS)]
            ),
            "user.id": pa.array(rng.integers(0, 50_000, rows)).cast(pa.string()),
            "http.response.status_code": rng.choice([200, 404, 500], rows),
        }
    )


def _named(number: np.ndarray, names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(number.astype(np.int32)), names).cast(pa.string())


class Writer:
    """Writes the events as they arrive.

    Args:
        folder: an empty folder.
        kind: "folder" for a file of JSON lines per minute, "late" for the same with late rows, so that files
            overlap in time, "growing" for one file of JSON lines, "parquet" for a Parquet file per minute.
        files: the number of minutes before the first look.
        rows: the number of events per minute.
    """

    def __init__(self, folder: Path, kind: str, files: int, rows: int) -> None:
        self._folder, self._kind, self._files, self._rows = folder, kind, files, rows
        self._number, self._late = 0, kind == "late"
        folder.mkdir(parents=True)

    def write(self, count: int = 1) -> None:
        """Write the events of the next minutes."""
        for _ in range(count):
            events = part(self._number, self._rows, self._files, self._late)
            if self._kind == "parquet":
                pq.write_table(events, self._folder / f"events-{self._number:05d}.parquet")
            else:
                text = self._lines(events)
                name = "events" if self._kind == "growing" else f"events-{self._number:05d}"
                with (self._folder / f"{name}.jsonl").open("ab") as file:
                    file.write(text)
            self._number += 1

    def _lines(self, events: pa.Table) -> bytes:
        target = self._folder.parent / "lines.json"
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.register("incoming", events)
            moment = "strftime(timestamp, '%Y-%m-%dT%H:%M:%S.%fZ') as timestamp"
            query = f"select * replace ({moment}) from incoming"
            connection.execute(f"copy ({query}) to '{target}' (format json)")
        return target.read_bytes()


def cpu() -> float:
    """Return the CPU-seconds of this process so far, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def look(events: obskit.Events) -> tuple[obskit.Events, Verdict, float, float]:
    """Return the events as they are now, their verdict, and the CPU-seconds of reading and of judging."""
    begin = cpu()
    events = events.refresh()
    read = cpu()
    verdict = events.judge("2.4.0", settle="1s")
    return events, verdict, read - begin, cpu() - read


def watch(place: Path, kind: str, files: int, rows: int, looks: int) -> None:
    """Write the events of a rollout, look at them again and again, and print what each look costs."""
    writer = Writer(place / "events", kind, files, rows)
    writer.write(files)
    print(f"{kind}: {files * rows:,} events, then {rows:,} more before each look; CPU-seconds", flush=True)
    begin = cpu()
    events = obskit.load(place / "events")
    read = cpu() - begin
    judging, verdict = _judged(events)
    _show("first load, first verdict", read, judging, verdict)
    events, verdict, read, judging = look(events)
    _show("nothing new", read, judging, verdict)
    for number in range(1, looks + 1):
        writer.write()
        events, verdict, read, judging = look(events)
        _show(f"look {number}", read, judging, verdict)
    # A process that starts now finds the codes of all files, and nothing that was counted.
    begin = cpu()
    again = obskit.load(place / "events")
    read = cpu() - begin
    judging, first = _judged(again)
    _show("a process that starts now", read, judging, first)
    if first.sentence != verdict.sentence:
        raise SystemExit("the verdicts differ")


def _judged(events: obskit.Events) -> tuple[float, Verdict]:
    begin = cpu()
    verdict = events.judge("2.4.0", settle="1s")
    return cpu() - begin, verdict


def _show(what: str, reading: float, judging: float, verdict: Verdict) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what:28} reading {reading:6.2f}  verdict {judging:6.2f}  {verdict.word}, {verdict.looks} looks, "
        f"{len(verdict.slices)} slices, peak {peak:,.0f} MiB",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=166_667, help="events per minute")
    parser.add_argument("--files", type=int, default=60, help="minutes before the first look")
    parser.add_argument("--looks", type=int, default=5)
    parser.add_argument("--kind", choices=KINDS, nargs="+", default=list(KINDS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="obskit-") as place:
        os.environ["OBSKIT_CACHE"] = f"{place}/cache"
        for kind in given.kind:
            watch(Path(place) / kind, kind, given.files, given.rows, given.looks)


if __name__ == "__main__":
    main()
