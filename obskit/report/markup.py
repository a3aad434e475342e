"""Read somebody else's HTML as nodes, keep what only shows something, and write it again.

Elements and attributes are kept by a list. Scripts, forms, frames and everything that loads from elsewhere
are left out: a picture must be a `data:` URI, a link must be http or https, and styles may name no address.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from obskit.report.blocks import Markup, Node

_TAG_NAMES = """
    a abbr b br caption code col colgroup dd del details div dl dt em figcaption figure h1 h2 h3 h4
    h5 h6 hr i img kbd li mark ol p pre s section small span strong style sub summary sup svg g
    path rect line circle text tspan title polyline polygon table tbody td tfoot th thead tr u ul
    var
"""
_TAGS = frozenset(_TAG_NAMES.split())
_VOID = frozenset({"br", "col", "hr", "img"})
_DROPPED_NAMES = """
    script iframe object embed noscript template form input button select textarea math head link
    meta base audio video canvas foreignobject use image animate set
"""
_DROPPED = frozenset(_DROPPED_NAMES.split())
_ATTRIBUTE_NAMES = """
    alt aria-hidden aria-label class colspan cx cy d fill fill-opacity height href open points r
    role rowspan rx ry scope src stroke stroke-dasharray stroke-width style text-anchor title
    transform viewbox width x x1 x2 y y1 y2 font-size dominant-baseline preserveaspectratio opacity
"""
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_CASED = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+\Z")
_STYLE_LOADS = re.compile(
    r"url\s*\(|@import|expression\s*\(|\\|</|image-set|position\s*:\s*(?:fixed|sticky)", re.IGNORECASE
)
_ENDED_BY = {"td": ("td", "th"), "th": ("td", "th"), "tr": ("tr",), "li": ("li",), "p": ("p",)}
_HOLDERS = frozenset(("table", "ul", "ol", "details", "div", "section"))
DEEPEST = 200


class _Reader(HTMLParser):
    """Builds nodes; `left_out` counts elements that are not kept."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root: list[Any] = []
        self._open: list[tuple[str, dict[str, str], list[Any]]] = []
        self._skipping: list[str] = []
        self.left_out = 0

    @property
    def _children(self) -> list[Any]:
        return self._open[-1][2] if self._open else self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipping:
            if tag == self._skipping[0]:
                self._skipping.append(tag)
            return
        if tag in _DROPPED:
            self.left_out += 1
            if tag not in ("input", "link", "meta", "base", "embed", "use", "image"):
                self._skipping.append(tag)
            return
        if tag not in _TAGS or len(self._open) >= DEEPEST:
            return
        kept = {name: value or "" for name, value in attrs if _is_kept(name, value or "")}
        if tag == "img" and "src" not in kept:
            self.left_out += 1
            return
        self._close_implied(tag)
        if tag in _VOID:
            self._children.append(Node(tag, kept))
        else:
            self._open.append((tag, kept, []))

    def _close_implied(self, tag: str) -> None:
        """Close the cell, row or item that the beginning of the next one ends."""
        ends = _ENDED_BY.get(tag, ())
        for at in range(len(self._open) - 1, -1, -1):
            opened = self._open[at][0]
            if opened in ends:
                while len(self._open) > at:
                    self._close()
                return
            if opened in _HOLDERS:
                return

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag == self._skipping[0]:
                self._skipping.pop()
            return
        if not any(tag == opened for opened, _, _ in self._open):
            return
        while self._open:
            opened = self._open[-1][0]
            self._close()
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._children.append(data)

    def _close(self) -> None:
        tag, attributes, children = self._open.pop()
        if tag == "style" and _STYLE_LOADS.search("".join(map(str, children))):
            self.left_out += 1
            return
        self._children.append(Node(tag, attributes, children))

    def finish(self) -> list[Any]:
        self.close()
        while self._open:
            self._close()
        return self.root


def read_markup(text: str) -> tuple[Markup, int]:
    """Read HTML and keep what is allowed.

    Args:
        text: HTML, well-formed or not.

    Returns:
        What is kept, and how many elements were left out because they act or load something.
    """
    reader = _Reader()
    reader.feed(text)
    nodes = reader.finish()
    return Markup(nodes), reader.left_out


def write_markup(nodes: Sequence[Any], styles: set[str]) -> str:
    """Return nodes as HTML.

    Args:
        nodes: nodes and text; all text is escaped.
        styles: the style sheets that the page has already; those of the nodes are added, and not repeated.

    Returns:
        HTML.
    """
    return "".join(_write(node, styles) for node in nodes)


def _write(node: Any, styles: set[str]) -> str:
    if isinstance(node, str):
        return html.escape(node)
    if node.tag == "style":
        sheet = text_of_style(node)
        if sheet in styles:
            return ""
        styles.add(sheet)
        return f"<style>{sheet}</style>"
    attributes = "".join(
        f' {_CASED.get(name, name)}="{html.escape(value)}"' for name, value in node.attributes.items()
    )
    if node.tag == "a":
        attributes += ' rel="noopener noreferrer nofollow"'
    if node.tag in _VOID:
        return f"<{node.tag}{attributes}>"
    inner = "".join(_write(child, styles) for child in node.children)
    return f"<{node.tag}{attributes}>{inner}</{node.tag}>"


def text_of_style(node: Node) -> str:
    """Return the style sheet of a `style` element."""
    return "".join(child for child in node.children if isinstance(child, str))


def _is_kept(name: str, value: str) -> bool:
    if name not in _ATTRIBUTES:
        return False
    if name == "href":
        return value.strip().lower().startswith(("http://", "https://"))
    if name == "src":
        return _PICTURE.match(value.strip()) is not None
    if name in ("style", "fill", "stroke"):
        return _STYLE_LOADS.search(value) is None
    return True
