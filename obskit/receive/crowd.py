"""Who gives way when the receiver is full: idle connections first, then the slowest requests.

If a limit only turned new senders away, a few connections that never end would shut out everyone else. So at
a limit somebody who makes little progress gives way. That sender gets no acknowledgment, and so sends again.
Requests that arrive at a good pace, and those being written, are never interrupted.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Protocol

from obskit.receive.hosts import is_loopback
from obskit.receive.settings import Limits

WINDOW = 0.5
"""Seconds over which progress is measured; nobody younger is called slow."""

QUEUE = 100
"""Most connections that wait for a place while everyone writes."""

GAVE_WAY, TURNED_AWAY = "gave way", "turned away"


class Phase(Enum):
    """What a connection is doing; `WRITING` is validating a request and writing it to disk."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    WRITING = "writing"
    ANSWERING = "answering"
    CLOSING = "closing"


_CLOSING, _IDLE, _SLOW, _YOUNG = range(4)  # who gives way first


class Progress:
    """The phase of a connection, since when, and the bytes of the last one to two windows.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._mark = clock()
        self._bytes = self._earlier = 0
        self.phase = Phase.IDLE
        self.since = self._mark

    def enter(self, phase: Phase) -> None:
        """Begin a phase. The bytes of the head count for the body, too."""
        self.phase = phase
        self.since = self._clock()
        if phase is Phase.IDLE:
            self._bytes = self._earlier = 0

    def add(self, size: int) -> None:
        """Count bytes that arrived."""
        self._roll()
        self._bytes += size

    def pace(self) -> float:
        """Return bytes per second."""
        self._roll()
        return (self._bytes + self._earlier) / WINDOW

    def age(self) -> float:
        """Return the seconds since the phase began."""
        return self._clock() - self.since

    def _roll(self) -> None:
        passed = self._clock() - self._mark
        if passed >= WINDOW:
            self._earlier = self._bytes if passed < 2 * WINDOW else 0
            self._bytes = 0
            self._mark = self._clock()


class Member(Protocol):
    """A connection.

    Attributes:
        progress: what it is doing.
        peer: the address of the other side.
        held: bytes in memory that `interrupt` frees: those of the body that it waits for.
    """

    progress: Progress
    peer: str

    @property
    def held(self) -> int:
        """See above."""

    def interrupt(self) -> None:
        """Refuse the request whose body is being read, free its memory at once, then close the connection."""

    def abort(self) -> None:
        """Close the connection at once."""


class Crowd:
    """All open connections.

    Args:
        limits: `connections`, `peer`, `requests`, `pace`, and `header` for who waits for a place.
        notify: called with `GAVE_WAY` or `TURNED_AWAY` and the limit, whenever that happens to a sender.
    """

    def __init__(self, limits: Limits, notify: Callable[[str, str], None]) -> None:
        self._limits = limits
        self._notify = notify
        self._members: dict[Member, str | None] = {}  # with the group that has a limit of its own
        self._queue: deque[tuple[Member, str | None, asyncio.Future[None]]] = deque()

    @property
    def awaited(self) -> bool:
        """Whether new connections wait for a place: then a connection is closed after its next response."""
        return bool(self._queue)

    def enter(self, member: Member) -> bool:
        """Add a connection.

        Args:
            member: the new one.

        Returns:
            False if there is no place, and nobody gives way now.
        """
        group = peer_group(member.peer)
        same = [one for one, other in self._members.items() if group and other == group]
        if len(same) >= self._limits.peer:
            placed, what = self._abort_one(same), f"connections of one address ({self._limits.peer})"
        elif len(self._members) >= self._limits.connections:
            placed, what = self._abort_one(self._members), f"connections ({self._limits.connections})"
        else:
            placed, what = True, ""
        if placed:
            self._members[member] = group
            if what:
                self._notify(GAVE_WAY, what)
        return placed

    async def wait(self, member: Member) -> bool:
        """Wait until a connection is closed, and take its place.

        Args:
            member: the new one, for which `enter` returned False.

        Returns:
            False if it has no place: nobody left in time, too many wait, or its address has too many.
        """
        group, full = peer_group(member.peer), len(self._members) >= self._limits.connections
        place = asyncio.get_running_loop().create_future()
        waiting = (member, group, place)
        if full and len(self._queue) < QUEUE and self._of(group) < self._limits.peer:
            self._queue.append(waiting)
            try:
                async with asyncio.timeout(self._limits.header):
                    await place
                return True
            except TimeoutError:
                if member in self._members:  # just now
                    return True
            finally:
                if waiting in self._queue:
                    self._queue.remove(waiting)
        self._notify(
            TURNED_AWAY, f"connections ({self._limits.connections}, of one address {self._limits.peer})"
        )
        return False

    def _of(self, group: str | None) -> int:
        queued = sum(other == group for _, other, _ in self._queue)
        return (queued + sum(other == group for other in self._members.values())) if group else 0

    def leave(self, member: Member) -> None:
        """Remove a connection, if it is still there. The one that has waited longest takes its place."""
        self._members.pop(member, None)
        while self._queue and len(self._members) < self._limits.connections:
            new, group, place = self._queue.popleft()
            if not place.done():
                self._members[new] = group
                place.set_result(None)

    def begin(self, member: Member) -> bool:
        """Make room for a request whose body is about to be read.

        Args:
            member: its connection, already in the phase `BODY`.

        Returns:
            False if too many bodies are being read, and nobody gives way.
        """
        others = [one for one in self._members if one is not member and one.progress.phase is Phase.BODY]
        if len(others) < self._limits.requests:
            return True
        slowest = self._slowest(others)
        if slowest is not None:
            slowest.interrupt()
        self._notify(TURNED_AWAY if slowest is None else GAVE_WAY, f"requests ({self._limits.requests})")
        return slowest is not None

    def free(self, size: int) -> bool:
        """Free memory that the bodies of slow requests hold.

        Args:
            size: bytes.

        Returns:
            False if they hold less; then nobody gives way.
        """
        waiting = [one for one in self._members if one.held and one.progress.phase is Phase.BODY]
        slow = [one for one in waiting if self._rank(one) == _SLOW]
        if sum(one.held for one in slow) < size:
            return False
        for one in sorted(slow, key=lambda one: -one.held):
            if size <= 0:
                break
            size -= one.held
            one.interrupt()
            self._notify(GAVE_WAY, f"bodies in memory ({self._limits.flight:,} bytes)")
        return True

    def _abort_one(self, among: Iterable[Member]) -> bool:
        slowest = self._slowest(among)
        if slowest is None:
            return False
        self._members.pop(slowest)  # its place is taken
        slowest.abort()
        return True

    def _slowest(self, among: Iterable[Member]) -> Member | None:
        ranked = [(rank, one) for one in among if (rank := self._rank(one)) is not None]
        return min(ranked, key=lambda of: (of[0], self._order(of)), default=(0, None))[1]

    def _order(self, of: tuple[int, Member]) -> float:
        rank, one = of
        return one.progress.pace() if rank == _SLOW else one.progress.since

    def _rank(self, one: Member) -> int | None:
        """Return who gives way first; None for those who do not."""
        progress = one.progress
        if progress.phase is Phase.CLOSING:
            return _CLOSING
        if progress.phase is Phase.WRITING:
            return None
        young = progress.age() < WINDOW
        if progress.phase is Phase.IDLE:
            return _YOUNG if young else _IDLE
        if progress.pace() >= self._limits.pace and progress.phase is not Phase.ANSWERING:
            return None
        return _YOUNG if young else _SLOW


def peer_group(peer: str) -> str | None:
    """Return what counts as one sender: an address, or an IPv6 network of 64 bits; None for this machine.

    Args:
        peer: an address.

    Returns:
        The key of the sender; None without a limit.
    """
    plain = peer.partition("%")[0]
    if is_loopback(plain):
        return None
    try:
        address = ipaddress.ip_address(plain)
    except ValueError:
        return plain
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return plain
