"""The tool `triage`: what got worse, what is missing, and what explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from obskit.display import formatting
from obskit.mcp.answers.findings import finding_data
from obskit.mcp.answers.messages import message_item
from obskit.mcp.answers.question import Question
from obskit.mcp.document import (
    CHARACTERS,
    Document,
    Item,
    Section,
    notes_section,
    split_sections,
    table_section,
)
from obskit.mcp.values import condition, cut, shown
from obskit.text import pluralize, safe
from obskit.triage import Cause, FailingCall, Repeat, Triage
from obskit.triage.worse import WorseOutcome, operation_name

_FIRST = {"messages": 3, "operations": 0}  # items on the first page
_FINDINGS = 3  # of each explanation
_OPERATION_COLUMNS = (
    "operation",
    "events",
    "errors_before",
    "errors",
    "p50_ms_before",
    "p50_ms",
    "p99_ms_before",
    "p99_ms",
    "worse",
)


def triage(question: Question) -> Document:
    """Compare every operation with its earlier behavior.

    Args:
        question: `since` and `until` bound what is later; `where` keeps some events.

    Returns:
        What got worse with its explanation, failing calls, missing work, messages, then all operations.
    """
    found = question.narrowed().triage(
        question.get("since"), until=question.get("until"), progress=question.progress
    )
    worse = [_cause_item(cause) for cause in found.causes]
    facts: dict[str, Any] = {"verdict": shown(found.verdict or _verdict(found), CHARACTERS)}
    messages = found.messages.items if found.messages is not None else ()
    sections: list[Section] = [
        Section("worse", worse),
        Section("failing_calls", [_outcome_item(call) for call in found.calls]),
        Section("missing", [_loss_item(loss.lines(), loss.to_dict()) for loss in found.missing]),
        Section("same_traces", [_outcome_item(repeat) for repeat in found.repeats]),
        notes_section(found.notes),
        Section("messages", [message_item(message) for message in messages]),
        _operations(found),
    ]
    sections, first = split_sections(sections, _FIRST)
    return Document("triage", facts, sections, found.query, found.dataset, first)


def _verdict(found: Triage) -> str:
    parts = [f"{pluralize(len(found.causes), 'outcome')} got worse"]
    if found.repeats:
        parts.append(f"{len(found.repeats)} more in the traces of those")
    if found.calls:
        parts.append(f"{pluralize(len(found.calls), 'call')} to other services with more errors")
    if found.missing:
        parts.append(f"{pluralize(len(found.missing), 'operation or slice', 'operations or slices')} missing")
    return "; ".join(parts)


def _cause_item(cause: Cause) -> Item:
    lines = [cause.headline(), *cause.lines()]
    data = _outcome_data(cause)
    data["why"] = [
        {**finding_data(finding, short=True), "earlier": earlier.describe()}
        for finding, earlier in zip(cause.explanation.findings[:_FINDINGS], cause.earlier, strict=False)
    ]
    if spent := [shown(line, CHARACTERS) for line in cause.time_lines() if line]:
        data["where_the_time_goes"] = [line.removeprefix("where the time goes: ") for line in spent]
    if cause.as_before:
        data["not_since_then"] = [
            {**finding_data(finding, short=True), "earlier": earlier.describe()}
            for finding, earlier in cause.as_before[:_FINDINGS]
        ]
    data["explain"] = explain_call(cause.selection, cause.where, cause.since)
    lines.append(f"explain: select {data['explain']['select']}; where {data['explain']['where']}")
    return Item(_text(lines), data)


def explain_call(selection: str, where: str, since: datetime) -> dict[str, Any]:
    """Return the arguments of `explain` for an outcome that got worse."""
    return {
        "select": condition(selection),
        "where": condition(where),
        "during": f"{formatting.utc(since)}/",
    }


def _outcome_item(outcome: Repeat | FailingCall) -> Item:
    """Return an outcome that is explained by another one, or calls that fail more."""
    lines, data, found = [outcome.headline()], _outcome_data(outcome), outcome.to_dict()
    for name in ("share", "masked", "retried", "until"):
        if found.get(name) is not None:
            data[name] = shown(found[name], CHARACTERS)
    if found.get("where"):
        data["where"] = condition(found["where"])
    if found.get("same_traces_as"):
        data["same_traces_as"] = [_name(one) for one in found["same_traces_as"]]
    explanation = outcome.explanation if isinstance(outcome, FailingCall) else None
    findings = explanation.findings[:_FINDINGS] if explanation is not None else ()
    if findings:
        data["why"] = [finding_data(finding, short=True) for finding in findings]
        lines += [str(finding) for finding in findings]
    return Item(_text(lines), data)


def _outcome_data(outcome: WorseOutcome) -> dict[str, Any]:
    found = outcome.to_dict()
    names = ("outcome", "since", "deployment", "before", "after", "limit_ms", "events")
    data = {"operation": shown(outcome.name(), CHARACTERS)}
    data |= {name: shown(found[name], CHARACTERS) for name in names if found.get(name) is not None}
    data["more_events"] = round(data.pop("events", 0) or 0)
    return data


def _name(operation: Mapping[str, Any]) -> str:
    return str(shown(operation_name(dict(operation)), CHARACTERS))


def _loss_item(lines: Sequence[str], found: Mapping[str, Any]) -> Item:
    data = {
        name: shown(value, CHARACTERS)
        for name, value in found.items()
        if name not in ("conditions", "condition", "aliases") and value not in (None, "", [])
    }
    data["condition"] = condition(str(found["condition"]))
    return Item(_text(lines), data)


def _operations(found: Triage) -> Section:
    names = found.table.schema.names
    keys = names[: names.index("events")] if "events" in names else []
    rows = []
    for row in found.table.to_pylist():
        worse = "+".join(what for what in ("errors", "slow") if row[f"more_{what}"])
        numbers = [row[name] for name in ("errors_before", "errors")]
        numbers += [row[name] for name in ("p50_before", "p50", "p99_before", "p99")]
        operation = operation_name({key: row[key] for key in keys})
        rows.append([operation, round(row["events"]), *numbers, worse or None])
    return table_section("operations", _OPERATION_COLUMNS, rows)


def _text(lines: Sequence[str]) -> str:
    return "\n".join(cut(safe(line), 2 * CHARACTERS) for line in lines)
