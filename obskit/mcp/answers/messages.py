"""The tool `messages`: log messages, exceptions and values that are new, more frequent or gone."""

from __future__ import annotations

from typing import Any

from obskit.mcp.answers.question import Question
from obskit.mcp.document import CHARACTERS, Document, Item, Section, notes_section, split_sections
from obskit.mcp.values import condition, cut, shown
from obskit.text import safe
from obskit.triage.messages_result import Message

_KEYS = ("change", "kind", "field", "severity", "since", "deployment", "share_before", "share_after")
_VALUES = 3
_FIRST = 8  # changes on the first page


def messages(question: Question) -> Document:
    """List what is new, more frequent or gone.

    Args:
        question: `since` and `until` bound what is later; `where` keeps some events.

    Returns:
        The messages, exceptions and values, what matters most first.
    """
    found = question.narrowed().messages(
        question.get("since"), until=question.get("until"), progress=question.progress
    )
    facts = {"verdict": shown(found.verdict or f"{len(found.items)} changes", CHARACTERS)}
    items = [message_item(message) for message in found.items]
    sections, first = split_sections(
        [Section("messages", items), notes_section(found.notes)], {"messages": _FIRST}
    )
    return Document("messages", facts, sections, found.query, found.dataset, first)


def message_item(message: Message) -> Item:
    """Return a message, exception or value as an item, with the condition that finds its events."""
    data: dict[str, Any] = {
        name: shown(getattr(message, name), CHARACTERS)
        for name in _KEYS
        if getattr(message, name) is not None
    }
    data |= {"before": round(message.before), "after": round(message.after)}
    if message.kind == "message" and message.share_of == "events":
        data["share_of"] = message.share_of
    data["values"] = [shown(value, CHARACTERS) for value in message.values[:_VALUES]]
    if len(message.values) > _VALUES:
        data["values"].append(f"and {len(message.values) - _VALUES} more")
    if message.example is not None and message.example not in message.values:
        data["example"] = shown(message.example, CHARACTERS)
    if message.where:
        data["where"] = condition(message.where)
    if message.also:
        data["also"] = [shown(one, 120) for one in message.also[:_VALUES]]
    data["condition"] = condition(message.condition)
    lines = [*(line.strip() for line in message.lines()), f"rows: where {data['condition']}"]
    return Item("\n".join(cut(safe(line), 2 * CHARACTERS) for line in lines), data)
