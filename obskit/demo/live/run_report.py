"""Say what went wrong in a live run: the explanations of its events, and the verdict on the canary."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obskit.demo.live.client import Client
from obskit.demo.live.watching import Watcher
from obskit.display import formatting
from obskit.errors import EmptySelection
from obskit.events import Events, load
from obskit.explain import Explanation
from obskit.text import pluralize, safe

_TITLES = {"canary": "Slow bookings since the canary", "fault": "Payments that fail"}
_MOST_FINDINGS = 3


@dataclass(frozen=True)
class RunReport:
    """The requests of a live run, and the explanations of what went wrong.

    Attributes:
        path: folder of the events.
        sent: number of requests sent; fewer than `wanted` if the machine could not keep up.
        wanted: number of requests to send.
        statuses: HTTP status or exception type -> number of requests.
        events: number of events loaded.
        planted: what went wrong, as in `planted.json` next to the events.
        explanations: one for each entry of `planted`; None if no event matches its selection.
        watched: the verdict on the canary that was taken while it ran.
    """

    path: Path
    sent: int
    wanted: int
    statuses: dict[str, int]
    events: int
    planted: list[dict[str, Any]]
    explanations: list[Explanation | None]
    watched: Watcher

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-safe dict."""
        return {
            "path": str(self.path),
            "requests": {"sent": self.sent, "wanted": self.wanted, "statuses": self.statuses},
            "events": self.events,
            "planted": self.planted,
            "explanations": [found and found.to_dict() for found in self.explanations],
            "verdict": self.watched.verdict and self.watched.verdict.to_dict(),
            "judged": self.watched.times,
        }

    def __str__(self) -> str:
        answers = ", ".join(f"{count:,} x {status}" for status, count in self.statuses.items())
        lines = [
            f"{pluralize(self.sent, 'request')} ({answers or 'none'}) made {pluralize(self.events, 'event')}"
        ]
        if self.sent < self.wanted:
            missing = pluralize(self.wanted - self.sent, "request was", "requests were")
            lines.append(f"{missing} not sent: this machine could not keep up")
        for planted, explanation in zip(self.planted, self.explanations, strict=True):
            lines += ["", *_answer_lines(self.path, planted, explanation)]
        lines += ["", *_verdict_lines(self.path, self.watched)]
        return "\n".join([*lines, "", f"what was planted: {self.path / 'planted.json'}"])


def analyze_run(folder: Path, client: Client, planted: list[dict[str, Any]], watched: Watcher) -> RunReport:
    """Load what the services wrote and explain each thing that went wrong."""
    events = load(folder)
    return RunReport(
        path=folder,
        sent=client.sent,
        wanted=client.wanted,
        statuses=dict(sorted(client.statuses.items())),
        events=events.scope.dataset.rows,
        planted=planted,
        explanations=[_explain_or_none(events, asked) for asked in planted],
        watched=watched,
    )


def _explain_or_none(events: Events, asked: dict[str, Any]) -> Explanation | None:
    try:
        return events.explain(asked["selection"], where=asked["where"], during=asked["during"])
    except EmptySelection:  # the load ended before it happened
        return None


def _verdict_lines(folder: Path, watched: Watcher) -> list[str]:
    found = watched.verdict
    if found is None or found.window is None:
        return ["The canary was not judged: it answered too few requests"]
    alarm = f", worse since {formatting.time(watched.alarm)}" if watched.alarm is not None else ""
    typed = " ".join(f"{name} {value}" for name, value in watched.options.items())
    lines = [
        f"The verdict on the canary while it ran, judged {pluralize(watched.times, 'time')}{alarm}:",
        f"    {safe(found.headline())}",
        f"    {pluralize(found.looks, 'look')} of {watched.step} s until {formatting.time(found.window[1])}",
    ]
    lines += [f"    worse for {safe(one.condition)}" for one in found.slices[:_MOST_FINDINGS]]
    return [*lines, f"    obskit judge {shlex.quote(str(folder))} {typed}"]


def _answer_lines(folder: Path, planted: dict[str, Any], explanation: Explanation | None) -> list[str]:
    if explanation is None:
        return [f"{_TITLES[planted['id']]}: none in the events"]
    slow, others = explanation.selection["events"], explanation.baseline["events"]
    # Double quotes are enough: these conditions contain nothing that a shell expands inside them.
    typed = f'--select "{planted["selection"]}" --where "{planted["where"]}" --during {planted["during"]}'
    lines = [f"{_TITLES[planted['id']]}, {slow:,} of {slow + others:,}; they differ from the others by:"]
    for rank, finding in enumerate(explanation.findings[:_MOST_FINDINGS], 1):
        lines.append(f" {rank}. {finding.condition}")
        shares = formatting.share(finding.selected_share), formatting.share(finding.baseline_share)
        lines.append("    {} of these, {} of the others".format(*shares))
    if not explanation.findings:
        lines.append("    nothing significant")
    return [*lines, f"    obskit explain {shlex.quote(str(folder))} {typed}"]
