"""Access logs into Arrow, beside a compiled regular expression in a Python loop; CPU time, side by side.

    python -m benchmarks.load_lines [--lines 200000] [--rounds 5]

Three opponents: the regular expression's groups into lists of text and those into Arrow, nothing else; the
same with what makes them events (time with its zone, numbers, path and query, `-` as null); and `groupdict`
into a list of dicts. obskit's time is from the file to batches of events, everything included.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.machine import Row, about, table
from obskit.readers import read_batches
from obskit.schema import LoadReport

REGEX = re.compile(
    r"(?P<host>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    r'"(?P<method>\S+) (?P<target>\S+) (?P<protocol>[^"]+)" (?P<status>\d{3}) (?P<size>\d+|-) '
    r'"(?P<referer>[^"]*)" "(?P<agent>[^"]*)"(?: (?P<took>\S+) (?P<upstream>\S+))?'
)
ENVOY = re.compile(
    r'\[(?P<start>[^\]]+)\] "(?P<method>\S+) (?P<target>\S+) (?P<protocol>[^"]+)" (?P<code>\d+) (?P<flags>\S+) '
    r'(?P<received>\d+) (?P<sent>\d+) (?P<duration>\S+) (?P<upstream>\S+) "(?P<xff>[^"]*)" "(?P<agent>[^"]*)" '
    r'"(?P<id>[^"]*)" "(?P<authority>[^"]*)" "(?P<host>[^"]*)"'
)
AGENTS = [
    f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.{n}.0 Safari/537.36"
    for n in range(200)
] + ["curl/8.5.0", "book-app/3.1 (Android 14)"]


def lines(form: str, count: int) -> Iterator[str]:
    """Yield the lines of a log: 50 requests a second, a few hundred agents, half of them with a query."""
    chance = random.Random(7)
    for n in range(count):
        second = n // 50
        clock = f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        client = f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
        query = f"?page={chance.randrange(99)}&sort=price" if chance.random() < 0.5 else ""
        request = f"{chance.choice(('GET', 'GET', 'POST'))} /api/v1/seats/{chance.randrange(100_000)}{query} HTTP/1.1"
        status, size, agent = (
            chance.choice((200, 200, 304, 404, 503)),
            chance.randrange(100_000),
            chance.choice(AGENTS),
        )
        if form == "Envoy":
            yield (
                f'[2026-05-04T{clock}.{n % 1000:03d}Z] "{request}" {status} - 0 {size} {chance.randrange(900)} '
                f'{chance.randrange(800)} "{client}" "{agent}" "{chance.getrandbits(128):032x}" "shop.example" '
                f'"10.0.0.{chance.randrange(9)}:8080"\n'
            )
            continue
        user = "-" if chance.random() < 0.9 else "ann"
        referer = chance.choice(
            ("-", "https://shop.example/", f"https://shop.example/find?q={chance.randrange(999)}")
        )
        times = (
            f" 0.{chance.randrange(999):03d} 0.{chance.randrange(999):03d}" if form.endswith("times") else ""
        )
        yield f'{client} - {user} [04/May/2026:{clock} +0000] "{request}" {status} {size} "{referer}" "{agent}"{times}\n'


def ours(path: Path) -> int:
    return sum(batch.num_rows for batch in read_batches(path, LoadReport()))


def groups(path: Path, regex: re.Pattern[str]) -> int:
    """The groups of every line as they are, in lists, in Arrow."""
    columns: list[list[str | None]] = [[] for _ in range(regex.groups)]
    match = regex.match
    with path.open() as file:
        for line in file:
            found = match(line)
            if found is not None:
                for column, value in zip(columns, found.groups(), strict=True):
                    column.append(value)
    return len(pa.table([pa.array(column, pa.string()) for column in columns], list(regex.groupindex)))


def dicts(path: Path, regex: re.Pattern[str]) -> int:
    """A dict a line, and those in Arrow."""
    match = regex.match
    with path.open() as file:
        rows = [found.groupdict() for line in file if (found := match(line)) is not None]
    return len(pa.Table.from_pylist(rows))


def events(path: Path, regex: re.Pattern[str]) -> int:
    """What an event has, line by line: a time, numbers, path and query, no dashes."""
    names = list(regex.groupindex)
    columns: dict[str, list[Any]] = {name: [] for name in [*names, "query"]}
    numbers = {"status", "size", "code", "received", "sent"}
    floats = {"took", "upstream", "duration"}
    match = regex.match
    with path.open() as file:
        for line in file:
            found = match(line)
            if found is None:
                continue
            for name, value in zip(names, found.groups(), strict=True):
                if value == "-":
                    value = None
                elif value is not None:
                    if name in numbers:
                        value = int(value)
                    elif name in floats:
                        value = float(value)
                    elif name == "time":
                        value = datetime.strptime(value, "%d/%b/%Y:%H:%M:%S %z")
                    elif name == "start":
                        value = datetime.fromisoformat(value)
                    elif name == "target":
                        value, _, query = value.partition("?")
                        columns["query"].append(query or None)
                columns[name].append(value)
    return len(pa.table({name: pa.array(column) for name, column in columns.items()}))


def cpu(function: Callable[[], int], wanted: int) -> float:
    """Return the CPU seconds that a function takes, which must return so many rows."""
    start = time.process_time()
    rows = function()
    taken = time.process_time() - start
    if rows != wanted:
        raise RuntimeError(f"{rows} rows, not {wanted}")
    return taken


def measure(form: str, count: int, rounds: int) -> Iterator[Row]:
    """Yield how obskit and its opponents read the same file, the least of several rounds in turn."""
    regex = ENVOY if form == "Envoy" else REGEX
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "access.log"
        with path.open("w") as out:
            out.writelines(lines(form, count))
        size = f"{count:,} lines, {path.stat().st_size / 1e6:.0f} MB"
        opponents = {"groups, as text": groups, "groupdict": dicts, "typed like the events": events}
        runs: dict[str, list[float]] = {name: [] for name in ("", *opponents)}
        for _ in range(rounds):
            runs[""].append(cpu(lambda: ours(path), count))
            for name, function in opponents.items():
                runs[name].append(cpu(lambda function=function: function(path, regex), count))  # type: ignore[misc]
    own = min(runs.pop(""))
    for name, taken in runs.items():
        target = ">= 5x" if name == "typed like the events" else ""
        work = f"{form}: {count / own:,.0f} lines a CPU-second"
        yield Row(work, size, own, f"regular expression, {name}", min(taken), target)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    pa.set_cpu_count(1)
    forms = ("combined", "combined with times", "Envoy")
    found = [row for form in forms for row in measure(form, given.lines, given.rounds)]
    print(f"{about()}\n\n{table(found)}")


if __name__ == "__main__":
    main()
