"""The protocol: `Calls` behind the official SDK's server, for any transport."""

from __future__ import annotations

import threading
from importlib import metadata
from typing import Any

import anyio
import anyio.to_thread
from mcp.server import Server
from mcp.server.context import ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolDefinition

from obskit import distribution
from obskit.mcp.calls import Calls
from obskit.mcp.reply import Reply
from obskit.mcp.tools import INSTRUCTIONS, TOOLS

NAME = "obskit"
REPORT_EVERY = 5.0
"""Seconds between two reports of the progress of a call."""

_THREADS = 16  # calls that wait or are computed; more wait for a thread


def definitions() -> list[ToolDefinition]:
    """Return the tools as clients list them."""
    read_only = ToolAnnotations(read_only_hint=True)
    return [
        ToolDefinition(
            name=tool.name,
            description=tool.description,
            input_schema=tool.short_schema,
            annotations=read_only,
        )
        for tool in TOOLS
    ]


def make_server(calls: Calls) -> Server[Any]:
    """Return the server.

    Args:
        calls: answers the calls.

    Returns:
        A server that runs over streams, or as an ASGI application.
    """
    limiter = anyio.CapacityLimiter(_THREADS)
    tools = ListToolsResult(tools=definitions())

    async def list_tools(
        context: ServerRequestContext[Any], parameters: PaginatedRequestParams | None
    ) -> ListToolsResult:
        del context, parameters
        return tools

    async def call_tool(
        context: ServerRequestContext[Any], parameters: CallToolRequestParams
    ) -> CallToolResult:
        gone = threading.Event()

        def work() -> Reply:
            return calls.answer(parameters.name, parameters.arguments, gone.is_set)

        async with anyio.create_task_group() as group:
            group.start_soon(_report_time, context)
            try:
                # The thread of a call that nobody waits for ends at its next step.
                reply = await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
            finally:
                gone.set()
            group.cancel_scope.cancel()
        return as_result(reply)

    return Server(
        NAME,
        version=metadata.version(distribution.NAME),
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _report_time(context: ServerRequestContext[Any]) -> None:
    """Report a call's progress from time to time, so that clients that ask for it do not give up."""
    begun = anyio.current_time()
    while True:
        await anyio.sleep(REPORT_EVERY)
        seconds = anyio.current_time() - begun
        await context.session.report_progress(seconds, message=f"{seconds:.0f} s")


def as_result(reply: Reply) -> CallToolResult:
    """Return a reply as the protocol has it."""
    return CallToolResult(
        content=[TextContent(text=reply.text)],
        structured_content=reply.structured,
        is_error=reply.error,
    )
