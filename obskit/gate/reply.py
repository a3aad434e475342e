"""The response of each route, from the last look at a question.

| route | status |
|---|---|
| `/judge` | always 200; the verdict is in the document |
| `/flagger/advance` | 200 for `pass`, else 409: Flagger waits |
| `/flagger/rollback` | 200 for `regress`, else 409: Flagger does not roll back |

A verdict that is older than three looks is `error`, and a `pass` for a candidate that has stopped answering
requests is `no_data`: neither may move a deployment forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from obskit.errors import ObskitError
from obskit.gate.looks import Asked, Look, too_old
from obskit.gate.question import Question
from obskit.gate.settings import LOOKS, Settings
from obskit.judge.verdict import SCHEMA

JUDGE, ADVANCE, ROLLBACK = "/judge", "/flagger/advance", "/flagger/rollback"
ROUTES: Mapping[str, str | None] = {JUDGE: None, ADVANCE: "pass", ROLLBACK: "regress"}
"""Path -> the only word that gets status 200; None if all do."""

MOST_SLICES = 3
_COPIED = ("evidence", "service", "environment", "window", "looks", "alpha", "needed", "notes", "reproduce")
_CRITERION = ("name", "word", "ratio", "low", "high", "margin", "since")


@dataclass(frozen=True)
class Reply:
    """A response: its status and its JSON document."""

    status: int
    document: dict[str, Any]


def reply(path: str, question: Question, asked: Asked, settings: Settings, now: float) -> Reply:
    """Return the response to a question.

    Args:
        path: one of `ROUTES`.
        question: what was asked.
        asked: its last look.
        settings: how often the gate looks, and how long a candidate may be idle.
        now: on the clock of the looks, in seconds.

    Returns:
        The response.
    """
    document = _document(question, asked, settings, now)
    return Reply(_status(path, document["verdict"]), document)


def reply_to_error(path: str, error: ObskitError) -> Reply:
    """Return the response to a request that does not ask a valid question: `error`, or status 400.

    Args:
        path: one of `ROUTES`.
        error: what is wrong with the request.

    Returns:
        The response.
    """
    sentence = f"{error.message} (hint: {error.hint})" if error.hint else error.message
    return Reply(200 if path == JUDGE else 400, _head("error", sentence))


def first_step(found: Reply, asked: Asked) -> Reply:
    """Return status 200 once while no event is of the candidate: it gets no requests before the first step.

    A version that is deployed again, after that, gets its first step again.

    Args:
        found: the response of `/flagger/advance` without this permission.
        asked: the state of the question, which remembers when the step was allowed.

    Returns:
        The response.
    """
    look = asked.look
    if look is None or not look.absent or found.document["verdict"] != "no_data":
        return found
    if asked.stepped is not None and (look.redeployed is None or look.redeployed <= asked.stepped):
        return found
    now = datetime.now(UTC)
    # The clock that recorded the deployment may be ahead of this one.
    asked.stepped = now if look.redeployed is None else max(now, look.redeployed)
    return Reply(200, {**found.document, "first_step": "allowed"})


def _status(path: str, word: str) -> int:
    wanted = ROUTES[path]
    return 200 if wanted is None or word == wanted else 409


def _document(question: Question, asked: Asked, settings: Settings, now: float) -> dict[str, Any]:
    every = settings.every.total_seconds()
    look = asked.look
    asks = {"service": question.service, "candidate": {"value": question.candidate}}
    if look is None:
        waited = now - asked.since
        if too_old(waited, every):
            return {**_head("error", f"There is no verdict after {_time(waited)}."), **asks}
        return {**_head("no_data", "The first verdict is still being computed."), **asks}
    age = {"age_s": round(now - look.read, 1), "every_s": every}
    if look.document is None:
        return {**_head("error", look.problem or "There is no verdict."), **asks, **age}
    judged = {**_summary(look.document), **age, "newest_request": _iso(look.newest), "problem": asked.unread}
    if too_old(now - look.read, every):
        why = f"The last verdict is {_time(now - look.read)} old, more than {LOOKS} looks."
        why = f"{why} {asked.unread}" if asked.unread else why
        return _replaced("error", why, judged)
    if judged["verdict"] == "pass" and (silent := _idle(look, settings)):
        return _replaced("no_data", silent, judged)
    return judged


def _idle(look: Look, settings: Settings) -> str | None:
    """Return why a pass no longer says anything about the candidate; None if it does."""
    if settings.idle is None:
        return None
    if look.newest is None:
        return "The candidate's newest request has no time."
    silent = (datetime.now(UTC) - look.newest).total_seconds()
    if abs(silent) <= settings.idle.total_seconds():
        return None
    when = f"{_time(abs(silent))} {'old' if silent > 0 else 'in the future'}"
    return f"The candidate's newest request is {when}, so a pass may no longer hold (--idle)."


def _head(word: str, sentence: str) -> dict[str, Any]:
    return {"kind": "verdict", "schema": SCHEMA, "verdict": word, "sentence": sentence}


def _replaced(word: str, sentence: str, judged: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with another word, and the word and sentence that it had."""
    last = {"verdict": judged["verdict"], "sentence": judged["sentence"]}
    return {**judged, **_head(word, sentence), "last": last}


def _summary(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a pipeline needs of a verdict: Argo Rollouts stores all of it with every measurement."""
    arms = {
        arm: None if document[arm] is None else {name: document[arm][name] for name in ("value", "rows")}
        for arm in ("baseline", "candidate")
    }
    return {
        **_head(document["verdict"], document["sentence"]),
        **{name: document[name] for name in _COPIED},
        **arms,
        "criteria": [{name: one.get(name) for name in _CRITERION} for one in document["criteria"]],
        "slices": document["slices"][:MOST_SLICES],
    }


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
