"""Limit, validate and write requests, for both HTTP and gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from obskit.readers.faults import NOT_FAULTS, fault_reason
from obskit.receive import json_body, protobuf
from obskit.receive.body import Body, Budget
from obskit.receive.notices import Notices
from obskit.receive.refusal import Refused
from obskit.receive.segments import FULL, Segments
from obskit.receive.settings import Limits
from obskit.text import pluralize

_MALFORMED = {
    "traces": ("malformed span was", "malformed spans were"),
    "logs": ("malformed log record was", "malformed log records were"),
}
_Validated = TypeVar("_Validated")
METRICS = "metrics are not stored: obskit keeps spans and log records"


@dataclass(frozen=True)
class IngestResponse:
    """The result of a request that was accepted, at least in part.

    Attributes:
        accepted, rejected: numbers of spans, log records or data points.
        why: the reason for the first rejection; empty if nothing was rejected.
    """

    accepted: int
    rejected: int = 0
    why: str = ""


def _validated(
    validate: Callable[[str, bytearray | bytes], _Validated], signal: str, body: bytearray | bytes
) -> _Validated:
    """Return what a request holds. If its content makes us fail, that is the request's end, not ours.

    Raises:
        Refused: the request cannot be read (400), or is too large (413).
    """
    try:
        return validate(signal, body)
    except Refused:
        raise
    except NOT_FAULTS:
        raise
    except Exception as error:
        raise Refused(400, f"the request cannot be read: {fault_reason(error)}") from error


class Intake:
    """Accept requests and write them to a folder.

    One thread validates and writes requests, one after the other: a slow disk does not stall connections, and
    only one request is parsed at a time.
    """

    def __init__(self, segments: Segments, limits: Limits, notices: Notices) -> None:
        self.counts: Counter[str] = Counter()
        self.notices = notices
        self.closing = False
        self._segments = segments
        self._limits = limits
        self.budget = self._budget = Budget(limits.flight)
        self._objects = Budget(limits.json_objects)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="obskit-receive")

    def body(self, *, gzip: bool) -> Body:
        """Start the body of a request.

        Args:
            gzip: whether it is compressed.

        Returns:
            An empty body.

        Raises:
            Refused: the receiver is stopping.
        """
        if self.closing:
            raise Refused(503, "the receiver is shutting down; try again later", retry=1)
        return Body(self._budget, self._limits.request, gzip=gzip)

    @contextlib.asynccontextmanager
    async def reserve_largest_request(self) -> AsyncIterator[None]:
        """Reserve memory for the largest request while a message of unknown size arrives.

        Raises:
            Refused: no memory became free within the limit `stall`.
        """
        size = min(self._limits.request, self._limits.flight)
        end = time.monotonic() + self._limits.stall
        while self._budget.held + size > self._limits.flight and time.monotonic() < end:
            self._budget.request(size)
            await asyncio.sleep(0.02)
        self._budget.take(size)
        try:
            yield
        finally:
            self._budget.give(size)

    async def take(self, signal: str, body: bytearray | bytes, *, json: bool) -> IngestResponse:
        """Validate a request and write it; accepted events are on disk when this returns.

        Args:
            signal: "traces", "logs" or "metrics".
            body: decompressed.
            json: whether it is JSON rather than protobuf.

        Returns:
            How many events were accepted and rejected.

        Raises:
            Refused: the request is refused and nothing was written.
        """
        answer = await (self._json(signal, body) if json else self._protobuf(signal, body))
        self.counts["requests"] += 1
        self.counts[signal] += answer.accepted
        if answer.rejected and signal == "metrics":
            self.counts["data points"] += answer.rejected
            self.notices.notify_once("metrics", f"{METRICS}; this is reported once")
        elif answer.rejected:
            self.counts["rejected"] += answer.rejected
            self.notices.notify(
                "rejected", f"{pluralize(answer.rejected, *_MALFORMED[signal])} rejected: {answer.why}"
            )
        return answer

    async def _protobuf(self, signal: str, body: bytearray | bytes) -> IngestResponse:
        def work() -> IngestResponse:
            events = _validated(protobuf.count, signal, body)
            if signal == "metrics":
                return IngestResponse(0, events, METRICS)
            if events:
                self._segments.append(signal, ".otlp", body)
            return IngestResponse(events)

        return await self._in_thread(work)

    async def _json(self, signal: str, body: bytearray | bytes) -> IngestResponse:
        heavy = json_body.weight(body)
        if heavy > self._limits.json_objects:
            raise Refused(
                413, "the JSON has too many objects for one request; send smaller batches or protobuf"
            )
        self._objects.take(heavy)

        def work() -> IngestResponse:
            line, good, bad, why = _validated(json_body.read, signal, body)
            if line:
                self._segments.append(signal, ".jsonl", line)
            return IngestResponse(good, bad, METRICS if signal == "metrics" else why)

        try:
            return await self._in_thread(work)
        finally:
            self._objects.give(heavy)

    async def _in_thread(self, work: Callable[[], IngestResponse]) -> IngestResponse:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OSError as error:
            self.notices.notify("disk", f"cannot write to {self._segments.folder}: {error.strerror}")
            raise Refused(503, "the receiver cannot write to disk; try again later", retry=30) from None
        except Refused:
            raise
        except Exception as error:
            # A retry would fail again, so the sender is not asked for one.
            self.notices.notify(
                "fault", f"obskit refused a request because of an internal error: {type(error).__name__}"
            )
            raise Refused(500, "internal error in the receiver") from error

    def refuse(self, refused: Refused) -> None:
        """Count a refusal, and report it if whoever started the receiver can act on it."""
        self.counts["refused"] += 1
        self.counts[f"refused {refused.status}"] += 1
        if refused.status == 503 and refused.text == FULL:
            self.notices.notify(
                "full", f"the disk that holds {self._segments.folder} is full: refusing requests"
            )
        elif refused.status in (400, 401, 403, 413, 415):
            self.notices.notify(str(refused.status), f"refused a request ({refused.status}): {refused.text}")

    def close(self) -> None:
        """Wait until the current request is written."""
        self._thread.shutdown()
