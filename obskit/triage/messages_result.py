"""`Messages`: what is new, more frequent or gone since a moment, with where and an example."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from obskit.display import formatting
from obskit.display.result import Result, plain
from obskit.display.tables import UNIT, format_cell, html_page
from obskit.explain import Explanation
from obskit.names import EXCEPTION_FINGERPRINT, TEMPLATE
from obskit.text import pluralize, safe

MOST_SHOWN = 20  # in text
MOST_CHARACTERS = 160  # of a value or an example in text
_KINDS = {TEMPLATE: "message", EXCEPTION_FINGERPRINT: "exception"}
_SHARE = {UNIT: b"share"}


@dataclass(frozen=True)
class Message:
    """A message, an exception, values of a field or instances: new, more frequent, gone or replaced.

    Attributes:
        change: "new", "more" or "gone"; "replaced" for instances that are gone while others are new.
        field: `log.record.template`, `obskit.exception.fingerprint` or another field.
        values: the template, the fingerprint, or the values of the field; one or more.
        condition: text that `where` reads, for the events that have one of the values.
        since: the moment of the change; `deployment` names the deployment at that moment, if any.
        before, after: events before and after the moment.
        share_before, share_after: their share, in [0, 1], of what `share_of` says.
        excess: events in excess of the earlier share; of what is gone, those that are missing.
        first_seen, last_seen: when the first and the last of these events began.
        severity: the severity that at least half of them have or exceed; None where unknown.
        example: the text of the newest one; None for other fields.
        explanation: what sets these events apart from the others; None where it was not looked for.
        also: conditions on other fields that changed in the same way, at the same moment.
        service: the only service that has these values; None if there are several, or it was not looked for.
        exact: False for instances if more than these may have changed, which have too few events to show it.
        until: the last moment at which one of several instances changed, if later than `since`.
        summary: instances in words, such as "6 pods of booking 2.3.7 → 2.4.0"; else empty.
        members: the fields of the instances, one item per field, service, change and moment; else empty.
        share_of: "events" or "messages". Messages are a share of all messages, or of all events where that
            shows a change and the messages don't, because there were hardly any before.
    """

    change: str
    field: str
    values: tuple[Any, ...]
    condition: str
    since: datetime
    deployment: str | None
    before: float
    after: float
    share_before: float
    share_after: float
    excess: float
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    severity: str | None = None
    example: str | None = None
    explanation: Explanation | None = None
    also: tuple[str, ...] = ()
    service: str | None = None
    exact: bool = True
    until: datetime | None = None
    summary: str = ""
    members: tuple[Message, ...] = ()
    share_of: str = "events"

    @property
    def kind(self) -> str:
        """What it is: "message", "exception", "value", or "instances" that come and go with a rollout."""
        return "instances" if self.members else _KINDS.get(self.field, "value")

    @property
    def where(self) -> str | None:
        """The best condition that sets these events apart; None if there is none."""
        if self.explanation is None or not self.explanation.findings:
            return None
        return self.explanation.findings[0].condition

    def headline(self) -> str:
        """Return one line: what changed, how much and since when."""
        at = f" ({self.deployment})" if self.deployment else ""
        since = f"since {format_cell(self.since)}{at}"
        if self.members:
            until = f" until {format_cell(self.until)}" if self.until else ""
            return f"{self.change:4} {since}{until}: {formatting.shorten(self.summary, MOST_CHARACTERS)}"
        shown = formatting.shorten(self._shown, MOST_CHARACTERS)
        shares = f"{formatting.share(self.share_before)} → {formatting.share(self.share_after)}"
        if self.kind == "message" and self.share_of == "events":
            shares += " of all events"
        numbers = f"{format_cell(round(self.before))} → {format_cell(round(self.after))} ({shares})"
        severity = f" {self.severity}" if self.severity else ""
        return f"{self.change:4} {since}: {numbers}{severity} {self.kind}: {shown}"

    @property
    def _shown(self) -> str:
        return str(self.values[0]) if self.kind != "value" else self.condition

    def lines(self) -> list[str]:
        """Return the headline and, indented, what else is known."""
        out = [self.headline()]
        if self.where:
            finding = self.explanation.findings[0] if self.explanation else None
            share = f": {formatting.share(finding.selected_share)} of these" if finding else ""
            out.append(f"    where {formatting.shorten(self.where, MOST_CHARACTERS)}{share}")
        if self.example is not None and self.example != self.values[0]:
            out.append(f"    such as {formatting.shorten(self.example.strip(), MOST_CHARACTERS)}")
        if self.also:
            shown = "; ".join(formatting.shorten(one, MOST_CHARACTERS) for one in self.also[:3])
            more = f"; and {len(self.also) - 3:,} more" if len(self.also) > 3 else ""
            out.append(f"    at the same time: {shown}{more}")
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON can hold."""
        own = [name for name in self.__dataclass_fields__ if name not in ("explanation", "members")]
        return {
            **{name: plain(getattr(self, name)) for name in own},
            "kind": self.kind,
            "where": self.where,
            "members": [member.to_dict() for member in self.members],
            "explanation": self.explanation.to_dict() if self.explanation else None,
        }


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Messages(Result):
    """What is new, more frequent or gone, what matters most first.

    Attributes:
        items: the messages, exceptions and values, in the order of the table.
        verdict: a sentence, if there is nothing; else empty.

    Example:
        print(events.messages(since="2026-05-04T10:00Z"))
    """

    items: tuple[Message, ...] = ()
    verdict: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the table, with the verdict and the explanations."""
        return {
            **super().to_dict(),
            "verdict": self.verdict or None,
            "messages": [item.to_dict() for item in self.items],
        }

    def lines(self, most: int = MOST_SHOWN) -> list[str]:
        """Return the items as lines of text, without the footer.

        Args:
            most: the most items; the others are counted.

        Returns:
            The lines; the verdict if there is no item.
        """
        out = [self.verdict] if self.verdict else []
        for item in self.items[:most]:
            out += item.lines()
        left = len(self.items) - most
        if left > 0:
            out.append(f"… and {pluralize(left, 'other')}: events.messages().items (obskit messages --json)")
        return [safe(line) for line in out]

    def __str__(self) -> str:
        return "\n".join([*self.lines(), "", *map(safe, self.footer())])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_page(self.html_list(), *(f"<p>{html.escape(safe(line))}</p>" for line in self.footer()))

    def html_list(self, most: int = MOST_SHOWN) -> str:
        """Return the items as HTML without a style sheet."""
        if not self.items:
            return f"<p>{html.escape(safe(self.verdict))}</p>"
        parts = []
        for item in self.items[:most]:
            first, *rest = (html.escape(safe(line.strip())) for line in item.lines())
            parts.append(f"<li>{first}{''.join(f'<br>{line}' for line in rest)}</li>")
        return f"<ul>{''.join(parts)}</ul>"


def table_of(items: Sequence[Message]) -> pa.Table:
    """Return the items as a table; units are in the metadata of the columns."""
    time = pa.timestamp("us", "UTC")
    columns: list[tuple[pa.Field, list[Any]]] = [
        (pa.field("change", pa.string()), [item.change for item in items]),
        (pa.field("kind", pa.string()), [item.kind for item in items]),
        (pa.field("field", pa.string()), [item.field for item in items]),
        (pa.field("values", pa.list_(pa.string())), [[str(one) for one in item.values] for item in items]),
        (pa.field("since", time), [item.since for item in items]),
        (pa.field("deployment", pa.string()), [item.deployment for item in items]),
        (pa.field("before", pa.float64()), [item.before for item in items]),
        (pa.field("after", pa.float64()), [item.after for item in items]),
        (pa.field("share_before", pa.float64(), metadata=_SHARE), [item.share_before for item in items]),
        (pa.field("share_after", pa.float64(), metadata=_SHARE), [item.share_after for item in items]),
        (pa.field("share_of", pa.string()), [item.share_of for item in items]),
        (pa.field("severity", pa.string()), [item.severity for item in items]),
        (pa.field("first_seen", time), [item.first_seen for item in items]),
        (pa.field("last_seen", time), [item.last_seen for item in items]),
        (pa.field("where", pa.string()), [item.where for item in items]),
        (pa.field("example", pa.string()), [item.example for item in items]),
        (pa.field("condition", pa.string()), [item.condition for item in items]),
    ]
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for field, values in columns],
        schema=pa.schema([field for field, _ in columns]),
    )
