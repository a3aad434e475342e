"""Who uses the platform: a load bounded in rate, in requests at once, in number and in time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

import httpx

from obskit.demo.live.story import Request

# So few that on a machine that cannot keep up a request waits for at most a dozen others: that must stay well
# below the delay that is planted.
AT_ONCE = 12
_PATIENCE = 30.0  # seconds for an answer


class Client:
    """Sends requests to the gateway at a steady pace, and counts what comes back.

    Args:
        http: what sends.
        url: of the gateway.
        rate: requests a second, at most.
        going: whether there is still somebody to ask; no request begins when it says no.

    Attributes:
        wanted: requests that were to be made.
        sent: requests that were made.
        statuses: status, or the type of what failed -> requests.
    """

    def __init__(self, http: httpx.AsyncClient, url: str, rate: float, going: Callable[[], bool]) -> None:
        self._http = http
        self._url = url
        self._step = 1 / rate
        self._going = going
        self._room = asyncio.Semaphore(AT_ONCE)
        self._next = time.monotonic()
        self.wanted = self.sent = 0
        self.statuses: Counter[str] = Counter()

    async def send(self, requests: Sequence[Request]) -> None:
        """Make these requests, and wait for their answers."""
        self.wanted += len(requests)
        async with asyncio.TaskGroup() as group:
            for request in requests:
                await asyncio.sleep(self._next - time.monotonic())
                await self._room.acquire()
                if not self._going():
                    self._room.release()
                    return
                now = time.monotonic()
                # What is late stays late: a machine that cannot keep up gets no burst to make up for it.
                self._next = max(self._next, now - self._step) + self._step
                self.sent += 1
                group.create_task(self._ask(request))

    async def _ask(self, request: Request) -> None:
        try:
            status = str(await self._answer(request))
        except httpx.HTTPError as error:
            status = type(error).__name__
        finally:
            self._room.release()
        self.statuses[status] += 1

    async def _answer(self, request: Request) -> int:
        books = request.order is not None
        answer = await self._http.request(
            "POST" if books else "GET",
            f"{self._url}/bookings" if books else f"{self._url}/trains/{request.train}/seats",
            json=request.order,
            # A token in the address is how many a secret gets into telemetry.
            params={"session_token": request.secret},
            headers={"authorization": f"Bearer {request.secret}"},
            timeout=_PATIENCE,
        )
        return answer.status_code
