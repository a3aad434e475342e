"""`obskit receive` as a process, requests to it, and what it has acknowledged."""

from __future__ import annotations

import contextlib
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
from tests.attack.byte_mutations import compress
from tests.attack.cases import Case, Fault
from tests.attack.worker import ROOT
from tests.support.receive_harness import JSON, PROTOBUF

try:
    import grpc
except ModuleNotFoundError:  # the extra receive-grpc
    grpc = None

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
            self._process = subprocess.Popen(
                [*COMMAND, str(self.folder)], stdout=subprocess.DEVNULL, stderr=errors, cwd=ROOT
            )
        deadline = time.monotonic() + 60
        while "writing to" not in (said := self._errors.read_text(errors="replace")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the receiver does not start: {said}")
            time.sleep(0.01)
        ports = [int(found) for found in re.findall(r"127\.0\.0\.1:(\d+)", said)]
        self._port = ports[0]
        self._http: http.client.HTTPConnection | None = None
        self._channel = (
            grpc.insecure_channel(f"127.0.0.1:{ports[1]}") if grpc is not None and len(ports) > 1 else None
        )

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
            faults.append(
                Fault("the receiver died", "", f"status {self._process.returncode}: {self._last_words()}")
            )
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
                body = rng.choice(
                    [body[: rng.randrange(len(body))], body + b"junk", body[:10] + b"\0" * 9 + body[19:]]
                )
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
        if (
            status == 200
            and case.details["path"].startswith(f"/v1/{case.details['signal']}")
            and encoding in ("", "gzip", "chunked", "gzip chunked")
        ):
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
            return [
                Fault(
                    f"status {max(statuses)}",
                    "",
                    answer.rpartition(b"\r\n")[2][:200].decode("utf-8", "replace"),
                )
            ]
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
            found = self._unreadable() or [
                (self._acknowledged[0][0], Fault.of(error, "a folder cannot be loaded"))
            ]
            self._begin_again()
            return found
        there: Counter[str] = Counter()
        for column in ("name", "body"):
            if column in table.column_names:
                there.update(value for value in table[column].to_pylist() if isinstance(value, str))
        found = []
        for noted in list(self._acknowledged):
            case, names, rejected = noted
            lost = sum((Counter(names) - there).values())
            if lost > rejected:
                what = f"{case.details['kind']} {case.details['signal']}"
                text = f"{what}: {lost} of {len(names)} records are not loaded, and {rejected} were rejected"
                found.append((case, Fault("acknowledged records are lost", "", text)))
                self._acknowledged.remove(noted)
        return found

    def _unreadable(self) -> list[tuple[Case, Fault]]:
        """Return the acknowledged requests that cannot be loaded by themselves."""
        found = []
        for number, (case, _, _) in enumerate(self._acknowledged):
            alone = Path(self._root.name) / f"alone-{self.sent}-{number}"
            alone.mkdir()
            name, body = case.details["signal"], case.payload
            if case.details["kind"] == "json":
                (alone / f"{name}.jsonl").write_text(json.dumps(json.loads(body)) + "\n")
            else:
                (alone / f"{name}.otlp").write_bytes(len(body).to_bytes(4, "big") + body)
            try:
                ok.load(alone)
            except ok.ObskitError:
                pass  # a file without rows, which is fine by itself
            except Exception as error:
                found.append((case, Fault.of(error, "what was acknowledged cannot be loaded")))
        return found

    def _begin_again(self) -> None:
        """Receive into another folder, so that what cannot be loaded does not hide everything after it."""
        self._acknowledged = []
        self.folder = Path(self._root.name) / f"events-{self.sent}"
        self.kill()

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
        return (
            [(Case("receive", 0, 0), Fault("the receiver failed at its end", "", self._last_words()))]
            if code
            else []
        )

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
    with contextlib.suppress(OSError):  # it has refused the rest
        connection.sendall(data)


def _names_in(case: Case) -> list[str]:
    """Return the records' own names, as the official library or a plain reading of the JSON finds them."""
    name = case.details["signal"]
    outer, middle, inner = (
        ("resourceSpans", "scopeSpans", "spans")
        if name == "traces"
        else ("resourceLogs", "scopeLogs", "logRecords")
    )
    if case.details["kind"] == "protobuf":
        try:
            request = _REQUESTS[name].FromString(case.payload)
        except DecodeError:
            return []
        snake = re.sub("([A-Z])", r"_\1", f"{outer} {middle} {inner}").lower().split()
        records = [
            r for o in getattr(request, snake[0]) for m in getattr(o, snake[1]) for r in getattr(m, snake[2])
        ]
        names = [r.name if name == "traces" else r.body.string_value for r in records]
        return [one for one in names if re.fullmatch(r"\d{6}|\d{4}", one)]
    found = []
    for o in _items(json.loads(case.payload), outer):
        for m in _items(o, middle):
            for record in _items(m, inner):
                body = record.get("body") if isinstance(record, dict) else None
                own = (
                    record.get("name")
                    if name == "traces" and isinstance(record, dict)
                    else body.get("stringValue")
                    if isinstance(body, dict)
                    else None
                )
                if isinstance(own, str) and own.startswith(f"r{case.number:07d}."):
                    found.append(own)
    return found


def _items(value: Any, key: str) -> list[Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, list) else []
