"""A process that tries inputs one after another, and is watched for hangs, deaths and memory.

`python -m tests.attack.worker PART FOLDER` reads cases from its standard input, a line of JSON each, and answers
each with a line of faults. `Worker` starts it, and starts another one when it has died or hangs.
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.attack.cases import Case, Fault

ROOT = Path(__file__).resolve().parents[2]
GIB = 2**30
ADDRESSES = 8 * GIB
"""What a worker may map, so that a fault cannot take the machine's memory."""
MEMORY = GIB
"""What one input may add to a worker's resident memory."""
_FRAME = re.compile(r'File "(.*?)", line \d+ in (\S+)')


class Worker:
    """A part of the attack in a process of its own.

    Args:
        part: the name of a module of this package that has a class `Part`.
        limit: seconds for one input; whatever takes longer hangs.
    """

    def __init__(self, part: str, limit: float = 60.0) -> None:
        self._part, self._limit = part, limit
        shm = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(prefix="obskit-attack-", dir=shm if shm.is_dir() else None)
        self._process: subprocess.Popen[bytes] | None = None

    def attempt(self, case: Case) -> list[Fault]:
        """Try an input; a hang and a death of the process are faults too."""
        answer = self._ask(case.to_json())
        return [answer] if isinstance(answer, Fault) else [Fault(**fault) for fault in answer]

    def attempt_together(self, cases: list[Case]) -> list[list[Fault]]:
        """Try inputs at once, and each by itself only where something goes wrong; return the faults of each."""
        if len(cases) > 1 and self._ask(json.dumps([case.to_json() for case in cases])) is True:
            return [[] for _ in cases]
        return [self.attempt(case) for case in cases]

    def _ask(self, question: str) -> Any:
        """Return the worker's answer, or the fault by which it died."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(question.encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return self._died(process)
        # The worker ends itself when an input takes too long, and leaves its stack.
        readable = select.select([process.stdout], [], [], self._limit + 30)[0]
        answer = process.stdout.readline() if readable else b""
        return json.loads(answer) if answer else self._died(process)

    def _start(self) -> subprocess.Popen[bytes]:
        folder = Path(self._folder.name)
        with (folder / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.attack.worker", self._part, str(folder), str(self._limit)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OBSKIT_CACHE": str(folder / "cache")},
            )
        return self._process

    def _died(self, process: subprocess.Popen[bytes]) -> Fault:
        self.stop()
        stack = (Path(self._folder.name) / "stderr").read_text(errors="replace")
        hung = "Timeout (" in stack
        code = process.returncode
        died = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        last = stack.strip().splitlines()[-1:] or [""]
        text = f"more than {self._limit:.0f} s" if hung else last[0][:300]
        return Fault("hang" if hung else died, innermost(stack), text)

    def stop(self) -> None:
        """End the process; the next input starts another one."""
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()

    def close(self) -> None:
        self.stop()
        self._folder.cleanup()


def innermost(stack: str) -> str:
    """Return obskit's innermost function in a dump of faulthandler, whose newest frame is first."""
    blocks = [block for block in re.split(r"\n(?=Thread |Current thread )", stack) if "worker.py" in block]
    for file, function in _FRAME.findall(blocks[-1] if blocks else ""):
        if "/obskit/" in file and "/tests/" not in file:
            return f"obskit/{file.rpartition('/obskit/')[2]}:{function}"
    return ""


def _resident(what: str = "VmHWM") -> int:
    """Return the largest resident memory so far, in bytes."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(what))


def _forget_peak() -> None:
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass  # then the largest so far is compared, which finds the first offender


def main(name: str, folder: Path, limit: float) -> None:
    """Answer cases until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints must not be taken for an answer
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    part: Any = importlib.import_module(f"tests.attack.{name}").Part
    attempt = part.prepare(folder)
    os.chdir(folder)
    for line in sys.stdin:
        question = json.loads(line)
        _forget_peak()
        before = _resident("VmRSS")
        faulthandler.dump_traceback_later(limit, exit=True)
        if isinstance(question, list):
            answer: Any = attempt.together([Case.from_json(text) for text in question])
        else:
            answer = [vars(fault) for fault in attempt(Case.from_json(line))]
        faulthandler.cancel_dump_traceback_later()
        grown = _resident() - before
        if grown > MEMORY:
            fault = Fault("memory", "", f"{grown / GIB:.1f} GiB of memory")
            answer = False if isinstance(question, list) else [*answer, vars(fault)]
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
