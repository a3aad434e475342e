"""Measure what events cost in real requests to a FastAPI application, by tracer and instrumentation.

A saturated server behind uvicorn on loopback is limited by CPU, so the CPU per request determines the throughput.
Other programs on the machine disturb CPU time less than wall time. The server reports its CPU before and after
each round. The contestants take turns in short rounds, and each is compared with the official instrumentation and
the no-op tracer in the same round. Processes differ in their memory layout, so each contestant has several, and
the median counts.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench/1.0\r\naccept: */*\r\n"
        f"accept-encoding: gzip\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_ORDER = (
    b'{"train":17,"seats":3,"fare_class":"K","customer":"c-4711","passengers":[{"name":"Ada","age":36},'
    b'{"name":"Grace","age":9},{"name":"Edsger","age":72}]}'
)
REQUESTS = {
    "bare": ("no server, a request that does nothing", b""),
    "nothing": ("uvicorn, a request that does nothing", _request("GET", "/book/14C?from=BRN&to=ZRH")),
    "offers": (
        "uvicorn, a request with a body, three look-ups and a model",
        _request("POST", "/offers", _ORDER),
    ),
    "order": ("uvicorn, the same and a call of another service", _request("POST", "/order", _ORDER)),
}
BASE = ("no-op", "official")
MODES = {
    ("no-op", "none"): "",
    BASE: "1",
    ("no-op", "FastAPI's own"): "",
    ("sdk", "official"): "",
    ("obskit", "EventMiddleware"): ">= 0.95",
    ("redacted", "EventMiddleware"): ">= 0.90",
    ("obskit", "FastAPI's own"): "",
    ("redacted", "FastAPI's own"): "",
    ("obskit", "official"): "",
    ("redacted", "official"): "",
}
"""(tracer, instrumentation) -> target for obskit; the others are compared with `BASE`."""
_PAID = b'{"id":"p-90210","method":"card","amount":61.5,"currency":"EUR"}'


async def _pay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Respond to payment requests on one connection."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(_PAID), _PAID)
            )
    except asyncio.IncompleteReadError:
        writer.close()


async def _ended(server: asyncio.Server) -> None:
    """Wait until the connections are closed; the clients have gone."""
    server.close()
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))


@contextmanager
def payments() -> Iterator[int]:
    """Run the called service in a thread of this process, whose CPU is not measured; yield its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(_pay, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def ask(port: int, request: bytes, number: int, connections: int = 8) -> None:
    """Send requests over a few open connections, each as soon as the previous one is answered."""

    async def one(count: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one(number // connections) for _ in range(connections)))


class Service:
    """The instrumented application in its own process: bare, or behind a server on loopback."""

    def __init__(self, mode: tuple[str, str], request: bytes, folder: str, other: int) -> None:
        how = "server" if request else "bare"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.service", *mode, how, folder, str(other)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._request = request
        self._port = self._line()
        if request:
            asyncio.run(ask(int(self._port), request, 304))

    def _line(self) -> float:
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def _tell(self, words: str) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        return self._line()

    def cost(self, number: int) -> float:
        """Return the CPU microseconds of the whole process per request."""
        if not self._request:
            return self._tell(str(number)) / number * 1e6
        before = self._tell("")
        asyncio.run(ask(int(self._port), self._request, number))
        return (self._tell("") - before) / number * 1e6

    def end(self) -> None:
        """End the process."""
        self._process.communicate()


def _compared(request: bytes, rounds: int, number: int) -> dict[tuple[str, str], list[float]]:
    """Return the cost of a request in µs, by mode and round, with one process per mode."""
    with tempfile.TemporaryDirectory(prefix="obskit-serving-") as folder, payments() as other:
        running = {mode: Service(mode, request, folder, other) for mode in MODES}
        costs: dict[tuple[str, str], list[float]] = {mode: [] for mode in MODES}
        for turn in range(rounds):
            for mode in list(running)[:: 1 if turn % 2 else -1]:
                costs[mode].append(running[mode].cost(number))
        for service in running.values():
            service.end()
    return costs


def measure(rounds: int, processes: int = 4, number: int = 240) -> None:
    """Print the cost of a request, by tracer and instrumentation.

    Args:
        rounds: number of rounds per process.
        processes: number of processes per mode, one after another.
        number: number of requests per round; a third of it for slow requests.
    """
    for kind, (what, request) in REQUESTS.items():
        costs: dict[tuple[str, str], list[float]] = {mode: [] for mode in MODES}
        shares: dict[tuple[str, str], list[float]] = {mode: [] for mode in MODES}
        for _ in range(processes):
            found = _compared(request, rounds, number // (3 if kind == "order" else 1))
            for mode, took in found.items():
                costs[mode].append(median(took))
                shares[mode].append(median(a / b for a, b in zip(found[BASE], took, strict=True)))
        print(
            f"\n{what}\n| tracer | instrumentation | CPU, µs | throughput | of {processes} processes | must reach |\n"
            "|---|---|---|---|---|---|"
        )
        for mode, target in MODES.items():
            target = target if kind != "bare" else ""
            least, most = min(shares[mode]), max(shares[mode])
            print(
                f"| {mode[0]} | {mode[1]} | {median(costs[mode]):.0f} | {median(shares[mode]):.2f} "
                f"| {least:.2f}-{most:.2f} | {target} |",
                flush=True,
            )
