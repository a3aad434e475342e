"""Mutated requests to a real receiver, which is killed now and then: what it acknowledges is loaded.

HTTP with protobuf and JSON, plain, compressed and chunked; bytes on a bare socket; gRPC where it is installed.
"""

from __future__ import annotations

import random
import re
from typing import Any

from tests.attack.byte_mutations import BYTES, mutate
from tests.attack.cases import Case, Fault
from tests.attack.fixtures import requests
from tests.attack.receiver import Receiver
from tests.support.receive_harness import JSON, PROTOBUF

KILL_EVERY, LOAD_EVERY = 300, 150
_HEADS = (
    *(
        b"content-length: 0\r\n",
        b"content-length: -1\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"content-length: 5, 5\r\n",
    ),
    *(
        b"transfer-encoding: chunked\r\n",
        b"transfer-encoding: gzip, chunked\r\n",
        b"content-encoding: br\r\n",
        b"\0: x\r\n",
    ),
    *(
        b"x: " + b"y" * 20_000 + b"\r\n",
        b"expect: 100-continue\r\n",
        b"connection: upgrade\r\nupgrade: h2c\r\n",
        b" folded\r\n",
    ),
    *(
        b"content-type: \xff\r\n",
        b"host: a\r\nhost: b\r\n",
        b"connection: close\r\n",
        b"te: trailers\r\n",
        b"no colon\r\n",
    ),
)
_LINES = (
    *(
        b"POST /v1/traces HTTP/1.1",
        b"POST /v1/traces HTTP/9.9",
        b"POST /v1/traces",
        b"GET / HTTP/1.1",
        b"PRI * HTTP/2.0",
    ),
    *(
        b"POST http://x/v1/traces HTTP/1.1",
        b"POST /v1/../v1/traces HTTP/1.1",
        b"POST /" + b"a" * 20_000 + b" HTTP/1.1",
        b"\x16\x03\x01",
    ),
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
        details: dict[str, Any] = {
            "signal": signal_name,
            "kind": kind,
            "way": way,
            "steps": steps,
            "path": path,
        }
        if way == "http":
            details["encoding"] = rng.choice(
                ["", "", "gzip", "broken gzip", "chunked", "gzip chunked", "wrong"]
            )
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
    return re.sub(
        rb"GET /\d|paid",
        lambda found: b"%06d" % number if len(found[0]) == 6 else b"%04d" % (number % 10_000),
        body,
    )


def _raw(rng: random.Random, path: str, kind: str, body: bytes) -> bytes:
    head = [
        f"POST {path} HTTP/1.1\r\n".encode(),
        b"host: x\r\n",
        f"content-type: {JSON if kind == 'json' else PROTOBUF}\r\n".encode(),
    ]
    if rng.random() < 0.4:
        head.append(b"transfer-encoding: chunked\r\n")
        sizes = rng.choice(
            [b"%x\r\n", b"%x;a=b\r\n", b"-%x\r\n", b"0x%x\r\n", b"%x", b"%xg\r\n", b"%020x\r\n"]
        )
        body = (
            sizes % len(body)
            + body
            + rng.choice([b"\r\n0\r\n\r\n", b"\r\n0\r\na: b\r\n\r\n", b"0\r\n\r\n", b"\r\n", b""])
        )
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
