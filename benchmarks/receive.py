"""Measure spans per second from OTLP to disk, compared with a hand-written receiver; and memory under a flood.

python -m benchmarks.receive [--rounds 3] [--requests 300] [--only speed flood]

Every contestant runs as a process on the first core, and the sender on the second. The contestants take turns in
each round; the least CPU and the least wall time of the rounds count. A request has 512 distinct spans of 30
attributes. The alternative is what you could write in ten minutes: FastAPI, protobuf's own parser and its own
conversion to JSON, one line per request, flushed before the response.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.emit import fields
from benchmarks.machine import about

SPANS, ATTRIBUTES, DISTINCT = 512, 30, 24
PROTOBUF, JSON = "application/x-protobuf", "application/json"
RECEIVER = "import sys; from obskit.cli import main; sys.exit(main(sys.argv[1:]))"
ALTERNATIVE = """
import os, sys
import uvicorn
from fastapi import FastAPI, Request, Response
from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

app, file = FastAPI(), open(os.path.join(sys.argv[1], "spans.jsonl"), "ab")

@app.post("/v1/traces")
async def traces(request: Request) -> Response:
    message = ExportTraceServiceRequest.FromString(await request.body())
    file.write(MessageToJson(message, indent=None).encode() + b"\\n")
    file.flush()
    return Response(b"", media_type="application/x-protobuf")

uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""


def requests() -> list[bytes]:
    """Return distinct requests as protobuf."""
    out = []
    for number in range(DISTINCT):
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = "shop"
        spans = resource.scope_spans.add().spans
        for at in range(SPANS):
            span = spans.add(trace_id=os.urandom(16), span_id=os.urandom(8), name="GET /book", kind=2)
            span.start_time_unix_nano = time.time_ns()
            span.end_time_unix_nano = span.start_time_unix_nano + 1_000_000 + at
            for key, value in fields(ATTRIBUTES, number * SPANS + at).items():
                held = span.attributes.add(key=key).value
                kind = {str: "string_value", bool: "bool_value", int: "int_value", float: "double_value"}
                setattr(held, kind[type(value)], value)
        out.append(request.SerializeToString())
    return out


def as_json(body: bytes) -> bytes:
    """Return a request as OTLP JSON, with ids in hex."""

    def value(of: Any) -> dict[str, Any]:
        kind = of.WhichOneof("value")
        name = kind.replace("_value", "Value")
        return {name: str(of.int_value) if kind == "int_value" else getattr(of, kind)}

    message = ExportTraceServiceRequest.FromString(body)
    resource = message.resource_spans[0]
    spans = [
        {
            "traceId": span.trace_id.hex(),
            "spanId": span.span_id.hex(),
            "name": span.name,
            "kind": span.kind,
            "startTimeUnixNano": str(span.start_time_unix_nano),
            "endTimeUnixNano": str(span.end_time_unix_nano),
            "attributes": [{"key": a.key, "value": value(a.value)} for a in span.attributes],
        }
        for span in resource.scope_spans[0].spans
    ]
    attributes = [{"key": a.key, "value": value(a.value)} for a in resource.resource.attributes]
    return json.dumps(
        {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": spans}]}]}
    ).encode()


@dataclass
class Server:
    """A receiving process: its ports, CPU and memory."""

    process: subprocess.Popen[bytes]
    port: int
    calls: int

    def cpu(self) -> float:
        """Return the seconds of CPU so far, without child processes."""
        found = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(found[11]) + int(found[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> float:
        """Return the peak resident memory so far, in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def serving(kind: str) -> Iterator[Server]:
    """Start a contestant on the first core."""
    core = min(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        port, calls = free_port(), 0
        if kind == "alternative":
            command = [sys.executable, "-c", ALTERNATIVE, name, str(port)]
        else:
            calls = free_port()
            ports = ["--http", "off" if kind == "grpc" else str(port)]
            ports += ["--grpc", "off" if kind == "http" else str(calls)]
            port = calls if kind == "grpc" else port
            command = [sys.executable, "-c", RECEIVER, "receive", "--into", name, *ports]
        process = subprocess.Popen(
            command,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        try:
            for _ in range(300):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield Server(process, port, calls)
        finally:
            process.terminate()
            process.wait()


def send_http(server: Server, bodies: list[bytes], count: int, headers: dict[str, str]) -> None:
    """Send requests over two connections, one after the other on each."""

    def one(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for number in range(first, count, 2):
            while True:
                connection.request("POST", "/v1/traces", bodies[number % len(bodies)], headers)
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    break
                if response.status not in (429, 503):
                    raise RuntimeError(response.status)
                time.sleep(0.05)
        connection.close()

    _both(one)


def send_grpc(server: Server, bodies: list[bytes], count: int) -> None:
    """Send requests by gRPC."""
    import grpc

    def one(first: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            for number in range(first, count, 2):
                call(bodies[number % len(bodies)], timeout=60)

    _both(one)


def _both(one: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=one, args=(first,)) for first in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def speed(rounds: int, count: int) -> None:
    """Measure the contestants in turn and print their table."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    plain = requests()
    text = [as_json(body) for body in plain[:8]]
    folded = [gzip.compress(body, 6) for body in plain]
    proto = {"content-type": PROTOBUF}
    contestants: dict[str, tuple[str, Callable[[Server], None]]] = {
        "OTLP/HTTP protobuf": ("http", lambda s: send_http(s, plain, count, proto)),
        "the same, gzip": (
            "http",
            lambda s: send_http(s, folded, count, proto | {"content-encoding": "gzip"}),
        ),
        "OTLP/HTTP JSON": ("http", lambda s: send_http(s, text, count // 4, {"content-type": JSON})),
        "OTLP/gRPC": ("grpc", lambda s: send_grpc(s, plain, count)),
        "FastAPI, JSON lines": ("alternative", lambda s: send_http(s, plain, count // 4, proto)),
    }
    wall: dict[str, list[float]] = {name: [] for name in contestants}
    cpu: dict[str, list[float]] = {name: [] for name in contestants}
    peak: dict[str, float] = {}
    for _ in range(rounds):
        for name, (kind, send) in contestants.items():
            spans = SPANS * (count // 4 if "JSON" in name else count)
            with serving(kind) as server:
                before, start = server.cpu(), time.perf_counter()
                send(server)
                wall[name].append((time.perf_counter() - start) / spans)
                cpu[name].append((server.cpu() - before) / spans)
                peak[name] = max(peak.get(name, 0), server.peak())
    print(
        f"{SPANS} spans of {ATTRIBUTES} attributes per request, {len(plain[0]) / SPANS:.0f} bytes per span\n"
    )
    print(
        "| | spans/s, wall | spans per CPU-second | ratio to the alternative | peak MiB |\n|---|---|---|---|---|"
    )
    other = min(cpu["FastAPI, JSON lines"])
    for name in contestants:
        least = min(cpu[name])
        print(
            f"| {name} | {1 / min(wall[name]):,.0f} | {1 / least:,.0f} | {other / least:.1f}x | {peak[name]:.0f} |"
        )


def flood(seconds: float) -> None:
    """Send hostile requests all at once, and print the peak memory of the receiver."""
    mib = 1024 * 1024
    size = 64 * mib - 4096
    squeeze = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeeze.compress(bytes(mib)) for _ in range(2000)) + squeeze.flush()
    folded = gzip.compress(b"\x12\x00" * (size // 2), 1)

    def nested(inner: bytes) -> bytes:
        for tag in (b"\x12", b"\x0a"):
            length, digits = len(inner), b""
            while length > 127:
                digits, length = digits + bytes([length & 127 | 128]), length >> 7
            inner = tag + digits + bytes([length]) + inner
        return inner

    real = requests()
    whole = b"".join(real * (size // sum(map(len, real))))
    attacks: dict[str, tuple[bytes, dict[str, str]]] = {
        "spans of two bytes": (nested(b"\x12\x00" * (size // 2)), {"content-type": PROTOBUF}),
        "the same, gzip": (folded, {"content-type": PROTOBUF, "content-encoding": "gzip"}),
        "resources of two bytes": (b"\x0a\x00" * (size // 2), {"content-type": PROTOBUF}),
        "64 MiB of real spans": (whole, {"content-type": PROTOBUF}),
        "a bomb of 2 GB": (bomb, {"content-type": PROTOBUF, "content-encoding": "gzip"}),
        "JSON of objects": (b'{"resourceSpans":[' + b"{}," * (20 * mib) + b"{}]}", {"content-type": JSON}),
        "JSON below the limit": (
            b'{"resourceSpans":[' + b"{}," * 150_000 + b"{}]}",
            {"content-type": JSON},
        ),
        "nested JSON": (b"[" * (60 * mib), {"content-type": JSON}),
        "one long text": (b'{"a":"' + b"a" * (44 * mib) + '😀"}'.encode(), {"content-type": JSON}),
    }
    answers: dict[str, dict[str, int]] = {name: {} for name in (*attacks, "gRPC, 64 MiB of zeros")}

    def post(server: Server, name: str, ends: float) -> None:
        body, headers = attacks[name]
        while True:
            said = "broken off"
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                connection.request("POST", "/v1/traces", body, headers)
                said = str(connection.getresponse().status)
                connection.close()
            answers[name][said] = answers[name].get(said, 0) + 1
            if time.monotonic() > ends:
                return

    def call(server: Server, name: str, ends: float) -> None:
        import grpc

        options = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{server.calls}", options=options) as channel:
            export = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
            while True:
                said = "taken"
                try:
                    export(bytes(size), timeout=60)
                except grpc.RpcError as error:
                    said = error.code().name
                answers[name][said] = answers[name].get(said, 0) + 1
                if time.monotonic() > ends:
                    return

    def together(server: Server, names: list[str], seconds: float) -> None:
        """Run two senders of each kind; each sends at least one request."""
        ends = time.monotonic() + seconds
        threads = [
            threading.Thread(target=post if name in attacks else call, args=(server, name, ends))
            for name in names
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with serving("both") as server:
        print(f"{server.peak():.0f} MiB resident at rest")
        for name in answers:
            together(server, [name], seconds / 10)
            said = ", ".join(f"{n} x {status}" for status, n in sorted(answers[name].items()))
            print(f"{name}: {said}; peak so far {server.peak():.0f} MiB", flush=True)
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
        head = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"
        for connection in slow:
            with suppress(OSError):  # connections beyond the limit are refused
                connection.sendall(head + b"content-length: 67108864\r\n\r\n" + bytes(100_000))
        together(server, list(answers), seconds)
        print(f"all at once, and 300 slow connections: peak {server.peak():.0f} MiB resident")
        for connection in slow:
            connection.close()


def main() -> None:
    """Run the chosen parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", nargs="+", choices=("speed", "flood"), default=["speed", "flood"])
    given = parser.parse_args()
    print(about(), end="\n\n")
    if "flood" in given.only:
        flood(given.seconds)
    if "speed" in given.only:
        speed(given.rounds, given.requests)


if __name__ == "__main__":
    main()
