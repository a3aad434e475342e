"""A part with planted faults, for the tests of the attack itself."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.attack.cases import Case, Fault
from tests.attack.worker import GIB


class Part:
    """Makes inputs that all raise."""

    name = "planted"
    worker = True

    def case(self, rng: random.Random, seed: int, number: int) -> Case:
        return Case(
            "planted", seed, number, b"some lines\n" * 20 + b"raise" + b" more" * rng.randrange(1, 20)
        )

    @staticmethod
    def prepare(folder: Path) -> Callable[[Case], list[Fault]]:
        return attempt


def attempt(case: Case) -> list[Fault]:
    """Do what the payload says."""
    if b"raise" in case.payload:
        try:
            int("not a number")
        except ValueError as error:
            return [Fault.of(error)]
    if case.payload == b"hang":
        time.sleep(60)
    if case.payload == b"exit":
        os._exit(3)
    if case.payload == b"kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if case.payload == b"memory":
        b"x" * int(1.2 * GIB)
    if case.payload == b"addresses":
        try:
            bytearray(9 * GIB)
        except MemoryError as error:
            return [Fault.of(error)]
    return []
