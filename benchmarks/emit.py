"""Measure the cost of an event: CPU of the calling thread and of the whole process, for obskit and alternatives.

python -m benchmarks.emit [--rounds 9] [--events 2000] [--only cost stalled killed requests]

Every contestant runs in its own process, and all of them take turns in each round, so that a slow moment of the
machine affects all. The least of the rounds counts. Every event has fresh fields, made before the clock starts.
"written" means that the kernel has the event when the call returns; the others write later, or not at all.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import serving

SIZES = (5, 30, 100)
Emit = Callable[[dict[str, Any]], None]
Finish = Callable[[], None]
_draw = random.Random(7)


def fields(count: int, number: int) -> dict[str, Any]:
    """Return the fields of a wide event: ids, paths, texts, counts, times and flags, with fresh values."""
    out: dict[str, Any] = {}
    for at in range(count):
        out[f"app.field_{at}"] = (
            uuid.UUID(int=_draw.getrandbits(128)).hex,
            number * 17 + at,
            _draw.random() * 1000,
            f"eu-west-{_draw.randrange(10_000)}",
            (number + at) % 2 == 0,
            f"/api/v1/flights/{_draw.randrange(100_000)}/seats",
        )[at % 6]
    return out


def ours(folder: Path, redact: bool) -> tuple[Emit, Finish]:
    from obskit.instrument import Redaction, configure, event

    handle = configure("bench", version="1.0", sink=folder, redaction=Redaction() if redact else None)

    def emit(row: dict[str, Any]) -> None:
        with event("book") as e:
            e.add(row)

    return emit, lambda: handle.shutdown()


def by_sdk(folder: Path, exporter: str) -> tuple[Emit, Finish]:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    class Discarding(InMemorySpanExporter):
        def export(self, spans: Any) -> Any:
            done = super().export(spans)
            self.clear()
            return done

    out: Any = Discarding()
    if exporter == "json":
        file = (folder / "spans.json").open("w")
        out = ConsoleSpanExporter(out=file, formatter=lambda span: span.to_json(indent=None) + "\n")
    provider = TracerProvider(resource=Resource.create({"service.name": "bench", "service.version": "1.0"}))
    provider.add_span_processor(BatchSpanProcessor(out, max_queue_size=100_000))
    tracer = provider.get_tracer("bench")

    def emit(row: dict[str, Any]) -> None:
        with tracer.start_as_current_span("book") as span:
            for name, value in row.items():
                span.set_attribute(name, value)

    return emit, provider.shutdown


def by_structlog(folder: Path) -> tuple[Emit, Finish]:
    import orjson
    import structlog

    file = (folder / "log.jsonl").open("ab", buffering=0)
    log = structlog.wrap_logger(
        structlog.BytesLogger(file),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=orjson.dumps),
        ],
        cache_logger_on_first_use=True,
    )

    def emit(row: dict[str, Any]) -> None:
        begun = time.perf_counter()
        log.info("book", **row, duration_ms=(time.perf_counter() - begun) * 1000)

    return emit, file.close


def by_logging(folder: Path) -> tuple[Emit, Finish]:
    class Json(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return json.dumps({"time": record.created, "name": record.msg, **record.__dict__["fields"]})

    handler = logging.FileHandler(folder / "log.jsonl")
    handler.setFormatter(Json())
    log = logging.getLogger("bench")
    log.propagate = False
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    return lambda row: log.info("book", extra={"fields": row}), handler.close


def by_logfire(_: Path) -> tuple[Emit, Finish]:
    import logfire

    logfire.configure(send_to_logfire=False, console=False, service_name="bench")

    def emit(row: dict[str, Any]) -> None:
        with logfire.span("book", **row):
            pass

    return emit, lambda: None


def by_libhoney(folder: Path) -> tuple[Emit, Finish]:
    import libhoney
    from libhoney.transmission import FileTransmission

    file = (folder / "log.jsonl").open("w")
    libhoney.init(writekey="x" * 32, dataset="bench", transmission_impl=FileTransmission(output=file))

    def emit(row: dict[str, Any]) -> None:
        made = libhoney.Event()
        made.add(row)
        made.send()

    return emit, file.close


CONTESTANTS: dict[str, tuple[str, Callable[[Path], tuple[Emit, Finish]]]] = {
    "obskit, redaction off (written)": ("obskit", lambda folder: ours(folder, redact=False)),
    "obskit, redaction on (written)": ("obskit", lambda folder: ours(folder, redact=True)),
    "SDK + BatchSpanProcessor, in memory": ("opentelemetry.sdk", lambda folder: by_sdk(folder, "memory")),
    "SDK + BatchSpanProcessor, JSON file": ("opentelemetry.sdk", lambda folder: by_sdk(folder, "json")),
    "structlog + orjson (written)": ("structlog", by_structlog),
    "logging + json (written)": ("logging", by_logging),
    "logfire.span, not exported": ("logfire", by_logfire),
    "libhoney to a file": ("libhoney", by_libhoney),
}


def contestant(name: str) -> None:
    """Measure one contestant: for each line (fields, events) on stdin, print µs per event (thread, process)."""
    with scratch() as folder:
        emit, finish = CONTESTANTS[name][1](folder)
        for line in sys.stdin:
            size, events = map(int, line.split())
            rows = [fields(size, number) for number in range(events)]
            process, thread = time.process_time(), time.thread_time()
            for row in rows:
                emit(row)
            spent = time.thread_time() - thread
            # The work that other threads still have to do counts; making the fields does not.
            quiet = time.process_time()
            while True:
                time.sleep(0.3)
                if time.process_time() - quiet < 0.002:
                    break
                quiet = time.process_time()
            whole = time.process_time() - process
            print(spent / events * 1e6, whole / events * 1e6, flush=True)
        finish()


def cost(rounds: int, events: int) -> None:
    """Print the CPU per event, and the ratios with their targets."""
    names = [name for name, (module, _) in CONTESTANTS.items() if find_spec(module.partition(".")[0])]
    running = {
        name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks.emit", "--contestant", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    }
    least: dict[tuple[str, int], tuple[float, float]] = {}
    for _ in range(rounds):
        for size in SIZES:
            for name, process in running.items():
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(f"{size} {events}\n")
                process.stdin.flush()
                thread, whole = map(float, process.stdout.readline().split())
                before = least.get((name, size), (9e9, 9e9))
                least[name, size] = (min(before[0], thread), min(before[1], whole))
    for process in running.values():
        process.communicate()
    heads = [f"{size} fields" for size in SIZES]
    print(f"\nµs of CPU per event, calling thread / whole process, least of {rounds} rounds of {events}\n")
    print("| | " + " | ".join(heads) + " |\n|---|" + "---|" * len(SIZES))
    for name in names:
        cells = [f"{least[name, size][0]:.1f} / {least[name, size][1]:.1f}" for size in SIZES]
        print(f"| {name} | " + " | ".join(cells) + " |")

    def ratio(one: str, other: str, which: int) -> str:
        found = [least[one, size][which] / least[other, size][which] for size in SIZES]
        return " | ".join(f"{value:.2f}" for value in found)

    off, on, memory, file, log = list(CONTESTANTS)[:5]
    print("\n| ratio | " + " | ".join(heads) + " | must reach |\n|---|" + "---|" * (len(SIZES) + 1))
    print(f"| thread, redaction off : SDK | {ratio(off, memory, 0)} | <= 0.25 at 30 |")
    if log in names:
        print(f"| thread, redaction off : structlog + orjson | {ratio(off, log, 0)} | <= 1.0 |")
        print(f"| thread, redaction on : structlog + orjson | {ratio(on, log, 0)} | <= 2.5 |")
    print(f"| process, redaction off : SDK + JSON file | {ratio(off, file, 1)} | <= 0.3 |")
    print(f"| process, redaction on : SDK + JSON file | {ratio(on, file, 1)} | |")


def stalled() -> None:
    """Print how much memory grows if the sink accepts nothing: a pipe that nobody reads."""
    with scratch() as folder:
        from obskit.instrument import configure, event

        pipe = folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        handle = configure("stalled", sink=pipe)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def work() -> None:
            for number in range(50_000):
                with event("book") as e:
                    e.add(fields(30, number))

        # The thread inside the write waits; the others must not.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
        threads[0].start()
        time.sleep(0.5)
        begun = time.perf_counter()
        threads[1].start()
        threads[1].join()
        taken = time.perf_counter() - begun
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        counts = handle.counters
        print(
            f"\nstalled sink: 50,000 events of 30 fields in {taken:.1f} s by a thread that was not blocked; "
            f"{counts['waiting']:,} queued, {counts['dropped']:,} dropped and counted; "
            f"memory +{(after - before) / 1024:.0f} MiB"
        )
        sys.stdout.flush()
        os.close(reader)
        os._exit(0)


def killed(events: int = 20_000) -> None:
    """Print how many of the events that had ended are readable after kill -9."""
    script = (
        "import os, sys\nfrom obskit.instrument import configure, event\n"
        "configure('killed', sink=sys.argv[1])\n"
        f"for n in range({events}):\n    with event('work', n=n): pass\n"
        "os.kill(os.getpid(), 9)\n"
    )
    with scratch() as folder:
        subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
        found = sum(path.read_bytes().count(b"\n") for path in folder.glob("*.jsonl"))
    print(f"\nkill -9 after {events:,} events: {found:,} readable")


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a temporary folder; remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="obskit-emit-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run the chosen parts."""
    parts = ("cost", "requests", "killed", "stalled")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts))
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.contestant:
        contestant(given.contestant)
        return
    packages = ["opentelemetry-sdk", "orjson", "structlog", "logfire", "libhoney", "fastapi"]
    print(
        ", ".join(
            f"{name} {version(name)}"
            for name in packages
            if find_spec(name.replace("opentelemetry-sdk", "opentelemetry"))
        )
    )
    if "cost" in given.only:
        cost(given.rounds, given.events)
    if "requests" in given.only:
        serving.measure(given.rounds)
    if "killed" in given.only:
        killed()
    if "stalled" in given.only:
        stalled()


if __name__ == "__main__":
    main()
