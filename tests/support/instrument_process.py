"""Services in processes of their own, and what they left on disk."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import orjson
import pytest

import obskit

ROOT = Path(__file__).resolve().parents[2]
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID, CALLER = TRACEPARENT.split("-")[1:3]
PASSWORD = "hunter2-verysecret"
"""A secret without the look of one: what is put where secrets stand, and may never be on disk."""


def read(folder: Path) -> list[dict[str, Any]]:
    """Every whole line of every file."""
    return [
        orjson.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
        if line
    ]


def events_in(folder: Path) -> Any:
    """The folder's events; the test ends here where obskit has no extra `data`, as in `make test-oldest`."""
    pytest.importorskip("pyarrow", reason="needs obskit[data]")
    return obskit.load(folder)


def leaks(folder: Path, *secrets: str) -> list[str]:
    """Which of the secrets are anywhere in the folder's files."""
    kept = b"".join(path.read_bytes() for path in folder.glob("*.jsonl"))
    assert kept
    return [secret for secret in secrets if secret.encode() in kept]


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
