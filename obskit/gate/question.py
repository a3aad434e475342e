"""What a request asks: the service, the environment and the two versions, from the query of its URL.

A misspelled name is an error, so that no verdict is about something else than the caller means. The candidate
is never guessed: before its first request, the newest deployment in the events is the previous one, whose
`pass` says nothing about the new one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from obskit.errors import InvalidArgument
from obskit.judge import JudgeArguments
from obskit.names import nearest

NAMES = ("service", "environment", "candidate", "baseline")
LONGEST = 200
"""Most characters of a value."""

FIRST_STEP = "first_step"
"""A further name of the route `advance`, with the value `allow`."""

_EXAMPLE = "?service=booking&candidate=2.4.0"


@dataclass(frozen=True)
class Question:
    """The deployment that a request asks about; None where the options of the gate decide."""

    service: str | None = None
    environment: str | None = None
    candidate: str | None = None
    baseline: str | None = None

    def arguments(self, base: JudgeArguments) -> JudgeArguments:
        """Return what to judge: the arguments of the gate, with those of the question in their place."""
        given = {name: value for name in NAMES if (value := getattr(self, name)) is not None}
        return replace(base, **given)


def parse_question(query: str, base: JudgeArguments, *, steps: bool = False) -> tuple[Question, bool]:
    """Return what a request asks.

    Args:
        query: the part of the request's target after the question mark, percent-encoded.
        base: the arguments that the gate was started with.
        steps: whether the route has the name `first_step`.

    Returns:
        The question, and whether the first step is allowed before the candidate's first request.

    Raises:
        InvalidArgument: a name is not known or is given twice, a value is not valid text, or no candidate is
            given, neither here nor to the gate.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), errors="strict")
    except ValueError as error:
        raise InvalidArgument(
            "the query of the URL must be NAME=VALUE&NAME=VALUE in UTF-8, percent-encoded", hint=_EXAMPLE
        ) from error
    known = [*NAMES, FIRST_STEP] if steps else list(NAMES)
    given: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            near = nearest(name, known, n=1) or known
            raise InvalidArgument(
                f"the URL has an unknown parameter {name[:LONGEST]!r}", hint=f"use {', '.join(near)}"
            )
        if name in given:
            raise InvalidArgument(f"the URL has the parameter {name} twice", hint="leave one of them out")
        if not value.strip() or len(value) > LONGEST or not value.isprintable():
            raise InvalidArgument(
                f"the parameter {name} must be 1 to {LONGEST} printable characters, got {value[:LONGEST]!r}",
                hint=_EXAMPLE,
            )
        given[name] = value
    first_step = given.pop(FIRST_STEP, None)
    if first_step not in (None, "allow"):
        raise InvalidArgument(f"{FIRST_STEP} must be allow, got {first_step!r}", hint=f"{FIRST_STEP}=allow")
    for name in ("candidate", "baseline"):
        if name in given and getattr(base, f"{name}_where") is not None:
            raise InvalidArgument(
                f"the URL has a {name}, but the gate judges the {name} of a condition",
                hint=f"leave {name} out of the URL, or start the gate without --{name}-where",
            )
    if "candidate" not in given and base.candidate is None and base.candidate_where is None:
        raise InvalidArgument("the URL does not say which candidate to judge", hint=_EXAMPLE)
    return Question(**given), first_step is not None
