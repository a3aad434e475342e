"""`checks`: run a file of checks on events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from obskit.checks.file import read_checks
from obskit.checks.outcome import Outcome
from obskit.checks.result import Checks, table_of
from obskit.delivery.inputs import scope_of
from obskit.errors import ConditionError, InvalidArgument, ObskitError, UnknownField, UnknownFunction
from obskit.query.output import dataset_of, merge_notes


def checks(events: Any, file: str | Path) -> Checks:
    """Run the checks of a file on events: objectives, costs, queries with bounds, and verdicts.

    Args:
        events: events, or paths of files.
        file: a TOML file; see `docs/checks.md`.

    Returns:
        Checks: one row per check and thing that it is about; `.word` is "ok", "violated" or "no data".

    Raises:
        NoSuchPath, ReadError: a file cannot be read.
        InvalidArgument: the file of checks is not valid.
        ConditionError, UnknownField, UnknownFunction: a check's condition or calculation is not valid.

    Example:
        from pathlib import Path

        Path("checks.toml").write_text(
            '''version = 1

            [[objective]]
            name = "book answers"
            where = "http.route = '/book'"
            good = "not error and duration_ms < 2000"
            objective = 0.9
            window = "1d"
            '''
        )
        print(ok.checks(events, "checks.toml").word)
    """
    found = read_checks(file)
    scope = scope_of(events, None)
    outcomes: list[Outcome] = []
    for kind, check in found.checks:
        try:
            outcomes += check.run(scope)
        except (ConditionError, InvalidArgument, UnknownField, UnknownFunction) as error:
            raise _about(error, f"{found.path}: {kind} {check.name!r}") from error
    return Checks(
        kind="checks",
        table=table_of(outcomes),
        query=f"ok.checks(events, {found.path!r})",
        dataset=dataset_of(scope),
        notes=merge_notes(scope.notes, *(one.notes for one in outcomes)),
        file=found.path,
        outcomes=tuple(outcomes),
    )


def _about(error: ObskitError, where: str) -> ObskitError:
    """Return the same error with the check that it is about."""
    return type(error)(f"{where}: {error.message}", hint=error.hint)
