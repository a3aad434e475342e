"""What events cost inside real requests: a FastAPI application in a process of its own, by tracer provider.

Behind uvicorn on loopback, with all the work it can take, a server answers one request for each share of a CPU
second that a request costs: throughput is that, and other programs on the machine disturb it less than a clock.
The server is asked for its CPU before and after each round; the least of the rounds counts.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile


def _request(method: str, path: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench/1.0\r\naccept: */*\r\n"
        f"accept-encoding: gzip\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


REQUESTS = {
    "bare": ("the application alone, a request that does nothing", b""),
    "nothing": ("uvicorn, a request that does nothing", _request("GET", "/book/14C?from=BRN&to=ZRH")),
    "offers": (
        "uvicorn, a request with a body, three look-ups and a model",
        _request(
            "POST",
            "/offers",
            b'{"train":17,"seats":3,"fare_class":"K","customer":"c-4711","passengers":[{"name":"Ada","age":36},'
            b'{"name":"Grace","age":9},{"name":"Edsger","age":72}]}',
        ),
    ),
}
MODES = {
    "no-op": ("no-op tracer", ""),
    "sdk": ("SDK span, no exporter", ""),
    "plain": ("obskit", ">= 0.95"),
    "redacted": ("obskit, redacted", ">= 0.90"),
}


async def ask(port: int, request: bytes, number: int, connections: int = 8) -> None:
    """Make requests over a few connections that stay open, each as soon as the last is answered."""

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
    """The instrumented application in a process of its own: bare, or behind a server on loopback."""

    def __init__(self, mode: str, request: bytes, folder: str) -> None:
        how = "server" if request else "bare"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.service", mode, how, folder],
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
        """Return CPU seconds of the whole process a request."""
        if not self._request:
            return self._tell(str(number)) / number
        before = self._tell("")
        asyncio.run(ask(int(self._port), self._request, number))
        return (self._tell("") - before) / number

    def end(self) -> None:
        """End the process."""
        self._process.communicate()


def measure(rounds: int, number: int = 1200) -> None:
    """Print what a request costs, by provider."""
    for kind, (what, request) in REQUESTS.items():
        with tempfile.TemporaryDirectory(prefix="obskit-serving-") as folder:
            running = {mode: Service(mode, request, folder) for mode in MODES}
            least = dict.fromkeys(MODES, 9e9)
            for _ in range(rounds):
                for mode, service in running.items():
                    least[mode] = min(least[mode], service.cost(number) * 1e6)
            for service in running.values():
                service.end()
        print(f"\n| FastAPI: {what} | CPU, µs | throughput : no-op | must reach |\n|---|---|---|---|")
        for mode, (name, target) in MODES.items():
            target = target if kind != "bare" else ""
            print(
                f"| {name} | {least[mode]:.0f} | {least['no-op'] / least[mode]:.2f} | {target} |", flush=True
            )
