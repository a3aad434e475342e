"""An agent's way to each planted cause of the sample, step by step, in less than 20,000 tokens each.

Every step uses what the reply before said: the next call, the condition, the trace. The cause itself is never
given to a tool.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from mcp import Client

from obskit.mcp.tokens import count_json
from tests.support.mcp_harness import ROOT, SAMPLE, child

pytestmark = pytest.mark.once

MOST = 20_000
PLANTED = {one["id"]: one for one in json.loads((ROOT / "sample_events/planted.json").read_text())["planted"]}


class Agent:
    """A client that counts what an investigation costs: the handshake, every call and every reply."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.tokens = 0

    async def begin(self) -> None:
        listed = await self._client.list_tools()
        sent = json.loads(listed.model_dump_json(by_alias=True, exclude_none=True))
        self.tokens = count_json(sent) + count_json(self._client.instructions)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        reply = await self._client.call_tool(tool, arguments)
        sent = json.loads(reply.model_dump_json(by_alias=True, exclude_none=True))
        self.tokens += count_json({tool: arguments}) + count_json(sent)
        assert not reply.is_error, reply.content
        found: dict[str, Any] = reply.structured_content
        return found


def said(finding: dict[str, Any]) -> str:
    """What a finding says: its condition, and those that hold for the same rows."""
    return " ; ".join([finding["condition"], *finding.get("same_rows", [])])


def expected(cause: str) -> list[str]:
    """How the conditions of a planted cause are written."""
    conditions = []
    for item in PLANTED[cause]["expected"]:
        value = "is null" if item["op"] == "missing" else f"= '{item['value']}'"
        conditions.append(f"{item['field']} {value}")
    return conditions


async def worse(agent: Agent, operation: str, outcome: str) -> dict[str, Any]:
    await agent.call("overview")
    listed = await agent.call("triage")
    return next(one for one in listed["worse"] if (one["operation"], one["outcome"]) == (operation, outcome))


async def look_at_one(agent: Agent, finding: dict[str, Any]) -> dict[str, Any]:
    """Look at a trace of a finding, and check its number with a query."""
    trace = await agent.call("trace", trace_id=finding["example_trace"])
    counted = await agent.call("query", calculations=["count()"], where=finding["condition"])
    assert counted["rows"]["rows"][0][0] > 0
    return trace


async def lock(agent: Agent) -> list[str]:
    """triage says which bookings are slow; explain confirms it in the window; a trace shows the lock."""
    slow = await worse(agent, "booking POST /book", "slow")
    during = f"{slow['since']}/2026-05-04T10:30Z"
    found = await agent.call(
        "explain", select="duration_ms > 500", where="http.route = '/book'", during=during
    )
    best = found["findings"][0]
    trace = await look_at_one(agent, best)
    assert max(row[4] or 0 for row in trace["spans"]["rows"] if "INSERT" in (row[2] or "")) > 500
    assert all(part in said(slow["why"][0]) for part in expected("lock"))
    return [said(best)]


async def mandate(agent: Agent) -> list[str]:
    """triage says which bookings fail; the trace and the messages say with which error."""
    failing = await worse(agent, "booking POST /book", "errors")
    found = await agent.call(
        "explain",
        select="error",
        where="http.route = '/book'",
        during=f"{failing['since']}/2026-05-04T10:30Z",
    )
    trace = await look_at_one(agent, found["findings"][0])
    assert any("MandateSignatureMismatch" in (row[5] or "") for row in trace["spans"]["rows"])
    messages = await agent.call("messages", since=failing["since"])
    assert any("payment rejected by provider" in one["values"] for one in messages["messages"])
    return [said(found["findings"][0])]


async def kiosk(agent: Agent) -> list[str]:
    """triage says that kiosks were slow before, too; before the deployment, explain finds only them."""
    slow = await worse(agent, "booking POST /book", "slow")
    assert expected("kiosk")[0] in slow["not_since_then"][0]["condition"]
    assert slow["not_since_then"][0]["earlier"].startswith("was so before")
    found = await agent.call(
        "explain",
        select="duration_ms > 500",
        where="http.route = '/book'",
        during=f"2026-05-04T00:00Z/{slow['since']}",
    )
    return [said(found["findings"][0])]


async def alias(agent: Agent) -> list[str]:
    """What else is new on the pods of the new version."""
    slow = await worse(agent, "booking POST /book", "slow")
    found = await agent.call(
        "explain",
        select="service.version = '2.4.0'",
        where="http.route = '/book'",
        during=f"{slow['since']}/2026-05-04T10:30Z",
    )
    return [said(found["findings"][0])]


async def composition(agent: Agent) -> list[str]:
    """triage says since when seat maps fail; explain says what the trains lack."""
    failing = await worse(agent, "seatmap GET /trains/{train_number}/seats", "errors")
    found = await agent.call("explain", **failing["explain"])
    await look_at_one(agent, found["findings"][0])
    rows = await agent.call(
        "rows",
        where=f"error and {found['findings'][0]['condition']}",
        fields=["exception.type", "body"],
        limit=3,
    )
    assert rows["events_matching"] > 0
    return [said(found["findings"][0])]


async def masked(agent: Agent) -> list[str]:
    """triage of the service whose calls fail says which failures retries hide, and when; explain says whose."""
    listed = await agent.call("triage")
    assert listed["failing_calls"][0]["operation"].startswith("calls from payment to ")
    narrowed = await agent.call("triage", where="service.name = 'payment'")
    hidden = next(call for call in narrowed["failing_calls"] if call.get("masked", 0) > 0.5)
    found = await agent.call(
        "explain",
        select="error",
        where="service.name = 'payment' and kind = 'client' and payment.method <> 'sepa_debit'",
        during=f"{hidden['since']}/{hidden['until']}",
    )
    trace = await look_at_one(agent, found["findings"][0])
    assert trace["spans"]["rows"][0][5] is None, "the request itself did not fail"
    return [said(found["findings"][0])]


async def framework(agent: Agent) -> list[str]:
    """Some customers wait all day: no change, so compare routes, then explain the slow half of one."""
    await agent.call("overview")
    slow = await agent.call(
        "query",
        calculations=["p50(duration_ms) as p50", "p99(duration_ms) as p99"],
        by=["http.route"],
        where="kind = 'server' and service.name = 'booking'",
        order="p99 desc",
    )
    ratios = {row[0]: row[2] / row[1] for row in slow["rows"]["rows"] if row[0]}
    route = max(ratios, key=ratios.__getitem__)
    found = await agent.call("explain", select="duration_ms > 450", where=f"http.route = '{route}'")
    await look_at_one(agent, found["findings"][0])
    return [said(finding) for finding in found["findings"]]


SCRIPTS: dict[str, Callable[[Agent], Any]] = {
    "lock": lock,
    "mandate": mandate,
    "kiosk": kiosk,
    "alias": alias,
    "composition": composition,
    "masked": masked,
    "framework": framework,
}


def test_there_is_a_script_for_every_planted_cause() -> None:
    assert set(SCRIPTS) == set(PLANTED)


@pytest.fixture(scope="module")
def investigated() -> dict[str, tuple[list[str], int]]:
    """What each script found, and its tokens; all in one session with the official client."""
    found: dict[str, tuple[list[str], int]] = {}

    async def talk() -> None:
        async with Client(child(SAMPLE), read_timeout_seconds=120) as client:
            for cause, script in SCRIPTS.items():
                agent = Agent(client)
                await agent.begin()
                found[cause] = (await script(agent), agent.tokens)

    anyio.run(talk)
    return found


@pytest.mark.parametrize("cause", PLANTED)
def test_the_cause_is_found_in_less_than_20000_tokens(cause: str, investigated: dict[str, Any]) -> None:
    findings, tokens = investigated[cause]
    for condition in expected(cause):
        assert any(condition in finding for finding in findings), (condition, findings)
    assert tokens < MOST
