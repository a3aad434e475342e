"""Services in processes of their own, and what they left on disk."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[2]


def read(folder: Path) -> list[dict[str, Any]]:
    """Every whole line of every file."""
    return [
        orjson.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
        if line
    ]


def start(script: str, *words: str, **more: Any) -> subprocess.Popen[str]:
    """A Python process that runs the script."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **more,
    )


def run(script: str, *words: str, **more: Any) -> str:
    """What a script says; it must end well."""
    done = start(script, *words, **more)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0, err
    return out
