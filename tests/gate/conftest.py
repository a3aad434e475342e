from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from obskit import load
from obskit.gate import Address, Settings
from obskit.gate.serve import serve
from obskit.judge import JudgeArguments
from tests.judge.rollouts import rollout
from tests.support.gate_harness import Gate, write_rollout


@pytest.fixture(scope="session")
def rollouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of three rollouts: one fails twice as often, one does not differ, and one is too small."""
    base = tmp_path_factory.mktemp("gate")
    for name, events in {
        "worse": rollout(minutes=20, before=5, ratio=2.5, errors=0.03),
        "same": rollout(minutes=30, before=5, rpm=1200, errors=0.03),
        "small": rollout(minutes=10, before=5, share=0.05),
    }.items():
        write_rollout(base / name, events)
    return base


@pytest.fixture
def start() -> Iterator[Callable[..., Gate]]:
    """Start a gate on a folder; arguments of `judge` as a mapping, settings by name."""
    running: list[tuple[threading.Thread, Callable[[], Any], list[Any]]] = []

    def begin(folder: Path, base: dict[str, Any] | None = None, **settings: Any) -> Gate:
        given = {"address": Address("127.0.0.1", 0), "every": timedelta(seconds=60), **settings}
        ready, said, ended = threading.Event(), list[str](), list[Any]()
        loop, stop = asyncio.new_event_loop(), asyncio.Event()

        def say(line: str) -> None:
            said.append(line)
            if line.startswith("press"):
                ready.set()

        def work() -> None:
            try:
                arguments = JudgeArguments(**{"slices": (), **(base or {})})
                gate = serve(Settings(**given), lambda: load(folder), arguments, say, stop)
                ended.append(loop.run_until_complete(gate))
            except BaseException as error:
                ended.append(error)
            finally:
                loop.close()
                ready.set()

        thread = threading.Thread(target=work)
        thread.start()
        running.append((thread, lambda: loop.is_closed() or loop.call_soon_threadsafe(stop.set), ended))
        assert ready.wait(20)
        if ended:
            raise ended[0]
        return Gate(int(said[0].partition("/judge")[0].rpartition(":")[2]), said)

    yield begin
    for thread, stop_it, ended in running:
        stop_it()
        thread.join(30)
        assert not thread.is_alive()
        assert isinstance(ended[0], str | Exception)
