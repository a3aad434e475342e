"""The tab of fields: small distributions of the selection and the baseline, the most different first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from obskit.display import formatting
from obskit.engine import format_condition
from obskit.explorer import calls
from obskit.explorer.panels.answer import MOST_TEXT, Panel, for_page, note
from obskit.explorer.state import InvestigationState
from obskit.explorer.view import by_weight
from obskit.text import pluralize, safe

MOST_FIELDS = 40


def answer(events: Any, state: InvestigationState, units: str | None) -> Panel:
    """Return the distributions of the fields that differ most.

    Args:
        events: the events, narrowed by the conditions of the state.
        state: what is shown.
        units: condition of the events that are drawn; `distributions` finds it itself.
    Returns:
        Panel; `view` has `fields` of {name, difference, certain, bars}, a bar being {text, menu, condition,
        selected, baseline} with [share, low, high] for each side.
    """
    call = calls.fields(state)
    if call is None:
        return note("fields", "Draw a box to compare each field inside it with the baseline.")
    found = call.run(events, units)
    items: list[Mapping[str, Any]] = []
    fields = []
    for field in found.fields[:MOST_FIELDS]:
        bars = []
        for bar in field.bars:
            shown: dict[str, Any] = {"text": _text(bar.item, bar.label)}
            if bar.item is not None:
                items.append(bar.item)
                shown |= {"menu": len(items) - 1, "condition": for_page(format_condition([bar.item]))}
            for side in ("selected", "baseline"):
                shown[side] = [round(value, 5) for value in getattr(bar, side)]
            bars.append(shown)
        certain = field.difference_low > 0
        fields.append(
            {
                "name": field.name,
                "certain": certain,
                "text": f"differs by at least {formatting.share(field.difference_low)}"
                if certain
                else "no difference beyond chance",
                "note": field.note,
                "bars": bars,
            }
        )
    more = len(found.fields) - len(fields)
    notes = [*map(str, found.notes), *([f"{pluralize(more, 'more field')} differ less"] if more > 0 else [])]
    view = {
        "tab": "fields",
        "fields": fields,
        "selected": f"{formatting.count(found.selected)}{by_weight(events)}",
        "baseline": f"{formatting.count(found.baseline)}{by_weight(events)}",
        "notes": notes,
    }
    return Panel(view, items, (call,))


def _text(item: Mapping[str, Any] | None, label: str) -> str:
    shown = safe(label if item is None or item["op"] != "missing" else "(missing)")
    return shown if len(shown) <= MOST_TEXT else shown[: MOST_TEXT - 1] + "…"
