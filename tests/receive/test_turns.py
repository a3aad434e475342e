"""Whose message is read next."""

from __future__ import annotations

import asyncio

import pytest

from obskit.receive import Limits
from obskit.receive.refusal import Refused
from obskit.receive.turns import Turns


class World:
    """Calls that hold their turn until they are told to go on, and the order of turns."""

    def __init__(self, **limits: float) -> None:
        self.turns = Turns(Limits(**limits))  # type: ignore[arg-type]
        self.order: list[str] = []
        self.refused: list[tuple[str, int]] = []
        self.go = asyncio.Event()

    async def call(self, name: str, peer: str, *, silent: bool = False) -> None:
        try:
            async with self.turns.take(peer), self.turns.reading(peer):
                self.order.append(name)
                await (asyncio.Event() if silent else self.go).wait()
        except Refused as refused:
            self.refused.append((name, refused.status))

    async def calls(self, *given: tuple[str, str], silent: bool = False) -> list[asyncio.Task[None]]:
        tasks = []
        for name, peer in given:
            tasks.append(asyncio.create_task(self.call(name, peer, silent=silent)))
            await asyncio.sleep(0)
        return tasks


def test_who_held_a_turn_up_comes_last_and_who_delivered_first(monkeypatch):
    async def scene() -> World:
        monkeypatch.setattr("obskit.receive.turns.TURN", 0.5)
        w = World(stall=0.6)
        w.go.set()
        await w.call("0", "good")
        w.go.clear()
        slow = await w.calls(("1", "slow"), silent=True)
        slow += await w.calls(("2", "slow"), ("3", "slow"), silent=True)
        rest = await w.calls(("4", "new"), ("5", "good"))
        await slow[0]  # no message came in its short turn
        w.go.set()
        await asyncio.gather(*slow, *rest)
        return w

    w = asyncio.run(scene())
    assert w.order == ["0", "1", "5", "4", "2", "3"]
    assert w.refused == [("1", 429), ("2", 429), ("3", 408)]


def test_a_slow_message_has_time_while_nobody_waits():
    async def scene() -> World:
        w = World(stall=0.05)
        await w.call("1", "a", silent=True)
        return w

    w = asyncio.run(scene())
    assert w.refused == [("1", 408)]


def test_a_greedy_connection_gives_way_in_the_queue():
    async def scene() -> World:
        w = World(waiting=4)
        tasks = await w.calls(("1", "a"), ("2", "greedy"), ("3", "greedy"), ("4", "greedy"))
        tasks += await w.calls(("5", "b"))  # takes the place of 4
        tasks += await w.calls(("6", "greedy"))  # has no better right than the others
        w.go.set()
        await asyncio.gather(*tasks)
        return w

    w = asyncio.run(scene())
    assert w.order == ["1", "2", "3", "5"]
    assert sorted(w.refused) == [("4", 429), ("6", 429)]


@pytest.mark.parametrize("given_a_turn", [False, True])
def test_who_is_gone_keeps_no_turn(given_a_turn):
    async def scene() -> World:
        w = World()
        first, second, third = await w.calls(("1", "a"), ("2", "b"), ("3", "c"))
        if given_a_turn:
            w.go.set()
            await asyncio.sleep(0)
            first.cancel()
        second.cancel()
        w.go.set()
        await asyncio.gather(first, second, third, return_exceptions=True)
        await w.call("4", "d")
        return w

    assert asyncio.run(scene()).order[-2:] == ["3", "4"]


def test_records_are_bounded():
    async def scene() -> Turns:
        w = World()
        w.go.set()
        for number in range(2000):
            await w.call("x", str(number))
        return w.turns

    assert len(asyncio.run(scene())._records) <= 1024
