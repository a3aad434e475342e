"""The protocol in this process: progress of long calls, and replies as clients get them."""

from __future__ import annotations

import time
from typing import Any

import anyio
import pytest
from mcp import Client

from obskit.mcp import server
from obskit.mcp.calls import Calls
from obskit.mcp.reply import Reply
from tests.support.mcp_harness import calls_for


class Slow(Calls):
    """Calls that take half a second."""

    def __init__(self) -> None:
        pass

    def answer(self, *_given: Any) -> Reply:
        time.sleep(0.5)
        return Reply("done", {"done": True})


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_long_call_reports_that_it_goes_on(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REPORT_EVERY", 0.1)
    seen: list[float] = []

    async def report(progress: float, _total: float | None, _message: str | None) -> None:
        seen.append(progress)

    async def talk() -> None:
        async with Client(server.make_server(Slow()), mode=mode) as client:
            reply = await client.call_tool("triage", {}, progress_callback=report)
            assert reply.structured_content == {"done": True}

    anyio.run(talk)
    assert seen
    assert seen == sorted(set(seen)), "progress only grows"


def test_an_error_is_a_reply_that_is_marked_as_one(tmp_path: Any) -> None:
    (tmp_path / "events.jsonl").write_text('{"timestamp": "2026-05-04T10:00:00Z", "name": "a"}\n')

    async def talk() -> None:
        async with Client(server.make_server(calls_for(tmp_path))) as client:
            wrong = await client.call_tool("rows", {"where": "nope = 1"})
            assert wrong.is_error
            assert wrong.content[0].text.startswith("error: no field is called 'nope'")  # type: ignore[union-attr]
            unknown = await client.call_tool("delete_everything", {})
            assert unknown.is_error
            assert not (await client.call_tool("rows", None)).is_error

    anyio.run(talk)
