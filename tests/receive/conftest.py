from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from obskit.receive import Limits, Settings
from obskit.receive.serve import receive
from tests.support.receive_harness import Receiver


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Receiver]]:
    """Start a receiver; limits by name."""
    running: list[Receiver] = []

    def begin(
        folder: Path | None = None,
        grpc: int | None = None,
        token: str | None = None,
        grpc_if_there: bool = False,
        allow_hosts: tuple[str, ...] = (),
        **limits: Any,
    ) -> Receiver:
        folder = folder or tmp_path / "events"
        settings = Settings(
            folder,
            http=0,
            grpc=0 if grpc_if_there else grpc,
            grpc_required=grpc is not None,
            token=token,
            allow_hosts=allow_hosts,
            limits=Limits(**{"free": 0, **limits}),
        )
        ready, said, ended = threading.Event(), list[str](), list[Any]()
        loop, stop = asyncio.new_event_loop(), asyncio.Event()

        def say(line: str) -> None:
            said.append(line)
            if line.startswith("writing to"):
                ready.set()

        def work() -> None:
            try:
                ended.append(loop.run_until_complete(receive(settings, say, stop)))
            except BaseException as error:
                ended.append(error)
            finally:
                loop.close()
                ready.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert ready.wait(20)

        def end() -> str:
            if thread.is_alive():
                with contextlib.suppress(RuntimeError):  # it has ended already
                    loop.call_soon_threadsafe(stop.set)
                thread.join(30)
                assert not thread.is_alive()
            if isinstance(ended[0], BaseException):
                raise ended[0]
            return str(ended[0])

        if ended:
            end()
        running.append(Receiver(folder, said, end))
        return running[-1]

    yield begin
    for receiver in running:
        receiver.stop()
