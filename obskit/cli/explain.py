"""The command `explain`, and the outcomes that it suggests without `--select`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from typing import Any

from obskit.cli.load import opened, sample_first
from obskit.cli.terminal import Progress, write, write_json
from obskit.events import Events
from obskit.explain import Explanation
from obskit.triage import outcomes

_UNMARKED = "No event is marked as an error (status, error.type, 5xx)."


def explain(arguments: argparse.Namespace) -> None:
    """Print what distinguishes the events with an outcome from the others."""
    sampled = sample_first(arguments, lambda events, progress: _ask(events, arguments, progress)[0])
    with Progress() as progress:
        show = None if sampled or arguments.json else _show_sample
        answer, suggested = _ask(opened(arguments, progress), arguments, progress, show)
    if arguments.json:
        found: dict[str, Any] = {"kind": "suggestions"} if answer is None else answer.to_dict()
        write_json(found | ({"suggestions": suggested} if not arguments.select else {}))
        return
    if answer is not None:
        write(str(answer))
    if not arguments.select:
        lead = _UNMARKED if answer is None else "\nWithout --select, errors were explained."
        if suggested:
            write("\n".join([f"{lead} Outcomes to ask about:", *_lines(suggested)]))
        else:
            write(f"{lead} Name an outcome with --select; obskit info lists the fields.")


def _ask(
    events: Events,
    arguments: argparse.Namespace,
    progress: Progress,
    show: Callable[[Explanation], object] | None = None,
) -> tuple[Explanation | None, list[dict[str, str]]]:
    """Return the explanation and the suggested outcomes; no explanation without an outcome or an error."""
    suggested = [] if arguments.select else outcomes(events.scope)
    selection = arguments.select or (suggested[0]["select"] if _fails(suggested) else None)
    if selection is None:
        return None, suggested
    answer = events.explain(
        selection,
        during=arguments.during,
        baseline=arguments.baseline,
        history=_history(arguments.history),
        fields=arguments.fields,
        population=arguments.population,
        depth=arguments.depth,
        cluster=arguments.cluster,
        thorough=arguments.thorough,
        progress=progress,
        on_sample=show,
    )
    return answer, suggested


def _show_sample(answer: Explanation) -> None:
    write(f"{answer}\n", sys.stderr)


def _history(text: str) -> Any:
    if text.lower() == "none":
        return None
    return "auto" if text.lower() == "auto" else text


def _fails(suggested: list[dict[str, str]]) -> bool:
    return bool(suggested) and suggested[0]["select"] == "error"


def _lines(suggested: list[dict[str, str]]) -> list[str]:
    selects = [_typed(row["select"]) for row in suggested]
    width = max(map(len, selects), default=0)
    return [
        f"  --select {select.ljust(width)}  {row['why']}"
        for select, row in zip(selects, suggested, strict=True)
    ]


def _typed(condition: str) -> str:
    """Return a condition quoted for a shell."""
    return shlex.quote(condition) if set(condition) & set('"$`\\!') else f'"{condition}"'
