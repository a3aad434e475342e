"""Count false alarms of `messages` over days of requests and log records on which nothing happened.

Requests have rush hours. Some messages come with requests, some day and night, some in bursts of 20 to 200
lines, and one service hardly logs at all. Half of the runs choose a moment; a third look at one service only.

python -m benchmarks.message_alarms [--runs 200] [--traces 4000]
"""

from __future__ import annotations

import argparse
import os
import tempfile
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

import obskit
from tests.triage.traffic import DAY, START, traffic

SAID = ("message", "exception")


def records(seed: int, spans: pa.Table) -> pa.Table:
    """Return log records of a day without trouble.

    Args:
        seed: of the random numbers.
        spans: the spans of that day.

    Returns:
        Records with `timestamp`, `body`, `severity_text` and `service.name`.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[npt.NDArray[Any], str, str, str]] = []

    def steady(lines: int) -> npt.NDArray[np.float64]:
        return rng.uniform(0, DAY, lines)

    def bursts(lines: int, burst: int) -> npt.NDArray[np.float64]:
        begin = rng.uniform(0, DAY - 10, max(1, lines // burst))
        return np.repeat(begin, burst) + rng.uniform(0, 10, len(begin) * burst)

    at = (spans["timestamp"].cast(pa.int64()).to_numpy() / 1e6) - START
    for number in range(25):
        some = rng.random(len(at)) < 0.3 / (number + 1)
        rows.append((at[some], f"request step {_word(number)} done", "INFO", "web"))
    failed = spans["error"].to_numpy(zero_copy_only=False).astype(bool)
    rows.append((at[failed], "request failed with code {}", "ERROR", "web"))
    for number in range(40):
        lines = int(rng.zipf(1.5)) % 2_000 + 5
        rows.append(
            (steady(lines), f"checked {_word(number)} in {{}} ms", "INFO", str(rng.choice(["store", "mail"])))
        )
        length = int(rng.choice([20, 50, 200]))
        rows.append((bursts(lines, length), f"retry of {_word(number)} after {{}}", "WARN", "store"))
    rows.append((bursts(12, 4), "started with {} threads", "INFO", "quiet"))
    rows.append((steady(6), "lease renewed by {}", "ERROR", "quiet"))
    times = np.concatenate([part for part, *_ in rows])
    return pa.table(
        {
            "timestamp": pa.array(((START + times) * 1e6).astype(np.int64), pa.timestamp("us", "UTC")),
            "body": [
                text.replace("{}", str(number))
                for part, text, *_ in rows
                for number in rng.integers(1, 10**6, len(part)).tolist()
            ],
            "severity_text": [severity for part, _, severity, _ in rows for _ in part],
            "service.name": [service for part, *_, service in rows for _ in part],
        }
    )


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}") + "-part"


def alarms(seed: int, traces: int) -> list[str]:
    """Return the headlines of the messages that are reported for one day."""
    spans = traffic(seed, traces, sampled=seed % 4 == 0)
    events = obskit.load(pa.concat_tables([spans, records(seed, spans)], promote_options="permissive"))
    where = (None, "service.name = 'store'", "service.name = 'quiet' or kind is not null")[seed % 3]
    hours = np.random.default_rng(seed).integers(3, 22)
    since = datetime.fromtimestamp(START, UTC) + timedelta(hours=int(hours)) if seed % 2 else None
    found = (events.where(where) if where else events).messages(since, explained=0)
    return [item.headline() for item in found.items if item.kind in SAID]


def main() -> None:
    """Print each alarm when it is found, then their number."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--traces", type=int, default=4_000)
    given = parser.parse_args()
    alarmed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OBSKIT_CACHE"] = folder
        for seed in range(given.first, given.first + given.runs):
            lines = alarms(seed, given.traces)
            alarmed += bool(lines)
            for line in lines:
                print(f"seed {seed}: {line}", flush=True)
    print(f"{alarmed} of {given.runs} runs raised an alarm")


if __name__ == "__main__":
    main()
