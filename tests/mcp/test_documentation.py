"""docs/agents.md: configurations that parse, and the tools, bounds and numbers that are in the code."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from obskit.mcp.document import CHARACTERS
from obskit.mcp.reply import BUDGET, LEAST_BUDGET, MOST_BUDGET
from obskit.mcp.results import KEPT
from obskit.mcp.settings import TOKEN_VARIABLE
from obskit.mcp.tools import TOOLS
from tests.support.mcp_harness import ROOT

PAGE = (ROOT / "docs/agents.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks("json"))
def test_a_host_that_reads_json_can_read_its_configuration(block: str) -> None:
    found = json.loads(block)
    servers = found.get("mcpServers") or found["servers"]
    assert servers["obskit"]["args"][0] == "mcp"
    assert servers["obskit"]["command"].rpartition("/")[2] == "obskit"


def test_codex_can_read_its_configuration() -> None:
    (block,) = blocks("toml")
    servers = tomllib.loads(block)["mcp_servers"]
    assert servers["obskit"]["args"][0] == "mcp"
    assert servers["obskit-http"]["bearer_token_env_var"] == TOKEN_VARIABLE


def test_the_page_lists_the_tools_and_their_arguments() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == [tool.name for tool in TOOLS]
    for tool, (_, arguments) in zip(TOOLS, rows, strict=True):
        assert set(re.findall(r"`(\w+)`", arguments)) <= set(tool.properties)


def test_the_page_states_the_bounds() -> None:
    assert f"at most {BUDGET:,} tokens; `budget` asks for {LEAST_BUDGET:,} to {MOST_BUDGET:,}" in PAGE
    assert f"The newest {KEPT} answers are kept" in PAGE
    assert f"longer than {CHARACTERS} characters" in PAGE
