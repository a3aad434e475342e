"""Answer calls: check the arguments, compute or find the answer, and fit it into the budget.

It knows nothing of the protocol and of transports, and serves several threads at once.
"""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from obskit.errors import InvalidArgument
from obskit.explain import Cancelled
from obskit.mcp.answers.question import Question
from obskit.mcp.arguments import check_arguments
from obskit.mcp.document import CHARACTERS
from obskit.mcp.failures import failed
from obskit.mcp.reply import BUDGET, LEAST_BUDGET, MOST_BUDGET, Reply, fit
from obskit.mcp.results import Results, result_id
from obskit.mcp.tools import BY_NAME, CONTROL, Tool
from obskit.mcp.values import shown
from obskit.mcp.workspace import Workspace
from obskit.names import nearest

_TOGETHER = 2  # answers that are computed at once


class Calls:
    """Answers the calls of all clients of a server.

    Args:
        workspace: the events that may be read.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._results = Results()
        self._places = threading.Semaphore(_TOGETHER)

    def answer(
        self, name: str, arguments: Mapping[str, Any] | None, cancelled: Callable[[], bool] = lambda: False
    ) -> Reply:
        """Answer one call.

        Args:
            name: the tool's name.
            arguments: as the client sent them; not checked yet.
            cancelled: whether the client no longer waits.

        Returns:
            The reply; errors are replies too.

        Raises:
            Cancelled: `cancelled` returned true.
        """
        given = dict(arguments or {})
        try:
            tool = _find(name)
            checked = check_arguments(name, tool.schema["properties"], given)
            return self._page(tool, checked, cancelled)
        except Cancelled:
            raise
        except Exception as error:
            return failed(error, name, given, _budget(given), debug=bool(os.environ.get("OBSKIT_DEBUG")))

    def _page(self, tool: Tool, arguments: dict[str, Any], cancelled: Callable[[], bool]) -> Reply:
        own = {key: value for key, value in arguments.items() if key not in CONTROL}
        offset, budget = arguments.get("offset", 0), arguments.get("budget", BUDGET)
        result = arguments.get("result")
        if result is not None:
            if own:
                raise InvalidArgument(
                    f"result replaces the arguments of its call, so {', '.join(own)} cannot be given with it",
                    hint=f"{tool.name} {json.dumps({'result': result})}, or a new call without result",
                )
            return fit(self._results.get(result, tool.name), result, offset=offset, budget=budget)
        missing = [key for key in tool.required if key not in own]
        if missing:
            raise InvalidArgument(
                f"{tool.name} needs the argument {missing[0]}",
                hint=f"for example {tool.name} {json.dumps(tool.example)}",
            )
        while not self._places.acquire(timeout=0.1):
            if cancelled():
                raise Cancelled
        try:
            return self._compute(tool, own, cancelled, offset, budget)
        finally:
            self._places.release()

    def _compute(
        self, tool: Tool, own: dict[str, Any], cancelled: Callable[[], bool], offset: int, budget: int
    ) -> Reply:
        if cancelled():
            raise Cancelled
        first = tool.name == "overview"
        events = self._workspace.events(own.get("path"), fresh=first)
        result = result_id(tool.name, own, events.fingerprint)
        # What an overview says of the files is not part of the fingerprint.
        document = None if first else self._results.find(result)
        if document is None:
            files = self._workspace.file_names() if first else ([], 0)
            document = tool.answer(Question(events, own, files, cancelled))
            if "path" in own:  # the Python call begins with events, which are then those of this path
                facts = {"path": shown(own["path"], CHARACTERS), **document.facts}
                document = dataclasses.replace(document, facts=facts)
            self._results.keep(result, document)
        return fit(document, result, offset=offset, budget=budget)


def _find(name: str) -> Tool:
    if name not in BY_NAME:
        near = nearest(name, BY_NAME)
        known = f"did you mean {near[0]}? " if near else ""
        raise InvalidArgument(f"there is no tool {name!r}", hint=f"{known}The tools are {', '.join(BY_NAME)}")
    return BY_NAME[name]


def _budget(given: Mapping[str, Any]) -> int:
    """Return the budget of a call whose arguments may be invalid."""
    budget = given.get("budget")
    valid = isinstance(budget, int) and not isinstance(budget, bool)
    return min(max(budget, LEAST_BUDGET), MOST_BUDGET) if valid and isinstance(budget, int) else BUDGET
