"""The kinds of prefixes: what each looks like, and which fields it holds.

    [pod/shop-6d4cf56db6-x7zq2/app] {"level": ...}       kubectl logs --prefix
    2026-05-04T10:00:00.501234567Z stdout F {"level"...   a container runtime (CRI)
    shop-1  | {"level": ...}                              docker compose logs
    May  4 10:00:00 web-1 nginx[12]: 10.0.0.7 - - ...     syslog (RFC 3164), journalctl
    <34>1 2026-05-04T10:00:00Z web-1 su 12 ID47 - text    syslog (RFC 5424)

A prefix is a sequence of parts: times, which differ from line to line, and texts, which are mostly the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from obskit.readers.prefixed.syslog import (
    HEADER_3164,
    HEADER_5424,
    PRIORITY,
    fields_3164,
    fields_5424,
    priority_fields,
)

Fields = Mapping[str, Any]
"""Field -> value."""

Clock = Literal["iso", "iso or -", "bsd"]

PARTIAL = "partial"
"""Key among the fields of a text that says that the line goes on in the next one; it is not a field."""


@dataclass(frozen=True)
class Text:
    """A part that is mostly the same in all lines.

    Attributes:
        pattern: matches it.
        fields: of a match.
        end: see `KnownTexts`.
    """

    pattern: re.Pattern[bytes]
    fields: Callable[[re.Match[bytes]], Fields]
    end: bytes = b" "


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of prefix.

    Attributes:
        name: what people call it, for messages.
        parts: in their order.
        source: names of the fields that say who wrote a line; lines with equal ones are one log.
        sure: whether the parts alone are proof enough. If not, what is behind them must be a known format.
        check: a further condition on the first lines of a file.
        continues: whether a line that begins with white space continues the message of the line before.
        with_data: whether a line without a message may have data in its prefix.
        in_parts: whether a line may be written in several parts (`PARTIAL`).
    """

    name: str
    parts: tuple[Text | Clock, ...]
    source: tuple[str, ...]
    sure: bool = True
    check: Callable[[list[bytes]], bool] | None = None
    continues: bool = False
    in_parts: bool = False
    with_data: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """The whole prefix as a regular expression."""
        return re.compile(
            b"".join(_CLOCKS[part] if isinstance(part, str) else part.pattern.pattern for part in self.parts)
        )


_ISO = rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_CLOCKS: Mapping[str, bytes] = {
    "iso": _ISO,
    "iso or -": rb"(?:" + _ISO + rb"|-(?= ))",
    "bsd": rb"[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d{1,6})?",
}


def _named(*names: str) -> Callable[[re.Match[bytes]], Fields]:
    """Return a function that gives the groups of a match these names, as text."""

    def fields(match: re.Match[bytes]) -> Fields:
        pairs = zip(names, match.groups(), strict=True)
        return {name: text(value) for name, value in pairs if value}

    return fields


def text(value: bytes) -> str:
    """Return bytes as text; what is not UTF-8 becomes `\\xff`."""
    return value.decode("utf-8", "backslashreplace")


def _stream(match: re.Match[bytes]) -> Fields:
    tags = match[2].split(b":")
    return {"log.iostream": text(match[1]), PARTIAL: tags[0] == b"P"}


_HEADER = Text(HEADER_3164, fields_3164, b": ")
_PRIORITY = Text(PRIORITY, priority_fields, b">")
_SPACE = Text(re.compile(rb"(?: |$)"), lambda _match: {})
_POD, _CONTAINER, _STREAM, _HOST, _SERVICE = (
    "k8s.pod.name",
    "k8s.container.name",
    "log.iostream",
    "host.name",
    "service.name",
)
_NAME = rb"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})"
_POD_NAME = rb"[a-z0-9](?:[a-z0-9.-]{0,240})-(?:[a-z0-9]{5}|\d{1,4})"
_PIPES = re.compile(rb"-{2,}\+-{2,}")


def _is_compose(lines: list[bytes]) -> bool:
    """Return whether lines are of compose, and not of a table: all names are padded to one width.

    A table has the same number of separators in all lines.
    """
    if any(_PIPES.search(line) for line in lines):
        return False
    named = [line for line in lines if _COMPOSE.match(line)]
    numbered = sum(_NUMBERED.match(line) is not None for line in named)
    widths = {line.index(b"|") for line in named}
    first = lines[0]
    pipes = {line.count(b"|") for line in named}
    if len(lines) > 1 and len(pipes) == 1 and pipes != {1}:
        return False
    begins = first in named or first.startswith((b"Attaching to ", b" Container ", b"[+] ", b"WARN"))
    return begins and len(widths) == 1 and numbered == len(named)


_COMPOSE = re.compile(rb"(" + _NAME + rb") {1,60}\| ?")
_SERVICE_TASK = re.compile(rb"([\w.-]+\.\d{1,5}\.[a-z0-9]{12,25})@([\w.-]{1,253}) +\| ?")
_NUMBERED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]*[-_]\d{1,4} +\|")

_LAMBDA_STREAM = re.compile(rb" (\d{4}/\d\d/\d\d/(?:[\w-]+)?\[[\w$-]{1,64}\][0-9a-f]{4,32}) ")
_LABEL = re.compile(rb'([A-Za-z_][\w.]*)="((?:[^"\\]|\\.)*)"')
_LABELS = re.compile(rb' \{(?:[A-Za-z_][\w.]*="(?:[^"\\]|\\.)*"(?:, ?(?=[A-Za-z_])|(?=\})))*\} +')
_LABEL_FIELDS = {"pod": _POD, "container": _CONTAINER, "namespace": "k8s.namespace.name"}


def _label_fields(match: re.Match[bytes]) -> Fields:
    """Return the labels of a stream of Loki; those that mean the same for all clusters get their names."""
    labels = {text(name): text(value) for name, value in _LABEL.findall(match[0])}
    return {_LABEL_FIELDS.get(name, f"loki.{name}"): value for name, value in labels.items() if value}


KINDS: tuple[Kind, ...] = (
    Kind(
        "kubectl logs --prefix",
        (Text(re.compile(rb"\[pod/([^/\]\s]{1,253})/([^/\]\s]{1,253})\](?: |$)"), _named(_POD, _CONTAINER)),),
        (_POD, _CONTAINER),
    ),
    Kind(
        "a container runtime (CRI)",
        ("iso", Text(re.compile(rb" (stdout|stderr) ([FP](?::[A-Za-z:]{1,20})?)(?: |$)"), _stream)),
        (_STREAM,),
        in_parts=True,
    ),
    Kind(
        "docker service logs",
        (Text(_SERVICE_TASK, _named("container.name", _HOST), b"|"),),
        ("container.name", _HOST),
    ),
    Kind(
        "docker compose",
        (Text(_COMPOSE, _named("container.name")),),
        ("container.name",),
        check=_is_compose,
    ),
    Kind(
        "docker compose",
        (Text(_COMPOSE, _named("container.name")),),
        ("container.name",),
        sure=False,
        check=lambda lines: len({line.find(b"|") for line in lines if _COMPOSE.match(line)}) == 1,
    ),
    Kind(
        "stern",
        (Text(re.compile(rb"(" + _POD_NAME + rb") ([a-z0-9][a-z0-9-]{0,62}) "), _named(_POD, _CONTAINER)),),
        (_POD, _CONTAINER),
        sure=False,
    ),
    Kind(
        "stern",
        (
            Text(
                re.compile(rb"([a-z0-9][a-z0-9-]{0,62}) (" + _POD_NAME + rb") ([a-z0-9][a-z0-9-]{0,62}) "),
                _named("k8s.namespace.name", _POD, _CONTAINER),
            ),
        ),
        ("k8s.namespace.name", _POD, _CONTAINER),
        sure=False,
    ),
    Kind(
        "kubetail",
        (
            Text(
                re.compile(rb"\[(" + _POD_NAME + rb")(?: ([a-z0-9][a-z0-9-]{0,62}))?\] "),
                _named(_POD, _CONTAINER),
            ),
        ),
        (_POD, _CONTAINER),
        sure=False,
    ),
    Kind(
        "syslog (RFC 5424)",
        (
            Text(re.compile(rb"(?:\d{1,8} )?<(\d{1,3})>1 "), priority_fields),
            "iso or -",
            Text(HEADER_5424, fields_5424),
        ),
        (_HOST, _SERVICE),
        continues=True,
        with_data=True,
    ),
    Kind(
        "syslog (RFC 3164)",
        (_PRIORITY, "bsd", _HEADER),
        (_HOST, _SERVICE),
        continues=True,
    ),
    Kind("syslog", ("bsd", _HEADER), (_HOST, _SERVICE), continues=True),
    Kind(
        "Heroku",
        (
            "iso",
            Text(
                re.compile(rb" (app|heroku|[a-z][a-z0-9-]{1,40})\[([A-Za-z0-9._-]{1,64})\]: ?"),
                _named("heroku.source", "heroku.dyno"),
                b": ",
            ),
        ),
        ("heroku.source", "heroku.dyno"),
        check=lambda lines: any(re.search(rb" (?:app|heroku)\[[a-z]+[.\]]", line) for line in lines),
    ),
    Kind(
        "syslog",
        (_PRIORITY, "iso", _HEADER),
        (_HOST, _SERVICE),
        continues=True,
    ),
    Kind(
        "syslog",
        ("iso", _HEADER),
        (_HOST, _SERVICE),
        check=lambda lines: any(re.search(rb"^\S+ [\w.-]+ [\w./@-]+\[\d+\]: ", line) for line in lines),
        continues=True,
    ),
    Kind(
        "aws logs tail",
        ("iso", Text(_LAMBDA_STREAM, _named("aws.log.stream.names"))),
        ("aws.log.stream.names",),
    ),
    Kind(
        "aws logs tail",
        (
            "iso",
            Text(
                re.compile(rb" ([A-Za-z0-9._$\[\]-]*/[A-Za-z0-9._$\[\]/-]+) "), _named("aws.log.stream.names")
            ),
        ),
        ("aws.log.stream.names",),
        sure=False,
    ),
    Kind(
        "logcli",
        ("iso", Text(_LABELS, _label_fields, b"} ")),
        (_POD, _CONTAINER, _SERVICE),
    ),
    Kind(
        "fly logs",
        (
            "iso",
            Text(
                re.compile(rb" (?:app|runner|proxy|health)\[(\w{1,32})\] ([a-z]{3}) \[([a-z]{4,7})\] ?"),
                _named("fly.machine", "fly.region", "severity_text"),
                b"]",
            ),
        ),
        ("fly.machine", "fly.region"),
    ),
    Kind("times before the lines", ("iso", _SPACE), (), sure=False),
    Kind(
        "syslog",
        ("iso", _HEADER),
        (_HOST, _SERVICE),
        sure=False,
        check=lambda lines: all(re.match(rb"\S+ \S+ [^\s:]+: ", line) for line in lines),
        continues=True,
    ),
    Kind(
        "gh run view --log",
        (
            Text(
                re.compile(rb"([^\t]{1,200})\t([^\t]{1,200})\t"),
                _named("cicd.pipeline.task.name", "cicd.pipeline.step.name"),
                b"\t",
            ),
            "iso",
            _SPACE,
        ),
        ("cicd.pipeline.task.name", "cicd.pipeline.step.name"),
    ),
)
"""The kinds of prefixes; those that look like a more general one come before it."""

ANY = re.compile(b"|".join(b"(?:" + kind.pattern.pattern + b")" for kind in KINDS))
"""Matches a line that has a prefix of any kind."""
