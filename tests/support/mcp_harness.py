"""A server for agents as tests use it: in this process, as a child on stdin and stdout, and over HTTP."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcp.client.stdio import StdioServerParameters

from obskit.events import Events, load
from obskit.mcp.calls import Calls
from obskit.mcp.reply import Reply
from obskit.mcp.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = str(ROOT / "sample_events")


def open_paths(paths: Sequence[str]) -> Events:
    return load(list(paths))


def calls_for(*paths: str | Path) -> Calls:
    """The calls of a server for these paths, without a protocol."""
    return Calls(Workspace([str(path) for path in paths], open_paths))


def child(*words: str) -> StdioServerParameters:
    """The command of a server on stdin and stdout, for the official client."""
    return StdioServerParameters(
        command=sys.executable, args=["-m", "obskit", "mcp", *words], env=environment()
    )


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OBSKIT_MCP")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@contextlib.contextmanager
def http_server(*words: str, **more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server over HTTP on any free port: its URL, and its process."""
    command = [sys.executable, "-m", "obskit", "mcp", *words, "--http", "127.0.0.1:0"]
    with subprocess.Popen(
        command, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://\S+/mcp", line)
            assert found is not None, line + process.stderr.read()
            yield found.group(), process
        finally:
            process.terminate()
            process.wait(30)


def answered(reply: Reply) -> dict[str, Any]:
    """The structured content of a reply that is not an error."""
    assert not reply.error, reply.text
    return reply.structured
