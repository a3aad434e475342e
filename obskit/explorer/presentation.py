"""An explanation as the page shows it: text and numbers, ready to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from obskit.display import formatting as words
from obskit.engine import format_condition
from obskit.explorer.panels.answer import for_page
from obskit.text import pluralize, safe

# The key in an explanation, the heading, and whether the list is open at first.
LISTS = (
    ("findings", "What distinguishes the selection", True),
    ("restates", "Restates the selection", False),
    ("describes", "What describes the outcome itself", False),
    ("refinements", "Refinements", False),
)
MOST_ROWS = 20
MOST_SKIPPED = 100
MOST_TEXT = 300

Link = Callable[[str], str | None]


def explanation(found: Mapping[str, Any], link: Link = lambda _: None) -> dict[str, Any]:
    """Return an explanation for the page.

    Args:
        found: `Explanation.to_dict()`.
        link: returns the address of a trace by its id, or None.
    Returns:
        A dict for JSON: `selection` and `baseline` {events, condition}, `history` or None, `lists` of
        {key, title, open, rows}, `skipped`, `skipped_count`, `notes`. All of it is plain text, not HTML.
    """
    lists = []
    for key, title, shown in LISTS:
        rows = list(found.get(key) or ())
        if rows or shown:
            more = f", {MOST_ROWS} shown" if len(rows) > MOST_ROWS else ""
            heading = title if shown else f"{title}: {len(rows):,}{more}"
            cut = [row(finding, link) for finding in rows[:MOST_ROWS]]
            lists.append({"key": key, "title": heading, "open": shown, "rows": cut})
    skipped = list(found.get("skipped") or ())
    history = found.get("history")
    return {
        "selection": _side(found.get("selection")),
        "baseline": _rest(found),
        "history": None if not history else _history(history),
        "lists": lists,
        "skipped": [
            {"field": safe(str(item.get("field"))), "reason": safe(str(item.get("reason")))}
            for item in skipped[:MOST_SKIPPED]
        ],
        "skipped_count": words.count(len(skipped)),
        "notes": [safe(str(note)) for note in found.get("notes") or ()],
    }


def row(finding: Mapping[str, Any], link: Link = lambda _: None) -> dict[str, Any]:
    """Return one finding for the page."""
    items = list(finding.get("conditions") or ())
    examples = finding.get("examples") or {}
    return {
        "chips": [_cut(words.condition(item)) for item in items],
        "conditions": [for_page(format_condition([item])) for item in items],
        "condition": for_page(str(finding.get("condition"))),
        "selected": _bar(finding, "selected"),
        "baseline": _bar(finding, "baseline"),
        "strength": words.strength(finding),
        "note": None if finding.get("note") is None else safe(str(finding["note"])),
        "what_if": words.without(finding.get("what_if")),
        "aliases": [_cut(words.shorten(str(alias))) for alias in finding.get("aliases") or ()],
        "examples": {side: _traces(examples.get(side) or (), link) for side in ("selected", "baseline")},
    }


def summary(found: Mapping[str, Any]) -> str:
    """Return an explanation as a sentence, for people who can't see the bars."""
    findings = list(found.get("findings") or ())
    events = (found.get("selection") or {}).get("events")
    selected = pluralize(events, "event")
    if not findings:
        return f"{selected} selected. Nothing distinguishes {'it' if events == 1 else 'them'} beyond chance."
    first = findings[0]
    name = _cut(words.conjunction(first.get("conditions") or ()))
    rest = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
    return (
        f"{selected} selected. First: {name}, {words.share(first.get('selected_share'))} of the "
        f"selection against {words.share(first.get('baseline_share'))} of the baseline{rest}."
    )


def _side(side: Mapping[str, Any] | None) -> dict[str, str]:
    side = side or {}
    return {"events": words.count(side.get("events")), "condition": safe(words.asked(side))}


def _rest(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the baseline; the rest is called "all others" instead of "not (...)"."""
    baseline, selection = found.get("baseline") or {}, found.get("selection") or {}
    if baseline.get("condition") == f"not ({selection.get('condition')})":
        baseline = {**baseline, "condition": "all others"}
    return _side(baseline)


def _history(history: Mapping[str, Any]) -> str:
    return safe(f"{pluralize(history.get('events'), 'event')}, {history.get('condition')}")


def _bar(finding: Mapping[str, Any], side: str) -> dict[str, Any]:
    share = finding.get(f"{side}_share")
    return {"share": share, "text": words.share(share), "events": f"({words.count(finding.get(side))})"}


def _traces(examples: Sequence[Any], link: Link) -> list[dict[str, str | None]]:
    ids = [item.get("trace_id") if isinstance(item, Mapping) else item for item in examples]
    unique = dict.fromkeys(str(trace) for trace in ids if trace)
    return [{"id": trace, "url": link(trace)} for trace in unique]


def _cut(text: str) -> str:
    shown = safe(text[: MOST_TEXT + 1])
    return shown if len(shown) <= MOST_TEXT else shown[: MOST_TEXT - 1] + "…"
