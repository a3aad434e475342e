"""What a report is made of, before it becomes HTML or Markdown: blocks that hold plain text, never HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Heading:
    """A heading; `level` is 1 to 4."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Prose:
    """Text in Markdown."""

    text: str


@dataclass(frozen=True)
class Pre:
    """Lines that are shown as they are; `folded` under a summary of one line, if it is given."""

    text: str
    folded: str | None = None


@dataclass(frozen=True)
class Table:
    """A table; cells are text, and columns in `numeric` are aligned and sorted as numbers.

    `sort_keys` has for each row the values to sort by, where they differ from the text.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: Sequence[str] = ()
    numeric: frozenset[int] = frozenset()
    sort_keys: Sequence[Sequence[float | None]] = ()


@dataclass(frozen=True)
class Node:
    """An element of somebody else's HTML that passed the list of allowed ones; children are text or nodes."""

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: Sequence[Any] = ()


@dataclass(frozen=True)
class Markup:
    """Somebody else's HTML, as nodes that may be shown."""

    nodes: Sequence[Node | str]


@dataclass(frozen=True)
class Picture:
    """A bitmap as base64."""

    mime: str
    data: str
    alt: str


@dataclass(frozen=True)
class Figure:
    """A chart that the page draws: lines, bars, or a grid of cells.

    `traces` are {"type": "line" or "bar", "name", "x", "y"} or {"type": "grid", "x", "y", "z"}; `marks` are
    {"at", "label"} on the x axis; x is in ISO 8601 where `time`.
    """

    title: str
    traces: Sequence[Mapping[str, Any]]
    time: bool = False
    x_title: str = ""
    y_title: str = ""
    log_y: bool = False
    marks: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Choice:
    """Several answers of which the reader picks one: (title, blocks) of each."""

    label: str
    options: Sequence[tuple[str, Sequence[Block]]]


@dataclass(frozen=True)
class Section:
    """Blocks that can be folded under their heading."""

    title: str
    blocks: Sequence[Block]


Block: TypeAlias = "Heading | Prose | Pre | Table | Markup | Picture | Figure | Choice | Section"


@dataclass(frozen=True)
class Document:
    """A report: its title, what it is about in (name, value) pairs, and its blocks."""

    title: str
    facts: Sequence[tuple[str, str]]
    blocks: Sequence[Block]
    notes: Sequence[str] = ()
