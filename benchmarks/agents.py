"""How large the replies of `obskit mcp` are, over both transports, next to the command line's JSON.

python -m benchmarks.agents [PATH ...] [--rows 1000000]

Every call is made by the official client. Without a path: sample_events and the generated events of `--rows`.
Tokens are estimated as the server estimates them; the reply is counted as it is sent, the protocol's keys
included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

import anyio
from mcp import Client

from benchmarks import data
from obskit.mcp.tokens import count_json, count_tokens
from tests.support.mcp_harness import SAMPLE, child, environment, http_server

# Each tool as an agent calls it first; `trace` gets one that explain found.
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("overview", {}),
    ("triage", {}),
    ("explain", {"select": "error"}),
    ("query", {"calculations": ["count()", "share(error)", "p99(duration_ms)"], "by": ["service.name", "name"]}),
    ("rows", {"where": "error", "limit": 1_000}),
    ("rows", {"fields": ["*"], "limit": 100, "budget": 20_000}),
    ("messages", {}),
    ("judge", {}),
)  # fmt: skip


async def sizes(server: Any) -> dict[str, tuple[int, int, bool]]:
    """Return for each call: tokens, characters of its text, and whether it is an error."""
    found = {}
    async with Client(server, read_timeout_seconds=600) as client:
        listed = await client.list_tools()
        sent = json.loads(listed.model_dump_json(by_alias=True, exclude_none=True))
        about = client.server_info.model_dump(exclude_none=True) if client.server_info else {}
        handshake = [sent, client.instructions, about]
        found["the handshake"] = (count_json(handshake), len(json.dumps(handshake)), False)
        known = {tool.name for tool in listed.tools}
        trace: str | None = None
        for tool, arguments in CALLS:
            if tool not in known:
                continue
            reply = await client.call_tool(tool, arguments)
            found[named(tool, arguments)] = measured(reply)
            if tool == "explain" and reply.structured_content:
                traces = [one.get("example_trace") for one in reply.structured_content.get("findings", [])]
                trace = next(filter(None, traces), None)
        if trace:
            found["trace"] = measured(await client.call_tool("trace", {"trace_id": trace}))
    return found


def measured(reply: Any) -> tuple[int, int, bool]:
    """Return tokens, characters and error of a reply."""
    sent = reply.model_dump_json(by_alias=True, exclude_none=True)
    return count_json(json.loads(sent)), len(sent), bool(reply.is_error)


def named(tool: str, arguments: dict[str, Any]) -> str:
    """Return a call as one writes it."""
    return f"{tool}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


def command_line(path: str) -> tuple[int, int]:
    """Return tokens and characters of `obskit triage PATH --json`."""
    done = subprocess.run(
        [sys.executable, "-m", "obskit", "triage", path, "--json"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return count_tokens(done.stdout), len(done.stdout)


def main() -> None:
    """Print a table for each path."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    for path in given.paths or [SAMPLE, str(data.events(given.rows))]:
        over_stdio = anyio.run(sizes, child(path))
        with http_server(path) as (url, _):
            over_http = anyio.run(sizes, url)
        tokens, characters = command_line(path)
        print(
            f"\n{path}\n\n| call | tokens (stdio) | tokens (HTTP) | characters |\n| --- | ---: | ---: | ---: |"
        )
        for call, (size, length, error) in over_stdio.items():
            note = " (error)" if error else ""
            print(f"| `{call}`{note} | {size:,} | {over_http[call][0]:,} | {length:,} |")
        print(f"| `obskit triage --json`, for comparison | {tokens:,} | | {characters:,} |")


if __name__ == "__main__":
    main()
