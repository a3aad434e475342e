"""Name an exception by where it was thrown: its type and the frames nearest to the throw.

    Traceback (most recent call last):
      File "/app/v7/api.py", line 31, in handle
      File "/app/v7/pay.py", line 12, in pay                 TimeoutError at pay.pay < api.handle
    TimeoutError: no answer in 250 ms

Line numbers, addresses, messages and generated names are left out, so that the same fault has one name on
every host and in every build. Of exceptions that caused one another the root cause is named. Python, the JVM,
Node.js and browsers, Go, .NET, Ruby and PHP are known; other text has no fingerprint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

FRAMES = 5
"""Frames nearest to the throw that are a part of the name."""

_LONGEST = 65_536  # characters at either end of a stack trace that are looked at
_WIDEST = 400  # characters of a line: what Python's expressions take on one line stays small
_NAME = r"[A-Za-z_$\\][\w$]*(?:(?:\.|::|\\|/)[\w$]+)*"
_TYPE = re.compile(
    r"(?:(?:Exception in thread \"[^\"\n]*\"|Unhandled exception\.?|Uncaught|(?:PHP )?Fatal error:) +)*"
    rf"(?P<type>{_NAME})(?: \[[\w.]+\])?(?=:|\s*$)"
)
_PYTHON = re.compile(r"Traceback \(most recent call last\):")
_PYTHON_FRAME = re.compile(r"^[ \t|+]*File \"(?P<file>[^\"\n]+)\", line \d+, in (?P<name>\S+)", re.M)
_PYTHON_TYPE = re.compile(r"^(?:[ ]{0,4}\| )?(?P<type>[A-Za-z_]\w*(?:\.\w+)*)(?=:|[ \t]*$)", re.M)
_CAUSED_BY = re.compile(r"^[ \t]*Caused by: ", re.M)
_JAVA_FRAME = re.compile(r"^[ \t]+at (?P<name>[^\s()]+)\((?P<place>[^()\n]*)\)", re.M)
_JAVA_PLACE = re.compile(r"[\w$.-]*(?::-?\d+)?|Native Method|Unknown Source(?::\d+)?|<generated>")
_JAVA_MODULE = re.compile(r"^(?:[\w.@+-]*/)+(?=[\w$]+\.)")
_JAVA_GENERATED = re.compile(
    r"\$\$(?:Lambda|FastClassBy|EnhancerBy|SpringCGLIB|Proxy)[^.]*|\$Proxy\d*|(?<=lambda\$)\d+$"
)
_NET_INNER = re.compile(r"---> ")
_NET_END = re.compile(r"^[ \t]*--- End of inner exception stack trace ---", re.M)
_NET_FRAME = re.compile(r"^[ \t]+at (?P<name>[^\s()]+)\((?P<place>[^\n]*)\)(?: in [^\n]*)?$", re.M)
_NET_STATE = re.compile(r"<(?P<name>\w+)>[a-z]__\w*(?:\.MoveNext)?")
_NET_GENERATED = re.compile(r"\.?<>c(?:__DisplayClass\w*)?|`\d+|\[[^\]]*\]")
_NODE_CAUSE = re.compile(r"^[ \t]*\[cause\]: ", re.M)
_NODE_FRAME = re.compile(
    r"^[ \t]+at (?:async )?(?:new )?"
    r"(?:(?P<name>[^\s()\[]+)(?: \[as [^\]\n]+\])? \((?:[^()\n]*:\d+|<anonymous>|native)\)"
    r"|(?P<file>[^\s()]+):\d+:\d+)[ \t{}]*$",
    re.M,
)
_BROWSER_FRAME = re.compile(r"^(?P<name>[\w$.<>/*]*)@(?P<file>[a-z-]+://[^\s]+?):\d+(?::\d+)?$", re.M)
_GO_ROUTINE = re.compile(r"^goroutine \d+ [^\n]*:$", re.M)
_GO_FRAME = re.compile(
    r"^(?P<name>[^\s()]+(?:\(\*?[^\s()]+\)[^\s()]*)?)\([^\n]*\)\n[ \t]+[^\s:]+\.(?:go|s):\d+", re.M
)
_GO_RUNTIME = re.compile(r"(?:runtime[./]|panic$|testing\.)")
_GO_PANIC = re.compile(r"^(?:panic|fatal error): ", re.M)
_RUBY_FRAME = re.compile(r"^[ \t]*(?:from )?(?P<file>[^\s:]+):\d+:in [`'](?P<name>[^'\n]+)'", re.M)
_RUBY_TYPE = re.compile(r"\((?P<type>[A-Z]\w*(?:::\w+)*)\)[ \t]*$")
_RUBY_WITHIN = re.compile(r"^(?:block|rescue|ensure)(?: \(\d+ levels\))? in ")
_PHP_FRAME = re.compile(r"^#\d+ [^\n(]+\(\d+\): (?P<name>[\w\\:>{}-]+)\(", re.M)
_PHP_TYPE = re.compile(r"(?:Uncaught |^)(?P<type>[A-Z\\]\w*(?:\\\w+)*): ", re.M)
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")


def stack_fingerprint(trace: str) -> tuple[str | None, str] | None:
    """Return the type and the frames of an exception.

    Args:
        trace: a stack trace of a known language.

    Returns:
        The type of the root cause, None if the trace does not say; and up to five frames, the nearest to the
        throw first, as `pay.pay < api.handle`. None if the text has no frames of a known language.
    """
    if len(trace) > 2 * _LONGEST:  # the throw is at the end in Python, else at the beginning
        trace = f"{trace[:_LONGEST]}\n{trace[-_LONGEST:]}"
    trace = "\n".join(line[:_WIDEST] for line in trace.splitlines())
    for read in (_python, _php, _go, _ruby, _net, _java, _node, _browser):
        found = read(trace)
        if found is not None:
            kind, frames = found
            return kind, " < ".join(frames)
    return None


_Found = tuple[str | None, list[str]]


def _nearest(names: Iterable[str]) -> list[str]:
    """Return the first names; a function that calls itself is one frame."""
    out: list[str] = []
    for name in names:
        plain = _NUMBERS.sub("", name).strip(".$-")
        if plain and plain not in out[-1:]:
            out.append(plain)
        if len(out) == FRAMES:
            break
    return out


def _result(kind: str | None, names: Iterable[str]) -> _Found | None:
    frames = _nearest(names)
    return (kind, frames) if frames else None


def _type_in(text: str) -> str | None:
    """Return the type that the first line of a trace says; None if the line is a sentence."""
    found = _TYPE.match(text.lstrip().split("\n", 1)[0])
    return found["type"].removeprefix("\\") if found else None


def _stem(path: str) -> str:
    """Return the name of a file without its folder and suffix; build numbers in it are left out later."""
    name = re.split(r"[/\\]", path.split("?", 1)[0])[-1]
    return name.split(".", 1)[0] or name


def _python(trace: str) -> _Found | None:
    begins = [found.end() for found in _PYTHON.finditer(trace)]
    if not begins:
        return None
    part = trace[begins[0] : begins[1] if len(begins) > 1 else len(trace)]  # the first one is the cause
    frames = list(_PYTHON_FRAME.finditer(part))
    if not frames:
        return None
    kind = _PYTHON_TYPE.search(part, frames[-1].end())
    names = (f"{_stem(frame['file'])}.{frame['name']}" for frame in reversed(frames))
    return _result(kind["type"] if kind else None, names)


def _java(trace: str) -> _Found | None:
    causes = list(_CAUSED_BY.finditer(trace))
    part = trace[causes[-1].end() :] if causes else trace
    frames = list(_JAVA_FRAME.finditer(part))
    if not frames:
        part = trace
        frames = list(_JAVA_FRAME.finditer(part))

    def name(text: str) -> str:
        return _JAVA_GENERATED.sub("", _JAVA_MODULE.sub("", text)).replace("lambda$", "")

    return _result(_type_in(part), (name(frame["name"]) for frame in frames))


def _net(trace: str) -> _Found | None:
    if not _is_net(trace):
        return None
    begins = list(_NET_INNER.finditer(trace))
    part = trace[begins[-1].end() :] if begins else trace
    if (end := _NET_END.search(part)) is not None and _NET_FRAME.search(part, 0, end.start()):
        part = part[: end.start()]

    def name(text: str) -> str:
        plain = _NET_STATE.sub(lambda found: found["name"], text)
        return _NET_GENERATED.sub("", plain)

    return _result(_type_in(part), (name(frame["name"]) for frame in _NET_FRAME.finditer(part)))


def _is_net(trace: str) -> bool:
    """Return whether frames are .NET's: the JVM has a file in the parentheses, .NET the arguments' types."""
    first = _NET_FRAME.search(trace)
    if first is None:
        return False
    with_files = " in " in first[0] or "\n   at System." in trace
    return with_files or _JAVA_PLACE.fullmatch(first["place"]) is None or not first["place"]


def _node(trace: str) -> _Found | None:
    causes = list(_NODE_CAUSE.finditer(trace))
    part = trace[causes[-1].end() :] if causes else trace
    frames = list(_NODE_FRAME.finditer(part))
    if not frames:
        part = trace
        frames = list(_NODE_FRAME.finditer(part))
    return _result(_type_in(part), (frame["name"] or _stem(frame["file"]) for frame in frames))


def _browser(trace: str) -> _Found | None:
    frames = list(_BROWSER_FRAME.finditer(trace))
    kind = None if frames and frames[0].start() == 0 else _type_in(trace)
    return _result(kind, (frame["name"] or _stem(frame["file"]) for frame in frames))


def _go(trace: str) -> _Found | None:
    routines = list(_GO_ROUTINE.finditer(trace))
    begin = routines[0].end() if routines else 0
    part = trace[begin : routines[1].start() if len(routines) > 1 else len(trace)]
    names = [frame["name"] for frame in _GO_FRAME.finditer(part)]
    own = [
        re.sub(r"\[[^\]]*\]", "", name.rpartition("/")[2]) for name in names if not _GO_RUNTIME.match(name)
    ]
    panics = _GO_PANIC.search(trace) is not None
    return _result("panic" if panics else None, own)


def _ruby(trace: str) -> _Found | None:
    frames = list(_RUBY_FRAME.finditer(trace))
    if not frames:
        return None
    kind = _RUBY_TYPE.search(trace.lstrip().split("\n", 1)[0])

    def names() -> Iterator[str]:
        for frame in frames:
            name = _RUBY_WITHIN.sub("", frame["name"])
            yield name if "#" in name else f"{_stem(frame['file'])}.{name}"

    return _result(kind["type"] if kind else _type_of_line(trace, frames[0]), names())


def _type_of_line(trace: str, first: re.Match[str]) -> str | None:
    return _type_in(trace) if first.start() else None


def _php(trace: str) -> _Found | None:
    frames = _PHP_FRAME.finditer(trace)
    kind = _PHP_TYPE.search(trace)
    return _result(kind["type"].removeprefix("\\") if kind else None, (frame["name"] for frame in frames))
