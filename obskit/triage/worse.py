"""`WorseOutcome`: one outcome of an operation that got worse, and how it is written for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from obskit.display import formatting
from obskit.display.result import plain
from obskit.display.tables import format_cell
from obskit.triage.changes import Change


@dataclass(frozen=True)
class WorseOutcome:
    """What a cause, a repeat and a failing call have in common: what got worse, where and since when."""

    operation: dict[str, Any]
    change: Change
    deployment: str | None

    @property
    def outcome(self) -> str:
        """What got worse: "errors" or "slow"."""
        return self.change.outcome

    @property
    def since(self) -> datetime:
        """The moment at which it changed; `deployment` names the deployment at that moment, if any."""
        return self.change.since

    @property
    def before(self) -> float:
        """The share of events with the outcome before, in [0, 1]."""
        return self.change.before

    @property
    def after(self) -> float:
        """The share of events with the outcome after, in [0, 1]."""
        return self.change.after

    @property
    def events(self) -> float:
        """Events with the outcome in excess of the earlier share."""
        return self.change.events

    def name(self) -> str:
        """Return what got worse for people, such as "booking POST /book"."""
        return operation_name(self.operation)

    def headline(self) -> str:
        """Return one line that says what got worse, by how much and since when."""
        what = "errors"
        if self.change.limit is not None:
            what = f"slower than {format_cell(self.change.limit, b'ms')} (its earlier p95):"
        return (
            f"{self.name()}: {what} "
            f"{formatting.share(self.before)} → {formatting.share(self.after)} since "
            f"{self.deployment + ', ' if self.deployment else ''}{format_cell(self.since)}, "
            f"about {format_cell(round(self.events))} more"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as values that JSON can hold."""
        return {
            "operation": plain(self.operation),
            "outcome": self.outcome,
            "since": plain(self.since),
            "deployment": self.deployment,
            "before": self.before,
            "after": self.after,
            "limit_ms": self.change.limit,
            "events": self.events,
        }


def operation_name(operation: dict[str, Any]) -> str:
    """Return the name of an operation for people, such as "booking POST /book"."""
    return " ".join(str(value) for value in operation.values() if value is not None) or (
        "(no name)" if operation else "all rows"
    )
