"""What a tab shows, and what the menus of its values mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from obskit.display.tables import format_cell
from obskit.engine import format_condition
from obskit.explorer.calls import Call
from obskit.text import safe

MOST_TEXT = 160  # characters of a value
MOST_CONDITION = 10_000  # characters of a condition that the page gets; longer ones stay in Python


@dataclass(frozen=True)
class Panel:
    """The answer of a tab.

    Attributes:
        view: what the page shows, as values for JSON; all text of the data is plain text.
        items: conditions, as findings carry them; the page sends the place of one in this list.
        calls: the calls that were run.
    """

    view: dict[str, Any]
    items: Sequence[Mapping[str, Any]] = ()
    calls: tuple[Call, ...] = field(default=())


def note(tab: str, text: str) -> Panel:
    """Return a panel that only says why there is nothing to show."""
    return Panel({"tab": tab, "empty": text})


def item(name: str, value: Any) -> dict[str, Any]:
    """Return the condition that a field has a value, or none."""
    return {"field": name, "op": "missing"} if value is None else {"field": name, "op": "=", "value": value}


def cell(items: list[Mapping[str, Any]], name: str, value: Any, most: int = MOST_TEXT) -> dict[str, Any]:
    """Return a value with a menu for the page, and add its condition to `items`.

    Args:
        items: the conditions of the panel; the new one is appended.
        name: the field.
        value: its value, None where it is missing.
        most: the most characters that are shown.
    Returns:
        {"text", "menu" (place in `items`), "condition" (for the clipboard; None if it is too long)}.
    """
    items.append(item(name, value))
    return {
        "text": text(value, most),
        "menu": len(items) - 1,
        "condition": for_page(format_condition([items[-1]])),
    }


def for_page(condition: str) -> str | None:
    """Return a condition if it is short enough for the page, else None: one that is cut would be another."""
    return condition if len(condition) <= MOST_CONDITION else None


def text(value: Any, most: int = MOST_TEXT) -> str:
    """Return a value as text for the page, cut where it is long."""
    if value is None:
        return "(missing)"
    if value == "":
        return "''"
    shown = safe(value if isinstance(value, str) else format_cell(value))
    return shown if len(shown) <= most else shown[: most - 1] + "…"
