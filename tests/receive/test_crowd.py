"""Who gives way at a limit: the order with a clock of the test's own, and attacks over sockets."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import select
import socket
import threading
from collections.abc import Iterator
from unittest import mock

import pytest

from obskit.receive import Limits
from obskit.receive.connection import Connection
from obskit.receive.crowd import GAVE_WAY, TURNED_AWAY, Crowd, Phase, Progress, peer_group
from tests.support.receive_harness import Receiver, kept, traces

HEAD = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"
FEW = {"connections": 24, "requests": 8}


def test_a_connection_may_have_to_give_way_twice() -> None:
    """At once after its time has ended, as well: it is on its way out, and whose place it takes is not harmed."""

    async def give_way() -> list[Exception]:
        stream = asyncio.StreamReader()
        connection = Connection(
            stream, mock.MagicMock(), mock.Mock(), mock.Mock(), Limits(free=0), mock.Mock()
        )
        failed: list[Exception] = []

        def abort() -> None:
            try:
                connection.abort()
            except Exception as error:
                failed.append(error)

        async def wait() -> None:
            async with connection._wait(60):
                await asyncio.sleep(60)

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        connection.interrupt()
        asyncio.get_running_loop().call_soon(abort)  # after the timeout has begun to end the task
        with pytest.raises(TimeoutError):
            await waiting
        return failed

    assert asyncio.run(give_way()) == []


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclasses.dataclass(eq=False)
class Sender:
    """A connection without a socket."""

    clock: Clock
    peer: str = "127.0.0.1"
    held: int = 0
    left: str = ""

    def __post_init__(self) -> None:
        self.progress = Progress(self.clock)

    def interrupt(self) -> None:
        self.left, self.held = "interrupted", 0
        self.progress.enter(Phase.CLOSING)

    def abort(self) -> None:
        self.left = "aborted"


@dataclasses.dataclass
class World:
    clock: Clock
    crowd: Crowd
    told: list[tuple[str, str]]

    def sender(self, phase: Phase, age: float = 5.0, size: int = 0, **more) -> Sender:
        """Let a sender enter that has been in a phase for some seconds and has sent bytes just now."""
        now = self.clock.now
        self.clock.now = now - age
        one = Sender(self.clock, **more)
        assert self.crowd.enter(one)
        one.progress.enter(phase)
        self.clock.now = now
        one.progress.add(size)
        return one


@pytest.fixture
def world():
    def make(**limits) -> World:
        told: list[tuple[str, str]] = []
        return World(Clock(), Crowd(Limits(**limits), lambda what, limit: told.append((what, limit))), told)

    return make


def test_the_order_in_which_connections_give_way(world):
    """Refused ones, the longest idle, the slowest, the oldest of the young; never who writes or is quick."""
    w = world(connections=9, pace=1000)
    order = [
        w.sender(Phase.CLOSING, age=0.1),
        w.sender(Phase.IDLE, age=30),
        w.sender(Phase.IDLE, age=3),
        w.sender(Phase.HEAD, size=0),
        w.sender(Phase.BODY, size=5),
        w.sender(Phase.BODY, size=450),
        w.sender(Phase.IDLE, age=0.4),
        w.sender(Phase.BODY, age=0.3),
    ]
    quick = w.sender(Phase.BODY, size=1000)
    for victim in order:
        new = Sender(w.clock)
        assert w.crowd.enter(new)
        assert victim.left == "aborted"
        new.progress.enter(Phase.WRITING)
    assert not w.crowd.enter(Sender(w.clock))
    assert quick.left == ""
    assert w.told == [(GAVE_WAY, "connections (9)")] * 8


def test_slow_bodies_give_way_to_requests(world):
    w = world(requests=3, pace=1000)
    slow = w.sender(Phase.BODY, size=10)
    slower = w.sender(Phase.BODY, size=1)
    quick = w.sender(Phase.BODY, size=5000)
    w.sender(Phase.IDLE)  # holds no place
    w.sender(Phase.WRITING)  # nor does this: its body is read
    for victim in (slower, slow):
        new = w.sender(Phase.BODY, age=0, size=5000)
        assert w.crowd.begin(new)
        assert victim.left == "interrupted"
    assert not w.crowd.begin(w.sender(Phase.BODY, age=0, size=5000))
    assert quick.left == ""
    assert w.told == [(GAVE_WAY, "requests (3)")] * 2 + [(TURNED_AWAY, "requests (3)")]


def test_who_was_quick_and_stalls_is_slow(world):
    w = world(requests=1, pace=1000)
    stalled = w.sender(Phase.BODY, size=1_000_000)
    new = w.sender(Phase.BODY, age=0)
    assert not w.crowd.begin(new)
    w.clock.now += 1.5
    stalled.progress.add(1)
    w.clock.now += 1.5
    assert w.crowd.begin(new)
    assert stalled.left == "interrupted"


def test_memory_of_slow_bodies_is_freed_but_only_if_it_is_enough(world):
    w = world(pace=1000)
    small = w.sender(Phase.BODY, held=10)
    large = w.sender(Phase.BODY, held=100)
    others = [
        w.sender(Phase.BODY, held=500, size=5000),
        w.sender(Phase.BODY, held=500, age=0.3),
        w.sender(Phase.WRITING, held=500),
    ]
    assert not w.crowd.free(111)
    assert (small.left, large.left) == ("", "")
    assert w.crowd.free(100)
    assert (small.left, large.left) == ("", "interrupted")
    assert w.crowd.free(5)
    assert small.left == "interrupted"
    assert [one.left for one in others] == ["", "", ""]


def test_one_address_of_another_machine_competes_with_itself(world):
    w = world(peer=2)
    local = [w.sender(Phase.IDLE) for _ in range(5)]
    other = w.sender(Phase.IDLE, peer="10.0.0.2")
    own = [w.sender(Phase.IDLE, age=age, peer="10.0.0.1") for age in (9, 8)]
    w.sender(Phase.WRITING, peer="10.0.0.1")
    assert [one.left for one in own] == ["aborted", ""]
    w.sender(Phase.WRITING, peer="10.0.0.1")
    assert not w.crowd.enter(Sender(w.clock, "10.0.0.1"))
    assert [one.left for one in (*local, other)] == [""] * 6
    assert w.told[-1] == (GAVE_WAY, "connections of one address (2)")
    assert not asyncio.run(w.crowd.wait(Sender(w.clock, "10.0.0.1")))
    assert w.told[-1] == (TURNED_AWAY, "connections (256, of one address 2)")


def test_while_everyone_writes_new_ones_wait_in_their_order(world, monkeypatch):
    monkeypatch.setattr("obskit.receive.crowd.QUEUE", 3)
    w = world(connections=2)
    writing = [w.sender(Phase.WRITING) for _ in range(2)]
    new = [Sender(w.clock) for _ in range(5)]

    async def come() -> list[bool]:
        assert not any(w.crowd.enter(one) for one in new)
        assert not w.crowd.awaited
        tasks = [asyncio.create_task(w.crowd.wait(one)) for one in new[:4]]
        assert not await tasks[3]  # the queue is full
        assert w.crowd.awaited
        tasks[0].cancel()  # this one is gone before its turn
        for one in writing:
            w.crowd.leave(one)
        placed = await asyncio.gather(*tasks[1:3])
        assert not w.crowd.awaited
        return placed

    assert asyncio.run(come()) == [True, True]
    for one in new[1:3]:
        one.progress.enter(Phase.WRITING)
    w.crowd.leave(writing[0])  # again: it has no place to give
    assert not w.crowd.enter(new[4])
    assert w.told[0] == (TURNED_AWAY, "connections (2, of one address 128)")


def test_who_waits_for_a_place_in_vain_is_turned_away(world):
    w = world(connections=1, header=0.01)
    w.sender(Phase.WRITING)
    assert not asyncio.run(w.crowd.wait(Sender(w.clock)))
    assert not w.crowd.awaited
    assert w.told == [(TURNED_AWAY, "connections (1, of one address 128)")]


@pytest.mark.parametrize(
    ("peer", "group"),
    [
        ("127.0.0.1", None),
        ("127.9.9.9", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1:2", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_senders_are_told_apart_by_address(peer, group):
    assert peer_group(peer) == group


SLOW = {
    "slow bodies": HEAD + b"content-length: 1000000\r\n\r\nabc",
    "slow chunks": HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\na\r\n",
    "slow heads": HEAD[:40],
    "silence": b"",
    "idle after a request": HEAD + b"content-length: 0\r\n\r\n",
    "who reads no responses": (HEAD + b"content-length: 0\r\n\r\n") * 50,
}


@contextlib.contextmanager
def held(receiver: Receiver, sent: bytes, count: int) -> Iterator[list[socket.socket]]:
    """Open connections that send and then do nothing."""
    open_: list[socket.socket] = []
    try:
        for _ in range(count):
            attack(receiver, sent, open_)
        yield open_
    finally:
        for one in open_:
            one.close()


def attack(receiver: Receiver, sent: bytes, open_: list[socket.socket]) -> None:
    one = socket.create_connection(("127.0.0.1", receiver.port()), timeout=20)
    open_.append(one)
    with contextlib.suppress(OSError):  # it may have given way already
        one.sendall(sent)


@pytest.mark.parametrize("name", SLOW)
def test_a_well_behaved_sender_gets_through_a_full_house(start, name):
    """More attackers than places hold on, and another one comes before each request."""
    receiver = start(**FEW)
    with held(receiver, SLOW[name], 40) as open_:
        for number in range(20):
            attack(receiver, SLOW[name], open_)
            assert receiver.post(traces(f"{number:02}").SerializeToString())[0] == 200
    assert kept(receiver.folder) == [f"{number:02}" for number in range(20)]
    assert receiver.stop().count(" gave way\n") == 1
    assert len([line for line in receiver.said if "gave way" in line]) <= 2  # one a kind and minute


def test_a_well_behaved_sender_gets_through_all_kinds_at_once(start):
    receiver = start(**FEW)
    with contextlib.ExitStack() as stack:
        open_ = stack.enter_context(held(receiver, b"", 0))
        for sent in SLOW.values():
            stack.enter_context(held(receiver, sent, 10))
        for number in range(10):
            for sent in SLOW.values():
                attack(receiver, sent, open_)
            assert receiver.post(traces(str(number)).SerializeToString())[0] == 200
    assert kept(receiver.folder) == [str(number) for number in range(10)]


def test_a_body_at_a_good_pace_is_not_interrupted_by_a_flood(start, monkeypatch):
    monkeypatch.setattr("obskit.receive.crowd.WINDOW", 600.0)  # however slow the machine
    receiver = start(**FEW, pace=10)
    body = traces("large", size=400_000).SerializeToString()
    step = len(body) // 9
    here = ("127.0.0.1", receiver.port())
    with (
        held(receiver, SLOW["slow bodies"], 30) as open_,
        socket.create_connection(here, timeout=20) as connection,
    ):
        connection.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(body))
        for at in range(0, len(body), step):
            connection.sendall(body[at : at + step])
            assert receiver.post(b"")[0] == 200  # what was sent before is read by now
            for _ in range(12):
                attack(receiver, SLOW["slow bodies"], open_)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert kept(receiver.folder) == ["large"]


def test_who_gives_way_is_asked_to_come_again(start):
    receiver = start(requests=1)
    body = traces("a").SerializeToString()
    with held(receiver, HEAD + b"content-length: 10\r\nexpect: 100-continue\r\n\r\n", 1) as (slow,):
        assert slow.recv(100).startswith(b"HTTP/1.1 100 ")
        assert receiver.post(body)[0] == 200
        answer = slow.recv(1000)
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"retry-after: 1\r\n" in answer
    assert kept(receiver.folder) == ["a"]
    notice = "the limit of requests (1) is reached: an idle or slow sender gave way to another"
    assert receiver.said.count(notice) == 1
    assert receiver.stop().splitlines()[0] == (
        "received 1 span and 0 log records in 1 request; refused requests: 1 with 429; "
        "1 idle or slow sender gave way"
    )


def test_slow_bodies_do_not_keep_the_memory_of_all(start, monkeypatch):
    monkeypatch.setattr("obskit.receive.crowd.WINDOW", 0.05)
    receiver = start(request=1 << 20, flight=1 << 20)
    with held(receiver, HEAD + b"content-length: 1000000\r\n\r\n" + bytes(500_000), 2) as slow:
        done, answers = threading.Event(), []

        def send() -> None:
            while not done.is_set():
                answers.append(receiver.post(traces("a", size=300_000).SerializeToString())[0])
                if answers[-1] != 429:
                    done.set()

        sending = threading.Thread(target=send)
        sending.start()
        sending.join(20)  # far less than the 60 s that a body has
        done.set()
        assert answers[-1] == 200
        first = select.select(slow, [], [], 20)[0][0]
        assert first.recv(100).startswith(b"HTTP/1.1 429 ")
