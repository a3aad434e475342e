"""An input, what went wrong with it, and the list of what an attack found."""

from __future__ import annotations

import base64
import json
import re
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import obskit

PACKAGE = Path(obskit.__file__).resolve().parent
_VARIABLE = re.compile(r"'[^']*'|\"[^\"]*\"|0x[0-9a-f]+|/\S+|[\d,.]*\d")


@dataclass(frozen=True)
class Case:
    """One input.

    Attributes:
        part: the part of the attack that made it.
        seed: of the attack.
        number: of the input within its part; with the seed it makes the same input again.
        payload: the bytes that are mutated, and that `shrink` makes shorter.
        details: everything else about it, as JSON: the fixture, the name of the file, the mutations.
    """

    part: str
    seed: int
    number: int
    payload: bytes = b""
    details: dict[str, Any] = field(default_factory=dict)

    def with_payload(self, payload: bytes) -> Case:
        return replace(self, payload=payload)

    def to_json(self) -> str:
        return json.dumps({**vars(self), "payload": base64.b64encode(self.payload).decode()})

    @classmethod
    def from_json(cls, text: str) -> Case:
        read = json.loads(text)
        return cls(**{**read, "payload": base64.b64decode(read["payload"])})


@dataclass(frozen=True)
class Fault:
    """What went wrong.

    Attributes:
        kind: the type of an exception, or what was observed: "hang", "lost rows", "killed by SIGSEGV".
        place: the innermost function of obskit; empty if it is not known.
        text: the first line of the message.
    """

    kind: str
    place: str
    text: str

    @property
    def key(self) -> str:
        """What makes two faults the same: the kind and the function, or the message where there is none."""
        return f"{self.kind} in {self.place}" if self.place else f"{self.kind}: {self.pattern}"

    @property
    def pattern(self) -> str:
        return _VARIABLE.sub("*", self.text)[:120]

    @classmethod
    def of(cls, error: BaseException, kind: str = "") -> Fault:
        """Return the fault of an exception that escaped."""
        name = type(error).__name__
        lines = _message(error).splitlines() or [""]
        return cls(f"{kind} ({name})" if kind else name, _innermost(error), lines[0][:300])


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as again:
        return f"its message raises {type(again).__name__}"


def _innermost(error: BaseException) -> str:
    found = ""
    # Without source lines, which would be looked up for each of a thousand frames of a RecursionError.
    for frame, _ in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file.startswith(str(PACKAGE)):
            found = f"obskit{file[len(str(PACKAGE)) :]}:{frame.f_code.co_name}"
    return found


@dataclass
class Finding:
    """A fault with the first input that shows it."""

    case: Case
    fault: Fault
    count: int = 1


class Findings:
    """The distinct faults of an attack, each with its first input."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, case: Case, fault: Fault) -> bool:
        """Count a fault; return whether it is new."""
        key = f"{case.part}: {fault.key}"
        if key in self._found:
            self._found[key].count += 1
            return False
        self._found[key] = Finding(case, fault)
        return True

    def update(self, finding: Finding, case: Case) -> None:
        """Replace the input of a finding by a shorter one."""
        finding.case = case

    def all(self) -> list[Finding]:
        return [self._found[key] for key in sorted(self._found)]


def describe(finding: Finding, keep: Path | None = None) -> str:
    """Return a finding as text: what, where, how often, the input, and the command that repeats it.

    With `keep`, the input is saved in that folder.
    """
    case, fault = finding.case, finding.fault
    replay = f"--seed {case.seed} --only {case.part} --number {case.number}"
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        slug = re.sub(r"\W+", "-", fault.key)[:80].strip("-")
        path = keep / f"{case.part}-{slug}-{case.number}.json"
        path.write_text(case.to_json())
        replay = f"--replay {path}"
    told = {name: value for name, value in case.details.items() if name != "files"}
    shown = repr(case.payload[:400]) + (
        f" and {len(case.payload) - 400:,} bytes more" if len(case.payload) > 400 else ""
    )
    return (
        f"{case.part}: {fault.key} ({finding.count} times)\n"
        f"    {fault.text}\n"
        f"    {json.dumps(told)[:400]}\n"
        f"    {shown}\n"
        f"    python -m tests.attack {replay}"
    )
