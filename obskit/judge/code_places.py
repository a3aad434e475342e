"""Where the code is that the candidate's failed and slow requests ran, as the events name it.

code.file.path                         services/booking/src/insert.py
code.function.name                     booking.insert.save
exception.stacktrace, if new           File "/app/src/insert.py", line 12, in save
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from obskit.engine import Scope
from obskit.names import EXCEPTION_FINGERPRINT

FILE, FUNCTION, STACK = "code.file.path", "code.function.name", "exception.stacktrace"
MOST_PLACES = 50
MOST_STACKS = 20
MOST_FRAMES = 100  # files of a stack trace
_LONGEST = 65_536  # characters of a stack trace that are looked at
_WIDEST = 400  # characters of a line
# A whole word, so that each is tried once, however long it is.
_FRAME_FILE = re.compile(r"(?<![\w@+~.\-/\\])(?P<file>[\w@+~.\-/\\]++)(?:\", line \d|:(?:line )?\d|\(\d+\))")
_PARTS = re.compile(r"::|[./\\#:]")
_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,9}$")


@dataclass(frozen=True)
class CodePlace:
    """A place in the code.

    Attributes:
        source: how the events name it: "code.file.path", "code.function.name" or "new stack trace".
        text: the file or the function.
    """

    source: str
    text: str

    @property
    def last(self) -> str:
        """The last part of the path: a file's name, or the module of a function."""
        return next(reversed(self._parts()), "")

    def _parts(self) -> list[str]:
        if self.source == FUNCTION:
            return [part for part in _PARTS.split(self.text) if part][:-1]
        return [part for part in re.split(r"[/\\]", self.text) if part not in ("", ".")]

    def matches(self, path: str) -> bool:
        """Return whether a file of the repository is this place.

        The ends of both paths must agree in two parts or more, or one must be the whole end of the other: the
        folder in which a service runs is not the one in the repository. A file name alone is not enough.
        """
        ours, theirs = self._parts(), path.split("/")
        if self.source == FUNCTION:
            return _common_end(ours, [*theirs[:-1], stem(theirs[-1])]) >= 2
        same = _common_end(ours, theirs)
        return same >= 2 or (same > 0 and same in (len(ours), len(theirs)))


def places_of(rows: Scope, candidate: str, baseline: str, outcome: str) -> list[CodePlace]:
    """Return the places that events of the candidate with an outcome name.

    Args:
        rows: the rows of both arms.
        candidate: the candidate as a condition.
        baseline: the baseline as a condition.
        outcome: failed or slow requests, as a condition.

    Returns:
        At most 50 of each field, the most frequent first; then the files of up to 20 stack traces whose
        fingerprint the baseline does not have.
    """
    names = rows.schema.names
    bad = rows.narrow(f"({candidate}) and ({outcome})")
    places = [
        CodePlace(field, text)
        for field in (FILE, FUNCTION)
        if field in names
        for text in _most_frequent(bad, field, MOST_PLACES)
    ]
    if {STACK, EXCEPTION_FINGERPRINT} <= set(names):
        known = set(_most_frequent(rows.narrow(baseline), EXCEPTION_FINGERPRINT, None))
        for stack in _new_stacks(rows.narrow(candidate), known):
            places += [CodePlace("new stack trace", file) for file in files_in(stack)]
    return list(dict.fromkeys(places))


def stem(name: str) -> str:
    """Return the name of a file without its suffix."""
    return _SUFFIX.sub("", name)


def files_in(stack: str) -> list[str]:
    """Return the files that a stack trace names, each once; at most 100."""
    lines = (line[:_WIDEST] for line in stack[:_LONGEST].splitlines())
    named = (found["file"] for line in lines for found in _FRAME_FILE.finditer(line))
    return list(dict.fromkeys(name for name in named if _SUFFIX.search(name)))[:MOST_FRAMES]


def _most_frequent(scope: Scope, field: str, most: int | None) -> list[str]:
    def build(table: ir.Table) -> ir.Table:
        named = table.filter(table[field].notnull())
        counted = named.group_by(value=named[field].cast("string")).aggregate(rows=named.count())
        return counted.order_by(ibis.desc("rows"), "value").limit(most)

    return [row["value"] for row in scope.run(build).table.to_pylist()]


def _new_stacks(scope: Scope, known: Iterable[str]) -> list[str]:
    """Return a stack trace of each fingerprint that is not known, the most frequent first."""
    old = list(known)

    def build(table: ir.Table) -> ir.Table:
        new = table.filter(table[EXCEPTION_FINGERPRINT].notnull() & table[STACK].notnull())
        if old:
            new = new.filter(new[EXCEPTION_FINGERPRINT].notin(old))
        counted = new.group_by(name=new[EXCEPTION_FINGERPRINT]).aggregate(
            rows=new.count(), stack=new[STACK].min()
        )
        return counted.order_by(ibis.desc("rows"), "name").limit(MOST_STACKS)

    return [row["stack"] for row in scope.run(build).table.to_pylist()]


def _common_end(ours: list[str], theirs: list[str]) -> int:
    """Return in how many last parts two paths agree."""
    same = 0
    for mine, other in zip(reversed(ours), reversed(theirs), strict=False):
        if mine != other:
            break
        same += 1
    return same
