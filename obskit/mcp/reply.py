"""Fit an answer into a budget of tokens: as many items as there is room for, and how to get the rest.

A host shows the model either the text or the structured content, so each is complete alone. Both are counted.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from obskit.errors import InvalidArgument
from obskit.mcp.document import Document, Item, Section, cell
from obskit.mcp.tokens import count_json
from obskit.mcp.values import cut
from obskit.text import pluralize, safe

BUDGET, LEAST_BUDGET, MOST_BUDGET = 4_000, 1_000, 50_000
_ENVELOPE = 80  # tokens of the protocol around a reply, with the name of the server
_NEXT = 120  # tokens of the next call
_HEAD, _HEAD_SHARE = 1_000, 0.5  # characters of a fact or the Python call; share of the budget for all
_ROOM_SHARE = 0.5  # of the budget, above which a page is too empty to end
_SHORTEST = 40  # characters of each text in an item that does not fit otherwise


@dataclass(frozen=True)
class Reply:
    """What a call returns.

    Attributes:
        text: lines for a reader.
        structured: the same as values that JSON can hold.
        error: whether the call failed.
    """

    text: str
    structured: dict[str, Any]
    error: bool = False

    @property
    def tokens(self) -> int:
        """The tokens of text and structured content together, as `count_tokens` estimates them."""
        return count_json(self.text) + count_json(self.structured) + _ENVELOPE


def fit(document: Document, result: str, *, offset: int = 0, budget: int = BUDGET) -> Reply:
    """Return one page of an answer.

    Args:
        document: the answer.
        result: its id.
        offset: the first item to show.
        budget: the most tokens of the reply.

    Returns:
        The reply: at least one item if there is one, even if it has to be shortened.

    Raises:
        InvalidArgument: the answer has no item at `offset`.
    """
    if offset and offset >= document.total:
        raise InvalidArgument(
            f"offset must be below {document.total:,}, the number of items of {result}, got {offset:,}",
            hint=f"{document.tool} {json.dumps({'result': result, 'offset': 0})}",
        )
    document = _with_short_head(document, result, offset, budget)
    flat = [(section, item) for section in document.sections for item in section.items][offset:]
    if not offset and budget <= BUDGET:
        flat = flat[: document.first]
    room = budget - _page(document, result, offset, []).tokens - _NEXT
    chosen: list[tuple[Section, Item]] = []
    begun: set[str] = set()
    for section, item in flat:
        cost = _cost(section, item, new=section.name not in begun)
        if cost > room:
            break
        room -= cost
        begun.add(section.name)
        chosen.append((section, item))
    # The costs of parts add up to nearly the cost of the whole: check the whole.
    while chosen and _page(document, result, offset, chosen).tokens > budget:
        chosen.pop()
    if len(chosen) < len(flat) and (not chosen or room > budget * _ROOM_SHARE):
        # The next item alone takes most of a page: better a part of it here than a page with little.
        chosen.append(_shortened(document, result, offset, chosen, flat[len(chosen)], budget))
    return _page(document, result, offset, chosen)


def _with_short_head(document: Document, result: str, offset: int, budget: int) -> Document:
    """Return the answer with facts and a Python call that leave most of the budget to the items."""
    characters = _HEAD
    while True:
        query = safe(document.query)
        if len(query) > characters:  # a part of it would be another call
            query = f"left out ({len(query):,} characters); this call's arguments give the same answer"
        short = dataclasses.replace(document, query=query, facts=_cut_all(dict(document.facts), characters))
        if characters <= _SHORTEST or _page(short, result, offset, []).tokens <= budget * _HEAD_SHARE:
            return short
        characters = characters * 2 // 3


def _cost(section: Section, item: Item, *, new: bool) -> int:
    head = count_json([section.name, section.columns, section.columns]) + 10 if new else 0
    return head + count_json(item.text) + count_json(item.data) + 1


def _shortened(
    document: Document,
    result: str,
    offset: int,
    before: list[tuple[Section, Item]],
    last: tuple[Section, Item],
    budget: int,
) -> tuple[Section, Item]:
    """Return an item that does not fit after others, with less of each of its texts until it does."""
    section, item = last
    characters = len(item.text)
    while characters > _SHORTEST:
        characters = characters * 2 // 3
        short = Item(cut(item.text, characters), _cut_all(item.data, characters))
        if _page(document, result, offset, [*before, (section, short)]).tokens <= budget:
            return section, short
    return section, Item(cut(item.text, _SHORTEST), cut(cell(item.data), _SHORTEST))


def _cut_all(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return cut(value, most)
    if isinstance(value, list):
        return [_cut_all(one, most) for one in value]
    if isinstance(value, dict):
        return {key: _cut_all(one, most) for key, one in value.items()}
    return value


def _page(document: Document, result: str, offset: int, chosen: list[tuple[Section, Item]]) -> Reply:
    total, end = document.total, offset + len(chosen)
    rows, mark = document.dataset.get("rows"), str(document.dataset.get("fingerprint", ""))[:12]
    if chosen and (offset or end < total):
        which = f"items {offset + 1:,}-{end:,} of {total:,}"
    else:
        which = pluralize(total, "item")
    lines = [f"{result}: {which}; dataset {mark}, {pluralize(rows, 'row')}"]
    structured: dict[str, Any] = {
        "result": result,
        "dataset": {"fingerprint": mark, "rows": rows},
        "shown": {"from": offset + 1 if chosen else 0, "to": end if chosen else 0, "of": total},
    }
    if document.query:
        lines.append(f"python: {document.query}")
        structured["python"] = document.query
    structured |= document.facts
    lines += [f"{name}: {cell(value)}" for name, value in document.facts.items()]
    if not offset:
        there = {section.name for section in document.sections if len(section)}
        structured |= {
            section.name: _empty(section) for section in document.sections if section.name not in there
        }
    last = None
    for section, item in chosen:
        if section is not last:
            columns = f": {' | '.join(section.columns)}" if section.columns else ""
            lines.append(f"## {section.name}{columns}")
            if section.name not in structured:
                structured[section.name] = _empty(section)
            last = section
        # No value can begin a line, and so none can pass for a line of ours.
        lines.append("- " + item.text.replace("\n", "\n  "))
        (structured[section.name]["rows"] if section.columns else structured[section.name]).append(item.data)
    if end < total and chosen:
        arguments = {"result": result, "offset": end}
        left = _left(document, end)
        counts = ", ".join(f"{count:,} {name}" for name, count in left.items())
        lines.append(f"next: {document.tool} {json.dumps(arguments)} for {total - end:,} more: {counts}")
        structured["next"] = {"tool": document.tool, "arguments": arguments, "left": left}
    return Reply("\n".join(lines), structured)


def _empty(section: Section) -> Any:
    """Return a section of the structured content without items."""
    return {"columns": list(section.columns), "rows": []} if section.columns else []


def _left(document: Document, end: int) -> dict[str, int]:
    """Return how many items of each section come after the first `end` items."""
    left: dict[str, int] = {}
    for section in document.sections:
        after = len(section) - min(end, len(section))
        end -= min(end, len(section))
        if after:
            left[section.name] = left.get(section.name, 0) + after
    return left


def failure(
    kind: str, message: str, hint: str | None, next_call: tuple[str, dict[str, Any]] | None, budget: int
) -> Reply:
    """Return the reply for a call that failed: what is wrong, and the call to make next.

    Args:
        kind: the name of the error.
        message: what is wrong with which value; escaped.
        hint: what to do about it.
        next_call: a tool and arguments that lead on, if any.
        budget: the most tokens of the reply.

    Returns:
        The reply.
    """
    most = 2 * budget
    while True:
        structured: dict[str, Any] = {"error": kind, "message": cut(message, most)}
        lines = [f"error: {structured['message']}"]
        if hint:
            structured["hint"] = cut(hint, most)
            lines.append(f"Hint: {structured['hint']}")
        if next_call is not None:
            tool, arguments = next_call
            lines.append(f"next: {tool} {json.dumps(arguments, ensure_ascii=False)}")
            structured["next"] = {"tool": tool, "arguments": arguments}
        reply = Reply("\n".join(lines), structured, error=True)
        if reply.tokens <= budget or most < _SHORTEST:
            return reply
        most //= 2
