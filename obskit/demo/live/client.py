"""Send a load to the platform, with limits on its rate, concurrency, number of requests and time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence

import httpx

from obskit.demo.live.scenario import Request

# Small enough that even on a slow machine a request waits for the others much less than the planted delay.
MAX_CONCURRENT = 12
_TIMEOUT_SECONDS = 30.0


class Client:
    """Send requests to the gateway at a steady rate, and count the responses.

    Args:
        http: HTTP client to send with.
        url: base URL of the gateway.
        rate: requests per second, on average.
        may_continue: called before each request; no more requests are sent once it returns false.
        pace: number of requests sent -> how long the next pause is, compared with the mean.

    Attributes:
        wanted: number of requests to send.
        sent: number of requests sent.
        statuses: HTTP status or exception type -> number of requests.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        rate: float,
        may_continue: Callable[[], bool],
        pace: Callable[[int], float] = lambda _: 1.0,
    ) -> None:
        self._http = http
        self._url = url
        self._interval = 1 / rate
        self._may_continue = may_continue
        self._pace = pace
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)
        self._next = time.monotonic()
        self.wanted = self.sent = 0
        self.statuses: Counter[str] = Counter()

    async def send(self, requests: Sequence[Request]) -> None:
        """Send these requests and wait for their responses."""
        self.wanted += len(requests)
        async with asyncio.TaskGroup() as group:
            for request in requests:
                await asyncio.sleep(self._next - time.monotonic())
                await self._slots.acquire()
                if not self._may_continue():
                    self._slots.release()
                    return
                now, pause = time.monotonic(), self._interval * self._pace(self.sent)
                # Late requests stay late: no burst follows to make up for a slow moment.
                self._next = max(self._next, now - pause) + pause
                self.sent += 1
                group.create_task(self._send_and_count(request))

    async def _send_and_count(self, request: Request) -> None:
        try:
            status = str(await self._send_one(request))
        except httpx.HTTPError as error:
            status = type(error).__name__
        finally:
            self._slots.release()
        self.statuses[status] += 1

    async def _send_one(self, request: Request) -> int:
        books = request.order is not None
        answer = await self._http.request(
            "POST" if books else "GET",
            f"{self._url}/bookings" if books else f"{self._url}/trains/{request.train}/seats",
            json=request.order,
            # A token in the URL is a common way for secrets to get into telemetry.
            params={"session_token": request.secret},
            headers={"authorization": f"Bearer {request.secret}"},
            timeout=_TIMEOUT_SECONDS,
        )
        return answer.status_code
