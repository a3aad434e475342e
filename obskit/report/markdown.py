"""A document as Markdown: for a repository, a ticket or a wiki."""

from __future__ import annotations

import re
from collections.abc import Sequence

from obskit.display import formatting
from obskit.report.blocks import (
    Block,
    Choice,
    Document,
    Figure,
    Heading,
    Markup,
    Picture,
    Pre,
    Prose,
    Section,
    Table,
)
from obskit.report.nodes import plain_text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~!&$])")
MOST_POINTS = 60
"""Most rows of a chart's numbers."""


def markdown(document: Document) -> str:
    """Return a document as Markdown.

    Args:
        document: a document whose texts are clean.

    Returns:
        Markdown; values are escaped, so that none becomes a link, an image or HTML. Pictures are left out.
    """
    facts = Table(("", ""), list(document.facts))
    parts = [f"# {escape(document.title)}", _block(facts, 2), *_blocks(document.blocks, 2)]
    parts += ["## About this report", "\n".join(f"- {escape(note)}" for note in document.notes)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Return text so that Markdown shows it as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _blocks(blocks: Sequence[Block], level: int) -> list[str]:
    return [_block(block, level) for block in blocks]


def _block(block: Block, level: int) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {escape(block.text)}"
        case Prose():
            return _defused(block.text)
        case Pre():
            return _fenced(block.text)
        case Table():
            return _table(block)
        case Markup():
            return _fenced(plain_text(block.nodes))
        case Picture():
            return f"*(picture left out: {escape(block.alt)})*"
        case Section():
            return "\n\n".join([f"{'#' * level} {escape(block.title)}", *_blocks(block.blocks, level + 1)])
        case Choice():
            parts = []
            for title, inner in block.options:
                parts += [f"{'#' * level} {escape(title)}", *_blocks(inner, level + 1)]
            return "\n\n".join(parts)
        case Figure():
            return _figure(block)


def _defused(text: str) -> str:
    """Return Markdown without raw HTML and images, which could load something."""
    return re.sub(r"<(?=[A-Za-z/!?])", r"\\<", text).replace("![", "!\\[")


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _table(table: Table) -> str:
    lines = ["| " + " | ".join(escape(name) or " " for name in table.columns) + " |"]
    lines.append(
        "|" + "|".join(" ---: " if at in table.numeric else " --- " for at in range(len(table.columns))) + "|"
    )
    lines += ["| " + " | ".join(map(escape, row)) + " |" for row in table.rows]
    return "\n".join([*lines, *(f"\n{escape(line)}" for line in table.caption)])


def _figure(figure: Figure) -> str:
    """Return the numbers of a chart as a table."""
    lines = [trace for trace in figure.traces if trace["type"] != "grid"]
    if not lines:
        return f"*({escape(figure.title)}: see the HTML report)*"
    xs = list(dict.fromkeys(str(x) for trace in lines for x in trace["x"]))
    by_trace = [dict(zip(map(str, trace["x"]), trace["y"], strict=False)) for trace in lines]
    step = -(-len(xs) // MOST_POINTS)
    rows = [
        [x, *("" if found.get(x) is None else formatting.number(found[x]) for found in by_trace)]
        for x in xs[::step]
    ]
    columns = [figure.x_title or "x", *(str(trace.get("name") or figure.y_title or "y") for trace in lines)]
    caption = [figure.title] + ([f"one of every {step} points"] if step > 1 else [])
    return _table(Table(columns, rows, caption, frozenset(range(1, len(columns)))))
