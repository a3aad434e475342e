"""Tables for people: text that fits a terminal, HTML that fits a notebook. What is data is escaped."""

from __future__ import annotations

import html
import math
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pyarrow as pa

from obskit.errors import BadCall
from obskit.names import printable

UNIT = b"obskit.unit"  # metadata of a column: b"ms" or b"share"
MOST_ROWS = 50
MOST_CHARACTERS = 60  # of a cell
_STYLE = """<style>
.obskit-t{font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);
color:var(--jp-ui-font-color1,currentColor);overflow-x:auto;max-width:100%}
.obskit-t table{border-collapse:collapse;margin:.3em 0;background:transparent}
.obskit-t th,.obskit-t td{padding:.2em .8em;text-align:left;vertical-align:top;
max-width:32em;overflow-wrap:anywhere;color:inherit;
border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.35))}
.obskit-t .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.obskit-t .z,.obskit-t p{color:var(--jp-ui-font-color2,GrayText)}
.obskit-t p{margin:.2em 0}
.obskit-t a{color:var(--jp-content-link-color,LinkText)}
.obskit-t code{font-family:var(--jp-code-font-family,monospace);font-size:12px}
</style>"""


def format_cell(value: Any, unit: bytes | None = None) -> str:
    """Write one value for people: 12,345; 1.23 s; 2026-05-04 10:00:00Z. A missing one is `-`."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return _number(value, unit)
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(format_cell(item) for item in value) + "]"
    return str(value)


def format_time(moment: datetime) -> str:
    """Write a time in UTC, with what precision it has."""
    plain = (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
    text = plain.isoformat(sep=" ", timespec="auto")
    return (text[:-3] if plain.microsecond and plain.microsecond % 1000 == 0 else text) + "Z"


def format_duration(milliseconds: float) -> str:
    """Write a length of time: 12.3 ms, 1.23 s, 4.5 min, 2.1 h; NaN and the infinities as they are."""
    if not math.isfinite(milliseconds):
        return _number(milliseconds, None)
    size = abs(milliseconds)
    if size < 1000:
        return f"{_significant(milliseconds)} ms"
    if size < 120_000:
        return f"{_significant(milliseconds / 1000)} s"
    if size < 7_200_000:
        return f"{_significant(milliseconds / 60_000)} min"
    return f"{_significant(milliseconds / 3_600_000)} h"


def _number(value: float, unit: bytes | None) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if unit == b"ms":
        return format_duration(value)
    if unit == b"share":
        return f"{_significant(100 * value)}%"
    return f"{value:,}" if isinstance(value, int) else _significant(value)


def _significant(value: float) -> str:
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e15 or size < 1e-4:
        return f"{value:.3g}"
    if size >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_table(table: pa.Table, width: int | None = None, *, most: int = MOST_ROWS) -> str:
    """Lay a table out as text.

    Args:
        table: any columns.
        width: characters a line may have; the terminal's by default, 100 where there is none.
        most: rows shown; the rest are counted.
    Returns:
        Lines no wider than `width`: long cells are cut with …, and columns that do not fit are named below.
    """
    width = width or shutil.get_terminal_size((100, 24)).columns
    shown = table.slice(0, most)
    columns: list[list[str]] = []
    right: list[bool] = []
    for field, column in zip(table.schema, shown.columns, strict=True):
        cells = [_cut(printable(text), MOST_CHARACTERS) for text in _cells(field, column)]
        columns.append([_cut(printable(field.name), MOST_CHARACTERS), *cells])
        right.append(_is_number(field.type))
    widths = [max(map(_width, column)) for column in columns]
    kept = _fit(widths, width)
    lines = []
    for row in range(shown.num_rows + 1):
        cells = [_pad(_cut(columns[c][row], widths[c]), widths[c], right[c]) for c in range(kept)]
        lines.append("  ".join(cells).rstrip())
        if row == 0:
            lines.append("  ".join("─" * widths[c] for c in range(kept)))
    if table.num_rows > most:
        lines.append(f"… {table.num_rows - most:,} more rows")
    if kept < len(columns):
        names = ", ".join(column[0] for column in columns[kept:])
        lines.append(_cut(f"… {len(columns) - kept} more columns: {names}", width))
    return "\n".join(lines)


def html_table(
    table: pa.Table,
    *,
    links: Mapping[str, str] | None = None,
    caption: Sequence[str] = (),
    most: int = MOST_ROWS,
) -> str:
    """Lay a table out as HTML for a light or a dark notebook.

    Args:
        table: any columns.
        links: column -> address with `{column}` in it, such as `https://tracing.example/{trace_id}`.
        caption: lines below, as text.
        most: rows shown; the rest are counted.
    Raises:
        BadCall: a link that is neither http nor https.
    """
    shown = table.slice(0, most)
    head = "".join(
        f'<th class="n">{_escaped(f.name, 300)}</th>'
        if _is_number(f.type)
        else f"<th>{_escaped(f.name, 300)}</th>"
        for f in table.schema
    )
    addresses = {column: check_link(link) for column, link in (links or {}).items()}
    columns = []
    for field, column in zip(table.schema, shown.columns, strict=True):
        values = column.to_pylist()
        css = ' class="n"' if _is_number(field.type) else ""
        cells = []
        for value, text in zip(values, _cells(field, column), strict=True):
            if value is None:
                cells.append('<td class="z">-</td>')
                continue
            inner = _escaped(text, 300)
            if field.name in addresses and isinstance(value, str):
                inner = link_html(addresses[field.name], field.name, value, inner)
            cells.append(f"<td{css}>{inner}</td>")
        columns.append(cells)
    rows = ["<tr>" + "".join(cells) + "</tr>" for cells in zip(*columns, strict=True)]
    if table.num_rows > most:
        caption = (f"… {table.num_rows - most:,} more rows", *caption)
    below = "".join(f"<p>{_escaped(line)}</p>" for line in caption)
    return (
        f'{_STYLE}<div class="obskit-t"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f"</table>{below}</div>"
    )


def html_page(*parts: str) -> str:
    """Join pieces of HTML (escaped already) into one block in the style of our tables."""
    return f'{_STYLE}<div class="obskit-t">{"".join(parts)}</div>'


def check_link(link: str) -> str:
    """Return a link's template as it is.

    Raises:
        BadCall: it is not an http or https address with a host.
    """
    parts = urlsplit(link)
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc or "{" in parts.netloc:
        raise BadCall(
            f"{link!r} is no address that a link may have",
            hint="such as https://tracing.example/trace/{trace_id}",
        )
    return link


def link_html(template: str, field: str, value: str, inner: str) -> str:
    """Return `inner` (escaped already) as a link, the value quoted into the address."""
    address = template.replace("{" + field + "}", quote(value, safe=""))
    return (
        f'<a href="{html.escape(address, quote=True)}" target="_blank" rel="noopener noreferrer">{inner}</a>'
    )


def _cells(field: pa.Field, column: pa.ChunkedArray) -> list[str]:
    unit = (field.metadata or {}).get(UNIT)
    return [format_cell(value, unit) for value in column.to_pylist()]


def _escaped(text: str, most: int | None = None) -> str:
    return html.escape(printable(text if most is None else _cut(text, most)))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


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


def _fit(widths: list[int], width: int) -> int:
    """Narrow the widest columns in place until they fit; return how many columns are kept."""
    kept = len(widths)
    while kept > 1 and sum(min(w, 8) for w in widths[:kept]) + 2 * (kept - 1) > width:
        kept -= 1
    while (over := sum(widths[:kept]) + 2 * (kept - 1) - width) > 0:
        widest = max(range(kept), key=lambda c: widths[c])
        second = max((w for c, w in enumerate(widths[:kept]) if c != widest), default=1)
        step = min(over, max(1, widths[widest] - second))
        if widths[widest] - step < 1:
            break
        widths[widest] -= step
    return kept
