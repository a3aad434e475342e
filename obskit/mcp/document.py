"""An answer before it is fitted into a budget: facts, and items in order of importance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from obskit.mcp.values import shown

CHARACTERS = 300
"""Characters that are kept of each text, unless a call asks for more."""


@dataclass(frozen=True)
class Item:
    """One thing that a reply shows or leaves out as a whole.

    Attributes:
        text: lines for a reader; escaped and cut already.
        data: the same as values that JSON can hold; escaped and cut already.
    """

    text: str
    data: Any


@dataclass(frozen=True)
class Section:
    """Items of the same kind.

    Attributes:
        name: the key in the structured content.
        items: what matters most comes first.
        columns: if given, each item's data is a list with these columns, and its text has them in order.
    """

    name: str
    items: Sequence[Item]
    columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Document:
    """A complete answer.

    Attributes:
        tool: the name of the tool.
        facts: what every page of the answer begins with; short. Their names are not those of sections.
        sections: the items; sections that matter most come first.
        query: the Python call that returns the answer.
        dataset: `rows` and `fingerprint`.
        first: the most items of the first page; further ones only matter to those who ask for them. None for
            no limit.
    """

    tool: str
    facts: Mapping[str, Any]
    sections: Sequence[Section]
    query: str = ""
    dataset: Mapping[str, Any] = field(default_factory=dict)
    first: int | None = None

    @property
    def total(self) -> int:
        """The number of items."""
        return sum(map(len, self.sections))

    @property
    def characters(self) -> int:
        """The characters of all items' texts."""
        return sum(len(item.text) for section in self.sections for item in section.items)


def split_sections(sections: Sequence[Section], most: Mapping[str, int]) -> tuple[list[Section], int]:
    """Move the items of long sections that matter least to the end.

    Args:
        sections: in order of importance.
        most: section -> the items that stay where they are; all of the others do.

    Returns:
        The sections, with those that were split twice; and the number of items before the moved ones.
    """
    first, rest = [], []
    for section in sections:
        keep = most.get(section.name, len(section))
        first.append(Section(section.name, section.items[:keep], section.columns))
        rest.append(Section(section.name, section.items[keep:], section.columns))
    return [*first, *(part for part in rest if len(part))], sum(map(len, first))


def notes_section(notes: Sequence[str]) -> Section:
    """Return the notes of a result as a section; they are items, so that none is lost to the budget."""
    texts = [shown(note, 2 * CHARACTERS) for note in notes]
    return Section("notes", [Item(text, text) for text in texts])


def table_section(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], characters: int = CHARACTERS
) -> Section:
    """Return rows as a section.

    Args:
        name: the name of the section.
        columns: their names, from the data or ours.
        rows: values in the order of the columns.
        characters: characters to keep of each text.

    Returns:
        The section; in text, values are separated by ` | `, and a missing one is empty.
    """
    items = []
    for row in rows:
        data = [shown(value, characters) for value in row]
        items.append(Item(" | ".join(map(cell, data)), data))
    return Section(name, items, tuple(shown(column, CHARACTERS) for column in columns))


def cell(value: Any) -> str:
    """Return one value of a row as text; a missing one is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # An empty text is not a missing one, and a bar in a value is not the end of a column.
        return f"'{value}'" if not value.strip() or " | " in value else value
    if isinstance(value, list):
        return f"[{', '.join(map(cell, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {cell(item)}" for key, item in value.items()) + "}"
    return str(value)
