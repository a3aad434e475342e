"""The layouts of plain application logs: what a line begins with, by the program or library that writes it.

    2026-05-04 10:00:00,123 - shop.cart - ERROR - boom       "python": time, logger, level; "boom" is the body
    E0504 10:00:00.123456       7 node.go:12] boom           "glog": level, time, thread, file, line

A layout's pattern matches the newline before a record and everything up to the message. Groups of the pattern
are named after the fields of `FIELDS`. The first layout that matches a line is the line's layout, so the
specific ones come before the general ones.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

FIELDS = {
    "level": "severity_text",
    "logger": "code.namespace",
    "thread": "thread.name",
    "tid": "thread.id",
    "pid": "process.pid",
    "file": "code.file.path",
    "line": "code.line.number",
    "func": "code.function.name",
    "trace": "trace_id",
    "span": "span_id",
    "service": "service.name",
    "host": "host.name",
    "client": "client.address",
    "port": "client.port",
    "user": "user.name",
    "db": "db.namespace",
    "invocation": "faas.invocation_id",
    "event": "event.id",
    "code": "error.code",
    "clock": "log.time",
    "status": "http.response.status_code",
    "size": "http.response.body.size",
    "rest": "access_log.rest",
    "context": "log.context",
    "connection": "nginx.connection",
    "method": "http.request.method",
    "path": "url.path",
    "query": "url.query",
}
"""Name of a group -> field of the event. The groups `time`, `request` and `took` are parsed further."""

REQUESTS = frozenset({"access", "Gin", "http.server"})
"""Layouts whose records are requests that were answered."""

_UPPER = (
    *("TRACE", "FINEST", "FINER", "FINE", "CONFIG", "DEBUG", "VERBOSE", "INFORMATION", "INFO", "NOTICE"),
    *("SUCCESS", "WARNING", "WARN", "ERROR", "ERR", "SEVERE", "CRITICAL", "CRIT", "ALERT", "EMERGENCY"),
    *("EMERG", "FATAL", "PANIC", "DPANIC"),
)
_SHORT = r"(?:TRC|VRB|DBG|INF|WRN|ERR|FTL|PNC)"
_PARTS = {
    "U": "(?:" + "|".join(_UPPER) + r")\b",
    "L": "(?:" + "|".join([*_UPPER, *map(str.lower, _UPPER), *map(str.title, _UPPER)]) + r")\b",
    # MariaDB pads the hour with a space.
    "ISO": r"(?P<time>\d{4}-\d\d-\d\d(?:[T ]\d|[ ]{2})\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"(?:Z|[ ]?[+-]\d\d:?\d\d(?!\d)|[ ](?:UTC|GMT)(?!\w))?)",
    "SLASH": r"(?P<time>\d{4}/\d\d/\d\d[ ]\d\d:\d\d:\d\d(?:\.\d{1,9})?)",
    "DMY": r"(?P<time>\d\d-[A-Z][a-z]{2}-\d{4}[ ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:[ ][A-Z][\w/]*)?)",
    "CLF": r"(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?:[ ][+-]\d{4})?)",
    "SHORT": _SHORT,
    "CLIENT": r"(?!(?:DEBUG|INFO|WARNING|ERROR|CRITICAL):)(?P<client>[\w.:\-]+)",
    "KVP": r"(?:(?P<context2>(?:[\w.\-]+=\"[^\"\n]*\"[ ]?)*)-)?",  # Logback's pairs: `-%kvp-`
    "NAME": r"[\w.$\-/]+",
    "DOTTED": r"[A-Za-z_$][\w$]*(?:(?:\.|::|/)[\w$<>]+)+",
}
_PG = r"(?:LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG\d?|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION)"
_GO_LINE = r"(?P<file>[\w./\-@]+\.go):(?P<line>\d+)"

_CERTAIN: dict[str, str] = {
    "Spring Boot": r"%ISO[ ]+(?P<level>%L)[ ]+(?:\[(?P<service>[^,\]\n]*),(?P<trace>[0-9a-f]*),"
    r"(?P<span>[0-9a-f]*)"
    r"(?:,[^\]\n]*)?\][ ])?(?P<pid>\d+)[ ]---[ ](?:\[[ ]*(?P<service2>[^\]\n]*)\][ ])?"
    r"\[[ ]*(?P<thread>(?![0-9a-f]{32}-)[^\]\n]*)\][ ]"
    r"(?:\[(?:(?P<trace2>[0-9a-f]{16,32})-(?P<span2>[0-9a-f]{16})|[ ]*)\][ ])?(?P<logger>\S+)[ ]*:[ ]",
    "loguru": r"%ISO[ ]\|[ ](?P<level>%L)[ ]*\|[ ](?P<logger>[^:|\n]+):(?P<func>[^:|\n]+):"
    r"(?P<line>\d+)[ ]-[ ]",
    "NLog": r"%ISO\|(?P<level>%L)\|(?P<logger>[^|\n]*)\|",
    "python": r"%ISO[ ]-[ ](?P<logger>[^\s\-]\S*)[ ]-[ ](?P<level>%L)[ ]+-[ ]"
    r"(?:\[?(?P<file>[\w./\-]+\.py):(?P<line>\d+)\]?[ ]-[ ])?",
    # Flask's default; the module that logs comes after "in".
    "Flask": r"\[%ISO\][ ](?P<level>%U)[ ]in[ ](?P<logger>[\w.]+):[ ]",
    # The format of tutorials, %(asctime)s:%(levelname)s:%(name)s:%(message)s, with or without the name.
    "logging with colons": r"%ISO:(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):"
    r"(?:(?P<logger>root|__main__|%DOTTED):(?=\S))?",
    "Django": r"(?P<level>%U)[ ]%ISO[ ](?P<logger>[\w.]+)[ ](?P<pid>\d+)[ ](?P<tid>\d+)[ ]",
    "Sidekiq": r"%ISO[ ]pid=(?P<pid>\d+)[ ]tid=(?P<thread>\S+)[ ](?:(?P<context>\w+=[^\n]*?)[ ])??"
    r"(?P<level>%U):[ ]",
    ".NET with a time": r"\[?%ISO\]?[ ](?P<level>trce|dbug|info|warn|fail|crit):[ ]"
    r"(?P<logger>[\w.`+<>,]+)\[(?P<event>-?\d+)\](?:\n|[ ])",
    "gunicorn": r"\[%ISO\][ ]\[(?P<pid>\d+)\][ ]\[(?P<level>%L)\][ ]",
    "envoy": r"\[%ISO\]\[(?P<tid>\d+)\]\[(?P<level>%L)\]\[(?P<logger>[^\]\n]+)\][ ]"
    r"(?:\[(?P<file>[^\]:\n]+):(?P<line>\d+)\][ ])?",
    "elasticsearch": r"\[%ISO\]\[(?P<level>%L)[ ]*\]\[(?P<logger>[^\] \n]+)[ ]*\][ ]",
    "celery": r"\[%ISO:[ ](?P<level>%L)/(?P<thread>[^\]\n]+)\][ ]",
    "airflow": r"\[%ISO\][ ]\{(?P<file>[^}:\n]+):(?P<line>\d+)\}[ ](?P<level>%L)[ ]-[ ]",
    "Monolog": r"\[%ISO\][ ](?P<logger>[\w\-]+)\.(?P<level>%U):[ ]",
    "env_logger": r"\[%ISO[ ](?P<level>%U)[ ]+(?P<logger>[\w:.\-]+)\][ ]",
    "pino-pretty": r"\[%ISO\][ ](?P<level>%U)[ ]\((?:(?P<logger>[^/)\n]+)/)?(?P<pid>\d+)(?:[ ]on[ ]"
    r"(?P<host>[^)\n]+))?\):[ ]",
    "log4js": r"\[%ISO\][ ]\[(?P<level>%L)\][ ](?P<logger>%NAME)[ ]-[ ]",
    "logback": r"%ISO[ ]\[(?P<thread>[^\]\n]+)\][ ](?P<level>%L)[ ]+(?P<logger>%NAME)(?::(?P<line>\d+))?"
    r"(?:[ ]\[(?P<context>[^\]\n]*)\])?(?:[ ]-%KVP|:)[ ]",
    "logback with two brackets": r"%ISO[ ]\[(?P<thread>[^\]\n]+)\][ ]\[?(?P<level>%L)[ ]*\]?[ ]+"
    r"(?:-[ ])?",
    "JBoss": r"%ISO[ ](?P<level>%L)[ ]+\[(?P<logger>%NAME)\][ ]\((?P<thread>[^)\n]+)\)[ ]",
    "log4j": r"%ISO[ ](?P<level>%L)[ ]+\[(?P<thread>[^\]\n]+)\][ ](?P<logger>%NAME)(?::"
    r"(?P<line>\d+))?(?:[ ]-|:)[ ]",
    "ZooKeeper": r"%ISO[ ]\[myid:[^\]\n]*\][ ]-[ ](?P<level>%L)[ ]+\[(?P<thread>[^\]\n]*):"
    r"(?P<logger>[\w.$]+)@(?P<line>\d+)\][ ]-[ ]",
    "Spark": r"(?P<time>\d\d/\d\d/\d\d[ ]\d\d:\d\d:\d\d)[ ](?P<level>%U)[ ](?P<logger>[\w.$]+):[ ]",
    "Dropwizard": r"(?P<level>%U)[ ]+\[%ISO\][ ](?P<logger>[\w.$\-]+):[ ]",
    "Cassandra": r"(?P<level>%U)[ ]+\[(?P<thread>[^\]\n]+)\][ ]%ISO[ ](?P<file>[\w$]+\.java):"
    r"(?P<line>\d+)[ ]-[ ]",
    "Tomcat": r"%DMY[ ](?P<level>%L)[ ]\[(?P<thread>[^\]\n]+)\][ ](?P<logger>[\w.$]+)\."
    r"(?P<func>[\w$<>]+)[ ]",
    "java.util.logging": r"(?P<time>[A-Z][a-z]{2}[ ]\d{1,2},[ ]\d{4},?[ ]\d{1,2}:\d\d:\d\d(?:[ ]"
    r"|\xe2\x80\xaf)[AP]M)"
    r"[ ](?P<logger>[\w.$\-]+)(?:[ ](?P<func>[\w$<>]+))?\n(?P<level>%L):[ ]",
    "zap": rf"%ISO\t(?P<level>%L)\t(?:(?P<logger>[\w.\-]+)\t(?!\{{))?(?:{_GO_LINE}\t)?",
    "Caddy": r"%SLASH\t(?P<level>%L)\t(?:(?P<logger>[\w.\-]+)\t(?!\{))?",
    "Gin": r"\[GIN\][ ](?P<time>\d{4}/\d\d/\d\d[ ]-[ ]\d\d:\d\d:\d\d)[ ]\|[ ]*(?P<status>\d{3})[ ]*\|"
    r"[ ]*(?P<took>[^\s|]+)[ ]*\|[ ]*(?P<client>[^\s|]*)[ ]*\|[ ]*(?P<method>[A-Z]+)[ ]+"
    r"\"?(?P<path>[^\"?\s]*)(?:\?(?P<query>[^\"\s]*))?\"?",
    # Python's http.server and Werkzeug: Apache's format without a zone.
    "http.server": r"%CLIENT[ ]-[ ]-[ ]\[(?P<time>\d\d/[A-Z]"
    r"[a-z]{2}/\d{4}[ ]\d\d:\d\d:\d\d)\][ ](?:\"(?P<request>(?:[^\"\\\n]|\\.)*)\"[ ]"
    r"(?P<status>\d{3})[ ](?P<size>\d+|-))?",
    "Lambda": r"%ISO\t(?P<invocation>[0-9a-f\-]{36})\t(?P<level>%L)\t",
    "Lambda for Python": r"\[(?P<level>%U)\]\t%ISO\t(?P<invocation>[0-9a-f\-]{36})\t",
    "nginx error log": r"%SLASH[ ]\[(?P<level>%L)\][ ](?P<pid>\d+)\#(?P<tid>\d+):[ ]"
    r"(?:\*(?P<connection>\d+)[ ])?",
    "Apache error log": r"\[(?P<time>[A-Z][a-z]{2}[ ][A-Z][a-z]{2}[ ][ \d]\d[ ]\d\d:\d\d:\d\d"
    r"(?:\.\d{1,6})?[ ]\d{4})\][ ]"
    r"\[(?P<logger>[\w\-]*):(?P<level>[a-z]+)\d?\][ ](?:\[pid[ ](?P<pid>\d+)(?::tid[ ]"
    r"(?P<tid>\d+))?\][ ])?"
    r"(?:\[client[ ](?P<client>[^\]\s]+):(?P<port>\d+)\][ ])?",
    "Apache 2.2 error log": r"\[(?P<time>[A-Z][a-z]{2}[ ][A-Z][a-z]{2}[ ][ \d]\d[ ]\d\d:\d\d:\d\d"
    r"[ ]\d{4})\][ ]"
    r"\[(?P<level>[a-z]+)\][ ](?:\[client[ ](?P<client>[^\]\s]+)\][ ])?",
    "Ruby": r"[DIWEFAU],[ ]\[%ISO(?:[ ]\#(?P<pid>\d+))?\][ ]+(?P<level>%U|ANY)[ ]--[ ]"
    r"(?P<logger>[^:\n]*):[ ]",
    "glog": r"(?P<level>[IWEF])(?P<time>\d{4}[ ]\d\d:\d\d:\d\d\.\d{6})[ ]+(?P<tid>\d+)[ ]"
    r"(?P<file>[^\s:\]]+):(?P<line>\d+)\][ ]",
    "glog with a year": r"(?P<level>[IWEF])(?P<time>\d{8}[ ]\d\d:\d\d:\d\d\.\d{6})[ ]+(?P<tid>\d+)"
    r"[ ](?P<file>[^\s:\]]+):(?P<line>\d+)\][ ]",
    "PostgreSQL": r"(?P<time>\d{4}-\d\d-\d\d[ ]\d\d:\d\d:\d\d(?:\.\d{3})?"
    r"[ ][A-Z+\-][A-Z0-9+\-]{1,5})[ ]\[(?P<pid>\d+)\]"
    rf"(?::?[ ]\[\d+-\d+\])?[ ](?:(?P<user>[^@\s]+)@(?P<db>\S+)[ ])?(?P<level>{_PG}):[ ]+",
    "PostgreSQL on RDS": r"(?P<time>\d{4}-\d\d-\d\d[ ]\d\d:\d\d:\d\d(?:\.\d{3})?[ ][A-Z]{3,5}):"
    r"(?P<client>[^\s(:]*)"
    rf"(?:\((?P<port>\d+)\))?:(?P<user>[^@\s:]*)@(?P<db>[^\s:]*):\[(?P<pid>\d+)\]:(?P<level>{_PG}):[ ]+",
    "Redis": r"(?P<pid>\d+):[XCSM][ ](?P<time>\d\d[ ][A-Z][a-z]{2}[ ]\d{4}[ ]\d\d:\d\d:\d\d\.\d{3})"
    r"[ ](?P<level>[.\-*\#])[ ]",
    "MySQL": r"%ISO[ ](?P<tid>\d+)[ ]\[(?P<level>%L|System|Note)\][ ](?:\[(?P<code>MY-\d+)\][ ])?"
    r"(?:\[(?P<logger>\w+)\][ ])?",
    "PHP-FPM": r"\[%DMY\][ ](?:(?P<level>%U):[ ](?:pid[ ](?P<pid>\d+),[ ](?P<func>\w+)\(\),[ ]line"
    r"[ ](?P<line>\d+):[ ])?"
    r"|PHP[ ](?P<level2>Fatal[ ]error|Parse[ ]error|Warning|Notice|Deprecated):[ ]+)",
    "RabbitMQ": r"%ISO[ ]\[(?P<level>%L)\][ ]<(?P<thread>[\d.]+)>[ ]",
    "time, level and logger": r"%ISO[ ]+\[?(?P<level>%L)[ ]*\]?[ ]+(?:\[(?P<logger>%DOTTED)\][ ]|"
    r"(?P<logger2>%DOTTED)(?::(?P<line>\d+))?(?::|[ ]-)[ ])"
    r"(?:-[ ])?",
    "Serilog": r"%ISO[ ]\[(?P<level>%SHORT|%L)\][ ]",
    "zerolog": r"%ISO[ ](?P<level>%SHORT)[ ]",
    "NestJS": r"\[Nest\][ ](?P<pid>\d+)[ ]+-[ ](?P<time>\d\d/\d\d/\d{4},[ ]\d{1,2}:\d\d:\d\d(?:[ ]"
    r"|\xe2\x80\xaf)[AP]M)"
    r"[ ]+(?P<level>%U|LOG)[ ](?:\[(?P<logger>[^\]\n]+)\][ ])?",
    "Go": rf"%SLASH[ ](?:{_GO_LINE}:[ ])?(?:\[?(?P<level>%U)\]?:?[ ])?",
    "time, source and level": r"\[?%ISO\]?[ ]\[?(?P<file>[\w./\-]+\.\w+):(?P<line>\d+)\]?[ ]\[?"
    r"(?P<level>%L)\]?[ \-:]+",
    "time and level": r"\[?%ISO\]?(?:[ \t]+|[ ]?[|:\-][ ]+)\[?(?P<level>%U)[ ]*\]?"
    r"(?:[ \t]*[|:\-](?=\s))?(?:[ \t]+|$)",
    "time and level in brackets": r"\[?%ISO\]?[ ]+(?:\[(?P<level>%L)[ ]*\]:?|(?P<level2>%L):)[ ]",
    "level and time": r"(?P<level>%U)[ ]+%ISO[ ]+",
}
_TIME_ONLY: dict[str, str] = {
    "time in brackets": r"\[%ISO\][ \t]+",
    "CLF time in brackets": r"\[%CLF\][ \t]+(?:(?P<level>%U)[ ]+)?",
    "dmesg": r"\[(?P<time>[A-Z][a-z]{2}[ ][A-Z][a-z]{2}[ ][ \d]\d[ ]\d\d:\d\d:\d\d[ ]\d{4})\][ ]",
    "time": r"%ISO:?[ \t]+",
}
_UNTIMED: dict[str, str] = {
    "uvicorn": r"(?P<level>INFO(?=:[ ]{5}\S)|(?:DEBUG|ERROR|TRACE)(?=:[ ]{4}\S)|WARNING(?=:[ ]{2}\S)"
    r"|CRITICAL(?=:[ ]\S)):[ ]+",
    "logging.basicConfig": r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?P<logger>[\w.\-]+):",
    ".NET": r"(?P<level>trce|dbug|info|warn|fail|crit):[ ]"
    r"(?P<logger>[\w.`+<>,]+)\[(?P<event>-?\d+)\](?:\n|[ ])",
    ".NET without a date": r"\[?(?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,7})?)\]?[ ](?P<level>trce|dbug|info|warn"
    r"|fail|crit):[ ](?P<logger>[\w.`+<>,]+)\[(?P<event>-?\d+)\](?:\n|[ ])",
    "logback without a date": r"(?P<clock>\d\d:\d\d:\d\d[.,]\d{3})[ ]\[(?P<thread>[^\]\n]+)\][ ]"
    r"(?P<level>%L)[ ]+"
    r"(?P<logger>[\w.$\-]+)(?:[ ]-%KVP|:)[ ]",
    "pino-pretty without a date": r"\[(?P<clock>\d\d:\d\d:\d\d\.\d{3})\][ ](?P<level>%U)[ ]"
    r"\((?:(?P<logger>[^/)\n]+)/)?(?P<pid>\d+)(?:[ ]on[ ](?P<host>[^)\n]+))?\):[ ]",
    "level without a date": r"\[?(?P<clock>\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)\]?[ ]\[?(?P<level>%L"
    r"|%SHORT)\]?:?[ ]",
    "Serilog without a date": r"\[(?P<clock>\d\d:\d\d:\d\d)[ ](?P<level>%SHORT)\][ ]",
}
_SECONDARY: dict[str, str] = {
    "access": r"%CLIENT[ ]\S+[ ](?P<user>\S+)[ ]\[%CLF\][ ]\"(?P<request>(?:[^\"\\\n]"
    r"|\\.)*)\"[ ]"
    r"(?P<status>\d{3})[ ](?P<size>\d+|-)(?P<rest>[^\n]*)",
    # Lambda's runtime for Python, and others that print a level only.
    "level in brackets": r"\[(?P<level>%U)\][ \t]+(?=\S)",
    "a time of day": r"(?P<clock>\d\d:\d\d:\d\d[.,]\d{3,6})[ ]",
    "Lambda platform": r"(?=(?:START|END|REPORT|INIT_START|INIT_REPORT)[ ](?:RequestId:[ ]"
    r"(?P<invocation>[0-9a-f\-]{36}))?)",
}


class Layout(NamedTuple):
    """What the lines of one program or library begin with.

    Attributes:
        name: for notes, such as "Spring Boot".
        pattern: matches the newline before a record and the text up to its message.
        groups: the pattern's groups in order.
        timed: each record has a date and a time.
        strict: nothing else looks like this: the layout has more than a time.
        alone: a file may consist of these records; False for records that only occur among others.
    """

    name: str
    pattern: re.Pattern[bytes]
    groups: tuple[str, ...]
    timed: bool
    strict: bool
    alone: bool = True


def _layout(name: str, template: str, *, strict: bool, alone: bool = True) -> Layout:
    for part, text in sorted(_PARTS.items(), key=lambda item: -len(item[0])):
        template = template.replace(f"%{part}", text)
    pattern = re.compile(b"\n" + template.encode(), re.ASCII | re.MULTILINE)
    groups = tuple(sorted(pattern.groupindex, key=pattern.groupindex.__getitem__))
    return Layout(name, pattern, groups, "time" in groups, strict, alone)


LAYOUTS: tuple[Layout, ...] = (
    *(_layout(name, text, strict=True) for name, text in _CERTAIN.items()),
    *(_layout(name, text, strict=True) for name, text in _UNTIMED.items()),
    *(_layout(name, text, strict=True, alone=False) for name, text in _SECONDARY.items()),
    *(_layout(name, text, strict=False) for name, text in _TIME_ONLY.items()),
)
"""All layouts, the specific ones first."""

_NAMES = re.compile(rb"\(\?P<\w+>")


@lru_cache(64)
def narrowed(layout: Layout, others: frozenset[str]) -> Layout:
    """Return a layout that leaves the lines of more specific ones to them.

    Args:
        layout: a general one, such as "time and level".
        others: names of the layouts that the file has too.

    Returns:
        The layout; its pattern does not match where a layout of `others` that comes before it does.
    """
    at = LAYOUTS.index(layout)
    before = [_NAMES.sub(b"(?:", other.pattern.pattern[1:]) for other in LAYOUTS[:at] if other.name in others]
    if not before:
        return layout
    pattern = b"\n(?!" + b"|".join(before) + b")" + layout.pattern.pattern[1:]
    return layout._replace(pattern=re.compile(pattern, layout.pattern.flags))


# No layout has a comma or semicolon after the time: most lines of tables are done here.
_TABLE_TIME = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?+(?:Z|[+-]\d\d:?\d\d)?+[,;]"
_MAY_START = re.compile(rb"\n(?!" + _TABLE_TIME + rb")\[?[A-Za-z\d]")


def layout_of(text: bytes, at: int = 0) -> tuple[Layout, re.Match[bytes]] | None:
    """Return the layout of a record, and the match of its beginning; None if the line begins no record.

    Args:
        text: lines.
        at: offset of the newline before the record's first line.

    Returns:
        The first layout that matches, and its match.
    """
    if _MAY_START.match(text, at) is None:
        return None
    for layout in LAYOUTS:
        found = layout.pattern.match(text, at)
        if found is not None:
            return layout, found
    return None
