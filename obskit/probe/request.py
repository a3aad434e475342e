"""Make one request with libcurl, and return it as an event.

Each request uses a new connection, as a new user would. The body is read up to a limit,
counted and discarded. Redirects are followed to http and https only.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from obskit.errors import MissingDependency
from obskit.names.curl import PHASES, as_event
from obskit.probe.secrets import text_without_secrets, without_secrets

try:
    import pycurl
except ImportError as error:
    raise MissingDependency.of("probe", "obskit probe") from error

_HTTP_VERSIONS = {1: "1.0", 2: "1.1", 3: "2", 30: "3"}
_TLS = re.compile(r"SSL connection using (?:TLS|SSL)v(\d(?:\.\d)?)")
_INFO = {
    "response_code": pycurl.RESPONSE_CODE,
    "num_redirects": pycurl.REDIRECT_COUNT,
    "url_effective": pycurl.EFFECTIVE_URL,
    "method": pycurl.EFFECTIVE_METHOD,
    "content_type": pycurl.CONTENT_TYPE,
    "remote_ip": pycurl.PRIMARY_IP,
    "remote_port": pycurl.PRIMARY_PORT,
    "local_ip": pycurl.LOCAL_IP,
    "local_port": pycurl.LOCAL_PORT,
    "scheme": pycurl.SCHEME,
    "size_download": pycurl.SIZE_DOWNLOAD_T,
    "speed_download": pycurl.SPEED_DOWNLOAD_T,
}
_TIMED = {
    f"time_{phase}": getattr(pycurl, f"{phase.upper()}_TIME_T")
    for phase in PHASES
    if hasattr(pycurl, f"{phase.upper()}_TIME_T")
}
_ABORT = 1


@dataclass(frozen=True)
class Limits:
    """Limits of one request.

    Args:
        seconds: for the whole request, including redirects.
        connect_seconds: for name lookup, connection and TLS.
        body_bytes: most bytes to read of the body.
        redirects: most redirects to follow.
    """

    seconds: float = 30.0
    connect_seconds: float = 10.0
    body_bytes: int = 16 * 1024**2
    redirects: int = 10


class _Body:
    """Count and discard a body, and stop at the limit."""

    def __init__(self, limit: int) -> None:
        self.cut = False
        self._left = limit

    def take(self, data: bytes) -> int:
        """Count a piece, and return its size; -1 makes libcurl stop."""
        self._left -= len(data)
        self.cut = self._left < 0
        return -1 if self.cut else len(data)


class _TlsVersion:
    """Find the TLS version in libcurl's debug output; libcurl reports it nowhere else."""

    def __init__(self) -> None:
        self.tls: str | None = None

    def read_line(self, kind: int, data: bytes) -> None:
        """Look at a line of debug output; headers and bodies are ignored."""
        if kind == pycurl.INFOTYPE_TEXT and (found := _TLS.match(data.decode("latin-1"))):
            self.tls = found[1]


def probe(url: str, limits: Limits | None = None, stopped: threading.Event | None = None) -> dict[str, Any]:
    """Make one GET request and return its event without secrets. Failures are reported in the event.

    Args:
        url: http or https; see `check_urls`.
        limits: of time, size and redirects; by default `Limits()`.
        stopped: setting it aborts a request in progress (`AbortedByCallback`).

    Returns:
        A flat row: `time_*_seconds` cumulative, `duration_ms`, names of OpenTelemetry's conventions,
        curl's own for the rest, `error.type` (curl's name) and `error.message` where it failed.
    """
    limits = limits or Limits()
    body, tls_version = _Body(limits.body_bytes), _TlsVersion()
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    curl = pycurl.Curl()
    try:
        _set_up(curl, url, limits, f"00-{trace}-{span}-01")
        curl.setopt(pycurl.WRITEFUNCTION, body.take)
        curl.setopt(pycurl.DEBUGFUNCTION, tls_version.read_line)
        if stopped is not None:
            curl.setopt(pycurl.XFERINFOFUNCTION, _abort_when(stopped))
            curl.setopt(pycurl.NOPROGRESS, False)
        begun = datetime.now(UTC)
        code, message = _perform(curl)
        row = _response_fields(curl) | {"url": url}
    finally:
        curl.close()
    if body.cut and code == pycurl.E_WRITE_ERROR:
        code, message = 0, ""
    row |= {"exitcode": code, "errormsg": message or None}
    event = {"timestamp": begun.isoformat(timespec="microseconds").replace("+00:00", "Z"), "duration_ms": 0.0}
    event |= as_event(row) | {
        "trace_id": trace,
        "span_id": span,
        "tls.protocol.version": tls_version.tls,
        "obskit.body_cut": body.cut or None,
        "host.name": socket.gethostname(),
    }
    return _without_secrets(event, url)


def _set_up(curl: pycurl.Curl, url: str, limits: Limits, traceparent: str) -> None:
    curl.setopt(pycurl.URL, url.encode())  # as text it would have to be ASCII
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, True)
    curl.setopt(pycurl.MAXREDIRS, limits.redirects)
    curl.setopt(pycurl.TIMEOUT_MS, max(1, int(limits.seconds * 1000)))
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(limits.connect_seconds * 1000)))
    curl.setopt(pycurl.NOSIGNAL, True)  # signals belong to the main thread
    curl.setopt(pycurl.FRESH_CONNECT, True)
    curl.setopt(pycurl.FORBID_REUSE, True)
    curl.setopt(pycurl.VERBOSE, True)  # goes to the debug function alone
    curl.setopt(pycurl.USERAGENT, "obskit-probe")
    # The server's own event of this request joins the same trace.
    curl.setopt(pycurl.HTTPHEADER, [f"traceparent: {traceparent}"])
    _trust(curl)


def _trust(curl: pycurl.Curl) -> None:
    """Use this machine's certificate authorities: libcurl from a wheel looks where it was built."""
    paths = ssl.get_default_verify_paths()
    bundle = os.environ.get("CURL_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or paths.cafile
    folder = os.environ.get("SSL_CERT_DIR") or paths.capath
    if bundle:
        curl.setopt(pycurl.CAINFO, bundle)
    if folder and (not bundle or "SSL_CERT_DIR" in os.environ):
        curl.setopt(pycurl.CAPATH, folder)


def _abort_when(stopped: threading.Event) -> Callable[[int, int, int, int], int]:
    return lambda *_sizes: _ABORT if stopped.is_set() else 0


def _perform(curl: pycurl.Curl) -> tuple[int, str]:
    """Make the request, and return curl's error code and message; 0 and "" on success."""
    try:
        curl.perform()
    except pycurl.error as error:
        code, message = error.args[0], error.args[1] if len(error.args) > 1 else ""
        return int(code), str(message)
    return 0, ""


def _response_fields(curl: pycurl.Curl) -> dict[str, Any]:
    """Return libcurl's data about the request under the names that curl prints; times in seconds."""
    row: dict[str, Any] = {}
    for name, what in _INFO.items():
        with contextlib.suppress(pycurl.error, UnicodeDecodeError):
            row[name] = curl.getinfo(what)
    for name, what in _TIMED.items():
        with contextlib.suppress(pycurl.error):
            row[name] = curl.getinfo(what) / 1e6
    row["http_version"] = _HTTP_VERSIONS.get(curl.getinfo(pycurl.INFO_HTTP_VERSION))
    return row


def _without_secrets(event: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the event without null values and secrets."""
    out = {}
    for name, value in event.items():
        if value is None:
            continue
        if name in ("url.full", "url_effective"):
            value = without_secrets(value)
        elif isinstance(value, str):
            value = text_without_secrets(value, (url,))
        out[name] = value
    return out
