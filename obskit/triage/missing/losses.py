"""`Loss`: work or telemetry that used to be there and is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from obskit.display import formatting
from obskit.display.result import plain
from obskit.display.tables import format_cell
from obskit.engine import format_condition

MOST_ALIASES = 3
MOST_ALIAS = 100  # characters


@dataclass(frozen=True)
class Loss:
    """Work or telemetry that used to be there.

    Attributes:
        kind: "work", or "telemetry" where the work may go on unseen.
        what: "volume" (events of a slice), "children" (spans that used to follow) or "sampling".
        conditions: the slice, as dicts of `field`, `op` and `value`; empty for all events of `parent`.
        since: when it began.
        deployment: the deployment at that moment, if any.
        before, after: share of the traffic, or of the parents with such a child, in [0, 1]; for sampling,
            the mean sample weight.
        expected, found: events after the moment, had the share stayed, and as they are.
        gone: whether none is left some time after it began.
        parent, child: for children, the operations, field -> value.
        aliases: conditions that hold for the same rows.
        note: what a reader must know, or "".
        until: when it came back; None if it did not. `found` and `expected` are of the time until then.
    """

    kind: str
    what: str
    conditions: tuple[dict[str, Any], ...]
    since: datetime
    deployment: str | None
    before: float
    after: float
    expected: float = 0.0
    found: float = 0.0
    gone: bool = False
    parent: dict[str, Any] | None = None
    child: dict[str, Any] | None = None
    aliases: tuple[str, ...] = ()
    note: str = ""
    until: datetime | None = None

    @property
    def condition(self) -> str:
        """The slice as text that `where` reads; "" for all events."""
        return format_condition(self.conditions) if self.conditions else ""

    @property
    def lost(self) -> float:
        """The events that are missing."""
        return self.expected - self.found

    def headline(self) -> str:
        """Return one line that says what is missing, how much of it and since when."""
        since = f"since {self.deployment + ', ' if self.deployment else ''}{format_cell(self.since)}"
        if self.until is not None:
            since += f" until {format_cell(self.until)}, then back"
        if self.what == "sampling":
            slice_ = self.condition or "all events"
            return (
                f"{slice_}: sampling changed {since}: one event in {self.before:,.3g} was kept, "
                f"now one in {self.after:,.3g}"
            )
        was, now = formatting.share(self.before), formatting.share(self.after)
        about = (
            f"{format_cell(round(self.found))} of about {format_cell(round(self.expected))} expected events"
        )
        if self.what == "children":
            where = f" where {self.condition}" if self.conditions else ""
            return (
                f"{_name(self.parent)}{where}: followed by {_name(self.child)} {was} → {now} {since}, "
                f"about {format_cell(round(self.lost))} missing"
            )
        what = "gone" if self.gone else "fewer"
        return f"{self.condition}: {what} {since}: {about}, {was} → {now} of the traffic"

    def lines(self) -> list[str]:
        """Return the headline and what belongs to it."""
        out = [self.headline()]
        if self.aliases:
            shown = "; ".join(formatting.shorten(alias, MOST_ALIAS) for alias in self.aliases[:MOST_ALIASES])
            more = len(self.aliases) - MOST_ALIASES
            out.append(f"    on the same rows: {shown}{f'; and {more} more' if more > 0 else ''}")
        if self.note:
            out.append(f"    {self.note}")
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__} | {
            "conditions": [plain(item) for item in self.conditions],
            "condition": self.condition,
            "aliases": list(self.aliases),
        }


def _name(operation: dict[str, Any] | None) -> str:
    values = (operation or {}).values()
    return " ".join(str(value) for value in values if value is not None) or "(no name)"
