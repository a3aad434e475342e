"""Describe an exception as fields: its type, its message and a stack trace of bounded size.

An exception that leaves many nested events is described once for each of them. So the work for one event does
not grow with the depth of the stack: the text of a line of code is cached, and only the frames next to both
ends of the stack are written. What an exception's own methods raise is caught.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterator
from types import CodeType, TracebackType
from typing import Any

from obskit.instrument.given import raw_text

FRAMES = 50
"""The maximum number of frames of one exception in a stack trace: the innermost ones."""
FRAMES_VISITED = 10_000
"""The maximum number of frames that are visited to find the innermost ones."""
CHAINED = 8
"""The maximum number of causes, contexts and members of a group in a stack trace."""
CHAINED_FRAMES = 10
"""The maximum number of frames of each of these: the innermost ones."""
MOST_MESSAGE = 1 << 20
"""The maximum characters of a message."""
_MOST_SHOWN = 2_000  # characters of a message or a line of code within a stack trace
_LONGEST_LINE = 1_000  # characters of a line of code in which the failing part is marked
_REPEATS = 3  # equal frames in a row that are written
_MOST_CACHED = 2048
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
_MEMBER = "\nThe following exception is a member of the group above:\n\n"

# (id of the code, instruction) -> the code, which keeps the id taken, the line's place and its text.
_frame_texts: dict[tuple[int, int], tuple[CodeType, tuple[str, int, str], str]] = {}


def exception_fields(exception: BaseException) -> dict[str, str]:
    """Return `exception.type`, `exception.message` and `exception.stacktrace` of an exception.

    Args:
        exception: the exception; its methods may raise.

    Returns:
        The fields. The message is the whole text, up to `MOST_MESSAGE` characters. The stack trace ends with
        the exception itself, as Python prints it, after at most `CHAINED` causes.

    Cost: at most `FRAMES_VISITED` steps along the traceback, one `str()` of each exception that is written.
    """
    message = _message(exception)
    try:
        stack = _stacktrace(exception, message)
    except Exception:
        stack = ""
    return {
        "exception.type": type_name(exception),
        "exception.message": "(no text)" if message is None else message[:MOST_MESSAGE],
        "exception.stacktrace": stack,
    }


def type_name(exception: BaseException) -> str:
    """Return the name of an exception's type, with its module unless that is Python's own."""
    kind = type(exception)
    try:
        name = kind.__qualname__
        return name if kind.__module__ == "builtins" else f"{kind.__module__}.{name}"
    except Exception:
        return "(unknown type)"


def _message(exception: BaseException) -> str | None:
    """Return an exception's text; None if its `__str__` raises."""
    try:
        if type(exception).__str__ is BaseException.__str__:  # the text of an argument may be very large
            arguments = BaseException.args.__get__(exception)  # type: ignore[attr-defined]
            return "" if not arguments else raw_text(arguments[0] if len(arguments) == 1 else arguments)
        return raw_text(exception)
    except Exception:
        return None


def _stacktrace(exception: BaseException, message: str | None) -> str:
    chain, left_out = _chain(exception)
    parts: list[str] = []
    if left_out:
        parts.append("[earlier exceptions of the chain are left out]\n\n")
    for one, joint in reversed(chain):
        parts += _one(one, _message(one), CHAINED_FRAMES)
        parts.append(joint)
    parts += _one(exception, message, FRAMES)
    parts += _members(exception, CHAINED - len(chain))
    return "".join(parts)


def _chain(exception: BaseException) -> tuple[list[tuple[BaseException, str]], bool]:
    """Return the causes of an exception with what connects them to it, and whether some are left out."""
    chain: list[tuple[BaseException, str]] = []
    seen = {id(exception)}
    at = exception
    while True:
        # The slots of BaseException, because a class may override the names.
        before, joint = _slot(at, "__cause__"), _CAUSE
        if before is None and not _slot(at, "__suppress_context__"):
            before, joint = _slot(at, "__context__"), _CONTEXT
        if before is None or id(before) in seen:
            return chain, False
        if len(chain) >= CHAINED:
            return chain, True
        seen.add(id(before))
        chain.append((before, joint))
        at = before


def _slot(exception: BaseException, name: str) -> Any:
    return BaseException.__dict__[name].__get__(exception)


def _members(exception: BaseException, most: int) -> Iterator[str]:
    """Yield the first exceptions of a group, those of nested groups too."""
    left = deque(_group(exception)[: most + 1])
    while left:
        if most <= 0:
            yield "\n[more exceptions of the group are left out]\n"
            return
        most -= 1
        member = left.popleft()
        yield _MEMBER
        yield from _one(member, _message(member), CHAINED_FRAMES)
        left.extendleft(reversed(_group(member)[: most + 1]))


def _group(exception: BaseException) -> tuple[BaseException, ...]:
    if not issubclass(type(exception), BaseExceptionGroup):
        return ()
    return BaseExceptionGroup.exceptions.__get__(exception)  # type: ignore[no-any-return]


def _one(exception: BaseException, message: str | None, most: int) -> list[str]:
    """Return the stack and the last lines of one exception."""
    parts: list[str] = []
    trace: TracebackType | None = _slot(exception, "__traceback__")
    if trace is not None:
        parts.append("Traceback (most recent call last):\n")
        parts += _frames(trace, most)
    parts.append(_last_line(exception, message))
    try:
        notes = exception.__notes__
        parts += [f"{_shown(note)}\n" for note in notes[:CHAINED] if isinstance(note, str)]
    except Exception:  # without notes there is no such attribute; or the class computes it, and that fails
        return parts
    return parts


def _last_line(exception: BaseException, message: str | None) -> str:
    name = type_name(exception)
    if message is None:
        return f"{name}: <exception str() failed>\n"
    if issubclass(type(exception), SyntaxError):
        message += _source(exception)
    return f"{name}: {_shown(message)}\n" if message else f"{name}\n"


def _source(error: BaseException) -> str:
    """Return the line that Python could not parse, as an addition to the message."""
    line = SyntaxError.__dict__["text"].__get__(error)
    return f"\n    {line.strip()}" if isinstance(line, str) and len(line) <= _LONGEST_LINE else ""


def _shown(text: str) -> str:
    """Return a text, cut between two words: half a secret would not be recognized as one."""
    if len(text) <= _MOST_SHOWN:
        return text
    whole = text[:_MOST_SHOWN].rsplit(None, 1)
    return f"{whole[0] if len(whole) > 1 else ''} … ({len(text):,} characters)"


def _frames(trace: TracebackType, most: int) -> list[str]:
    """Return the texts of the innermost frames of a traceback."""
    # Only this loop depends on the depth of the stack. It follows pointers: 30 ns per frame.
    visited, left_out = 0, -most
    at: TracebackType | None = trace
    while at is not None and visited < FRAMES_VISITED:
        visited += 1
        if left_out >= 0:
            trace = trace.tb_next  # type: ignore[assignment]  # `at` is further down
        left_out += 1
        at = at.tb_next
    out: list[str] = []
    if left_out > 0:
        out.append(f"  [{left_out:,} outer frames are left out]\n")
    previous, repeats = None, 0
    entry = trace
    for _ in range(min(most, visited)):
        place, text = _frame_text(entry)
        entry = entry.tb_next  # type: ignore[assignment]  # the loop ends with the last one
        repeats = repeats + 1 if place == previous else 0
        if repeats < _REPEATS:
            out.append(text)
            previous = place
            continue
        more = repeats - _REPEATS + 1
        line = f"  [Previous line repeated {more} more time{'s' if more > 1 else ''}]\n"
        if more > 1:
            out[-1] = line
        else:
            out.append(line)
    if at is not None:
        out.append(f"  [the frames below the outermost {FRAMES_VISITED:,} are left out]\n")
    return out


def _frame_text(entry: TracebackType) -> tuple[tuple[str, int, str], str]:
    """Return the place of a frame (file, line, function) and its text, from the cache if possible."""
    code, instruction = entry.tb_frame.f_code, entry.tb_lasti
    key = (id(code), instruction)
    known = _frame_texts.get(key)
    if known is not None and known[0] is code:
        return known[1], known[2]
    place = (code.co_filename, entry.tb_lineno, code.co_name)
    text = _format_frame(entry, place)
    if len(_frame_texts) >= _MOST_CACHED:
        _frame_texts.clear()
    _frame_texts[key] = (code, place, text)
    return place, text


def _format_frame(entry: TracebackType, place: tuple[str, int, str]) -> str:
    try:
        stack = traceback.extract_tb(entry, limit=1)
        frame = stack[0]
        if len(frame.line or "") > _LONGEST_LINE:  # minified code: to mark the failing part takes very long
            return _plain_frame(place) + f"    {_shown(frame.line or '')}\n"
        return str(stack.format_frame_summary(frame))
    except Exception:  # the module's own loader failed to give the source
        return _plain_frame(place)


def _plain_frame(place: tuple[str, int, str]) -> str:
    file, line, name = place
    return f'  File "{file}", line {line}, in {name}\n'
