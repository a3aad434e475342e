"""Find an exception's type and message in the text of a log record.

    java.lang.IllegalStateException: no seats\n\tat Shop.main(Shop.java:7)    type and message: first line
    Traceback (most recent call last):\n  ...\nValueError: no seats           type and message: last line

Text of one line is a message, not a stack trace.
"""

from __future__ import annotations

import re

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from obskit.schema.parse import by_value
from obskit.schema.types import json_text

_TYPE = (
    r"(?:[A-Za-z_$][\w$]*[.:/\\]{1,2})*"
    r"(?:[A-Za-z_$][\w$]*)?(?:Error|Exception|Exit|Interrupt|Warning|Fault|Failure|Throwable)[\w$]*"
)
_BEFORE = r"(?:Exception in thread \"[^\"\n]*\" |Unhandled exception\. |Uncaught |Caused by: )?"
_NAMED = re.compile(rf"{_BEFORE}({_TYPE})(?: \[\w+\])?(?::[ \t]*(.*)|[ \t]*$)")
_PANIC = re.compile(r"panic: (.*)")
# The last line of a Python traceback that is not indented. It may have any name, in a module or not.
_PYTHON = re.compile(r"([A-Za-z_][\w.]*)(?::[ \t]*(.*))?")
# A frame of the JVM, .NET or Node.js. The type in the line before it may have any name.
_FRAME = re.compile(r"[ \t]+at \S")
_ANY_NAME = re.compile(r"((?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*)(?::[ \t]+(.*))?")
_LONGEST = 65_536


def describe_exception(text: str) -> tuple[str | None, str | None]:
    """Find an exception's type and message.

    Args:
        text: a stack trace, or a line such as "ValueError: no seats".

    Returns:
        Type and message; None for what the text does not say.
    """
    text = text[-_LONGEST:] if text.startswith("Traceback") else text[:_LONGEST]
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return None, None
    if "Traceback (most recent call last)" in text:
        return _python(lines)
    first = lines[0].strip()
    if found := _NAMED.fullmatch(first):
        return found[1], found[2] or None
    if found := _PANIC.fullmatch(first):
        return "panic", found[1]
    if len(lines) > 1 and _FRAME.match(lines[1]) and (found := _ANY_NAME.fullmatch(first)):
        return found[1], found[2] or None
    return None, None


def _python(lines: list[str]) -> tuple[str | None, str | None]:
    """Return type and message of a Python traceback: of chained exceptions those of the last one."""
    begin = max(at for at, line in enumerate(lines) if "Traceback (most recent call last)" in line)
    for at, line in enumerate(lines[begin + 1 :], start=begin + 1):
        if line[0].isspace():
            continue
        found = _PYTHON.fullmatch(line.strip())
        if found is None:
            return None, None
        # A message may have several lines.
        return found[1], found[2] if found[2] is None else "\n".join([found[2], *lines[at + 1 :]])
    return None, None


def stack_texts(values: pa.Array) -> pa.Array:
    """Return stack traces as text; the items of a list become lines. Null for values of another type."""
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_list(values.type):
        joined = [
            None if items is None else "\n".join(map(_stack_line, items)) for items in values.to_pylist()
        ]
        return pa.array(joined, pa.string())
    return pa.nulls(len(values), pa.string())


def _stack_line(item: object) -> str:
    """Return an item of a stack trace as a line; of structlog's dictionaries the type and the message."""
    line = item if type(item) is str else json_text(item)
    if not line.startswith('{"exc_type":'):
        return line
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    return f"{found['exc_type']}: {found.get('exc_value', '')}"


def complete_exceptions(columns: dict[str, pa.Array]) -> None:
    """Add the type and message that a stack trace says, and move traces of one line to the message.

    Args:
        columns: columns of the events by name; changed in place. Values that are there stay.
    """
    stacks = columns.get("exception.stacktrace")
    if stacks is None or not pa.types.is_string(stacks.type) or stacks.null_count == len(stacks):
        return
    null = pa.scalar(None, pa.string())
    one_line = pc.invert(pc.match_substring(pc.utf8_trim_whitespace(stacks), "\n"))
    one_line = pc.fill_null(one_line, False)
    found = {
        "exception.type": by_value(stacks, lambda text: describe_exception(text)[0], pa.string()),
        "exception.message": by_value(stacks, lambda text: describe_exception(text)[1], pa.string()),
    }
    if pc.any(one_line).as_py():
        unnamed = pc.and_(one_line, pc.is_null(found["exception.type"]))
        found["exception.message"] = pc.if_else(unnamed, stacks, found["exception.message"])
        rest = pc.if_else(one_line, null, stacks)
        if rest.null_count == len(rest):
            del columns["exception.stacktrace"]
        else:
            columns["exception.stacktrace"] = rest
    for name, values in found.items():
        have = columns.get(name)
        if have is not None and not pa.types.is_string(have.type):
            continue
        merged = values if have is None else pc.coalesce(have, values)
        if merged.null_count < len(merged):
            columns[name] = merged
