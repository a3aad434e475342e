"""JSON objects of a file in any arrangement: one document, a list, one per line, or end to end.

A document can span many lines. If it is cut off or damaged, its complete objects are still read. Each damaged
place is counted, and reading stops after `MOST_BROKEN` of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from obskit.errors import LimitExceeded
from obskit.readers.io.line_blocks import LineBlocks
from obskit.readers.io.source import Readable, Source
from obskit.readers.json_text import JsonText
from obskit.readers.sniffing import UTF8_BOM
from obskit.schema import FileReport

DOCUMENT_LIMIT = 128 * 1024 * 1024
"""Bytes that one document or line can have; it is in memory as a whole."""

MOST_BROKEN = 100
_DEEPEST = 500  # levels; below the recursion limit of every Python, so that the answer is the same in all
_ENTERED = 2  # levels of incomplete lists that are entered
_AHEAD = 4096  # characters of a Kubernetes list before its items
BLOCK = 4 * 1024 * 1024
_TORN = "torn: the file ends within it"
_BLANK = re.compile(r"[\s,\]}]*")
# Where the next object after a damaged one can begin: at the start of a line, or after another object.
_AGAIN = re.compile(r"\n(?=\{)|\}\s*,?\s*(?=\{)")
_LISTS = ("items", "workflow_runs", "incidents")
_ITEMS = re.compile(rf'"(?:{"|".join(_LISTS)})"\s*:\s*\[')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]', re.DOTALL)


def _integer(text: str) -> int | float:
    value = int(text) if len(text) < 21 else 2**64
    return value if -(2**63) <= value < 2**64 else float(text)


_DECODER = json.JSONDecoder(parse_int=_integer)


def objects(source: Source, report: FileReport) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the objects of a file, and the items of lists and Kubernetes lists one by one.

    Args:
        source: the file.
        report: counts damaged places, and values that are not objects.

    Yields:
        An object's position and the object.

    Raises:
        LimitExceeded: a document has more than `DOCUMENT_LIMIT` bytes.
    """
    with source.stream() as stream:
        if _has_object_per_line(source.head):
            yield from _lines(LineBlocks(stream, report, size=BLOCK, limit=DOCUMENT_LIMIT), report)
        else:
            data = Readable(stream).read(DOCUMENT_LIMIT + 1)
            if len(data) > DOCUMENT_LIMIT:
                listed = " // ".join(f".{name}" for name in _LISTS)
                items = ".[]" if source.head.lstrip().startswith(b"[") else f"({listed} // [.])[]"
                raise LimitExceeded(
                    f"{source.path} is a JSON document larger than {DOCUMENT_LIMIT // 1024**2} MiB",
                    hint=f"write one object per line: jq -c '{items}' FILE > markers.jsonl",
                )
            yield from _document(data.removeprefix(UTF8_BOM), "", 1, 0, report, last=True)
        if stream.damage:
            report.reject("end of the file", stream.damage)


def _has_object_per_line(head: bytes) -> bool:
    first, newline, _ = head.removeprefix(UTF8_BOM).lstrip().partition(b"\n")
    if not newline:
        return True
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(blocks: LineBlocks, report: FileReport) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in blocks:
        offset = block.offset
        for number, line in enumerate(block.data.split(b"\n"), start=block.line):
            if line.strip():
                last = block.torn and offset + len(line) == block.offset + len(block.data)
                yield from _document(line, f"line {number}, byte {offset}", number, offset, report, last=last)
            offset += len(line) + 1


def _document(
    data: bytes, place: str, line: int, offset: int, report: FileReport, *, last: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError:
        yield from _complete_objects(data.decode("utf-8", "surrogateescape"), line, offset, report, last)
    else:
        yield from _items(found, place, report)


def _items(found: Any, place: str, report: FileReport) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield an object, or the objects of a list."""
    listed = list_of(found)
    if type(listed) is not list:
        listed = [found]
        where = [place]
    else:
        where = [f"{place}, item {at}" if place else f"item {at}" for at in range(1, len(listed) + 1)]
    for position, item in zip(where, listed, strict=True):
        if type(item) is dict:
            yield position, item
        else:
            report.reject(position, "not a JSON object")


def list_of(found: Any) -> Any:
    """Return the list in an object that is a list of a tool's API; anything else as it is."""
    if type(found) is dict and str(found.get("kind", "List")).endswith("List"):
        return next((found[name] for name in _LISTS if type(found.get(name)) is list), found)
    return found


def _complete_objects(
    text: str, line: int, offset: int, report: FileReport, last: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the complete objects of a text, and count the damaged places."""
    at, broken, counted, entered = 0, 0, 0, 0
    decodable = JsonText(text)

    def place() -> str:
        nonlocal line, offset, counted
        passed = text[counted:at]
        line, offset, counted = (
            line + passed.count("\n"),
            offset + len(passed.encode("utf-8", "surrogateescape")),
            at,
        )
        return f"line {line}, byte {offset}"

    while (at := _BLANK.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        try:
            found, end = _DECODER.raw_decode(decodable, at)
            if text.count("[", at, end) + text.count("{", at, end) > _DEEPEST and _is_too_deep(found):
                raise RecursionError
        except (ValueError, RecursionError) as error:
            inside = _inside(text, at) if not broken and entered < _ENTERED else None
            if inside is not None:
                at, entered = inside, entered + 1
                continue
            again = _AGAIN.search(text, at + 1)
            deep = isinstance(error, RecursionError)
            report.reject(
                place(), "nested too deeply" if deep else _TORN if again is None and last else "not JSON"
            )
            broken += 1
            if again is None:
                return
            at = again.end()
            if broken == MOST_BROKEN:
                report.reject(place(), f"not read: there are {MOST_BROKEN} damaged places before it")
                return
            continue
        yield from _items(found, place(), report)
        at = end


def _is_too_deep(value: Any) -> bool:
    """Return whether objects and lists are nested deeper than `_DEEPEST` levels."""
    level = [value]
    for _ in range(_DEEPEST):
        lists = [
            item.values() if type(item) is dict else item for item in level if type(item) in (dict, list)
        ]
        if not lists:
            return False
        level = [child for items in lists for child in items]
    return True


def _inside(text: str, at: int) -> int | None:
    """Return where the first item of an incomplete list begins."""
    if text[at] == "[":
        return at + 1
    if text[at] != "{":
        return None
    following = text.find("\n{", at)
    items = _ITEMS.search(text, at, min(at + _AHEAD, following if following > 0 else len(text)))
    return items.end() if items else None


def first_objects(head: bytes, most: int = 20) -> list[dict[str, Any]]:
    """Return the first objects of a file's head.

    Args:
        head: the file's first bytes.
        most: how many objects to return at most.

    Returns:
        The objects; if the head cuts the first one off, the part of it that is there.
    """
    text = head.removeprefix(UTF8_BOM).decode("utf-8", "replace")
    found: list[dict[str, Any]] = []
    at, entered = 0, 0
    while len(found) < most and (at := _BLANK.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            inside = _inside(text, at) if not found and entered < _ENTERED else None
            if inside is None:
                break
            at, entered = inside, entered + 1
            continue
        listed = list_of(value)
        found += [item for item in (listed if type(listed) is list else [value]) if type(item) is dict]
        at = end
    if not found:
        start = at if text[at : at + 1] == "{" else 0
        found = [closed] if (closed := _closed(text[start:])) else []
    return found[:most]


def _closed(text: str) -> dict[str, Any] | None:
    """Return the object that begins a text, without the part that is cut off."""
    stack: list[str] = []
    best, closers = 0, ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            stack.append("}" if sign == "{" else "]")
        elif sign in "}]":
            if not stack:
                return None
            stack.pop()
        if sign == "," and stack:
            best, closers = token.start(), "".join(reversed(stack))
    try:
        found = json.loads(text[:best] + closers)
    except (ValueError, RecursionError):
        return None
    return found if type(found) is dict else None
