"""A file of checks: TOML with a version and one table per check.

Another kind of check is one more entry of `KINDS`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from obskit.checks import bounds, costs, objectives, verdicts
from obskit.checks.options import Options
from obskit.checks.outcome import Check
from obskit.errors import InvalidArgument, NoSuchPath
from obskit.names import nearest
from obskit.text import first_line

VERSION = 1
KINDS: dict[str, Callable[[Options], Check]] = {
    "objective": objectives.parse,
    "cost": costs.parse,
    "query": bounds.parse,
    "verdict": verdicts.parse,
}
"""Name of a table in the file -> what makes a check of an entry."""


@dataclass(frozen=True)
class CheckFile:
    """The checks of a file, in its order.

    Attributes:
        path: the file.
        checks: (kind, check) of each.
    """

    path: str
    checks: tuple[tuple[str, Check], ...]


def read_checks(path: str | Path) -> CheckFile:
    """Read a file of checks.

    Args:
        path: a TOML file.

    Returns:
        The checks.

    Raises:
        NoSuchPath: there is no such file, or it cannot be read.
        InvalidArgument: it is not TOML, or a check is not valid.
    """
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise NoSuchPath(
            f"{path} cannot be read: {error.strerror or error}", hint="--checks takes a TOML file"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            f"{path} is not TOML: {first_line(error)}", hint="see docs/checks.md"
        ) from error
    where = str(path)
    if given.get("version") != VERSION:
        raise InvalidArgument(
            f"{where}: version must be {VERSION}, got {given.get('version')!r}",
            hint=f"write version = {VERSION}",
        )
    checks: list[tuple[str, Check]] = []
    names: set[str] = set()
    for kind, entries in given.items():
        if kind == "version":
            continue
        if kind not in KINDS:
            near = nearest(kind, list(KINDS), n=1) or list(KINDS)
            raise InvalidArgument(
                f"{where}: there is no kind of check {kind!r}", hint=f"did you mean {' or '.join(near)}?"
            )
        for entry in entries if isinstance(entries, list) else [entries]:
            options = Options(kind, entry, where)
            if options.name in names:
                raise options.error("another check has this name", "give each check a name of its own")
            names.add(options.name)
            checks.append((kind, KINDS[kind](options)))
    if not checks:
        raise InvalidArgument(f"{where} has no check", hint=f"begin one with [[{next(iter(KINDS))}]]")
    return CheckFile(where, tuple(checks))
