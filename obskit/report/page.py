"""A document as one HTML file that loads nothing: style and script are in it, and its policy forbids more."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

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
from obskit.report.markup import write_markup
from obskit.report.prose import prose_html

FRONT = Path(__file__).with_name("front")


def page(document: Document) -> str:
    """Return a document as a complete HTML page.

    Args:
        document: a document whose texts are clean.

    Returns:
        HTML; with scripts switched off everything can still be read, except charts.
    """
    script = _front("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{html.escape(document.title)}</title>\n<style>{_front('report.css')}</style></head>\n"
        f"<body>\n{_body(document, _Writer())}\n<script>{script}</script>\n</body></html>\n"
    )


def body(document: Document) -> str:
    """Return the part of the page that is the document, without scripts and therefore without charts."""
    return _body(document, _Writer(live=False))


def _body(document: Document, writer: _Writer) -> str:
    facts = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
        for name, value in document.facts
    )
    notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in document.notes)
    return (
        f"<h1>{html.escape(document.title)}</h1>\n"
        f'<table class="facts"><tbody>{facts}</tbody></table>\n{writer.blocks(document.blocks)}\n'
        f"<h2>About this report</h2>\n{notes}"
    )


@cache
def _front(name: str) -> str:
    return (FRONT / name).read_text(encoding="utf-8")


@dataclass
class _Writer:
    """Writes blocks; `styles` are the style sheets that are in the page already; `live` pages have charts."""

    live: bool = True
    styles: set[str] = field(default_factory=set)
    charts: int = 0

    def blocks(self, blocks: Sequence[Block]) -> str:
        return "\n".join(map(self.block, blocks))

    def block(self, block: Block) -> str:
        match block:
            case Heading():
                level = min(max(block.level, 1), 4)
                return f"<h{level}>{html.escape(block.text)}</h{level}>"
            case Prose():
                return prose_html(block.text)
            case Pre():
                shown = f"<pre>{html.escape(block.text)}</pre>"
                if block.folded is None:
                    return shown
                title = html.escape(block.folded)
                return f'<details><summary class="c">{title}</summary>{shown}</details>'
            case Table():
                return _table(block)
            case Markup():
                return f'<div class="wide">{write_markup(block.nodes, self.styles)}</div>'
            case Picture():
                source = f"data:{block.mime};base64,{block.data}"
                return f'<img src="{html.escape(source)}" alt="{html.escape(block.alt)}">'
            case Section():
                title = html.escape(block.title)
                return (
                    f'<details class="s" open><summary>{title}</summary>{self.blocks(block.blocks)}</details>'
                )
            case Choice():
                panels = "".join(
                    f'<div class="panel" data-title="{html.escape(title)}">'
                    f"<h3>{html.escape(title)}</h3>{self.blocks(inner)}</div>"
                    for title, inner in block.options
                )
                return f'<div class="choice" data-label="{html.escape(block.label)}">{panels}</div>'
            case Figure():
                return self._figure(block)

    def _figure(self, figure: Figure) -> str:
        if not self.live:
            return f'<p class="cap">(chart in the written report: {html.escape(figure.title)})</p>'
        self.charts += 1
        name = f"chart-{self.charts}"
        title = html.escape(figure.title)
        return (
            f'<figure data-chart="{name}"><figcaption>{title}</figcaption>'
            '<div class="chart">This chart needs scripts to be allowed.</div></figure>'
            f'<script type="application/json" id="{name}">{script_json(vars(figure))}</script>'
        )


def script_json(value: Any) -> str:
    """Return JSON that can stand in a script element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _right(table: Table, at: int) -> str:
    return ' class="n"' if at in table.numeric else ""


def _table(table: Table) -> str:
    def cell(row: int, at: int, text: str) -> str:
        key = ""
        if table.sort_keys and at in table.numeric:
            value = table.sort_keys[row][at]
            key = f' data-k="{"" if value is None else repr(float(value))}"'
        return f"<td{_right(table, at)}{key}>{html.escape(text)}</td>"

    head = "".join(
        f'<th scope="col"{_right(table, at)}>{html.escape(name)}</th>'
        for at, name in enumerate(table.columns)
    )
    rows = "".join(
        f"<tr>{''.join(cell(number, at, text) for at, text in enumerate(row))}</tr>"
        for number, row in enumerate(table.rows)
    )
    caption = "".join(f'<p class="cap">{html.escape(line)}</p>' for line in table.caption)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{caption}'
    )
