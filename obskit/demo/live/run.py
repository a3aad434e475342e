"""Run the live demo: services, a load, a canary that is ramped up, a fault; a verdict, and explanations."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from obskit.demo.live import scenario
from obskit.demo.live.client import Client
from obskit.demo.live.run_report import RunReport, analyze_run
from obskit.demo.live.supervisor import ServiceProcess, Supervisor
from obskit.demo.live.watching import Watcher
from obskit.errors import DatasetError, InvalidArgument, ObskitError
from obskit.text import pluralize

RATE = 50  # requests per second
LEAST_SECONDS, MOST_SECONDS = 8, 600

Say = Callable[[str], object]


def run(
    into: str | Path | None = None, *, seconds: int = 60, seed: int = 1, say: Say = lambda _: None
) -> RunReport:
    """Run the booking platform under load, break it twice, judge the canary, and explain what its events say.

    Args:
        into: new or empty folder for the events; if None, a temporary one, which is kept.
        seconds: duration of the load, 8 to 600; on a slow machine up to three times as long plus 30 s.
        seed: seed of the requests.
        say: called with each line of progress.

    Returns:
        The requests sent, the verdict on the canary, and the explanations of what went wrong.

    Raises:
        InvalidArgument: `seconds` is out of range.
        DatasetError: `into` is not an empty folder.
        ObskitError: a service did not start, or ended early.
    """
    if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise InvalidArgument(
            f"seconds must be from {LEAST_SECONDS} to {MOST_SECONDS}, got {seconds}",
            hint="obskit demo --live --seconds 60",
        )
    folder = _folder(into)
    say(f"starting gateway, booking {scenario.STABLE} and payment on 127.0.0.1; events go to {folder}")
    with Supervisor(folder) as supervisor:
        platform = _Platform(supervisor, Watcher(folder, seconds))
        client, planted = asyncio.run(platform.drive(scenario.requests(seconds * RATE, seed), seconds, say))
    record = {
        "made_by": f"obskit demo --live --seconds {seconds} --seed {seed}",
        "planted": planted,
        "judged": scenario.judged(),
    }
    (folder / "planted.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return analyze_run(folder, client, planted, platform.watcher)


def _folder(into: str | Path | None) -> Path:
    if into is None:
        return Path(tempfile.mkdtemp(prefix="obskit-live-"))
    folder = Path(into).absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DatasetError(f"{into} is not an empty folder", hint="name an empty folder or a new one")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class _Platform:
    """The processes of the platform, and the stages of a run."""

    def __init__(self, supervisor: Supervisor, watcher: Watcher) -> None:
        self._supervisor = supervisor
        self.watcher = watcher
        # All start at once, the canary too: its imports are done when it begins to serve.
        self._payment = supervisor.start("payment", "5.1.0")
        self._stable = supervisor.start("booking", scenario.STABLE, "stable")
        self._canary = supervisor.start("booking", scenario.CANARY, "canary")
        self._gateway = supervisor.start("gateway", "1.9.2")
        supervisor.wait_for_ports()
        self._payment.serve()
        self._stable.serve(payment=self._payment.url)
        self._gateway.serve(booking=self._stable.url)

    async def drive(
        self, asked: Sequence[scenario.Request], seconds: int, say: Say
    ) -> tuple[Client, list[dict[str, Any]]]:
        """Send the load, and switch the canary and the fault on and off during it.

        Args:
            asked: all requests of the run.
            seconds: intended duration of the load.
            say: called with each line of progress.

        Returns:
            The client with its counts, and what was planted at what time.
        """
        steps = [(round(len(asked) * part), percent) for part, percent in scenario.CANARY_STEPS]
        fault = [round(len(asked) * part) for part in (scenario.FAULT_FROM, scenario.FAULT_UNTIL)]
        async with httpx.AsyncClient(trust_env=False) as http:
            until = time.monotonic() + 3 * seconds + 30

            def may_continue() -> bool:
                return time.monotonic() < until and self._supervisor.running()

            def pace(sent: int) -> float:
                return scenario.pace(sent / len(asked))

            client = Client(http, self._gateway.url, RATE, may_continue, pace)
            say(f"{pluralize(len(asked), 'request')} to the gateway, about {RATE} per second for {seconds} s")
            await self._stage(client, asked[: steps[0][0]])

            canary_from = _utc_now()
            self._canary.serve(payment=self._payment.url)
            watching = asyncio.create_task(self.watcher.run())
            for (start, percent), stop in zip(steps, [*(at for at, _ in steps[1:]), fault[0]], strict=True):
                say(f"booking {scenario.CANARY} gets {percent}% of the users, next to {scenario.STABLE}")
                await _put_json(http, self._gateway, "canary", url=self._canary.url, percent=percent)
                await self._stage(client, asked[start:stop])

            say(f"payments with {scenario.FAILING_SCHEME} begin to fail")
            await _put_json(http, self._payment, f"faults/{scenario.FAILING_SCHEME}", failing=True)
            fault_from = _utc_now()
            await self._stage(client, asked[fault[0] : fault[1]])
            fault_until = _utc_now()
            await _put_json(http, self._payment, f"faults/{scenario.FAILING_SCHEME}", failing=False)
            say("payments work again")
            await self._stage(client, asked[fault[1] :])
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            await self.watcher.judge()
        return client, scenario.planted(f"{canary_from}/{_utc_now()}", f"{fault_from}/{fault_until}")

    async def _stage(self, client: Client, asked: Sequence[scenario.Request]) -> None:
        await client.send(asked)
        self._supervisor.check()


async def _put_json(http: httpx.AsyncClient, service: ServiceProcess, path: str, **said: Any) -> None:
    try:
        (await http.put(f"{service.url}/{path}", json=said, timeout=30)).raise_for_status()
    except httpx.HTTPError as error:
        service.check()
        raise ObskitError(
            f"the service {service.name} does not answer: {error}", hint="run obskit demo --live again"
        ) from error


def _utc_now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
