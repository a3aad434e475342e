"""The official client over both transports: the handshake, every reply, several calls at once, clients that go."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from obskit.cli import main
from obskit.mcp.reply import BUDGET
from obskit.mcp.tokens import count_json
from tests.support.mcp_harness import SAMPLE, child, environment, http_server

HANDSHAKE = 2_500
TOOLS = ["overview", "triage", "explain", "query", "rows", "trace", "messages", "judge"]
TRACE = "8ed290e4427cf51532cf5f7217965923"
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("overview", {}),
    ("overview", {"find": "http"}),
    ("triage", {}),
    ("explain", {"select": "error"}),
    ("explain", {"select": "duration_ms > 500", "where": "http.route = '/book'", "during": "2026-05-04T10:00Z/2026-05-04T10:30Z"}),
    ("query", {"calculations": ["count()", "share(error)", "p99(duration_ms)"], "by": ["service.name", "http.route"], "every": "1h"}),
    ("query", {"by": ["trace_id"], "limit": 2_000}),
    ("rows", {"limit": 2_000}),
    ("rows", {"fields": ["*"], "limit": 100, "chars": 100_000}),
    ("trace", {"trace_id": TRACE}),
    ("messages", {}),
    ("judge", {}),
    ("judge", {"candidate": "2.4.0", "slices": ["app.platform", "cloud.region"]}),
    ("rows", {"where": "nope = 1"}),
]  # fmt: skip
Session = Callable[[Client], Awaitable[None]]


def tokens(reply: CallToolResult) -> int:
    """The tokens of a reply as it is sent: content, structured content, and the protocol's own keys."""
    return count_json(json.loads(reply.model_dump_json(by_alias=True, exclude_none=True)))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that no test ends."""
    with http_server(SAMPLE) as (found, _):
        yield found


Serve = Callable[..., None]


@pytest.fixture(params=["stdio", "http"])
def serve(request: pytest.FixtureRequest, url: str) -> Serve:
    """Run sessions with the official client over one of the transports, one after the other."""

    def run(*sessions: Session, mode: str = "auto") -> None:
        async def talk() -> None:
            server = url if request.param == "http" else child(SAMPLE)
            async with Client(server, mode=mode, read_timeout_seconds=120) as client:
                for session in sessions:
                    await session(client)

        anyio.run(talk)

    return run


async def the_tools_are_listed(client: Client) -> None:
    listed = await client.list_tools()
    assert [tool.name for tool in listed.tools] == TOOLS
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed.tools)
    sent = json.loads(listed.model_dump_json(by_alias=True, exclude_none=True))
    own = [client.instructions, client.server_info.model_dump(exclude_none=True)]
    assert count_json(sent) + count_json(own) < HANDSHAKE
    assert client.server_info.name == "obskit"


async def several_calls_at_once_get_their_own_answers(client: Client) -> None:
    routes = ["/book", "/pay", "/holds", "/connections", "/api/bookings"] * 3

    async def ask(route: str) -> tuple[str, Any]:
        reply = await client.call_tool("query", {"where": f"http.route = '{route}'", "by": ["http.route"]})
        return route, reply.structured_content

    found = await asyncio.gather(*(ask(route) for route in routes), client.call_tool("triage", {}))
    for route, structured in found[:-1]:
        assert [row[0] for row in structured["rows"]["rows"]] == [route]


async def a_call_can_be_cancelled(client: Client) -> None:
    with anyio.move_on_after(0.3):
        await client.call_tool("explain", {"select": "duration_ms > 321"})
    assert not (await client.call_tool("query", {})).is_error


def test_the_handshake_is_small_and_lists_tools_that_only_read(serve: Serve) -> None:
    serve(the_tools_are_listed, mode="legacy")


def test_a_session_lists_tools_answers_calls_at_once_and_goes_on_after_a_cancelled_one(serve: Serve) -> None:
    """One session, because a server on stdin takes seconds to start."""
    serve(the_tools_are_listed, a_call_can_be_cancelled, several_calls_at_once_get_their_own_answers)


@pytest.mark.parametrize("serve", ["http"], indirect=True)  # the replies of both are the same
def test_every_reply_fits_the_budget(serve: Serve) -> None:
    async def session(client: Client) -> None:
        for name, arguments in CALLS:
            reply = await client.call_tool(name, arguments)
            assert tokens(reply) <= BUDGET, (name, arguments)
            assert bool(reply.is_error) == ("nope" in str(arguments))
            large = await client.call_tool(name, {**arguments, "budget": 12_000})
            assert tokens(large) <= 12_000, (name, arguments)
            assert large.structured_content is not None

    serve(session)


def test_text_and_structured_content_say_the_same(url: str) -> None:
    async def talk() -> None:
        async with Client(url) as client:
            reply = await client.call_tool("query", {"by": ["service.name"], "order": "service.name"})
            rows = reply.structured_content["rows"]["rows"]
            text = reply.content[0].text  # type: ignore[union-attr]
            assert [f"- {name} | {count}" for name, count in rows] == text.splitlines()[-len(rows) :]

    anyio.run(talk)


def test_two_clients_share_a_server_and_its_results(url: str) -> None:
    async def talk() -> None:
        async with Client(url) as one, Client(url) as two:
            first = await one.call_tool("overview", {})
            more = await two.call_tool("overview", first.structured_content["next"]["arguments"])
            assert more.structured_content["shown"]["from"] == first.structured_content["shown"]["to"] + 1

    anyio.run(talk)


def test_a_client_that_goes_during_a_call_leaves_a_server_that_answers_others(url: str) -> None:
    async def leave() -> None:
        async with Client(url) as client:
            with anyio.move_on_after(0.3):
                await client.call_tool("triage", {})

    async def talk() -> None:
        async with Client(url) as client:
            assert not (await client.call_tool("query", {})).is_error

    for _ in range(3):
        anyio.run(leave)
    anyio.run(talk)


HELLO: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "t", "version": "1"},
}
JUNK = b'not json\n[]\n{"jsonrpc": "2.0"}\n\xff\xfe\n' + b"{" * 100_000 + b"\n"


@pytest.mark.parametrize("work", [False, True], ids=["idle after junk", "during a call"])
def test_a_server_on_stdin_ends_with_its_client_and_not_by_lines_that_are_not_the_protocol(
    work: bool, tmp_path: Path
) -> None:
    cache = (
        {"OBSKIT_CACHE": str(tmp_path)} if work else {}
    )  # without a cache, it still loads when its client goes
    command = [sys.executable, "-m", "obskit", "mcp", SAMPLE]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if work else subprocess.DEVNULL,  # junk may be reported at length
        env=environment(**cache),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        messages: list[dict[str, Any]] = [
            {"id": 1, "method": "initialize", "params": HELLO},
            {"method": "notifications/initialized"},
        ]
        if work:
            messages.append({"id": 2, "method": "tools/call", "params": {"name": "triage", "arguments": {}}})
        for message in messages:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "obskit"
        if not work:
            process.stdin.write(JUNK + b'{"jsonrpc": "2.0", "id": 7, "method": "ping"}\n')
            process.stdin.flush()
            # A server whose input ends may end before it has answered, so the end comes after the answer.
            answers = map(json.loads, iter(process.stdout.readline, b""))
            assert {"jsonrpc": "2.0", "id": 7, "result": {}} in answers
        process.stdin.close()
        assert process.wait(60) == 0
        assert process.stderr is None or process.stderr.read() == b""


def end_with(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """A signal ends a server, at once and without an error."""
    begun = time.monotonic()
    process.send_signal(number)
    assert process.wait(30) == 0
    assert time.monotonic() - begun < 20


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["mcp", *words]) == 2
    return capsys.readouterr().err


def test_what_is_wrong_with_the_command_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    assert refused(capsys, "-").startswith("obskit: obskit mcp cannot read events from stdin, where")
    assert refused(capsys, SAMPLE, "--http", "0.0.0.0:1").startswith(
        "obskit: --http must be a loopback address"
    )
    assert "nothing" in refused(capsys, str(tmp_path / "nothing"))
    assert refused(capsys, SAMPLE, "--http", "0", "--allow-host", "http://x").startswith(
        "obskit: an allowed host must be a name or an address without scheme and port, got 'http://x'"
    )
    (tmp_path / "token").write_text("two words")
    assert refused(capsys, SAMPLE, "--http", "0", "--token-file", str(tmp_path / "token")).startswith(
        f"obskit: the token file {tmp_path}/token does not contain a valid token"
    )
    port = httpx2.URL(url).port
    assert refused(capsys, SAMPLE, "--http", f"127.0.0.1:{port}") == (
        f"obskit: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        f"Hint: choose another port: --http 127.0.0.1:{port + 10}\n"
    )


def test_http_requests_are_checked_until_sigterm(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret-token\n")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accept = {"accept": "application/json, text/event-stream", "authorization": "Bearer s3cret-token"}
    cases: list[tuple[dict[str, str], int]] = [
        ({}, 200),
        ({"host": "localhost:9"}, 200),
        ({"host": "allowed.example"}, 200),
        ({"authorization": "bearer  s3cret-token"}, 200),
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic s3cret-token"}, 401),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"host": "a b"}, 400),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://localhost:8765"}, 403),
        ({"origin": "null"}, 403),
    ]
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}
    words = (SAMPLE, "--token-file", str(secret), "--allow-host", "allowed.example")
    with http_server(*words) as (url, process):
        with httpx2.Client() as client:
            opened = client.post(url, json=hello, headers=accept)
            session = {"mcp-session-id": opened.headers["mcp-session-id"]}
            for headers, status in cases:
                sent = {name: value for name, value in {**accept, **session, **headers}.items() if value}
                answer = client.post(url, json=ping, headers=sent)
                assert answer.status_code == status, (headers, answer.text)
                assert "s3cret" not in answer.text
                assert "access-control-allow-origin" not in answer.headers
            large = client.post(
                url, content=b"x" * (2 << 20), headers={**accept, "content-type": "application/json"}
            )
            assert large.status_code == 413
        end_with(process, signal.SIGTERM)
        assert process.stderr is not None
        assert "s3cret" not in process.stderr.read()


def test_the_token_can_come_from_the_environment_and_sigint_ends_the_server() -> None:
    async def talk(url: str) -> None:
        headers = {"authorization": "Bearer from-the-environment"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            assert not (await client.call_tool("query", {})).is_error

    with http_server(SAMPLE, OBSKIT_MCP_TOKEN="from-the-environment") as (url, process):
        assert httpx2.post(url, json={}).status_code == 401
        anyio.run(talk, url)
        end_with(process, signal.SIGINT)


def test_the_environment_of_the_tests_has_no_token() -> None:
    assert "OBSKIT_MCP_TOKEN" not in os.environ
