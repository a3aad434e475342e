"""Whose message gRPC reads next. Connections that delivered come first, those that held a turn up come last.

gRPC reads a message as a whole and does not say how much of it has arrived. So the only measure of a slow
sender is time: a turn is short while others wait for one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass

from obskit.receive.refusal import Refused, busy
from obskit.receive.settings import Limits

TURN = 2.0
"""Seconds for a message while other calls wait; half and then a quarter for a connection that held turns up.
If no call waits, it is the limit `stall`."""

_RECORDS = 1024
_WORST = 9


@dataclass(eq=False)
class _Waiting:
    peer: str
    turn: asyncio.Future[None]


class Turns:
    """Turns to read a message.

    Args:
        limits: `calls`, `waiting` and `stall`.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._free = limits.calls
        self._active = 0
        self._queue: list[_Waiting] = []
        self._reading: dict[asyncio.Timeout, float] = {}  # with the end of a short turn
        self._records: OrderedDict[str, int] = OrderedDict()

    @contextlib.asynccontextmanager
    async def take(self, peer: str) -> AsyncIterator[None]:
        """Wait for a turn, and keep it for the block.

        Args:
            peer: the connection of the call.

        Raises:
            Refused: too many calls wait (429).
        """
        if self._active >= self._limits.waiting and not self._displace(peer):
            raise busy()
        self._active += 1
        try:
            if self._free:
                self._free -= 1
            else:
                await self._wait(_Waiting(peer, asyncio.get_running_loop().create_future()))
            try:
                yield
            finally:
                self._next()
        finally:
            self._active -= 1

    @contextlib.asynccontextmanager
    async def reading(self, peer: str) -> AsyncIterator[None]:
        """Read a message in the block; the turn that `take` gave ends when its time is over.

        Args:
            peer: the connection of the call.

        Raises:
            Refused: the message did not arrive in time: 429 while others wait, else 408.
        """
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._limits.stall) as limit:
                self._reading[limit] = now + TURN / 2 ** min(2, max(0, self._records.get(peer, 0)))
                self._hurry()
                try:
                    yield
                finally:
                    del self._reading[limit]
        except TimeoutError:
            self._record(peer, min(self._records.get(peer, 0) + 1, _WORST))
            raise (busy() if self._queue else Refused(408, "the message arrived too slowly")) from None
        self._record(peer, -1)

    async def _wait(self, waiting: _Waiting) -> None:
        self._queue.append(waiting)
        self._hurry()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in self._queue:
                self._queue.remove(waiting)
            elif not waiting.turn.cancelled() and waiting.turn.exception() is None:
                self._next()  # it was given a turn, and nobody is there to take it
            raise

    def _hurry(self) -> None:
        if self._queue:
            for limit, end in self._reading.items():
                if (limit.when() or 0.0) > end:
                    limit.reschedule(end)

    def _next(self) -> None:
        if not self._queue:
            self._free += 1
            return
        chosen = min(self._queue, key=lambda one: self._records.get(one.peer, 0))  # the first of equals
        self._queue.remove(chosen)
        chosen.turn.set_result(None)

    def _displace(self, peer: str) -> bool:
        """Refuse a waiting call of the connection with the worst record and most calls, if it is worse."""
        counts = Counter(one.peer for one in self._queue)

        def rank(of: str, calls: int) -> tuple[int, int]:
            return self._records.get(of, 0), calls

        worst = max(reversed(self._queue), key=lambda one: rank(one.peer, counts[one.peer]), default=None)
        if worst is None or rank(worst.peer, counts[worst.peer]) <= rank(peer, counts[peer] + 1):
            return False
        self._queue.remove(worst)
        worst.turn.set_exception(busy())
        return True

    def _record(self, peer: str, value: int) -> None:
        self._records[peer] = value
        self._records.move_to_end(peer)
        if len(self._records) > _RECORDS:
            self._records.popitem(last=False)
