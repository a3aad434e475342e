"""`obskit mcp`: let an agent investigate events, over the Model Context Protocol.

`tools` lists the tools, each of which calls one verb of `Events` (`answers`). `calls` checks their arguments
and fits each answer into a budget of tokens (`document`, `reply`, `tokens`); the rest is kept under a result
id (`results`). `workspace` holds the events and refuses other paths. `server` speaks the protocol by the
official SDK, over `stdio` or `http`.

It reads and never writes. It needs the extra `mcp`.
"""

from obskit.mcp.run import run
from obskit.mcp.settings import Address, Settings

__all__ = ["Address", "Settings", "run"]
