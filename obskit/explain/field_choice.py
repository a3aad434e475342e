"""Which fields a question looks at, which of them only describe the outcome, and which are left out."""

from __future__ import annotations

from dataclasses import dataclass

from obskit.explain.question import Question
from obskit.names import DRIFT, TEMPLATE, describes_error

# Fields that mark a log record as a failure, and fields that hold what it says.
SEVERITY = ("severity_text", "severity_number", "level", "severity", "log.level")
MESSAGES = ("body", TEMPLATE, "message", "msg")
# Where in the code a message is written. A message is written in one place, so that is not why it appeared.
WRITTEN_BY = (
    "name",
    "kind",
    "otel.scope.name",
    "code.namespace",
    "code.function.name",
    "code.file.path",
    "code.line.number",
)
# An event's time and weight are not properties of the request. Other ids are looked at: one customer may
# make a third of the failures.
NOT_LOOKED_AT = {
    "timestamp": "the time of the event: use during and history",
    "sample_weight": "a weight, not a property",
    "event_count": "a weight, not a property",
    "trace_state": "used by sampling only",
    "trace_id": "identifies a trace",
    "span_id": "identifies an event",
}
DRIFTS = "drifts with time in each process: name it in fields= to look at it"


@dataclass(frozen=True)
class FieldChoice:
    """The fields of a question.

    Attributes:
        names: fields to look at, in the order of the schema or as the options name them.
        descriptive: those of `names` that describe the outcome rather than cause it.
        skipped: fields left out, each {"field", "reason"}.
    """

    names: tuple[str, ...]
    descriptive: frozenset[str]
    skipped: tuple[dict[str, str], ...]


def choose_fields(question: Question) -> FieldChoice:
    """Return which fields to look at.

    Args:
        question: fields that its selection or baseline names are left out.
    Returns:
        FieldChoice; where the selection is a failure, fields that say how it failed are descriptive.
    Raises:
        UnknownField: the options name a field that no event has.
    """
    scope, given = question.scope, question.options.fields
    in_selection = question.selection.fields
    named = in_selection | (question.baseline.fields if question.baseline else frozenset())
    wanted = list(scope.schema.names) if given is None else [scope.resolve(name) for name in given]
    reasons = NOT_LOOKED_AT | dict.fromkeys(DRIFT if given is None else (), DRIFTS)
    reasons |= dict.fromkeys(named, "named in the selection or the baseline")
    if any(describes_error(field) for field in named):
        reasons.setdefault("error", "follows from a field that the selection or the baseline names")
    names = [name for name in wanted if name not in reasons]
    descriptive: set[str] = set()
    if any(describes_error(name) or name in SEVERITY for name in in_selection):
        # How long a failure took, and what was logged of it, is part of how it failed.
        also = ("duration_ms", *SEVERITY, *MESSAGES)
        descriptive |= {name for name in names if describes_error(name) or name in also}
    if any(name in MESSAGES for name in in_selection):
        # How severe a message is, and which error it reports, is a part of what it says.
        said = ("error", *SEVERITY, *MESSAGES, *WRITTEN_BY)
        descriptive |= {name for name in names if describes_error(name) or name in said}
    if "duration_ms" in named:
        # Where the time was spent is not why.
        descriptive |= {name for name in names if name.startswith("part.") and name.endswith(".duration_ms")}
    skipped = tuple({"field": name, "reason": reasons[name]} for name in wanted if name in reasons)
    return FieldChoice(tuple(names), frozenset(descriptive), skipped)
