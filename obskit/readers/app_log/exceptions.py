"""Find the exception in the lines of a record: its type, its message and its stack trace.

    payment failed                                       body: payment failed
    Traceback (most recent call last):             ->    exception.stacktrace: Traceback ...
      File "shop.py", line 12, in pay                    exception.type: ValueError
    ValueError: no card                                  exception.message: no card

Python, the JVM, .NET, Node.js, Go, Ruby, PHP and Rust are known. Of exceptions that caused one another the
type is that of the one that reached the log: the last one in Python, the first one elsewhere.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import NamedTuple

_TYPE = r"[A-Za-z_$][\w$]*(?:(?:\.|::|\\)[\w$]+)*"
_PYTHON = re.compile(r"^[ |+]*(?:Exception Group )?Traceback \(most recent call last\):", re.M)
_PYTHON_LAST = re.compile(rf"^[ ]{{0,4}}(?:\| )?(?P<type>{_TYPE})(?:: (?P<message>.*))?$")
_PYTHON_CHAIN = re.compile(r"^(During handling of the above|The above exception was the direct)", re.M)
_FRAME = r"(?:[ \t]+at [^\n]+|[ \t]*\.\.\. \d+ (?:more|common frames omitted)|[ \t]*--- End of )"
_AT = re.compile(rf"^{_FRAME}", re.M)
_THROWN = re.compile(
    r"(?:^|(?<=[\s:(|]))(?:Exception in thread \"[^\"\n]*\" |Unhandled exception\.? |Uncaught )?"
    r"(?P<type>(?:[A-Za-z_$][\w$]*\.)+[A-Z][\w$]*|[A-Z][\w$]*(?:Error|Exception)|Error)"
    r"(?:: (?P<message>.*))?$"
)
_GO = re.compile(r"^(?P<type>panic|fatal error): (?P<message>.*)$", re.M)
_GOROUTINE = re.compile(r"^goroutine \d+ \[", re.M)
_RUST = re.compile(
    r"^thread '[^'\n]*' (?:\(\d+\) )?panicked at (?P<rest>[^\n]*)(?:\n(?P<message>[^\n]*))?", re.M
)
_RUBY = re.compile(r"^(?P<where>\S+:\d+:in [`'][^'\n]*'): (?P<message>.*) \((?P<type>[A-Z][\w:]*)\)$", re.M)
_TAGS = r"(?:\[[^\]\n]*\][ ])*"  # Rails repeats the tags of a request on each line
_RAILS = re.compile(
    rf"^[ \t]*{_TAGS}(?P<type>[A-Z]\w*(?:::\w+)*) \((?P<message>.*)\):$",
    re.M,
)
_RUBY_FRAME = re.compile(rf"^[ \t]*{_TAGS}(?:from )?\S+:\d+:in [`']", re.M)
_RUBY_BEFORE = re.compile(
    r"(?P<type>[A-Z]\w*(?:::\w+)*(?:Error|Exception|Invalid|NotFound)): (?P<message>.*)"
    r"|(?P<message2>.*) \((?P<type2>[A-Z]\w*(?:::\w+)*)\)"
)
_ELIXIR = re.compile(r"^\*\* \((?P<type>[A-Z][\w.]*)\) (?P<message>.*)$", re.M)
# In a list of Monolog's JSON each backslash is doubled.
_PHP = re.compile(
    r"(?:Uncaught |\(|^)(?P<type>[A-Za-z_]\w*(?:\\{1,2}\w+)*)(?:\(code: \d+\))?: "
    r"(?P<message>.*?) (?:in|at) \S+:\d+",
    re.M,
)
_NEAR = 4096  # characters before the frames that may have the exception: the search is quadratic in them
_PHP_FRAMES = re.compile(r"^(?:\[stacktrace\]|Stack trace:)$|^#0 ", re.M)
_GO_FRAME = re.compile(r"^\t\S+\.go:\d+", re.M)

CRASH = re.compile(
    rb"(?:panic: |fatal error: |Exception in thread \"|Unhandled exception|"
    rb"thread '[^'\n]*' (?:\(\d+\) )?panicked at |"
    rb"(?:node:[\w/]+|(?:file://)?[/A-Za-z][^\s:]*\.[cm]?[jt]sx?):\d+(?=\n))"  # Node.js begins with the place
)
"""Beginning of a line that a runtime prints when a program crashes: no part of the record before."""


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
    for find in (_python, _go, _rust, _frames, _ruby, _php, _elixir):
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
                if _PYTHON_CHAIN.match(more) or more.lstrip().startswith("+-"):  # a member of a group
                    break
                rest.append(more)
            message = "\n".join([found["message"], *rest]).rstrip() if found["message"] is not None else None
            return Thrown(body, found["type"], message, stack)
    # The runtime of AWS Lambda writes type and message before the trace, not after it.
    before, _, line = body.rpartition("\n")
    found = _PYTHON_LAST.match(line)
    if found is not None and found["message"] is not None and found["type"].endswith(("Error", "Exception")):
        return Thrown(before or line, found["type"], found["message"], text[len(body) - len(line) :])
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
    return Thrown(
        text[: begin.start()].rstrip() or begin[0], begin["type"], begin["message"], text[begin.start() :]
    )


def _rust(text: str) -> Thrown | None:
    begin = _RUST.search(text)
    if begin is None:
        return None
    old = re.match(r"'(?P<message>.*)', \S+$", begin["rest"])
    message = old["message"] if old else begin["message"]
    first = begin[0].partition("\n")[0] if old else begin[0]
    return Thrown(text[: begin.start()].rstrip() or first, "panic", message, text[begin.start() :])


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
        more = list(takewhile(lambda text: not text.lstrip().startswith("---> "), lines[at + 1 :]))
        message = "\n".join([found["message"], *more]) if found["message"] is not None else None
        body = "\n".join(lines[:at]).rstrip()
        begin = len("\n".join([*lines[:at], ""]))
        if line[: found.start()].strip():  # after a message, in its line
            return Thrown("\n".join(lines[: at + 1]), found["type"], message, text[begin + found.start() :])
        # Without a body the exception is all that was logged.
        return Thrown(body or line, found["type"], message, text[begin:])
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
    before, _, line = text[: frame.start()].rstrip().rpartition("\n")
    found = _RUBY_BEFORE.fullmatch(line)
    if found is not None:
        begin = len(before) + bool(before)
        return Thrown(
            before or line,
            found["type"] or found["type2"],
            found["message"] if found["type"] else found["message2"],
            text[begin:],
        )
    return Thrown(text[: frame.start()].rstrip(), None, None, text[frame.start() :])


def _php(text: str) -> Thrown | None:
    frames = _PHP_FRAMES.search(text)
    if frames is None or "\n#0 " not in f"\n{text}":
        return None
    found = _PHP.search(text[max(frames.start() - _NEAR, 0) : frames.start()])
    body = text[: frames.start()].rstrip()
    if found is None:
        return Thrown(body, None, None, text[frames.start() :])
    kind = found["type"].replace("\\\\", "\\")
    return Thrown(body, kind, found["message"], text[frames.start() :])


def _elixir(text: str) -> Thrown | None:
    found = _ELIXIR.search(text)
    if found is None or found.start() == 0:
        return None
    return Thrown(text[: found.start()].rstrip(), found["type"], found["message"], text[found.start() :])
