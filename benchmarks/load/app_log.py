"""Compare plain application logs with what you would write: a regular expression in a Python loop, or pandas.

Both rivals know the layout beforehand and leave the time as text or parse it; obskit finds the layout, joins stack
traces to their record and parses times and levels. The target is a rate of its own: 200,000 lines per CPU-second.
"""

from __future__ import annotations

import importlib
import json
import random
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.load.contest import Format

RECORDS = 200_000
TRACE_EVERY = 50
"""One record in this many has a stack trace of `TRACE_LINES` lines."""

TRACE_LINES = 6
LOGBACK = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \[(?P<thread>[^\]]+)\] (?P<level>\w+) +(?P<logger>\S+) - (?P<body>.*)"
)


def text(records: int = RECORDS, *, traces: bool = True) -> str:
    """Return records as Logback writes them by default, some with a stack trace."""
    chance = random.Random(7)
    out = []
    for n in range(records):
        clock = f"2026-05-04 {n // 180_000 % 24:02d}:{n // 3_000 % 60:02d}:{n // 50 % 60:02d}.{n % 1000:03d}"
        level = chance.choice(("INFO ", "INFO ", "INFO ", "WARN ", "ERROR"))
        logger = f"com.shop.{chance.choice(('cart', 'pay', 'seats'))}.Handler"
        body = f"order {chance.randrange(10**6)} of user {chance.randrange(10**4)} took {chance.randrange(900)} ms"
        out.append(f"{clock} [http-nio-{n % 8}] {level} {logger} - {body}\n")
        if traces and n % TRACE_EVERY == 0:
            out.append("java.io.IOException: connection reset\n")
            out += [
                f"\tat com.shop.pay.Client.call{k}(Client.java:{40 + k})\n" for k in range(TRACE_LINES - 1)
            ]
    return "".join(out)


def make(folder: Path) -> Path:
    """Write the records."""
    path = folder / "app.log"
    path.write_text(text())
    return path


def by_re(path: Path) -> int:
    """Read line by line into typed columns; lines of a stack trace are added to the record before."""
    columns: dict[str, list[Any]] = {name: [] for name in LOGBACK.groupindex}
    match = LOGBACK.match
    bodies = columns["body"]
    with path.open() as file:
        for line in file:
            found = match(line)
            if found is None:
                bodies[-1] += "\n" + line.rstrip("\n")
                continue
            for name, value in found.groupdict().items():
                columns[name].append(datetime.fromisoformat(value) if name == "time" else value)
    return len(pa.table({name: pa.array(column) for name, column in columns.items()}))


def by_pandas(path: Path) -> int:
    """Read all lines into a Series, extract the groups, drop what is no record, and parse the times."""
    pd: Any = importlib.import_module("pandas")
    lines = pd.Series(path.read_text().splitlines())
    found = lines.str.extract(LOGBACK).dropna()
    found["time"] = pd.to_datetime(found["time"])
    return len(found)


ZAP = re.compile(
    r"(?P<time>\S+)\t(?P<level>\w+)\t(?P<caller>\S+)\t(?P<body>[^\t]*)(?:\t(?P<object>\{.*\}))?\n?"
)


def make_with_objects(folder: Path) -> Path:
    """Write records as zap writes them to a console: an object with the fields follows the message."""
    chance = random.Random(9)
    path = folder / "zap.log"
    with path.open("w") as file:
        for n in range(RECORDS):
            clock = (
                f"2026-05-04T{n // 180_000 % 24:02d}:{n // 3_000 % 60:02d}:{n // 50 % 60:02d}.{n % 1000:03d}Z"
            )
            fields = {
                "order": n,
                "user": f"u{chance.randrange(10**4)}",
                "took_ms": chance.randrange(90_000) / 100,
                "region": chance.choice(("eu", "us")),
                "retried": n % 7 == 0,
                "path": f"/cart/{n % 50}",
                "request": f"{chance.getrandbits(64):016x}",
            }
            level = chance.choice(("INFO", "INFO", "WARN", "ERROR"))
            file.write(f"{clock}\t{level}\tcart/main.go:{n % 40}\tcharged the card\t{json.dumps(fields)}\n")
    return path


def by_re_and_json(path: Path) -> int:
    """Read line by line, parse the objects, and make columns of all fields."""
    rows: list[dict[str, Any]] = []
    match = ZAP.fullmatch
    with path.open() as file:
        for line in file:
            found = match(line)
            assert found is not None
            row = found.groupdict()
            row["time"] = datetime.fromisoformat(row["time"])
            row |= json.loads(row.pop("object") or "{}")
            rows.append(row)
    return len(pa.Table.from_pylist(rows))


FORMATS = (
    Format(
        "app-log", make, {"re, typed": by_re, "pandas": by_pandas}, ("re, typed", "pandas"), 0.5, rows=RECORDS
    ),
    Format(
        "app-log-objects",
        make_with_objects,
        {"re and json, typed": by_re_and_json},
        ("re and json, typed",),
        1.0,
        rows=RECORDS,
    ),
)
