"""Follow the files and judge in the background, one look after the other, in one thread.

A look reads the files as they are, then judges each question that is due. What is kept of a verdict is its
document and when the files were read, not the events.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from obskit.engine import Scope, format_condition
from obskit.errors import InvalidArgument, NoSuchPath, ObskitError
from obskit.events import Events
from obskit.gate.question import Question
from obskit.gate.settings import LOOKS, Settings
from obskit.judge import JudgeArguments, NotJudged, Verdict, find_arms, judge, parse_options
from obskit.query import query

MOST = 32
"""Most questions that are judged again and again."""

FORGET = 30
"""Looks after which a question that nobody asks any more is dropped."""

_Opener = Callable[[], Events]


@dataclass(frozen=True)
class Look:
    """A verdict, and when it was true.

    Attributes:
        document: the verdict as `Verdict.to_dict` returns it; None if it could not be computed.
        problem: why it could not be computed; None if it was.
        read: when the files were read, on the clock of `Looks`, in seconds.
        newest: time of the candidate's newest request; None without one.
        absent: whether no event is of the candidate, or none since it was deployed again.
        redeployed: when it was deployed again, if it is absent since then.
    """

    document: dict[str, Any] | None
    problem: str | None
    read: float
    newest: datetime | None = None
    absent: bool = False
    redeployed: datetime | None = None


@dataclass
class Asked:
    """A question and its last look; times are on the clock of `Looks`.

    Attributes:
        since, last: when it was asked first and last.
        look: the last look; None before the first.
        tried: when the last look began, even if the files could not be read; None before the first.
        unread: why the files could not be read at the last try; None if they could.
        stepped: when the first step was allowed; None if it was not.
        done: whether there is a look.
    """

    since: float
    last: float
    look: Look | None = None
    tried: float | None = None
    unread: str | None = None
    stepped: datetime | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Looks:
    """The questions, and the last look at each.

    Args:
        opener: loads the events for the first time; after that they are refreshed.
        base: the arguments of `judge`; questions replace some of them.
        settings: how often to look, and how long a request waits for the first look.
        say: prints a line for a person.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        opener: _Opener,
        base: JudgeArguments,
        settings: Settings,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opener = opener
        self._base = base
        self._every = settings.every.total_seconds()
        self._patience = settings.patience
        self._say = say
        self._said: str | None = None
        self._events: Events | None = None
        self._asked: dict[Question, Asked] = {}
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="obskit-judge")
        self.clock = clock

    async def last(self, question: Question) -> Asked:
        """Return the last look at a question. If there is none, wait for it, but not longer than `patience`.

        Args:
            question: what to judge from now on.

        Returns:
            The question's state.

        Raises:
            InvalidArgument: too many questions are asked already.
        """
        now = self.clock()
        asked = self._asked.get(question)
        if asked is None:
            self._drop(now)
            if len(self._asked) >= MOST:
                raise InvalidArgument(
                    f"{MOST} deployments are being judged, and no more are judged at once",
                    hint="start another gate, or ask about fewer deployments",
                )
            asked = self._asked[question] = Asked(now, now)
            self._wake.set()
        asked.last = now
        if asked.look is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.done.wait(), self._patience)
        return asked

    async def run(self) -> None:
        """Look at all questions that are due, again and again, until this is cancelled.

        Raises:
            NoSuchPath: the files do not exist at the start.
        """
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._read)  # most of the first look, before it is asked
            while True:
                self._wake.clear()
                self._drop(self.clock())
                if due := [one for one in self._asked if self._due(one) <= 0]:
                    read = self.clock()
                    problem = await loop.run_in_executor(self._thread, self._read)
                    for question in due:
                        await loop.run_in_executor(self._thread, self._look, question, read, problem)
                        if (asked := self._asked.get(question)) is not None:
                            asked.done.set()
                waits = [self._due(one) for one in self._asked]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), max(0.0, min(waits, default=self._every)))
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _due(self, question: Question) -> float:
        """Return the seconds until the next look at a question."""
        tried = self._asked[question].tried
        return 0.0 if tried is None else tried + self._every - self.clock()

    def _drop(self, now: float) -> None:
        for question, asked in list(self._asked.items()):
            if now - asked.last > max(FORGET * self._every, 2 * self._patience):
                del self._asked[question]

    def _read(self) -> str | None:
        """Read the files; return what is wrong if that fails."""
        try:
            self._events = self._opener() if self._events is None else self._events.refresh()
        except Exception as error:
            if self._events is None and isinstance(error, NoSuchPath):
                raise
            self._notice(problem := _problem(error))
            return problem
        return None

    def _look(self, question: Question, read: float, unread: str | None) -> None:
        asked = self._asked.get(question)
        if asked is None:
            return
        asked.tried, asked.unread = read, unread
        if unread is not None or self._events is None:
            if asked.look is None or asked.look.document is None:
                asked.look = Look(None, unread, read)
            return
        try:
            scope, arguments = self._events.scope, question.arguments(self._base)
            verdict = judge(scope, arguments)
            absent, redeployed = _absence(scope, arguments) if verdict.word == "no_data" else (False, None)
            asked.look = Look(verdict.to_dict(), None, read, _newest(verdict), absent, redeployed)
        except Exception as error:
            asked.look = Look(None, _problem(error), read)
            self._notice(_problem(error))

    def _notice(self, problem: str) -> None:
        if problem != self._said:
            self._said = problem
            self._say(problem)


def too_old(age: float, every: float) -> bool:
    """Return whether a look is older than `LOOKS` looks; both are seconds."""
    return age > LOOKS * every


def _newest(verdict: Verdict) -> datetime | None:
    """Return the time of the candidate's newest request, in the judged window or after it."""
    scope: Scope | None = verdict.scope
    if scope is None or verdict.candidate is None:
        return None
    found = query(scope, "max(timestamp) as newest", where=verdict.candidate.condition)
    newest = found.table.column("newest")[0].as_py()
    if not isinstance(newest, datetime):
        return None
    return newest if newest.tzinfo is not None else newest.replace(tzinfo=UTC)


def _absence(scope: Scope, arguments: JudgeArguments) -> tuple[bool, datetime | None]:
    """Return whether no event is of the candidate, whatever its service, environment and kind.

    Nor is one of a candidate that was deployed again and has answered no request since; then the moment of
    that deployment is returned, too.
    """
    where = arguments.candidate_where
    try:
        if where is None:
            where = format_condition([{"field": arguments.by, "op": "=", "value": arguments.candidate}])
        found = query(scope, "rows() as row_count", where=where)
        if not found.table.column("row_count")[0].as_py():
            return True, None
        find_arms(scope, parse_options(scope, arguments))
    except NotJudged as why:
        return why.redeployed is not None, why.redeployed
    except ObskitError:  # such as a field that no event has: it is not known, so no step is allowed
        pass
    return False, None


def _problem(error: Exception) -> str:
    """Return an error as one line."""
    if isinstance(error, ObskitError):
        return error.message
    return f"internal error of obskit: {type(error).__name__}"
