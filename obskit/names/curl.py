"""The fields of curl's report about a request, and their names in an event. Standard library only.

`as_event` makes the same events from `curl -w '%{json}'` and from the probe. A field has OpenTelemetry's name
if there is one; `time_*` (cumulative seconds) get their unit, and all other fields keep curl's name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PHASES = (
    "namelookup",
    "connect",
    "appconnect",
    "pretransfer",
    "redirect",
    "posttransfer",
    "starttransfer",
    "queue",
    "total",
)
"""The phases in curl's `time_PHASE`: seconds from the start of the request until the phase ended."""

_SECONDS = {f"time_{phase}": f"time_{phase}_seconds" for phase in PHASES}
_TIMES = _SECONDS | {name: name for name in _SECONDS.values()}
_CONVENTIONS = {
    "method": "http.request.method",
    "remote_ip": "network.peer.address",
    "remote_port": "network.peer.port",
    "local_ip": "network.local.address",
    "local_port": "network.local.port",
    "http_version": "network.protocol.version",
    "errormsg": "error.message",
}
_STATUSES = ("response_code", "http_code")
# The values that curl and libcurl use for a missing answer, address or port.
_ABSENT = frozenset({"", "0", 0, -1, None})

ERRORS: dict[int, str] = {
    1: "UnsupportedProtocol",
    2: "FailedInit",
    3: "UrlMalformat",
    4: "NotBuiltIn",
    5: "CouldNotResolveProxy",
    6: "CouldNotResolveHost",
    7: "CouldNotConnect",
    8: "WeirdServerReply",
    9: "RemoteAccessDenied",
    16: "Http2",
    18: "PartialFile",
    22: "HttpReturnedError",
    23: "WriteError",
    26: "ReadError",
    27: "OutOfMemory",
    28: "OperationTimedout",
    33: "RangeError",
    35: "SslConnectError",
    42: "AbortedByCallback",
    43: "BadFunctionArgument",
    45: "InterfaceFailed",
    47: "TooManyRedirects",
    48: "UnknownOption",
    52: "GotNothing",
    53: "SslEngineNotfound",
    54: "SslEngineSetfailed",
    55: "SendError",
    56: "RecvError",
    58: "SslCertproblem",
    59: "SslCipher",
    60: "PeerFailedVerification",
    61: "BadContentEncoding",
    63: "FilesizeExceeded",
    64: "UseSslFailed",
    65: "SendFailRewind",
    66: "SslEngineInitfailed",
    67: "LoginDenied",
    77: "SslCacertBadfile",
    80: "SslShutdownFailed",
    81: "Again",
    82: "SslCrlBadfile",
    83: "SslIssuerError",
    88: "ChunkFailed",
    89: "NoConnectionAvailable",
    90: "SslPinnedpubkeynotmatch",
    91: "SslInvalidcertstatus",
    92: "Http2Stream",
    93: "RecursiveApiCall",
    94: "AuthError",
    95: "Http3",
    96: "QuicConnectError",
    97: "Proxy",
    98: "SslClientcert",
    99: "UnrecoverablePoll",
    100: "TooLarge",
    101: "EchRequired",
}
"""curl's exit code for HTTP requests -> its name (`CURLE_COULDNT_CONNECT` is CouldNotConnect)."""


def error_name(code: int) -> str:
    """Return curl's name for an exit code; for an unknown code, `Curl` and the number."""
    return ERRORS.get(code, f"Curl{code}")


def is_timing(row: Mapping[str, Any]) -> bool:
    """Whether an object has the names of curl's report about a request."""
    if "time_total" not in row and "time_total_seconds" not in row:
        return False
    if not any(name in row for name in _STATUSES):
        return False
    return "url" in row or "url_effective" in row or any(name in row for name in _OTHER_PHASES)


_OTHER_PHASES = tuple(name for name in _TIMES if not name.startswith("time_total"))


def as_event(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return curl's report about a request as an event.

    Args:
        row: with the keys of `curl -w '%{json}'`, or `time_*_seconds`; numbers can be text.

    Returns:
        A flat row: `name` and `kind`, `duration_ms` from the total, and `error.type` if curl failed. Fields
        of the event that are in `row` already keep their values. There is no `timestamp` unless `row` has
        one, because curl does not print it.
    """
    event: dict[str, Any] = {"name": "probe", "kind": "client"}
    for name, value in row.items():
        if name in _STATUSES:
            continue
        if name in _TIMES:
            seconds = _number(value)
            target = name if seconds is None else _TIMES[name]
            event[target] = value if seconds is None else seconds
        elif name in _CONVENTIONS:
            if not isinstance(value, list | dict) and value not in _ABSENT:
                event.setdefault(_CONVENTIONS[name], value)
        elif name == "scheme":
            if isinstance(value, str) and value:
                event.setdefault("url.scheme", value.lower())
        elif name == "url":
            event["url.full"] = value
        else:
            event[name] = value
    if str(event.get("network.protocol.version")) == "1":  # some releases of curl print this for HTTP/1.0
        event["network.protocol.version"] = "1.0"
    _status(row, event)
    _server(event)
    total = _number(event.get("time_total_seconds"))
    if total is not None:
        event.setdefault("duration_ms", round(total * 1000, 6))
    _failure(row, event)
    return event


def _failure(row: Mapping[str, Any], event: dict[str, Any]) -> None:
    code = _number(row.get("exitcode"))
    if code:
        event.setdefault("error.type", error_name(int(code)))
    elif code is None:
        statuses = [_number(row[name]) for name in _STATUSES if name in row]
        if row.get("errormsg") or (statuses and not any(statuses) and None not in statuses):
            # No answer and no reason: the conventions' value for an error without a name.
            event.setdefault("error.type", "_OTHER")


def _status(row: Mapping[str, Any], event: dict[str, Any]) -> None:
    for name in _STATUSES:
        if name in row:
            status = _number(row[name])
            if status is None:
                event[name] = row[name]
            elif status:  # 0 means that there was no answer
                event.setdefault("http.response.status_code", int(status))


def _server(event: dict[str, Any]) -> None:
    """Add the server's address and port, and `url.full` if a custom format left it out."""
    url = event.get("url.full") or event.get("url_effective")
    if not isinstance(url, str):
        return
    event.setdefault("url.full", url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return
    if host:
        event.setdefault("server.address", host)
        if port or parts.scheme in ("http", "https"):
            event.setdefault("server.port", port or (443 if parts.scheme == "https" else 80))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
