"""The headers of syslog messages: priority, host, program and structured data.

    <34>1 2026-05-04T10:00:00Z web-1 su 12 ID47 [order@1 id="7"] text       RFC 5424
    <34>May  4 10:00:00 web-1 su[12]: text                                 RFC 3164

becomes `severity_text` crit, `syslog.facility` auth, `host.name` web-1, `service.name` su, `process.pid` 12,
`syslog.msgid` ID47 and `syslog.structured_data.order@1.id` 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock"),
    *(f"local{number}" for number in range(8)),
)

DATA = "syslog.structured_data."
"""How the names of structured data begin."""

PRIORITY = re.compile(rb"<(\d{1,3})>")

_LEVELS = rb"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL|SEVERE)\b"
_PROGRAM = rb"([^\s\[\]:\"{}<>=]{1,128})(?:\[([^\]\s]{1,64})\])?"
_HOST = rb"(?!(?i:" + _LEVELS + rb"))([A-Za-z0-9_][^\s\"{}\[\]<>()=,;|]{0,254})(?<!:) "
# A level in the place of the host is of an application's own log.
HEADER_3164 = re.compile(rb" (?:(?:" + _HOST + rb")?" + _PROGRAM + rb":(?: |$)|" + _HOST + rb")")
_QUOTED = rb'"[^"\\\]]*(?:\\.[^"\\\]]*)*"'
_ELEMENT = rb"\[[^\s=\]\"]{1,32}(?: [^\s=\]\"]{1,32}=" + _QUOTED + rb")*\]"
HEADER_5424 = re.compile(
    rb" (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (-|(?:" + _ELEMENT + rb")+)(?: |$)"
)
_SD = re.compile(rb"\[([^\s=\]\"]+)((?: [^\s=\]\"]+=" + _QUOTED + rb")*)\]")
_PARAMETER = re.compile(rb" ([^\s=\]\"]+)=(" + _QUOTED + rb")")
_ESCAPED = re.compile(rb'\\(["\\\]])')


def priority_fields(match: re.Match[bytes]) -> Mapping[str, Any]:
    """Return severity and facility of a priority; of one above 191, which no facility has, nothing."""
    number = int(match[1])
    if number >= 8 * len(FACILITIES):
        return {}
    return {
        "severity_text": SEVERITIES[number % 8],
        "syslog.facility": FACILITIES[number // 8],
    }


def fields_3164(match: re.Match[bytes]) -> Mapping[str, Any]:
    """Return host, program and process of a header."""
    host, program, pid, alone = match.groups()
    return _present({"host.name": host or alone, "service.name": program}) | _process(pid)


def fields_5424(match: re.Match[bytes]) -> Mapping[str, Any]:
    """Return host, program, process, message id and structured data of a header."""
    host, program, pid, msgid, data = match.groups()
    fields = _present({"host.name": host, "service.name": program, "syslog.msgid": msgid}) | _process(pid)
    if data == b"-":
        return fields
    for name, parameters in _SD.findall(data):
        for key, quoted in _PARAMETER.findall(parameters):
            value = _ESCAPED.sub(rb"\1", quoted[1:-1])
            fields[f"{DATA}{_text(name)}.{_text(key)}"] = _text(value)
    return fields


def _process(pid: bytes | None) -> dict[str, Any]:
    if not pid or pid == b"-":
        return {}
    return {"process.pid": int(pid)} if pid.isdigit() and len(pid) < 10 else {"syslog.procid": _text(pid)}


def _present(values: Mapping[str, bytes | None]) -> dict[str, Any]:
    return {name: _text(value) for name, value in values.items() if value and value != b"-"}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
