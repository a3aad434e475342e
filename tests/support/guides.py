"""Run a page of the docs as its reader would: from top to bottom, in an empty folder.

A block of `console` holds commands (`$ `) and what they print. A block of `python` is run; the block of `text`
that follows it is what it prints. A block after "Save it as `NAME`:" is the file NAME. In expected output, a line `...` stands for any lines,
and a line that ends with ` ...` is only the beginning of one.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obskit.cli import main

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [
    ROOT / "docs" / page
    for page in (
        "tutorial.md",
        "record.md",
        "troubleshooting.md",
        "howto/only-logs.md",
        "howto/timestamps.md",
        "howto/trace-id.md",
        "howto/two-versions.md",
    )
]
"""The pages that can be followed from top to bottom."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```\n*", re.MULTILINE | re.DOTALL)
_SAVED = re.compile(r"Save it as `([^`]+)`:\n\n$")


@dataclass(frozen=True)
class Step:
    """What a reader types or saves, and what the page says is printed; None if it says nothing."""

    language: str
    code: str
    expected: str | None
    line: int


def steps(page: Path) -> Iterator[Step]:
    """Yield the commands and the code of a page in their order."""
    text = page.read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(text))
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        language, content = block.groups()
        line = text.count("\n", 0, block.start()) + 2
        if saved := _SAVED.search(text, 0, block.start()):
            yield Step("file", f"{saved[1]}\n{content}", None, line)
        elif language == "python":
            printed = following is not None and following[1] == "text" and following.start() == block.end()
            yield Step("python", content, following[2] if printed and following else None, line)
        elif language == "console":
            for command in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
                typed, _, shown = command.partition("\n")
                yield Step("console", typed, shown or None, line)


class Reader:
    """Types what a page says: commands of obskit and Python in this process, other commands in bash.

    Args:
        folder: where everything runs.
        environment: of bash.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.names: dict[str, Any] = {}

    def type(self, step: Step) -> str:
        """Return what a step prints; raise AssertionError if it fails."""
        if step.language == "file":
            name, _, content = step.code.partition("\n")
            (self.folder / name).write_text(content, encoding="utf-8")
            return ""
        obskit = re.fullmatch(r"obskit [^\n|&;]*", re.sub(r"'[^']*'|\"[^\"]*\"", "", step.code))
        if step.language == "console" and not obskit:
            done = subprocess.run(
                ["bash", "-c", step.code],
                cwd=self.folder,
                env=self.environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            status, printed, told = done.returncode, done.stdout, done.stderr
        else:
            out, err = io.StringIO(), io.StringIO()
            with (
                contextlib.chdir(self.folder),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                if step.language == "python":
                    exec(compile(step.code, f"line {step.line}", "exec"), self.names)
                    status = 0
                else:
                    status = main(shlex.split(step.code)[1:])
            printed, told = out.getvalue(), err.getvalue()
        if status:
            raise AssertionError(f"{step.code}\nended with {status}: {printed}{told}")
        return printed


def difference(expected: str, printed: str) -> str:
    """Return the first expected line that is not printed at its place; empty if all are."""
    given = [line.rstrip() for line in printed.splitlines()]
    at, anywhere = 0, False
    for line in map(str.rstrip, expected.splitlines()):
        if line == "...":
            anywhere = True
            continue
        if anywhere:
            while at < len(given) and not _same(line, given[at]):
                at += 1
        if at >= len(given) or not _same(line, given[at]):
            return line
        at, anywhere = at + 1, False
    return "" if anywhere or not any(given[at:]) else f"also printed: {given[at]}"


def _same(expected: str, given: str) -> bool:
    return given.startswith(expected[:-4]) if expected.endswith(" ...") else expected == given


def environment(cache: Path) -> dict[str, str]:
    """Return the environment of a new user with an empty cache."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("OBSKIT_", "OTEL_"))}
    return inherited | {"OBSKIT_CACHE": str(cache), "COLUMNS": "100"}
