"""A gate in a thread, the files of rollouts that it follows, and requests to it as text."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from obskit.events import Events


def write_rollout(folder: Path, events: Events, *, ago: timedelta = timedelta(minutes=2)) -> None:
    """Write events into a folder, moved in time so that the newest is as old as said.

    The file appears at once, as a receiver or an exporter would make it.
    """
    table = events.to_arrow()
    at = table.schema.get_field_index("timestamp")
    times = table.column(at).cast(pa.int64())
    newest = int(pc.max(times).as_py())
    moved = pc.add(times, int((datetime.now(UTC) - ago).timestamp() * 1e6) - newest)
    table = table.set_column(at, "timestamp", moved.cast(pa.timestamp("us", "UTC")))
    folder.mkdir(exist_ok=True)
    pq.write_table(table, folder / ".new")
    (folder / ".new").rename(folder / "events.parquet")


@dataclass
class Answered:
    """A response: its status, headers by names in lower case, and its JSON document."""

    status: int
    headers: dict[str, str]
    document: dict[str, Any]


@dataclass
class Gate:
    """A gate that listens."""

    port: int
    said: list[str]

    def send(self, raw: bytes, timeout: float = 20.0) -> Answered:
        """Send the bytes of a request as they are, and read the response to its end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as client:
            client.sendall(raw)
            data = b""
            while piece := client.recv(65_536):
                data += piece
        while data.startswith(b"HTTP/1.1 100"):
            data = data.partition(b"\r\n\r\n")[2]
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z ]+", first)
        assert found, first
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert len(body) == int(headers["content-length"])
        return Answered(int(found[1]), headers, json.loads(body))

    def get(self, target: str, *headers: str) -> Answered:
        """GET as Go's client does."""
        return self.send(go_request("GET", target, self.port, headers))

    def post(self, target: str, body: bytes = b"", *headers: str) -> Answered:
        """POST as Go's client does."""
        return self.send(go_request("POST", target, self.port, headers, body))


def go_request(
    method: str, target: str, port: int, headers: tuple[str, ...] = (), body: bytes = b""
) -> bytes:
    """Return the bytes that Go's net/http writes: its first headers, then others by name, encoding last."""
    first = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{port}", "User-Agent: Go-http-client/1.1"]
    length = [f"Content-Length: {len(body)}"] if method == "POST" else []
    lines = [*first, *length, *sorted(headers), "Accept-Encoding: gzip"]
    return "\r\n".join([*lines, "", ""]).encode() + body
