"""Convert closed segments to Parquet, one after the other, while the receiver keeps running.

A reader that lists the folder sees the segment alone, both, or the Parquet alone; it prefers the Parquet.
One rename moves the folder of Parquet into place. The segment is deleted later, when readers that listed it
have had time to open it. An interrupted conversion starts again.
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
"""Seconds until a failed conversion is tried again."""


class Packer:
    """Convert closed segments; `run` runs until it is cancelled."""

    def __init__(self, segments: Segments, limits: Limits, notices: Notices) -> None:
        self._segments = segments
        self._limits = limits
        self._notices = notices
        self._not_before: dict[Path, float] = {}

    async def run(self) -> None:
        """Look for closed segments again and again."""
        while True:
            try:
                await self._look()
            except Exception as error:  # receiving goes on even if converting fails
                self._notices.notify(
                    "packing", f"cannot convert segments to Parquet for now: {type(error).__name__}: {error}"
                )
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
                self._notices.notify(
                    "kept",
                    f"{segment.name} is not converted: {found['rejected']:,} of its records cannot be read",
                )
                return
            os.rename(making, target)
        except OSError as error:
            self._not_before[segment] = time.monotonic() + AGAIN
            self._notices.notify("packing", f"{segment.name} is not converted for now: {error}")
        finally:
            shutil.rmtree(making, ignore_errors=True)

    async def _convert(self, segment: Path, making: Path) -> dict[str, int]:
        """Convert a segment in a child process, and return its numbers of rows and rejected records.

        Raises:
            OSError: the child failed.
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
