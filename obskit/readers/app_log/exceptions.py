"""Find the exception in the lines of a record: its type, its message and its stack trace.

    payment failed                                       body: payment failed
    Traceback (most recent call last):             ->    exception.stacktrace: Traceback ...
      File "shop.py", line 12, in pay                    exception.type: ValueError
    ValueError: no card                                  exception.message: no card

Python, the JVM, .NET, Node.js, Go, Ruby, PHP and Rust are known. Of exceptions that caused one another the type
is that of the one that reached the log: the last one in Python, the first one elsewhere.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TYPE = r"[A-Za-z_$][\w$]*(?:(?:\.|::|\\)[\w$]+)*"
_PYTHON = re.compile(r"^[ |+]*(?:Exception Group )?Traceback \(most recent call last\):", re.M)
_PYTHON_LAST = re.compile(rf"^[ ]{{0,4}}(?:\| )?(?P<type>{_TYPE})(?:: (?P<message>.*))?$")
_PYTHON_CHAIN = re.compile(r"^(During handling of the above|The above exception was the direct)", re.M)
_FRAME = r"(?:[ \t]+at [^\n]+|[ \t]*\.\.\. \d+ (?:more|common frames omitted)|[ \t]*--- End of )"
_AT = re.compile(rf"^{_FRAME}", re.M)
_THROWN = re.compile(
    r"(?:^|(?<=[\s:(]))(?:Exception in thread \"[^\"\n]*\" |Unhandled exception\.? |Uncaught )?"
    r"(?P<type>(?:[A-Za-z_$][\w$]*\.)+[A-Z][\w$]*|[A-Z][\w$]*(?:Error|Exception)|Error)(?:: (?P<message>.*))?$"
)
_GO = re.compile(r"^(?P<type>panic|fatal error): (?P<message>.*)$", re.M)
_GOROUTINE = re.compile(r"^goroutine \d+ \[", re.M)
_RUST = re.compile(r"^thread '[^'\n]*' (?:\(\d+\) )?panicked at (?P<rest>[^\n]*)(?:\n(?P<message>[^\n]*))?", re.M)
_RUBY = re.compile(r"^(?P<where>\S+:\d+:in [`'][^'\n]*'): (?P<message>.*) \((?P<type>[A-Z][\w:]*)\)$", re.M)
_RAILS = re.compile(r"^\s*(?P<type>[A-Z]\w*(?:::\w+)*(?:Error|Exception|NotFound|Invalid|\w+)) \((?P<message>.*)\):$", re.M)
_RUBY_FRAME = re.compile(r"^\s*(?:from )?\S+:\d+:in [`']", re.M)
_PHP = re.compile(rf"(?:Uncaught |\(|^)(?P<type>{_TYPE})(?:\(code: \d+\))?: (?P<message>.*?) (?:in|at) \S+:\d+", re.M)
_PHP_FRAMES = re.compile(r"^(?:\[stacktrace\]|Stack trace:)$|^#0 ", re.M)
_GO_FRAME = re.compile(r"^\t\S+\.go:\d+", re.M)

CRASH = re.compile(
    rb"(?:panic: |fatal error: |Exception in thread \"|Unhandled exception|thread '[^'\n]*' (?:\(\d+\) )?panicked at )"
)
"""Beginning of a line that a runtime prints when a program crashes: it does not belong to the record before."""


class Thrown(NamedTuple):
    """An exception within a record.

    Attributes:
        body: the record's text before the stack trace.
        type: of the exception; None if the trace does not say.
        message: of the exception.
        stacktrace: the lines of the trace.
    """

    body: str
    type: str | None
    message: str | None
    stacktrace: str


def find_exception(text: str) -> Thrown | None:
    """Return the exception that a record of several lines describes.

    Args:
        text: the record's message and the lines after it.

    Returns:
        The exception, or None if the lines are no stack trace of a known language.
    """
    for find in (_python, _go, _rust, _frames, _ruby, _php):
        found = find(text)
        if found is not None:
            return found
    return None


def _python(text: str) -> Thrown | None:
    begin = _PYTHON.search(text)
    if begin is None:
        return None
    body, stack = text[: begin.start()].rstrip(), text[begin.start() :]
    last = None
    for last in _PYTHON.finditer(stack):  # noqa: B007 - of chained exceptions the last one was raised
        pass
    lines = stack[last.end() if last else 0 :].lstrip("\n").split("\n")
    for at, line in enumerate(lines):
        found = _PYTHON_LAST.match(line) if line[:3] != "   " and not line.startswith("  File") else None
        if found is not None and not line.startswith("    "):
            rest = []
            for more in lines[at + 1 :]:
                if _PYTHON_CHAIN.match(more):
                    break
                rest.append(more)
            message = "\n".join([found["message"], *rest]).rstrip() if found["message"] is not None else None
            return Thrown(body, found["type"], message, stack)
    return Thrown(body, None, None, stack)


def _go(text: str) -> Thrown | None:
    begin = _GO.search(text)
    if begin is None:
        routine = _GOROUTINE.search(text)
        if routine is not None:
            return Thrown(text[: routine.start()].rstrip(), None, None, text[routine.start() :])
        frames = _GO_FRAME.search(text)
        if frames is None:
            return None
        cut = text.rfind("\n", 0, max(frames.start() - 1, 0))
        return Thrown(text[: max(cut, 0)].rstrip(), None, None, text[cut + 1 :])
    if _GOROUTINE.search(text, begin.end()) is None:
        return None
    return Thrown(text[: begin.start()].rstrip() or begin[0], begin["type"], begin["message"], text[begin.start() :])


def _rust(text: str) -> Thrown | None:
    begin = _RUST.search(text)
    if begin is None:
        return None
    old = re.match(r"'(?P<message>.*)', \S+$", begin["rest"])
    message = old["message"] if old else begin["message"]
    return Thrown(text[: begin.start()].rstrip() or begin[0], "panic", message, text[begin.start() :])


def _frames(text: str) -> Thrown | None:
    """Traces whose frames begin with "at": the JVM, .NET and Node.js."""
    frame = _AT.search(text)
    if frame is None or frame.start() == 0:
        return None
    lines = text[: frame.start() - 1].split("\n")
    for at, line in enumerate(lines):
        found = _THROWN.search(line)
        if found is None:
            continue
        message = "\n".join([found["message"] or "", *lines[at + 1 :]]) if found["message"] is not None else None
        body = "\n".join(lines[:at]).rstrip()
        if not body:  # the exception is all that was logged
            return Thrown(line, found["type"], message, text)
        return Thrown(body, found["type"], message, text[len("\n".join(lines[:at])) + 1 :])
    return Thrown(text[: frame.start()].rstrip(), None, None, text[frame.start() :])


def _ruby(text: str) -> Thrown | None:
    if _RUBY_FRAME.search(text) is None:
        return None
    found = _RUBY.search(text) or _RAILS.search(text)
    if found is not None:
        body = text[: found.start()].rstrip() or found[0].strip()
        return Thrown(body, found["type"], found["message"], text[found.start() :].strip("\n"))
    frame = _RUBY_FRAME.search(text, text.find("\n") + 1)
    if frame is None:
        return None
    return Thrown(text[: frame.start()].rstrip(), None, None, text[frame.start() :])


def _php(text: str) -> Thrown | None:
    frames = _PHP_FRAMES.search(text)
    if frames is None or "\n#0 " not in f"\n{text}":
        return None
    found = _PHP.search(text[: frames.start()])
    body = text[: frames.start()].rstrip()
    if found is None:
        return Thrown(body, None, None, text[frames.start() :])
    return Thrown(body, found["type"], found["message"], text[frames.start() :])
