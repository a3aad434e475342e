"""ClickHouse's HTTP interface on loopback, in front of an embedded ClickHouse: users, settings, KILL QUERY."""

from __future__ import annotations

import base64
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.chdb_client import ask

USER, PASSWORD = "reader", "s3cret/word"
_KILL = re.compile(r"KILL QUERY WHERE query_id = '([\w-]+)'")
_FORMAT = re.compile(r"\s+FORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
# Settings of the client that the embedded engine does not take.
_OF_HTTP = {
    "query_id",
    "session_id",
    "database",
    "wait_end_of_query",
    "client_protocol_version",
    "max_execution_time",
}
_OF_HTTP |= {
    "send_progress_in_http_headers",
    "http_headers_progress_interval_ms",
    "enable_http_compression",
    "cancel_http_readonly_queries_on_client_close",
    "default_format",
}


class ClickHouseStub:
    """A server; use it as a context.

    Args:
        session: the embedded ClickHouse.

    Attributes:
        killed: query ids for which KILL QUERY came.
        seen: (query id, statement, settings) of each statement.
        holding: while it is set, statements of obskit wait until they are killed.
    """

    def __init__(self, session: Any) -> None:
        self.killed: set[str] = set()
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.holding = threading.Event()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                given = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                body = self.rfile.read(length).decode()
                sql = "\n".join(filter(None, (given.pop("query", ""), body)))
                if not _allowed(
                    self.headers.get("Authorization"),
                    self.headers.get("X-ClickHouse-User"),
                    self.headers.get("X-ClickHouse-Key"),
                ):
                    self._send(
                        403,
                        b"Code: 516. DB::Exception: reader: Authentication failed. (AUTHENTICATION_FAILED) (version 26.9)",
                    )
                    return
                try:
                    answer, made = stub._answer(session, sql, given)
                    self._send(200, answer, made)
                except Exception as error:  # chdb's errors are texts of ClickHouse
                    self._send(500, str(error).encode())

            do_GET = do_POST

            def _send(self, status: int, body: bytes, made: str = "TabSeparated") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("X-ClickHouse-Format", made)
                self.send_header("X-ClickHouse-Server-Display-Name", "stub")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"clickhouse://{USER}:{PASSWORD.replace('/', '%2F')}@127.0.0.1:{self._server.server_port}/prod"

    def __enter__(self) -> ClickHouseStub:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, session: Any, sql: str, given: dict[str, str]) -> tuple[bytes, str]:
        query = given.get("query_id", "")
        if found := _KILL.search(sql):
            self.killed.add(found[1])
            return b"", "TabSeparated"
        self.seen.append((query, sql, given))
        while self.holding.is_set() and query.startswith("obskit-"):
            if query in self.killed:
                raise RuntimeError("Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)")
            threading.Event().wait(0.02)
        made = given.get("default_format", "TabSeparated")
        if found := _FORMAT.search(sql):
            made, sql = found[1], sql[: found.start()]
        settings = ", ".join(f"{name} = '{value}'" for name, value in given.items() if name not in _OF_HTTP)
        if settings and not re.search(r"\bSETTINGS\b", sql):
            sql += f"\nSETTINGS {settings}"
        return ask(session, sql, made, given.get("database", "default")), made


def _allowed(basic: str | None, user: str | None, key: str | None) -> bool:
    if basic and basic.startswith("Basic "):
        user, _, key = base64.b64decode(basic[6:]).decode().partition(":")
    return (user, key) == (USER, PASSWORD)
