"""A trace as text and as HTML that needs no script, for terminals, exports and notebooks without a kernel."""

from __future__ import annotations

import html
from collections.abc import Sequence

from obskit.display.palette import ERROR, INK, service_style
from obskit.display.tables import html_page
from obskit.display.trace.lines import Bar, Line
from obskit.text import safe

SHOWN = 300
"""Rows that are shown; the others are counted."""
_COLUMNS = 30  # characters of a bar in text
_NAME = 60
# Of a notebook that is not trusted JupyterLab keeps only plain colors: these are readable on light and dark.
_WORDS = "color:#d93a2b;color:var(--jp-error-color1,#d93a2b)"


def trace_text(titles: Sequence[str], lines: Sequence[Line], total: int, footer: Sequence[str]) -> str:
    """Return a trace as text.

    Args:
        titles: the first lines.
        lines: the rows to show.
        total: the number of all rows.
        footer: lines below.
    Returns:
        One line per row: its service and name, its duration, and a bar on a common time axis.
    """
    labels = [safe("  " * line.depth + _label(line)) for line in lines]
    name = min(max((len(label) for label in labels), default=0), _NAME)
    compared = any(line.other for line in lines)
    length = max((len(line.length) for line in lines), default=0)
    other = max((len(line.other) for line in lines), default=0)
    out = [*map(safe, titles)]
    for line, label in zip(lines, labels, strict=True):
        shown = label if len(label) <= name else label[: name - 1] + "…"
        parts = [shown.ljust(name), line.length.rjust(length)]
        if compared:
            parts.append(line.other.rjust(other))
        parts.append(
            "".join([_text_bar(line.bar or line.other_bar), *(f"  {safe(note)}" for note in line.notes)])
        )
        out.append("  ".join(parts).rstrip())
    if total > len(lines):
        out.append(f"… {total - len(lines):,} more")
    return "\n".join([*out, *map(safe, footer)])


def trace_html(
    title: str,
    lines: Sequence[Line],
    total: int,
    footer: Sequence[str],
    *,
    name: str | None = None,
    headings: tuple[str, str] | None = None,
) -> str:
    """Return a trace as HTML without scripts or anything to load.

    Args:
        title: HTML of the first line; the caller has escaped what it holds.
        lines: the rows to show.
        total: the number of all rows.
        footer: lines of text below.
        name: class of the whole; the widget on the same page finds it by this class and hides it.
        headings: what the durations of two traces are called; None for one trace.
    Returns:
        HTML; all text of the data is escaped. A bar has the color of its service, its critical path is a line
        below it, and its events and log records are ticks above it.
    """
    services = list(dict.fromkeys(line.service for line in lines))
    columns = ["duration", "self"] if headings is None else list(headings)
    head = "".join(f'<th class="n" style="text-align:right">{html.escape(text)}</th>' for text in columns)
    rows = []
    for line in lines:
        colour, _ = service_style(services.index(line.service))
        cells = (line.length, line.own) if headings is None else (line.length, line.other)
        numbers = "".join(
            f'<td class="n" style="text-align:right">{html.escape(text)}</td>' for text in cells
        )
        bars = _html_bar(line.bar, colour, line.error)
        if headings is not None:
            bars += _html_bar(line.other_bar, colour, line.error, faint=True)
        indent = 0.8 + min(line.depth, 40)
        rows.append(
            f'<tr><td style="text-align:left;padding-left:{indent:.1f}em">{_html_label(line)}</td>'
            f'{numbers}<td style="text-align:left">{bars}</td></tr>'
        )
    more = f"<p>… {total - len(lines):,} more</p>" if total > len(lines) else ""
    below = "".join(f"<p>{html.escape(safe(line))}</p>" for line in footer)
    table = (
        f'<table><thead><tr><th style="text-align:left">span</th>{head}<th style="text-align:left">'
        f"time, with the critical path as a line</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )
    page = html_page(f"<p>{title}</p>", f"{table}{more}{below}")
    return page if name is None else f'<div class="{html.escape(name)}">{page}</div>'


def _label(line: Line) -> str:
    return " ".join(filter(None, (line.service, line.name)))


def _html_label(line: Line) -> str:
    service = html.escape(safe(line.service))
    parts = [f"<small>{service}</small> " if service else "", html.escape(safe(line.name))]
    for note in line.notes:
        failed = note.startswith("ERROR")
        start = f'<small style="{_WORDS}">✕ ' if failed else "<small>"
        parts.append(f"<br>{start}{html.escape(safe(note))}</small>")
    return "".join(parts)


def _text_bar(bar: Bar | None) -> str:
    if bar is None:
        return ""
    start = min(_COLUMNS - 1, max(0, int(_COLUMNS * bar.start)))
    width = max(1, min(_COLUMNS - start, round(_COLUMNS * bar.width))) if bar.width else 0
    return " " * start + ("█" * width if width else "╎")


def _html_bar(bar: Bar | None, colour: str, error: bool, faint: bool = False) -> str:
    if bar is None:
        return ""
    height = ".55em" if faint else ".9em"
    edge = f"border:1px {'dashed' if faint else 'solid'} {ERROR if error else colour};"
    fill = "" if faint else f"background:{colour};"
    parts = [
        _stretch(
            bar.start, bar.width, f"top:0;height:{height};{fill}{edge}border-radius:2px;box-sizing:border-box"
        )
    ]
    if not faint:
        parts += [_stretch(at, width, f"top:1em;height:2px;background:{INK}") for at, width in bar.path]
        parts += [
            _stretch(at, 0, f"top:-2px;height:.5em;background:{ERROR if failed else INK}")
            for at, failed in bar.marks
        ]
    tall = ".8em" if faint else "1.25em"
    return f'<div style="position:relative;width:22em;height:{tall}">{"".join(parts)}</div>'


def _stretch(start: float, width: float, style: str) -> str:
    left = 100 * min(0.995, max(0.0, start))
    wide = max(0.5, min(100 - left, 100 * width))
    return f'<div style="position:absolute;left:{left:.2f}%;width:{wide:.2f}%;{style}"></div>'
