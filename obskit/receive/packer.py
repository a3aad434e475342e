"""Closed segments into Parquet, one after the other, while the receiver goes on.

A reader that lists the folder sees a segment, or the segment and the Parquet beside it, which it then takes
instead, or the Parquet alone: the folder of Parquet comes to its place by one rename, and the segment is
deleted only when whoever listed it before has had time to open it. What breaks off is begun again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import sys
import time
from pathlib import Path

from obskit.dataset import is_dataset
from obskit.receive.notices import Notices
from obskit.receive.segments import Segments
from obskit.receive.settings import Limits

EVERY = 1.0
AGAIN = 300.0
"""Seconds after which a segment that could not be converted is tried again."""


class Packing:
    """Converts what is closed; `run` until it is cancelled."""

    def __init__(self, segments: Segments, limits: Limits, notices: Notices) -> None:
        self._segments = segments
        self._limits = limits
        self._notices = notices
        self._not_before: dict[Path, float] = {}

    async def run(self) -> None:
        """Look for closed segments, for ever."""
        while True:
            try:
                await self._look()
            except Exception as error:  # what is received matters more than what becomes of it
                self._notices.tell("packing", f"no Parquet is made for now: {type(error).__name__}: {error}")
            await asyncio.sleep(EVERY)

    async def _look(self) -> None:
        for segment in await asyncio.to_thread(self._segments.closed):
            target = segment.with_suffix(".parquet")
            if is_dataset(target):
                self._remove(segment, target)
            elif self._not_before.get(segment, 0.0) <= time.monotonic():
                await self._pack(segment, target)

    def _remove(self, segment: Path, target: Path) -> None:
        with contextlib.suppress(OSError):
            if time.time() - target.stat().st_ctime > self._limits.linger:  # a rename sets it
                segment.unlink()

    async def _pack(self, segment: Path, target: Path) -> None:
        making = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
        try:
            found = await self._convert(segment, making)
            if found.get("rejected"):
                self._not_before[segment] = float("inf")
                self._notices.tell(
                    "kept", f"{segment.name} stays as it is: {found['rejected']:,} of it cannot be read"
                )
                return
            os.rename(making, target)
        except OSError as error:
            self._not_before[segment] = time.monotonic() + AGAIN
            self._notices.tell("packing", f"{segment.name} stays as it is for now: {error}")
        finally:
            shutil.rmtree(making, ignore_errors=True)

    async def _convert(self, segment: Path, making: Path) -> dict[str, int]:
        """Return what the child says.

        Raises:
            OSError: it failed.
        """
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "obskit.receive.child", str(segment), str(making)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            # Its stdin stays open: when it closes, the child ends.
            said, why = await asyncio.gather(_all(child.stdout), _all(child.stderr))
            status = await child.wait()
        except asyncio.CancelledError:
            child.kill()
            await child.wait()
            raise
        if status:
            lines = why.decode(errors="replace").strip().splitlines() or [f"status {status}"]
            raise OSError(lines[-1][:300])
        found: dict[str, int] = json.loads(said)
        return found


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()
