"""The tool `trace`: the spans of one trace as a tree."""

from __future__ import annotations

from typing import Any

from obskit.display import formatting
from obskit.mcp.answers.question import Question
from obskit.mcp.document import Document, Item, Section, cell, notes_section
from obskit.mcp.values import rounded, shown

_COLUMNS = ("depth", "service", "name", "start_ms", "duration_ms", "error", "span_id")
_NAME = 120  # characters of a name
_FIRST_ERRORS = 10


def trace(question: Question) -> Document:
    """Show one trace.

    Args:
        question: `trace_id`.

    Returns:
        One item per event, parents before children; the facts say where the errors are.
    """
    found = question.events.trace(question.get("trace_id"))
    spans = found.table.to_pylist()
    begins = [span["timestamp"] for span in spans if span.get("timestamp") is not None]
    begin = min(begins, default=None)
    items, errors = [], []
    for at, (span, depth) in enumerate(zip(spans, found.depths, strict=True)):
        if span.get("error"):
            errors.append(at)
        items.append(_item(span, depth, begin))
    services = dict.fromkeys(span.get("service.name") for span in spans if span.get("service.name"))
    notes = notes_section(found.notes)
    facts: dict[str, Any] = {
        "trace_id": shown(found.trace_id, 64),
        "begins": shown(begin, 40),
        "span_count": len(spans),
        "services": [shown(name, 60) for name in list(services)[:_FIRST_ERRORS]],
        "error_count": len(errors),
        "errors_at_offset": [at + len(notes) for at in errors[:_FIRST_ERRORS]],
    }
    return Document("trace", facts, [notes, Section("spans", items, _COLUMNS)], found.query, found.dataset)


def _item(span: dict[str, Any], depth: int, begin: Any) -> Item:
    at, length = span.get("timestamp"), span.get("duration_ms")
    after = None if at is None or begin is None else (at - begin).total_seconds() * 1000
    error = _error(span)
    service, name = (shown(span.get(key), _NAME) for key in ("service.name", "name"))
    data = [
        depth,
        service,
        name,
        None if after is None else rounded(after),
        None if length is None else rounded(length),
        error,
        shown(span.get("span_id"), 40),
    ]
    took = "" if length is None else formatting.duration(length)
    when = "" if after is None else f"+{formatting.duration(after)}"
    failed = "" if error is None else f"ERROR {error}".rstrip()
    cells = [depth, service, name or "?", when, took, failed, data[-1]]
    return Item(" | ".join(map(_cell, cells)), data)


def _cell(value: Any) -> str:
    return "" if value in (None, "") else cell(value)


def _error(span: dict[str, Any]) -> str | None:
    """Return why a span failed, as far as it says so; None if it did not fail."""
    if not span.get("error"):
        return None
    parts = [
        span.get(name) for name in ("error.type", "exception.type", "status_message", "exception.message")
    ]
    parts += [span.get("body")] if not any(parts) else []
    said = list(dict.fromkeys(shown(part, _NAME) for part in parts if isinstance(part, str) and part))
    return "; ".join(said) or "error"
