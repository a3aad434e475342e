"""Ids of results, and the newest answers, so that their other items can be asked for.

An id is a hash of the tool, its arguments and the dataset's fingerprint: the same id in another session means
the same question about the same rows.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from obskit.errors import InvalidArgument
from obskit.mcp.document import Document

KEPT = 64
"""Answers that are kept, if they are not large."""

KEPT_CHARACTERS = 16_000_000
"""Characters of all answers that are kept; the newest is always kept."""

_DIGITS = 10  # of the hash in an id


def result_id(tool: str, arguments: Mapping[str, Any], fingerprint: str) -> str:
    """Return the id of an answer, such as `triage-3f9c01ab22`.

    Args:
        tool: the tool's name.
        arguments: the arguments that determine the answer.
        fingerprint: of the dataset.

    Returns:
        The id.
    """
    call = json.dumps([tool, dict(arguments), fingerprint], sort_keys=True)
    return f"{tool}-{hashlib.sha256(call.encode()).hexdigest()[:_DIGITS]}"


class Results:
    """The newest answers by id; for several threads."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()

    def keep(self, result: str, document: Document) -> None:
        """Keep an answer; the oldest ones are dropped beyond `KEPT` and `KEPT_CHARACTERS`."""
        with self._lock:
            self._documents[result] = document
            self._documents.move_to_end(result)
            self._sizes[result] = document.characters
            while len(self._documents) > 1 and (
                len(self._documents) > KEPT or sum(self._sizes.values()) > KEPT_CHARACTERS
            ):
                oldest, _ = self._documents.popitem(last=False)
                del self._sizes[oldest]

    def find(self, result: str) -> Document | None:
        """Return an answer, or None if it is not kept."""
        with self._lock:
            if result in self._documents:
                self._documents.move_to_end(result)
            return self._documents.get(result)

    def get(self, result: str, tool: str) -> Document:
        """Return an answer.

        Args:
            result: its id.
            tool: the tool that is asked for it.

        Returns:
            The answer.

        Raises:
            InvalidArgument: it is not kept, or another tool's.
        """
        document = self.find(result)
        if document is None:
            raise InvalidArgument(
                f"result {result!r} is not kept; only the newest {KEPT} of this server are",
                hint=f"call {tool} with its arguments again; the same id means the same question and data",
            )
        if document.tool != tool:
            raise InvalidArgument(
                f"result {result!r} is an answer of {document.tool}, not of {tool}",
                hint=f"call {document.tool} with this result",
            )
        return document
