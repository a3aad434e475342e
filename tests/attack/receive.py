"""Mutated requests to a real receiver, which is killed now and then: what it acknowledges is loaded.

HTTP with protobuf and JSON, plain, compressed and chunked; bytes on a bare socket; gRPC where it is installed.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

import obskit as ok
from tests.attack.byte_mutations import BYTES, compress, mutate
from tests.attack.cases import Case, Fault
from tests.attack.fixtures import requests
from tests.attack.worker import ROOT
from tests.support.receive_harness import JSON, PROTOBUF

try:
    import grpc
except ModuleNotFoundError:  # the extra receive-grpc
    grpc = None

KILL_EVERY, LOAD_EVERY = 300, 150
COMMAND = [
    *(sys.executable, "-c", "import sys; from obskit.cli import main; sys.exit(main(sys.argv[1:]))"),
    *("receive", "--http", "0", "--grpc", "0", "--into"),
]
_METHODS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}
_REQUESTS = {"traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest}
_RESPONSES = {"traces": ExportTraceServiceResponse, "logs": ExportLogsServiceResponse}
_HEADS = (
    *(b"content-length: 0\r\n", b"content-length: -1\r\n", b"content-length: 99999999999999999999\r\n", b"content-length: 5, 5\r\n"),
    *(b"transfer-encoding: chunked\r\n", b"transfer-encoding: gzip, chunked\r\n", b"content-encoding: br\r\n", b"\0: x\r\n"),
    *(b"x: " + b"y" * 20_000 + b"\r\n", b"expect: 100-continue\r\n", b"connection: upgrade\r\nupgrade: h2c\r\n", b" folded\r\n"),
    *(b"content-type: \xff\r\n", b"host: a\r\nhost: b\r\n", b"connection: close\r\n", b"te: trailers\r\n", b"no colon\r\n"),
)
_LINES = (
    *(b"POST /v1/traces HTTP/1.1", b"POST /v1/traces HTTP/9.9", b"POST /v1/traces", b"GET / HTTP/1.1", b"PRI * HTTP/2.0"),
    *(b"POST http://x/v1/traces HTTP/1.1", b"POST /v1/../v1/traces HTTP/1.1", b"POST /" + b"a" * 20_000 + b" HTTP/1.1", b"\x16\x03\x01"),
)


class Part:
    """Makes the inputs of this part and tries them on a receiver, a process of its own."""

    name = "receive"
    worker = False

    def __init__(self) -> None:
        self._receiver: Receiver | None = None
        self._late: list[tuple[Case, Fault]] = []

    def case(self, rng: random.Random, seed: int, number: int) -> Case:
        signal_name = rng.choice(["traces", "traces", "logs", "logs", "metrics"])
        path, text, message = requests()[signal_name]
        kind, body, structure = rng.choice([("json", text, "json"), ("protobuf", message, "protobuf")])
        body = _named(body, number, kind)
        others = [data for _, one, two in requests().values() for data in (one, two)]
        steps: list[str] = []
        if rng.random() < 0.85:
            body, steps = mutate(rng, body, others, structure)
        way = rng.choices(["http", "grpc", "raw"], [0.7, 0.15, 0.15])[0]
        details: dict[str, Any] = {"signal": signal_name, "kind": kind, "way": way, "steps": steps, "path": path}
        if way == "http":
            details["encoding"] = rng.choice(["", "", "gzip", "broken gzip", "chunked", "gzip chunked", "wrong"])
            if rng.random() < 0.05:
                details["path"] = rng.choice(["/v1/traces", "/v1/logs", "/", "/v1/profiles", "/v1/traces/"])
        elif way == "raw":
            body = _raw(rng, path, kind, body)
        elif kind == "json":
            details["kind"] = "protobuf"  # gRPC carries nothing else; JSON is just other bytes to it
        return Case("receive", seed, number, body, details)

    def attempt(self, case: Case) -> list[Fault]:
        receiver = self._receiver = self._receiver or Receiver()
        faults = receiver.send(case)
        if receiver.sent % LOAD_EVERY == 0 or receiver.sent % KILL_EVERY == 0:
            if receiver.sent % KILL_EVERY == 0:
                receiver.kill()
            self._late += receiver.missing()
        return faults

    def finish(self) -> list[tuple[Case, Fault]]:
        """Return the faults that show only when what was acknowledged is loaded."""
        if self._receiver is not None:
            self._late += self._receiver.missing()
            self._late += self._receiver.end()
        return self._late

    def close(self) -> None:
        if self._receiver is not None:
            self._receiver.close()


def _named(body: bytes, number: int, kind: str) -> bytes:
    """Give the records of a request names of their own: of the same length, so protobuf stays valid."""
    names = iter(range(10))
    if kind == "json":
        return re.sub(rb'"GET /\d"|"paid"', lambda _: b'"r%07d.%d"' % (number, next(names)), body)
    return re.sub(rb"GET /\d|paid", lambda found: (b"%06d" % number if len(found[0]) == 6 else b"%04d" % (number % 10_000)), body)


def _raw(rng: random.Random, path: str, kind: str, body: bytes) -> bytes:
    head = [f"POST {path} HTTP/1.1\r\n".encode(), b"host: x\r\n", f"content-type: {JSON if kind == 'json' else PROTOBUF}\r\n".encode()]
    if rng.random() < 0.4:
        head.append(b"transfer-encoding: chunked\r\n")
        sizes = rng.choice([b"%x\r\n", b"%x;a=b\r\n", b"-%x\r\n", b"0x%x\r\n", b"%x", b"%xg\r\n", b"%020x\r\n"])
        body = sizes % len(body) + body + rng.choice([b"\r\n0\r\n\r\n", b"\r\n0\r\na: b\r\n\r\n", b"0\r\n\r\n", b"\r\n", b""])
    else:
        head.append(b"content-length: %d\r\n" % (len(body) + rng.choice([0, 0, 0, 1, -1, 1000])))
    for _ in range(rng.choice([0, 1, 1, 2])):
        head.insert(rng.randrange(1, len(head) + 1), rng.choice(_HEADS))
    if rng.random() < 0.2:
        head[0] = rng.choice(_LINES) + b"\r\n"
    data = b"".join(head) + b"\r\n" + body
    if rng.random() < 0.3:
        data = rng.choice(list(BYTES.values()))(rng, data, [data]) or data
    return (data * rng.choice([1, 1, 1, 2]))[:2_000_000]


class Receiver:
    """`obskit receive` as a process, and what it has acknowledged."""

    def __init__(self) -> None:
        shm = Path("/dev/shm")
        self._root = tempfile.TemporaryDirectory(prefix="obskit-attack-", dir=shm if shm.is_dir() else None)
        self.folder = Path(self._root.name) / "events"
        self.sent = 0
        self._acknowledged: list[tuple[Case, list[str], int]] = []
        self._start()

    def _start(self) -> None:
        self._errors = Path(self._root.name) / f"stderr-{self.sent}"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen([*COMMAND, str(self.folder)], stdout=subprocess.DEVNULL, stderr=errors, cwd=ROOT)
        deadline = time.monotonic() + 60
        while "writing to" not in (said := self._errors.read_text(errors="replace")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the receiver does not start: {said}")
            time.sleep(0.01)
        ports = [int(found) for found in re.findall(r"127\.0\.0\.1:(\d+)", said)]
        self._port = ports[0]
        self._http: http.client.HTTPConnection | None = None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{ports[1]}") if grpc is not None and len(ports) > 1 else None

    def send(self, case: Case) -> list[Fault]:
        """Send a request, note what was acknowledged, and see whether the receiver still lives."""
        self.sent += 1
        faults = []
        begun = time.monotonic()
        try:
            faults += {"http": self._post, "grpc": self._call, "raw": self._socket}[case.details["way"]](case)
        except (OSError, http.client.HTTPException) as error:
            self._http = None
            if time.monotonic() - begun > 25:
                faults.append(Fault("no response", "", f"{type(error).__name__} after 25 s"))
        if self._process.poll() is not None:
            faults.append(Fault("the receiver died", "", f"status {self._process.returncode}: {self._last_words()}"))
            self._start()
        elif b"Traceback" in self._errors.read_bytes():
            faults.append(Fault("the receiver printed a traceback", "", self._last_words()))
            self._errors.write_bytes(b"")
        return faults

    def _last_words(self) -> str:
        return (self._errors.read_text(errors="replace").strip().splitlines() or [""])[-1][:300]

    def _post(self, case: Case) -> list[Fault]:
        encoding, body = case.details["encoding"], case.payload
        headers = {"content-type": JSON if case.details["kind"] == "json" else PROTOBUF}
        if "gzip" in encoding or encoding == "wrong":
            headers["content-encoding"] = "gzip"
        if "gzip" in encoding:
            body = compress("gzip", body)
            if "broken" in encoding:
                rng = random.Random(case.number)
                body = rng.choice([body[: rng.randrange(len(body))], body + b"junk", body[:10] + b"\0" * 9 + body[19:]])
        if self._http is None:
            self._http = http.client.HTTPConnection("127.0.0.1", self._port, timeout=25)
        sent: Any = iter([body[:10], body[10:]]) if "chunked" in encoding else body
        self._http.request("POST", case.details["path"], sent, headers)
        response = self._http.getresponse()
        status, answer = response.status, response.read()
        if response.will_close:
            self._http.close()
            self._http = None
        if status >= 500:
            return [Fault(f"status {status}", "", answer[:200].decode("utf-8", "replace"))]
        if status == 200 and case.details["path"].startswith(f"/v1/{case.details['signal']}") and encoding in ("", "gzip", "chunked", "gzip chunked"):
            self._note(case, answer)
        return []

    def _call(self, case: Case) -> list[Fault]:
        if self._channel is None:
            return []
        try:
            answer = self._channel.unary_unary(_METHODS[case.details["signal"]])(case.payload, timeout=25)
        except grpc.RpcError as error:
            code = error.code().name
            if code in ("UNKNOWN", "INTERNAL", "DEADLINE_EXCEEDED", "DATA_LOSS"):
                return [Fault(f"gRPC {code}", "", str(error.details())[:200])]
            return []
        self._note(case, answer)
        return []

    def _socket(self, case: Case) -> list[Fault]:
        """Send bytes as they are and read what comes back, until it closes or is silent for a moment."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self._port), timeout=25) as connection:
            sender = threading.Thread(target=_send, args=(connection, case.payload), daemon=True)
            sender.start()
            connection.settimeout(0.15)
            try:
                while piece := connection.recv(65_536):
                    answer += piece
            except OSError:
                pass  # it waits for the rest of the request, as it should
        sender.join(30)
        statuses = [int(found) for found in re.findall(rb"HTTP/1\.1 (\d\d\d)", answer)]
        # 501 and 505 are what HTTP asks for where a transfer encoding or a version is not known.
        if any(status >= 500 and status not in (501, 505) for status in statuses):
            return [Fault(f"status {max(statuses)}", "", answer.rpartition(b"\r\n")[2][:200].decode("utf-8", "replace"))]
        return []

    def _note(self, case: Case, answer: bytes) -> None:
        """Note the names in an acknowledged request, and how many of its records were rejected."""
        name = case.details["signal"]
        if name == "metrics":
            return
        names = _names_in(case)
        if case.details["kind"] == "json":
            partial = json.loads(answer or b"{}").get("partialSuccess", {})
            rejected = int(partial.get("rejectedSpans", partial.get("rejectedLogRecords", 0)))
        else:
            told = _RESPONSES[name].FromString(answer).partial_success
            rejected = told.rejected_spans if name == "traces" else told.rejected_log_records
        self._acknowledged.append((case, names, rejected))

    def missing(self) -> list[tuple[Case, Fault]]:
        """Load the folder and return the requests with acknowledged records that are not there."""
        if not self._acknowledged:
            return []
        try:
            table = ok.load(self.folder).dataset.arrow()
        except Exception as error:
            return [(self._acknowledged[0][0], Fault.of(error, "what was received cannot be loaded"))]
        there: Counter[str] = Counter()
        for column in ("name", "body"):
            if column in table.column_names:
                there.update(value for value in table[column].to_pylist() if isinstance(value, str))
        found = []
        for case, names, rejected in self._acknowledged:
            lost = Counter(names) - there
            if sum(lost.values()) > rejected:
                text = f"{sum(lost.values())} of {len(names)} records that were acknowledged are not loaded, {rejected} were rejected"
                found.append((case, Fault("acknowledged records are lost", "", f"{case.details['kind']} {case.details['signal']}: {text}")))
        return found

    def kill(self) -> None:
        """Kill the receiver and start another one on the same folder."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._hang_up()
        self._start()

    def end(self) -> list[tuple[Case, Fault]]:
        """Ask the receiver to end; it has to within a minute."""
        self._hang_up()
        self._process.terminate()
        try:
            code = self._process.wait(60)
        except subprocess.TimeoutExpired:
            return [(Case("receive", 0, 0), Fault("hang", "", "the receiver does not end after SIGTERM"))]
        return [(Case("receive", 0, 0), Fault("the receiver failed at its end", "", self._last_words()))] if code else []

    def _hang_up(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def close(self) -> None:
        self._hang_up()
        self._process.kill()
        self._process.wait()
        self._root.cleanup()


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        pass  # it has refused the rest


def _names_in(case: Case) -> list[str]:
    """Return the records' own names, as the official library or a plain reading of the JSON finds them."""
    name = case.details["signal"]
    outer, middle, inner = ("resourceSpans", "scopeSpans", "spans") if name == "traces" else ("resourceLogs", "scopeLogs", "logRecords")
    if case.details["kind"] == "protobuf":
        try:
            request = _REQUESTS[name].FromString(case.payload)
        except DecodeError:
            return []
        snake = re.sub("([A-Z])", r"_\1", f"{outer} {middle} {inner}").lower().split()
        records = [r for o in getattr(request, snake[0]) for m in getattr(o, snake[1]) for r in getattr(m, snake[2])]
        names = [r.name if name == "traces" else r.body.string_value for r in records]
        return [one for one in names if re.fullmatch(r"\d{6}|\d{4}", one)]
    found = []
    for o in _items(json.loads(case.payload), outer):
        for m in _items(o, middle):
            for record in _items(m, inner):
                body = record.get("body") if isinstance(record, dict) else None
                own = record.get("name") if name == "traces" and isinstance(record, dict) else body.get("stringValue") if isinstance(body, dict) else None
                if isinstance(own, str) and own.startswith(f"r{case.number:07d}."):
                    found.append(own)
    return found


def _items(value: Any, key: str) -> list[Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, list) else []
