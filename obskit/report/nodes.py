"""Read nodes: their text, and the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from obskit.report.blocks import Node

_LINE_TAGS = frozenset(
    ("p", "div", "tr", "li", "br", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "summary")
)

_MOST_SPANNED = 1_000  # columns


def plain_text(nodes: Iterable[Any]) -> str:
    """Return nodes as text: a line per paragraph and row, cells apart."""
    out: list[str] = []

    def visit(node: Any) -> None:
        if isinstance(node, str):
            out.append(re.sub(r"\s+", " ", node))
            return
        if node.tag == "style":
            return
        if node.tag in _LINE_TAGS:
            out.append("\n")
        for child in node.children:
            visit(child)
        if node.tag in ("td", "th"):
            out.append("  ")
        if node.tag in _LINE_TAGS:
            out.append("\n")

    for node in nodes:
        visit(node)
    lines = (line.strip() for line in "".join(out).split("\n"))
    return "\n".join(line for line in lines if line)


def rows_of(children: Sequence[Any]) -> list[list[Node]]:
    """Return the cells of each row of a table, given the children of its element."""
    rows: list[list[Node]] = []
    for child in children:
        if not isinstance(child, Node):
            continue
        if child.tag == "tr":
            rows.append([cell for cell in child.children if isinstance(cell, Node)])
        elif child.tag in ("thead", "tbody", "tfoot"):
            rows += rows_of(child.children)
    return rows


def text_of(node: Any) -> str:
    """Return the text of a node, without markup."""
    if isinstance(node, str):
        return node
    return "" if node.tag == "style" else "".join(text_of(child) for child in node.children)


def names_of(row: Sequence[Node]) -> list[str]:
    """Return the names in a row of headings; one that spans several columns is the name of each."""
    names: list[str] = []
    for cell in row:
        spans = cell.attributes.get("colspan", "1")
        names += [text_of(cell).strip()] * (min(int(spans), _MOST_SPANNED) if spans.isdecimal() else 1)
    return names


def is_inline(node: Any) -> bool:
    """Return whether a node is text within a line: it holds no line, cell or drawing."""
    if isinstance(node, str):
        return True
    blocks = node.tag in _LINE_TAGS or node.tag in ("td", "th", "svg", "style", "ul", "ol", "dl", "details")
    return not blocks and all(map(is_inline, node.children))
