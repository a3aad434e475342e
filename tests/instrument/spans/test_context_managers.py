"""Blocks and decorators around functions, coroutines and generators of both kinds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry import trace

from obskit.instrument import (
    Handle,
    add,
    event,
)

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def test_decorated_functions_of_every_kind(service: Service, rows: Rows) -> None:
    service()

    @event("plain")
    def plain(x: int) -> int:
        add(x=x)
        return x + 1

    @event("coroutine")
    async def coroutine() -> str:
        await asyncio.sleep(0)
        add(inside=1)
        return "done"

    @event("generator")
    def generator() -> Generator[int, int, str]:
        got = yield 1
        add(got=got)
        yield 2
        return "end"

    @event("stream")
    async def stream() -> AsyncGenerator[int, None]:
        for i in range(3):
            await asyncio.sleep(0)
            add(last=i)
            yield i

    async def consume() -> list[int]:
        return [item async for item in stream()]

    assert (plain(1), plain(2)) == (2, 3)
    assert asyncio.run(coroutine()) == "done"
    steps = generator()
    assert next(steps) == 1
    with event("consumer"):
        add(mine=True)
    assert steps.send(7) == 2
    with pytest.raises(StopIteration, match="end"):
        next(steps)
    assert asyncio.run(consume()) == [0, 1, 2]
    found = {row["name"]: row for row in rows()}
    assert found["plain"]["x"] == 2
    assert found["coroutine"]["inside"] == 1
    assert found["generator"]["got"] == 7
    assert "mine" not in found["generator"]
    assert found["stream"]["last"] == 2
    assert "parent_span_id" not in found["consumer"]
    assert len({row["trace_id"] for row in rows()}) == 6


def test_a_decorated_async_generator_gets_sent_values_and_thrown_exceptions(
    service: Service, rows: Rows
) -> None:
    service()
    heard: list[Any] = []

    @asynccontextmanager
    @event("transaction")
    async def transaction() -> AsyncIterator[str]:
        try:
            yield "open"
        except ValueError:
            heard.append("rolled back")
        finally:
            heard.append("closed")

    @event("echo")
    async def echo() -> Any:
        value = yield 1
        heard.append(value)
        yield 2

    async def main() -> None:
        async with transaction():
            raise ValueError
        heard.append("after")
        steps = echo()
        await steps.asend(None)
        assert await steps.asend("hello") == 2
        await steps.aclose()

    asyncio.run(main())
    assert heard == ["rolled back", "closed", "after", "hello"]
    assert sorted(row["name"] for row in rows()) == ["echo", "transaction"]


def test_a_cancellation_is_not_a_failure(service: Service, rows: Rows) -> None:
    service()

    async def main() -> None:
        async def work() -> None:
            with event("slow"):
                await asyncio.sleep(60)

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    (row,) = rows()
    assert row["status_code"] == "UNSET"
    assert row["obskit.cancelled"] is True


def test_an_event_that_is_entered_twice_is_two_events(service: Service, rows: Rows) -> None:
    service()
    again = event("again", {"n": 1})
    for _ in range(2):
        with again:
            pass
    first, second = rows()
    assert first["span_id"] != second["span_id"]
    assert first["n"] == second["n"] == 1


class RudeError(ValueError):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_the_hosts_exception_is_not_changed(service: Service, rows: Rows) -> None:
    service()
    with pytest.raises(RudeError), trace.get_tracer("host").start_as_current_span("work"):
        raise RudeError
    (row,) = rows()
    assert row["exception.type"].endswith("RudeError")
