"""Join the reports of rows that were loaded apart into the report of one load.

A `LoadReport` of one file that is merged into another counts as a part of it. Here the reports are of
stretches of the same load, so remarks that files share are counted on: "a.log and 3 more files: ...".
"""

from __future__ import annotations

from typing import Any

from obskit.schema.message_counts import MessageCounts
from obskit.schema.report import LoadReport, SharedNote


def to_state(report: LoadReport) -> dict[str, Any]:
    """Return a report as JSON-safe values, which `absorb_report` reads."""
    shared = [(*key, note.first, note.last, note.count, note.text) for key, note in report.shared.items()]
    more = {"shared": shared, "starts": report.starts, "messages": report.messages.to_state()}
    return report.to_dict() | more


def absorb_report(report: LoadReport, state: dict[str, Any]) -> None:
    """Add what was counted in rows that come after all others so far.

    Args:
        report: of the load. Conversions of fields (`retyped`) and doubts follow from all rows; they are left
            to the normalizer.
        state: what `to_state` returned for the rows.
    """
    other = LoadReport.from_dict(state | {"messages": None, "retyped": {}, "doubts": [], "notes": []})
    report.merge(other)
    report.messages.merge(MessageCounts.from_state(state["messages"]))
    shared = {
        text: (one, more, SharedNote(first, last, count, text))
        for one, more, first, last, count, text in state["shared"]
    }
    for text in state["notes"]:
        if text in shared:
            report.share(*shared.pop(text))
        elif (start := next(filter(text.startswith, state["starts"]), None)) is not None:
            report.note_first(start, text)
        else:
            report.note(text)
    for left in shared.values():  # there were too many remarks
        report.share(*left)
