"""What a variable of nginx's `log_format` or a directive of Apache's `LogFormat` means, and in which unit.

    $request_time        request_time, seconds; the log's time is when the request ended
    %D                   duration_us, microseconds; the log's time is when the request began
    %{X-Cache}o          http.response.header.x-cache
    $geoip_country_code  nginx.geoip_country_code: an unknown variable keeps its name

Names without a dot are those of `log_formats` and `field_mapping`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

NGINX = {
    "remote_addr": "host",
    "remote_user": "user",
    "remote_port": "client.port",
    "realip_remote_addr": "network.peer.address",
    "realip_remote_port": "network.peer.port",
    "time_local": "clock",
    "time_iso8601": "iso",
    "msec": "epoch",
    "request": "request",
    "request_method": "method",
    "request_uri": "target",
    "uri": "path",
    "document_uri": "path",
    "args": "query",
    "query_string": "query",
    "is_args": "",
    "status": "status",
    "body_bytes_sent": "size",
    "bytes_sent": "bytes_sent",
    "request_length": "request_length",
    "request_time": "request_time",
    "http_referer": "referer",
    "http_user_agent": "agent",
    "http_x_forwarded_for": "xff",
    "proxy_add_x_forwarded_for": "xff",
    "http_x_request_id": "x_request_id",
    "http_traceparent": "traceparent",
    "http_x_amzn_trace_id": "amzn_trace",
    "host": "authority",
    "http_host": "authority",
    "server_name": "authority",
    "server_port": "server_port",
    "server_protocol": "protocol",
    "scheme": "scheme",
    "ssl_protocol": "tls",
    "ssl_cipher": "cipher",
    "pid": "process.pid",
    "otel_trace_id": "trace_id",
    "otel_span_id": "span_id",
    "opentelemetry_trace_id": "trace_id",
    "opentelemetry_span_id": "span_id",
}
"""Variable of nginx -> field."""

_APACHE = {
    "h": "host",
    "a": "host",
    "l": "ident",
    "u": "user",
    "r": "request",
    "s": "status",
    "b": "size",
    "B": "size",
    "D": "duration_us",
    "T": "duration_s",
    "I": "request_length",
    "O": "bytes_sent",
    "m": "method",
    "U": "path",
    "q": "query_mark",
    "H": "protocol",
    "v": "authority",
    "V": "authority",
    "p": "server_port",
    "P": "process.pid",
    "A": "network.local.address",
    "X": "access_log.connection_status",
    "S": "access_log.transferred",
    "f": "access_log.filename",
    "k": "access_log.keepalive_requests",
    "L": "access_log.error_log_id",
    "R": "access_log.handler",
}
_UNITS = {"s": "duration_s", "ms": "duration", "us": "duration_us"}
_PORTS = {"remote": "client.port", "local": "network.local.port", "canonical": "server_port"}
_HEADERS = {
    "referer": "referer",
    "user-agent": "agent",
    "x-forwarded-for": "xff",
    "x-request-id": "x_request_id",
    "traceparent": "traceparent",
    "x-amzn-trace-id": "amzn_trace",
    "host": "authority",
}
_PARTS = {"C": "http.request.cookie", "e": "access_log.env", "n": "access_log.note"}
_GUNICORN = {
    "t": "clock_brackets",
    "D": "took_us",
    "M": "took_ms",
    "T": "took_whole_s",
    "L": "took_s",
    "f": "referer",
    "a": "agent",
    "p": "process.pid",
}
# %...s, %>s and %<s may be limited to certain statuses: %!200,304{Referer}i.
_DIRECTIVE = re.compile(
    r"%(?P<only>[!<>]*(?:\d{3},?)*[<>]?)(?:\{(?P<argument>[^}]*)\})?(?P<letter>\^FB|\^t[io]|[A-Za-z])"
)
_GUNICORN_DIRECTIVE = re.compile(r"%\((?P<atom>\{[^})]*\}[ioe]|[A-Za-z])\)s")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<bare>[a-z0-9_A-Z]+))")


@dataclass(frozen=True)
class Variable:
    """A place of a layout that a value is written to.

    Attributes:
        text: as the layout has it, for messages.
        field: name of the field: one of `log_formats`, or with a dot a name of its own; "" for none.
        argument: the format of a time, in strftime's notation.
    """

    text: str
    field: str
    argument: str = ""


def nginx_pieces(layout: str) -> list[str | Variable]:
    """Split a layout in nginx's syntax into text and variables."""
    return _pieces(layout, _VARIABLE, lambda found: _nginx(found[0], found["braced"] or found["bare"]))


def apache_pieces(layout: str) -> list[str | Variable]:
    """Split a layout in Apache's syntax into text and variables; `%%` is a percent sign."""
    out: list[str | Variable] = []
    for at, part in enumerate(layout.split("%%")):
        out += ["%"] if at else []
        out += _pieces(part, _DIRECTIVE, lambda found: _apache(found[0], found["argument"], found["letter"]))
    return out


def gunicorn_pieces(layout: str) -> list[str | Variable]:
    """Split a layout in gunicorn's syntax, such as `%(h)s "%(r)s" %(D)s`, into text and variables."""

    def variable(found: re.Match[str]) -> Variable:
        atom = found["atom"]
        if atom[0] == "{":
            return _apache(found[0], atom[1:-2].lower(), atom[-1])
        return Variable(found[0], _GUNICORN.get(atom) or _APACHE.get(atom, f"access_log.{atom}"))

    return _pieces(layout, _GUNICORN_DIRECTIVE, variable)


def _pieces(
    layout: str, pattern: re.Pattern[str], variable: Callable[[re.Match[str]], Variable]
) -> list[str | Variable]:
    out: list[str | Variable] = []
    at = 0
    for found in pattern.finditer(layout):
        out += [layout[at : found.start()], variable(found)]
        at = found.end()
    out.append(layout[at:])
    return [piece for piece in out if piece != ""]


def _nginx(text: str, name: str) -> Variable:
    if name in NGINX:
        return Variable(text, NGINX[name])
    for prefix, field in (
        ("sent_http_", "http.response.header."),
        ("http_", "http.request.header."),
        ("cookie_", "http.request.cookie."),
    ):
        if name.startswith(prefix) and name != prefix:
            rest = name.removeprefix(prefix)
            return Variable(text, field + (rest if prefix == "cookie_" else rest.replace("_", "-")))
    return Variable(text, f"nginx.{name}" if "upstream" not in name else name)


def _apache(text: str, argument: str | None, letter: str) -> Variable:
    if letter in ("^ti", "^to"):
        return Variable(text, f"access_log.trailer.{(argument or '').lower()}")
    if letter == "^FB":
        return Variable(text, "access_log.first_byte_us")
    if letter == "t":
        return Variable(text, "strftime", argument) if argument else Variable(text, "clock_brackets")
    if argument is None:
        return Variable(text, "original_status" if "<" in text and letter == "s" else _field(letter))
    if letter == "T":
        return Variable(text, _UNITS.get(argument, f"access_log.duration_{argument}"))
    if letter == "p":
        return Variable(text, _PORTS.get(argument, f"access_log.port_{argument}"))
    if letter == "a":
        return Variable(text, "network.peer.address")
    if letter in ("P", "h"):
        names = {"tid": "thread.id", "hextid": "access_log.thread_id_hex", "c": "network.peer.address"}
        return Variable(text, names.get(argument, _field(letter)))
    name = argument.lower()
    if letter == "i":
        return Variable(text, _HEADERS.get(name) or f"http.request.header.{name}")
    if letter == "o":
        return Variable(text, f"http.response.header.{name}")
    return Variable(text, f"{_PARTS.get(letter, f'access_log.{letter}')}.{argument}")


def _field(letter: str) -> str:
    return _APACHE.get(letter, f"access_log.{letter}")
