"""Compare access logs with what you would write: a compiled regular expression in a Python loop.

There are three such loops. One puts the groups into lists of text, and those into Arrow. One puts `groupdict` into
a list of dicts. The third also converts the groups as an event needs them: time with its zone, numbers, path and
query, `-` as null. obskit is compared with the third.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.load.contest import Format

LINES = 200_000
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
    """Yield the lines of a log: 50 requests per second, a few hundred agents, half of them with a query."""
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
        if form == "envoy":
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


def groups(path: Path, regex: re.Pattern[str]) -> int:
    """Read the groups of every line as text, into lists, then Arrow."""
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
    """Read one dict per line, then convert them to Arrow."""
    match = regex.match
    with path.open() as file:
        rows = [found.groupdict() for line in file if (found := match(line)) is not None]
    return len(pa.Table.from_pylist(rows))


def typed(path: Path, regex: re.Pattern[str]) -> int:
    """Read line by line with the types of an event: time, numbers, path and query, no dashes."""
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


def make(form: str, folder: Path) -> Path:
    """Write a log."""
    path = folder / f"{form}.log"
    with path.open("w") as out:
        out.writelines(lines(form, LINES))
    return path


def log(form: str, regex: re.Pattern[str] = REGEX) -> Format:
    """Return the format for one form of log."""
    loops = {"groups, text": groups, "groupdict, text": dicts, "typed": typed}
    others = {f"re, {name}": partial(loop, regex=regex) for name, loop in loops.items()}
    return Format(f"access-{form}", partial(make, form), others, ("re, typed",), 5, rows=LINES)


FORMATS = (log("combined"), log("nginx-times"), log("envoy", ENVOY))
