"""Run services in separate processes and read what they left on disk."""

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
"""A secret that does not look like one. Tests put it where secrets go; it must never be on disk."""


def read(folder: Path) -> list[dict[str, Any]]:
    """Return every line of every plain file as a row."""
    return [
        orjson.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines()
        if line
    ]


def events_in(folder: Path) -> Any:
    """Load the folder; skip the rest of the test without the extra `data`, as in `make test-oldest`."""
    pytest.importorskip("pyarrow", reason="needs obskit[data]")
    return obskit.load(folder)


def leaks(folder: Path, *secrets: str) -> list[str]:
    """Return the secrets that appear anywhere in the folder's files."""
    kept = b"".join(path.read_bytes() for path in folder.glob("*.jsonl"))
    assert kept
    return [secret for secret in secrets if secret.encode() in kept]


def start(script: str, *words: str, **more: Any) -> subprocess.Popen[str]:
    """Start a Python process that runs the script."""
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
    """Run a script that must succeed and return its output."""
    done = start(script, *words, **more)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0, err
    return out
