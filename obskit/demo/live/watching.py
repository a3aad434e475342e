"""Judge the canary again and again while the platform runs, as a pipeline would."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime
from pathlib import Path

from obskit.demo.live import scenario
from obskit.errors import ObskitError
from obskit.events import Events, Verdict, load

_MOST_LOOKS = 30


class Watcher:
    """Judges the canary from what the services have written so far.

    Args:
        folder: the events.
        seconds: duration of the load.

    Attributes:
        step: seconds between two looks of a verdict.
        verdict: the last verdict; None before the canary answered a request.
        times: how often it was judged.
        alarm: the end of the look at which it was found to be worse; None if it was not.
    """

    def __init__(self, folder: Path, seconds: int) -> None:
        self.step = max(1, round(seconds / _MOST_LOOKS))
        self.verdict: Verdict | None = None
        self.times = 0
        self.alarm: datetime | None = None
        self._folder = folder
        self._events: Events | None = None
        self._pause = max(2.0, seconds / 12)

    @property
    def options(self) -> dict[str, str]:
        """The options of `obskit judge` that are not the default, with their values."""
        return {
            "--service": "booking",
            "--candidate": scenario.CANARY,
            "--looks": f"{self.step}s",
            "--settle": f"{self.step}s",
        }

    async def run(self) -> None:
        """Judge every few seconds until this is cancelled."""
        while True:
            await asyncio.sleep(self._pause)
            await self.judge()

    async def judge(self) -> None:
        """Judge once, in a thread."""
        # The services may not have written anything yet.
        with contextlib.suppress(ObskitError):
            await asyncio.to_thread(self._judge)

    def _judge(self) -> None:
        self._events = load(self._folder) if self._events is None else self._events.refresh()
        step = f"{self.step}s"
        found = self._events.judge(scenario.CANARY, service="booking", looks=step, settle=step)
        self.times += 1
        if found.candidate is None:
            return
        self.verdict = found
        if self.alarm is None and found.word == "regress":
            since = [one.since for one in found.criteria if one.word == "regress"]
            since += [one.since for one in found.slices]
            self.alarm = min((at for at in since if at is not None), default=None)
