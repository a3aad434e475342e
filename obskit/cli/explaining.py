"""The command `explain`, and the outcomes it suggests where none was named."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from obskit.cli.loading import opened, sample_first
from obskit.cli.terminal import Progress, write, write_json
from obskit.engine import format_condition
from obskit.events import Events
from obskit.explain import Explanation

# What a deployment brings; the first of these that the events have.
_NEWCOMERS = ("service.version", "deployment.id", "container.image.tag")


def explain(arguments: argparse.Namespace) -> None:
    """What distinguishes the events with an outcome from the others."""
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
        lead = "No event failed." if answer is None else "Explained errors, for no outcome was named."
        write(
            "\n".join(
                [("" if answer is None else "\n") + lead + " Outcomes to ask about:", *_lines(suggested)]
            )
        )


def _ask(
    events: Events,
    arguments: argparse.Namespace,
    progress: Progress,
    show: Callable[[Explanation], object] | None = None,
) -> tuple[Explanation | None, list[dict[str, str]]]:
    """Return the explanation, None where no outcome was named and none failed, and the outcomes suggested."""
    suggested = [] if arguments.select else suggestions(events)
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
    width = max((len(row["select"]) for row in suggested), default=0)
    return [
        f'  --select "{row["select"]}"{" " * (width - len(row["select"]))}  {row["why"]}' for row in suggested
    ]


def suggestions(events: Events) -> list[dict[str, str]]:
    """Return up to three outcomes worth an explanation: errors, the slowest, a newcomer.

    Each is a dict of `select`, a condition, and `why`.
    """
    names = set(events.schema.names)
    wanted = {"failed": "share(error) as failed", "slow": "p95(duration_ms) as slow"}
    asked = [wanted[key] for key, field in (("failed", "error"), ("slow", "duration_ms")) if field in names]
    found = _units(events, asked) if asked else {}
    out: list[dict[str, str]] = []
    if found.get("failed"):
        out.append({"select": "error", "why": f"{found['failed']:.2%} of them"})
    if found.get("slow"):
        slow = float(f"{found['slow']:.2g}")
        out.append({"select": f"duration_ms > {slow:g}", "why": "the slowest twentieth"})
    newcomer = next((name for name in _NEWCOMERS if name in names), None)
    if newcomer and "timestamp" in names:
        first = events.query(
            "min(timestamp) as first", by=newcomer, order="first desc", limit=1, where=_some(newcomer)
        )
        for row in first.to_dict()["rows"]:
            condition = format_condition([{"field": newcomer, "op": "=", "value": row[newcomer]}])
            out.append({"select": condition, "why": f"the newest {newcomer}"})
    return out[:3]


def _units(events: Events, calculations: list[str]) -> dict[str, Any]:
    """Calculate over units of work, or over all events where there are none."""
    condition, _ = events.scope.units()
    (row,) = events.query(*calculations, where=condition).to_dict()["rows"]
    return dict(row)


def _some(field: str) -> str:
    return format_condition([{"field": field, "op": "between", "low": None, "high": None}])
