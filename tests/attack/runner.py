"""Run the parts of an attack, each for its share of the time or for a number of inputs."""

from __future__ import annotations

import importlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.attack.cases import Case, Fault, Finding, Findings
from tests.attack.shrink import shrink
from tests.attack.worker import Worker

PARTS = {"load": 0.45, "receive": 0.25, "conditions": 0.12, "host": 0.08, "death": 0.1}
"""Name of a part -> its share of the time."""


@dataclass
class Ran:
    """What a part did: how many inputs in how many seconds."""

    part: str
    inputs: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.part}: {self.inputs:,} inputs in {self.seconds:.0f} s, {self.inputs / max(self.seconds, 0.001):.0f} per second"


def attack(
    part: str,
    seed: int,
    findings: Findings,
    *,
    seconds: float = float("inf"),
    inputs: int | None = None,
    first: int = 0,
    shorten: float = 0.0,
    say: Callable[[str], None] = lambda _: None,
) -> Ran:
    """Try inputs of one part until the time or the number is up.

    Args:
        part: a key of `PARTS`.
        seed: with its number it makes an input.
        findings: what is found is added to them.
        seconds: the longest time.
        inputs: the largest number of inputs; None for as many as fit into the time.
        first: the number of the first input.
        shorten: seconds to spend on making the input of each finding shorter.
        say: called with a line for each finding that is new.
    """
    made: Any = importlib.import_module(f"tests.attack.{part}").Part()
    target: Any = Worker(part) if made.worker else made
    begun, number = time.monotonic(), first
    last = float("inf") if inputs is None else first + inputs
    try:
        while time.monotonic() - begun < seconds and number < last:
            size = min(getattr(made, "together", 1), last - number)
            cases = [
                made.case(random.Random(f"{seed}/{part}/{one}"), seed, one)
                for one in range(number, number + int(size))
            ]
            for case, faults in zip(cases, _attempt(target, cases), strict=True):
                _record(findings, case, faults, say)
            number += len(cases)
        if not made.worker:
            for case, fault in made.finish():
                _record(findings, case, [fault], say)
        taken = time.monotonic() - begun
        for finding in findings.all():
            if shorten and finding.case.part == part and made.worker and finding.case.payload:
                _shorten(finding, target, shorten)
    finally:
        target.close()
    return Ran(part, number - first, taken)


def _attempt(target: Any, cases: list[Case]) -> list[list[Fault]]:
    if len(cases) > 1:
        found: list[list[Fault]] = target.attempt_together(cases)
        return found
    return [target.attempt(cases[0])]


def replay(case: Case, findings: Findings) -> None:
    """Try one saved input."""
    made: Any = importlib.import_module(f"tests.attack.{case.part}").Part()
    target: Any = Worker(case.part) if made.worker else made
    try:
        _record(findings, case, target.attempt(case), lambda _: None)
        if not made.worker:
            for one, fault in made.finish():
                _record(findings, one, [fault], lambda _: None)
    finally:
        target.close()


def _record(findings: Findings, case: Case, faults: list[Any], say: Callable[[str], None]) -> None:
    for fault in faults:
        if findings.add(case, fault):
            say(f"{case.part} {case.number}: {fault.key}: {fault.text[:200]}")


def _shorten(finding: Finding, target: Any, seconds: float) -> None:
    key = finding.fault.key
    if finding.fault.kind in ("hang", "memory"):
        return  # each trial would take as long again

    def still(payload: bytes) -> bool:
        return any(fault.key == key for fault in target.attempt(finding.case.with_payload(payload)))

    shorter = shrink(finding.case.payload, still, seconds)
    finding.case = replace(finding.case, payload=shorter)


__all__ = ["PARTS", "Ran", "attack", "replay"]
