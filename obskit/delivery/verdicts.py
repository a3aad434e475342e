"""Verdicts of `judge` as evidence that a deployment failed: from results, or from files of `--json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from obskit.delivery.records import Deployment
from obskit.errors import InvalidArgument, NoSuchPath, ReadError
from obskit.judge import Verdict

_HINT = "obskit judge events/ --candidate 2.4.0 --json > verdict.json"
_LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True)
class Regression:
    """A verdict `regress`.

    Attributes:
        candidate: the version that was judged.
        end: the end of the judged time.
        service, environment: what was judged; None if the verdict does not say.
    """

    candidate: str
    end: datetime
    service: str | None = None
    environment: str | None = None


def read_verdicts(given: Any) -> list[Regression]:
    """Return the regressions among verdicts.

    Args:
        given: a verdict, a path of a file that `obskit judge --json` wrote, or a sequence of these; None.

    Returns:
        Those whose word is `regress`, in the same order.

    Raises:
        NoSuchPath: there is no such file.
        ReadError: a file is not a verdict.
        InvalidArgument: it is neither a verdict nor a path.
    """
    if given is None:
        return []
    several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    found = []
    for one in several:
        if isinstance(one, Verdict):
            document, where = one.to_dict(), "the verdict"
        elif isinstance(one, (str, Path)):
            document, where = _read(Path(one)), str(one)
        else:
            raise InvalidArgument(
                f"verdicts must be verdicts or paths, got {type(one).__name__}",
                hint="pass events.judge(...), or the path of a file that obskit judge --json wrote",
            )
        regression = _regression(document, where)
        if regression is not None:
            found.append(regression)
    return found


def match(regressions: Sequence[Regression], deployments: Sequence[Deployment]) -> list[int | None]:
    """Return which deployment each regression is about.

    Args:
        regressions: the verdicts.
        deployments: of one environment, in order of their end.

    Returns:
        Per regression the index of the newest deployment of its version that had begun by the end of the
        judged time; None if there is none, or if the verdict names no service and several have the version.
    """
    found: list[int | None] = []
    for one in regressions:
        about = [at for at, deployment in enumerate(deployments) if _is_about(one, deployment)]
        services = {deployments[at].service for at in about}
        found.append(about[-1] if about and len(services) == 1 else None)
    return found


def _is_about(one: Regression, deployment: Deployment) -> bool:
    return (
        deployment.version == one.candidate
        and deployment.begun <= one.end
        and one.service in (None, deployment.service)
        and (one.environment is None or deployment.environment in (None, one.environment))
    )


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > _LARGEST:
            raise ReadError(f"{path} is larger than a verdict can be", hint=_HINT)
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoSuchPath(f"{path} cannot be read: {error.strerror or error}", hint=_HINT) from error
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{path} is not JSON", hint=_HINT) from error


def _regression(document: Any, where: str) -> Regression | None:
    if not isinstance(document, Mapping) or document.get("kind") != "verdict" or document.get("schema") != 1:
        raise ReadError(f"{where} is not a verdict of schema 1", hint=_HINT)
    if document.get("verdict") != "regress":
        return None
    try:
        candidate, (_, end) = document["candidate"]["value"], document["window"]
        moment = datetime.fromisoformat(end)
    except (KeyError, TypeError, ValueError) as error:
        raise ReadError(f"{where} names no candidate, or no time that was judged", hint=_HINT) from error
    names = [document.get("service"), document.get("environment")]
    if not isinstance(candidate, str) or not all(name is None or isinstance(name, str) for name in names):
        raise ReadError(f"{where} has a name that is not text", hint=_HINT)
    return Regression(candidate, moment if moment.tzinfo else moment.replace(tzinfo=UTC), *names)
