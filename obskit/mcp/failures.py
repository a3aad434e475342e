"""Errors as replies: what is wrong, and the call that leads on."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from typing import Any

from obskit.errors import (
    EmptySelection,
    ObskitError,
    UnknownField,
    UnknownFunction,
)
from obskit.mcp.reply import Reply, failure
from obskit.text import safe

# Hints for Python, for the command line and for `load`, which an agent cannot follow.
_ELSEWHERE = re.compile(
    r"\bevents\.|\bok\.|\bobskit (?!mcp)|\bload\(|load with|mapping=|(?<!\w)--\w|\w=\)|Explorer"
)
_FIELD = re.compile(r"'([^']{1,200})'|\"([^\"]{1,200})\"")
_SHORT = 300  # characters of a condition that is repeated
NextCall = tuple[str, dict[str, Any]]


def failed(error: Exception, tool: str, arguments: Mapping[str, Any], budget: int, *, debug: bool) -> Reply:
    """Return the reply for an error.

    Args:
        error: what was raised.
        tool: the tool that was called.
        arguments: as the client sent them.
        budget: the most tokens of the reply.
        debug: print the traceback of an internal error on stderr.

    Returns:
        The reply. An internal error shows its type only, since its text may be anything.
    """
    if isinstance(error, ObskitError):
        hint = error.hint if error.hint and not _ELSEWHERE.search(error.hint) else None
        message = safe(error.message)
        return failure(
            type(error).__name__,
            message,
            safe(hint) if hint else None,
            _next_call(error, tool, arguments),
            budget,
        )
    if debug:
        traceback.print_exception(error)
    if isinstance(error, OSError):
        return failure(
            "OSError", safe(error.strerror or "the files cannot be read"), None, ("overview", {}), budget
        )
    return failure(
        "InternalError",
        f"{tool} failed with {type(error).__name__}, which is a bug in obskit",
        "report it with the traceback that OBSKIT_DEBUG=1 prints on the server's stderr; try a simpler call",
        ("overview", {}),
        budget,
    )


def _next_call(error: ObskitError, tool: str, arguments: Mapping[str, Any]) -> NextCall:
    if isinstance(error, UnknownField):
        found = _FIELD.search(error.message)
        name = next((part for part in (found.groups() if found else ()) if part), "")
        last = re.split(r"[._]", name)[-1] if name else ""
        return ("overview", {"find": safe(last)[:40]} if last else {})
    if isinstance(error, UnknownFunction):
        return ("query", {"calculations": ["count()", "p99(duration_ms)", "share(error)"]})
    if isinstance(error, EmptySelection):
        if tool == "trace":
            return ("rows", {"fields": ["trace_id", "name", "duration_ms"], "limit": 5})
        return _count(arguments)
    return ("overview", {})


def _count(arguments: Mapping[str, Any]) -> NextCall:
    """Return the call that says how many events match each condition."""
    select, where = (arguments.get(name) for name in ("select", "where"))
    if not isinstance(select, str) or len(select) > _SHORT:
        return ("overview", {})
    narrowed = {"where": where} if isinstance(where, str) and len(where) <= _SHORT else {}
    return ("query", {"calculations": ["count()", f"count({select})"], **narrowed})
