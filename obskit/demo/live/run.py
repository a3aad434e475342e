"""The live demo from its start to its end: processes, a load, a canary, a fault, and what the events say."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from obskit.demo.live import story
from obskit.demo.live.client import Client
from obskit.demo.live.processes import Processes, Service
from obskit.demo.live.seen import Seen, look
from obskit.errors import DatasetError, InvalidArgument, ObskitError
from obskit.text import pluralize

RATE = 50  # requests a second
LEAST_SECONDS, MOST_SECONDS = 8, 600

Say = Callable[[str], object]


def run(
    into: str | Path | None = None, *, seconds: int = 60, seed: int = 1, say: Say = lambda _: None
) -> Seen:
    """Run the booking platform under load, break it twice, and explain what its events say.

    Args:
        into: folder for the events, new or empty; if None a temporary one, which stays.
        seconds: how long the load lasts; at most three times that and half a minute, where the machine cannot
            keep up.
        seed: of what the clients ask for.
        say: told what is going on, a line at a time.
    Returns:
        What was asked, and what was seen of it.
    Raises:
        InvalidArgument: seconds out of range.
        DatasetError: `into` holds something.
        ObskitError: a service did not start, or ended by itself.
    """
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise InvalidArgument(
            f"--seconds {seconds}",
            hint=f"from {LEAST_SECONDS} to {MOST_SECONDS}: fewer requests tell no cause from chance",
        )
    folder = _folder(into)
    say(f"gateway, booking {story.STABLE} and payment start on 127.0.0.1, their events go to {folder}")
    with Processes(folder) as processes:
        platform = _Platform(processes)
        client, planted = asyncio.run(platform.drive(story.requests(seconds * RATE, seed), seconds, say))
    record = {"made_by": f"obskit demo --live --seconds {seconds} --seed {seed}", "planted": planted}
    (folder / "planted.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return look(folder, client, planted)


def _folder(into: str | Path | None) -> Path:
    if into is None:
        return Path(tempfile.mkdtemp(prefix="obskit-live-"))
    folder = Path(into).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(f"{into} is no empty folder", hint="name an empty folder or a new one")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class _Platform:
    """Its processes, the stages of a run, and the switches between them."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        # All at once, the canary too: it has imported everything when its turn comes, and only then begins.
        self._payment = processes.start("payment", "5.1.0")
        self._stable = processes.start("booking", story.STABLE, "stable")
        self._canary = processes.start("booking", story.CANARY, "canary")
        self._gateway = processes.start("gateway", "1.9.2")
        processes.wait_for_ports()
        self._payment.serve()
        self._stable.serve(payment=self._payment.url)
        self._gateway.serve(booking=self._stable.url)

    async def drive(
        self, asked: Sequence[story.Request], seconds: int, say: Say
    ) -> tuple[Client, list[dict[str, Any]]]:
        """Send the load, with the canary and the fault at their places.

        Returns:
            What was counted, and what was planted when.
        """
        edges = [round(len(asked) * at) for at in (story.CANARY_FROM, story.FAULT_FROM, story.FAULT_UNTIL)]
        async with httpx.AsyncClient(trust_env=False) as http:
            until = time.monotonic() + 3 * seconds + 30

            def going() -> bool:
                return time.monotonic() < until and self._processes.running()

            client = Client(http, self._gateway.url, RATE, going)
            say(f"{pluralize(len(asked), 'request')} to the gateway, {RATE} a second for {seconds} s")
            await self._stage(client, asked[: edges[0]])

            say(f"booking {story.CANARY} starts as a canary, for {story.CANARY_SHARE}% of the users")
            canary_from = _now()
            self._canary.serve(payment=self._payment.url)
            await _put(http, self._gateway, "canary", url=self._canary.url, percent=story.CANARY_SHARE)
            await self._stage(client, asked[edges[0] : edges[1]])

            say(f"payments by {story.FAILING_SCHEME} begin to fail")
            await _put(http, self._payment, f"faults/{story.FAILING_SCHEME}", failing=True)
            fault_from = _now()
            await self._stage(client, asked[edges[1] : edges[2]])
            fault_until = _now()
            await _put(http, self._payment, f"faults/{story.FAILING_SCHEME}", failing=False)
            say("payments work again")
            await self._stage(client, asked[edges[2] :])
        return client, story.planted(f"{canary_from}/{_now()}", f"{fault_from}/{fault_until}")

    async def _stage(self, client: Client, asked: Sequence[story.Request]) -> None:
        await client.send(asked)
        self._processes.check()


async def _put(http: httpx.AsyncClient, service: Service, path: str, **said: Any) -> None:
    try:
        (await http.put(f"{service.url}/{path}", json=said, timeout=30)).raise_for_status()
    except httpx.HTTPError as error:
        service.check()
        raise ObskitError(f"the service {service.name} does not answer: {error}", hint="try again") from error


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
