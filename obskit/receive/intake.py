"""The one way in for both protocols: bounded, checked, written, then answered."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from obskit.receive import json_body as jsonbody
from obskit.receive import protobuf
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
METRICS = "metrics are not events: obskit keeps spans and log records"


@dataclass(frozen=True)
class Answer:
    """What became of a request that was taken.

    Attributes:
        accepted, rejected: spans, log records or data points.
        why: why the first of the rejected was; empty where none was.
    """

    accepted: int
    rejected: int = 0
    why: str = ""


class Intake:
    """Takes requests for a folder.

    Checking and writing are done by one thread, one request after the other, so that a slow disk stalls no
    connection and only one request is ever parsed at a time.
    """

    def __init__(self, segments: Segments, limits: Limits, notices: Notices) -> None:
        self.counts: Counter[str] = Counter()
        self.notices = notices
        self.closing = False
        self._segments = segments
        self._limits = limits
        self._budget = Budget(limits.flight)
        self._objects = Budget(limits.json_objects)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="obskit-receive")

    def body(self, *, gzip: bool) -> Body:
        """Return a body to be filled.

        Raises:
            Refused: the receiver is stopping.
        """
        if self.closing:
            raise Refused(503, "the receiver is stopping; the same again, later", retry=1)
        return Body(self._budget, self._limits.request, gzip=gzip)

    @contextlib.asynccontextmanager
    async def room_for_one(self) -> AsyncIterator[None]:
        """Keep room for the largest request while a message comes of which the size is not known.

        Raises:
            Refused: there is none for as long as a body may stall.
        """
        size = min(self._limits.request, self._limits.flight)
        end = time.monotonic() + self._limits.stall
        while self._budget.held + size > self._limits.flight and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self._budget.take(size)
        try:
            yield
        finally:
            self._budget.give(size)

    async def take(self, signal: str, body: bytearray | bytes, *, json: bool) -> Answer:
        """Check a request and write it; when this returns, what was accepted is on disk.

        Args:
            signal: "traces", "logs" or "metrics".
            body: unfolded; `json`, whether it is JSON rather than protobuf.
        Raises:
            Refused: it was not taken, and nothing of it was written.
        """
        answer = await (self._json(signal, body) if json else self._protobuf(signal, body))
        self.counts["requests"] += 1
        self.counts[signal] += answer.accepted
        if answer.rejected and signal == "metrics":
            self.counts["data points"] += answer.rejected
            self.notices.once("metrics", f"{METRICS}; they are refused, said this once")
        elif answer.rejected:
            self.counts["rejected"] += answer.rejected
            self.notices.tell(
                "rejected", f"{pluralize(answer.rejected, *_MALFORMED[signal])} rejected: {answer.why}"
            )
        return answer

    async def _protobuf(self, signal: str, body: bytearray | bytes) -> Answer:
        def work() -> Answer:
            events = protobuf.count(signal, body)
            if signal == "metrics":
                return Answer(0, events, METRICS)
            if events:
                self._segments.append(signal, ".otlp", body)
            return Answer(events)

        return await self._in_thread(work)

    async def _json(self, signal: str, body: bytearray | bytes) -> Answer:
        heavy = jsonbody.weight(body)
        if heavy > self._limits.json_objects:
            raise Refused(413, "JSON of too many objects for one request; send smaller batches, or protobuf")
        self._objects.take(heavy)

        def work() -> Answer:
            line, good, bad, why = jsonbody.read(signal, body)
            if line:
                self._segments.append(signal, ".jsonl", line)
            return Answer(good, bad, METRICS if signal == "metrics" else why)

        try:
            return await self._in_thread(work)
        finally:
            self._objects.give(heavy)

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OSError as error:
            self.notices.tell("disk", f"cannot write into {self._segments.folder}: {error.strerror}")
            raise Refused(503, "the receiver cannot write; the same again, later", retry=30) from None
        except Refused:
            raise
        except Exception as error:
            # The same again would fail again, so it is not asked for.
            self.notices.tell("fault", f"a fault in obskit refused a request: {type(error).__name__}")
            raise Refused(500, "a fault in the receiver") from error

    def refuse(self, refused: Refused) -> None:
        """Count a refusal, and say it if the person who started the receiver can do something about it."""
        self.counts["refused"] += 1
        self.counts[f"refused {refused.status}"] += 1
        if refused.status == 503 and refused.text == FULL:
            self.notices.tell("full", f"the disk of {self._segments.folder} is full: requests are refused")
        elif refused.status in (400, 401, 413, 415):
            self.notices.tell(str(refused.status), f"refused a request ({refused.status}): {refused.text}")

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown()
