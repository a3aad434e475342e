"""What the events of a live run say, asked as somebody would who knows that bookings hang and cards fail."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obskit.demo.live.client import Client
from obskit.display import formatting as words
from obskit.errors import EmptySelection
from obskit.events import Events, load
from obskit.explain import Explanation
from obskit.text import pluralize

_TITLES = {"canary": "Slow bookings since the canary", "fault": "Payments that fail"}
_MOST_FINDINGS = 3


@dataclass(frozen=True)
class Seen:
    """What a run asked, and what was seen of it.

    Attributes:
        path: folder of the events.
        sent: requests that the client made; fewer than `wanted` where the machine could not keep up.
        wanted: that were to be made.
        statuses: status, or type of what failed -> requests.
        events: rows read back.
        planted: what went wrong, as `planted.json` beside the events has it.
        explanations: of each of these, the answer to its question; None where it did not come to pass.
    """

    path: Path
    sent: int
    wanted: int
    statuses: dict[str, int]
    events: int
    planted: list[dict[str, Any]]
    explanations: list[Explanation | None]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "path": str(self.path),
            "requests": {"sent": self.sent, "wanted": self.wanted, "statuses": self.statuses},
            "events": self.events,
            "planted": self.planted,
            "explanations": [found and found.to_dict() for found in self.explanations],
        }

    def __str__(self) -> str:
        answers = ", ".join(f"{count:,} x {status}" for status, count in self.statuses.items())
        lines = [
            f"{pluralize(self.sent, 'request')} ({answers or 'none'}) made {pluralize(self.events, 'event')}"
        ]
        if self.sent < self.wanted:
            more = pluralize(self.wanted - self.sent, "more was", "more were")
            lines.append(f"{more} not made: this machine could not keep up")
        for planted, explanation in zip(self.planted, self.explanations, strict=True):
            lines += ["", *_answer(self.path, planted, explanation)]
        return "\n".join([*lines, "", f"what was planted: {self.path / 'planted.json'}"])


def look(folder: Path, client: Client, planted: list[dict[str, Any]]) -> Seen:
    """Load what the services wrote and ask for what went wrong."""
    events = load(folder)
    return Seen(
        path=folder,
        sent=client.sent,
        wanted=client.wanted,
        statuses=dict(sorted(client.statuses.items())),
        events=events.scope.dataset.rows,
        planted=planted,
        explanations=[_explained(events, asked) for asked in planted],
    )


def _explained(events: Events, asked: dict[str, Any]) -> Explanation | None:
    try:
        return events.explain(asked["selection"], where=asked["where"], during=asked["during"])
    except EmptySelection:  # the load was cut short before it
        return None


def _answer(folder: Path, planted: dict[str, Any], explanation: Explanation | None) -> list[str]:
    if explanation is None:
        return [f"{_TITLES[planted['id']]}: there were none"]
    slow, others = explanation.selection["events"], explanation.baseline["events"]
    # Double quotes are enough: none of these conditions holds what a shell reads in them.
    typed = f'--select "{planted["selection"]}" --where "{planted["where"]}" --during {planted["during"]}'
    lines = [f"{_TITLES[planted['id']]}, {slow:,} of {slow + others:,}; what sets them apart:"]
    for rank, finding in enumerate(explanation.findings[:_MOST_FINDINGS], 1):
        lines.append(f" {rank}. {finding.condition}")
        shares = words.share(finding.selected_share), words.share(finding.baseline_share)
        lines.append("    {} of these, {} of the others".format(*shares))
    if not explanation.findings:
        lines.append("    nothing, beyond chance")
    return [*lines, f"    obskit explain {shlex.quote(str(folder))} {typed}"]
