"""Tables for people: text that fits a terminal, HTML for notebooks. Text from the data is escaped."""

from __future__ import annotations

import html
import math
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pyarrow as pa

from obskit.display import formatting, zone
from obskit.errors import InvalidArgument
from obskit.text import pluralize, safe

UNIT = b"obskit.unit"  # metadata of a column; its value is one of the next three
MS, SHARE = b"ms", b"share"
WRITTEN = b"written"  # numbers that are text already: aligned like numbers, never cut
NULL = "-"
MOST_ROWS = 50
LEAST_WIDTH = 8  # characters of a column of text, or of the name of another column
MOST_CHARACTERS = 60  # characters of a cell
_SHORT = 16  # cells up to this length are never wrapped; a long neighbor would squeeze them
_WORD = 36  # the same for one word, such as a time or an id, of which a part is of no use
# Alignment is set in each cell: JupyterLab's own rule for table cells is stronger than a class.
_LEFT, _RIGHT = 'style="text-align:left"', 'class="n" style="text-align:right"'
_GREY = "color:var(--jp-ui-font-color2,GrayText)"
_STYLE = """<style>
.obskit-t{font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);
color:var(--jp-ui-font-color1,currentColor);overflow-x:auto;max-width:100%}
.obskit-t table{border-collapse:collapse;margin:.3em 0;background:transparent}
.obskit-t th,.obskit-t td{padding:.2em .8em;vertical-align:top;
max-width:32em;overflow-wrap:anywhere;color:inherit;
border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.35))}
.obskit-t .m td{font-weight:600}
.obskit-t .n{font-variant-numeric:tabular-nums}
.obskit-t .n,.obskit-t .w{white-space:nowrap}
.obskit-t p{margin:.2em 0;color:var(--jp-ui-font-color2,GrayText)}
.obskit-t a{color:var(--jp-content-link-color,LinkText)}
.obskit-t code{font-family:var(--jp-code-font-family,monospace);font-size:12px}
</style>"""


def format_cell(value: Any, unit: bytes | None = None) -> str:
    """Return a value as people read it: 12,345; 1.23 s; 2026-05-04T10:00:00Z. A missing value is `-`."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if unit == SHARE and math.isfinite(value):
            return formatting.share(value)
        return formatting.duration(value) if unit == MS else formatting.number(value)
    if isinstance(value, datetime):
        return formatting.time(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join("null" if item is None else format_cell(item) for item in value) + "]"
    return str(value)


def text_table(
    table: pa.Table, width: int | None = None, *, most: int = MOST_ROWS, whole: Sequence[str] = ()
) -> str:
    """Return a table as text.

    Args:
        table: any columns.
        width: the most characters in a line; by default the terminal's width, or 100 without a terminal.
        most: at most so many rows are shown; the others are counted.
        whole: columns of text that are not cut, unlike others.
    Returns:
        Lines no wider than `width`. Text is cut with …, numbers and times never are; columns that don't fit
        are named below.
    """
    width = width or shutil.get_terminal_size((100, 24)).columns
    shown = table.slice(0, most)
    columns: list[list[str]] = []
    uncut: list[bool] = []
    for field, column in zip(table.schema, shown.columns, strict=True):
        cells = [_cut(safe(text), MOST_CHARACTERS) for text in _cells(field, column)]
        columns.append([_cut(safe(_heading(field)), MOST_CHARACTERS), *cells])
        uncut.append(is_whole(field) or field.name in whole)
    right = [_is_number(field) for field in table.schema]
    widths, kept = _fit(columns, uncut, width)
    lines = []
    for row in range(shown.num_rows + 1):
        cells = [_pad(_cut(columns[c][row], widths[c]), widths[c], right[c]) for c in range(kept)]
        lines.append("  ".join(cells).rstrip())
        if row == 0:
            lines.append("  ".join("─" * widths[c] for c in range(kept)))
    if table.num_rows > most:
        lines.append(f"… {pluralize(table.num_rows - most, 'more row')}")
    if kept < len(columns):
        names = ", ".join(column[0] for column in columns[kept:])
        lines.append(_cut(f"… {pluralize(len(columns) - kept, 'more column')}: {names}", width))
    return "\n".join(lines)


def html_table(
    table: pa.Table,
    *,
    links: Mapping[str, str] | None = None,
    caption: Sequence[str] = (),
    most: int = MOST_ROWS,
    marked: Sequence[bool] = (),
) -> str:
    """Return a table as HTML, for light and dark notebooks.

    Args:
        table: any columns.
        links: for a column, an address with `{column}` in it: `https://tracing.example/{trace_id}`.
        caption: lines of text below the table.
        most: at most so many rows are shown; the others are counted.
        marked: for each row, whether it is shown in bold.
    Returns:
        HTML; all text from the data is escaped.
    Raises:
        InvalidArgument: a link is not an http or https address.
    """
    shown = table.slice(0, most)
    aligned = [_RIGHT if _is_number(field) else _LEFT for field in table.schema]
    head = "".join(
        f"<th {_attributes(align, field.name)}>{_escaped(_heading(field), 300)}</th>"
        for field, align in zip(table.schema, aligned, strict=True)
    )
    addresses = {column: check_link(link) for column, link in (links or {}).items()}
    columns = []
    for field, column, align in zip(table.schema, shown.columns, aligned, strict=True):
        values = column.to_pylist()
        cells = []
        for value, text in zip(values, _cells(field, column), strict=True):
            inner = _escaped(text, 300)
            if value is None:
                inner = f'<span style="{_GREY}">{inner}</span>'
            elif field.name in addresses and isinstance(value, str):
                inner = link_html(addresses[field.name], field.name, value, inner)
            cells.append(f"<td {_attributes(align, text)}>{inner}</td>")
        columns.append(cells)
    bold = ['<tr class="m">' if mark else "<tr>" for mark in marked] or ["<tr>"] * shown.num_rows
    rows = [tag + "".join(cells) + "</tr>" for tag, *cells in zip(bold, *columns, strict=False)]
    if table.num_rows > most:
        caption = (f"… {pluralize(table.num_rows - most, 'more row')}", *caption)
    below = "".join(f"<p>{_escaped(line)}</p>" for line in caption)
    return (
        f'{_STYLE}<div class="obskit-t"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f"</table>{below}</div>"
    )


def _attributes(align: str, text: str) -> str:
    """Return the attributes of a cell: alignment, and no wrapping for short text, times and ids."""
    one_word = len(text) <= _WORD and not any(c.isspace() for c in text)
    return f'class="w" {align}' if align == _LEFT and (len(text) <= _SHORT or one_word) else align


def html_page(*parts: str) -> str:
    """Return pieces of HTML as one block with the style sheet once. The pieces must be escaped already."""
    inner = "".join(parts).replace(_STYLE, "")
    return f'{_STYLE}<div class="obskit-t">{inner}</div>'


def check_link(link: str) -> str:
    """Return the address of a link, once it is known to be safe.

    Args:
        link: an address with a field's name in braces.
    Returns:
        The same address.
    Raises:
        InvalidArgument: it is not an http or https address with a host.
    """
    parts = urlsplit(link)
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc or "{" in parts.netloc:
        raise InvalidArgument(
            f"a link must be an http or https address, got {link!r}",
            hint="give an address such as https://tracing.example/trace/{trace_id}",
        )
    return link


def link_html(template: str, field: str, value: str, inner: str) -> str:
    """Return a link.

    Args:
        template: an address that `check_link` accepts.
        field: the name in braces that the value replaces.
        value: the value; it is quoted for the address.
        inner: HTML of the link's text, escaped already.
    Returns:
        HTML.
    """
    address = template.replace("{" + field + "}", quote(value, safe=""))
    return (
        f'<a href="{html.escape(address, quote=True)}" target="_blank" rel="noopener noreferrer">{inner}</a>'
    )


def _cells(field: pa.Field, column: pa.ChunkedArray) -> list[str]:
    unit = (field.metadata or {}).get(UNIT)
    return [
        _quoted(value) if isinstance(value, str) else format_cell(value, unit) for value in column.to_pylist()
    ]


def _quoted(text: str) -> str:
    """Return text, in quotes if it would look empty or like a missing value."""
    return f"'{text}'" if text == NULL or not text.strip() else text


def _escaped(text: str, most: int | None = None) -> str:
    return html.escape(safe(text if most is None else _cut(text, most)))


def _heading(field: pa.Field) -> str:
    return zone.heading(field.name) if pa.types.is_timestamp(field.type) else str(field.name)


def _is_number(field: pa.Field) -> bool:
    kind = field.type
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or (field.metadata or {}).get(UNIT) == WRITTEN
    )


def is_whole(field: pa.Field) -> bool:
    """Return whether cells must not be cut, because a part of them would mean something else."""
    return _is_number(field) or bool(pa.types.is_temporal(field.type) or pa.types.is_boolean(field.type))


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    out, used = [], 0
    for c in text:
        used += _width(c)
        if used > width - 1:
            break
        out.append(c)
    return "".join(out) + "…"


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _fit(columns: list[list[str]], whole: list[bool], width: int) -> tuple[list[int], int]:
    """Return the width of each column and how many columns are kept.

    Columns of text are narrowed first, the widest before others; then the names of the other columns. Numbers
    and times are never cut.
    """
    widths = [max(map(_width, column)) for column in columns]
    least = [min(w, LEAST_WIDTH) for w in widths]
    for c, column in enumerate(columns):
        if whole[c]:
            least[c] = max(least[c], max(map(_width, column[1:]), default=0))
    kept = len(columns)
    while kept > 1 and sum(least[:kept]) + 2 * (kept - 1) > width:
        kept -= 1
    if kept == 1 and not whole[0]:
        least[0] = 1
    for giving in (False, True):
        some = [c for c in range(kept) if whole[c] == giving]
        while (over := sum(widths[:kept]) + 2 * (kept - 1) - width) > 0:
            wide = [c for c in some if widths[c] > least[c]]
            if not wide:
                break
            widest = max(wide, key=lambda c: widths[c])
            others = max((widths[c] for c in wide if c != widest), default=0)
            step = min(over, widths[widest] - max(least[widest], min(others, widths[widest] - 1)))
            widths[widest] -= step
    return widths, kept
