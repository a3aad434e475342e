"""What an event costs: CPU of the calling thread and of the whole process, beside the alternatives.

python -m benchmarks.emit [--rounds 9] [--events 2000] [--only cost stalled killed requests]

Every contestant runs in a process of its own and all of them in turn, round after round, so that a slow moment
of the machine meets all; the least of the rounds counts. Fields are fresh in every event and made outside the
clock. "written" means that the kernel has it when the call returns; the others write later, or not at all.
"""

from __future__ import annotations

import argparse
import asyncio
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

SIZES = (5, 30, 100)
Emit = Callable[[dict[str, Any]], None]
Finish = Callable[[], None]
_draw = random.Random(7)


def fields(count: int, number: int) -> dict[str, Any]:
    """Return fields as a wide event has them: ids, paths, texts, counts, times and flags, none seen before."""
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
    """Measure one contestant as told line by line on stdin: (fields, events) -> (thread, process) in µs."""
    with scratch() as folder:
        emit, finish = CONTESTANTS[name][1](folder)
        for line in sys.stdin:
            size, events = map(int, line.split())
            rows = [fields(size, number) for number in range(events)]
            process, thread = time.process_time(), time.thread_time()
            for row in rows:
                emit(row)
            spent = time.thread_time() - thread
            # What other threads still have to do is part of the price; making the fields is not.
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
    """Print CPU per event, and the ratios that are to be reached."""
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
    """Print the memory that a sink takes that accepts nothing: a pipe nobody reads."""
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

        # Whoever is in the call waits; the others must not.
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
            f"\nstalled sink: 50,000 events of 30 fields in {taken:.1f} s by a thread that did not wait; "
            f"{counts['waiting']:,} wait, {counts['dropped']:,} dropped and counted; "
            f"memory +{(after - before) / 1024:.0f} MiB"
        )
        sys.stdout.flush()
        os.close(reader)
        os._exit(0)


def killed(events: int = 20_000) -> None:
    """Print how many events are readable after kill -9, of those whose block had ended."""
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


APP = """
import asyncio, os, sys, time
os.environ["OTEL_SEMCONV_STABILITY_OPT_IN"] = "http"
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
mode, how, folder = sys.argv[1:]
if mode == "no-op":
    from opentelemetry import trace
    trace.set_tracer_provider(trace.NoOpTracerProvider())
    def add(*_, **__): pass
elif mode == "sdk":
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    trace.set_tracer_provider(TracerProvider())
    def add(fields): trace.get_current_span().set_attributes(fields)
else:
    from obskit.instrument import Redaction, add, configure
    configure("app", sink=folder, redaction=Redaction() if mode == "redacted" else None)
app = FastAPI()

@app.get("/book/{seat}")
async def book(seat: str):
    add({"seat": seat, "customer": "c-17", "cart.items": 3, "fare.class": "K"})
    return {"seat": seat, "price": 12.5}

FastAPIInstrumentor.instrument_app(app, exclude_spans=["send", "receive"])
scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/book/14C",
         "raw_path": b"/book/14C", "query_string": b"from=BRN&to=ZRH", "root_path": "", "scheme": "http",
         "headers": [(b"host", b"test"), (b"user-agent", b"bench/1.0")], "client": ("127.0.0.1", 5), "server": ("test", 80)}

async def receive(): return {"type": "http.request", "body": b"", "more_body": False}
async def send(message): pass

async def serve(number):
    for _ in range(number):
        await app(dict(scope), receive, send)

async def bare():
    await serve(300)
    print(0, flush=True)
    for line in sys.stdin:
        begun = time.process_time()
        await serve(int(line))
        print(time.process_time() - begun, flush=True)

def server():
    import socket, threading, uvicorn
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    def told():
        for _ in sys.stdin:
            print(time.process_time(), flush=True)
        running.should_exit = True
    print(listening.getsockname()[1], flush=True)
    threading.Thread(target=told, daemon=True).start()
    running.run([listening])

server() if how == "server" else asyncio.run(bare())
"""

REQUEST = (
    b"GET /book/14C?from=BRN&to=ZRH HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench/1.0\r\n"
    b"accept: */*\r\naccept-encoding: gzip\r\nconnection: keep-alive\r\n\r\n"
)
MODES = {
    "no-op": ("no-op tracer", ""),
    "sdk": ("SDK span, no exporter", ""),
    "plain": ("obskit", ">= 0.95"),
    "redacted": ("obskit, redacted", ">= 0.90"),
}


async def ask(port: int, number: int, connections: int = 8) -> None:
    """Make requests over a few connections that stay open, each as soon as the last is answered."""

    async def one(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one(number // connections) for _ in range(connections)))


class Application:
    """The instrumented application in a process of its own: bare, or behind a server on loopback."""

    def __init__(self, mode: str, how: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", APP, mode, how, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._served = how == "server"
        self._port = self._line()
        if self._served:
            asyncio.run(ask(int(self._port), 304))

    def _line(self) -> float:
        assert self._process.stdout is not None
        return float(self._process.stdout.readline() or 0)

    def _tell(self, words: str) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        return self._line()

    def cost(self, number: int) -> float:
        """Return CPU seconds of the whole process a request."""
        if not self._served:
            return self._tell(str(number)) / number
        before = self._tell("")
        asyncio.run(ask(int(self._port), number))
        return (self._tell("") - before) / number

    def end(self) -> None:
        """End the process."""
        self._process.communicate()


def requests(rounds: int, number: int = 1200) -> None:
    """Print what a request through an instrumented FastAPI application costs, by provider.

    A server that has all the work it can take gives one request a CPU second for each that one costs.
    """
    for how, what in (
        ("server", "behind uvicorn, 8 connections"),
        ("bare", "the bare application, no server"),
    ):
        with scratch() as folder:
            running = {mode: Application(mode, how, folder) for mode in MODES}
            least = dict.fromkeys(MODES, 9e9)
            for _ in range(rounds):
                for mode, application in running.items():
                    least[mode] = min(least[mode], application.cost(number) * 1e6)
            for application in running.values():
                application.end()
        print(f"\n| FastAPI request, {what} | CPU, µs | throughput : no-op | must reach |\n|---|---|---|---|")
        for mode, (name, target) in MODES.items():
            target = target if how == "server" else ""
            print(f"| {name} | {least[mode]:.0f} | {least['no-op'] / least[mode]:.2f} | {target} |")


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="obskit-emit-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Measure what was asked for."""
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
        requests(given.rounds)
    if "killed" in given.only:
        killed()
    if "stalled" in given.only:
        stalled()


if __name__ == "__main__":
    main()
