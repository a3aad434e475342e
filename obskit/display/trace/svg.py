"""A trace as an SVG image: for documents, and for pages that keep no HTML."""

from __future__ import annotations

from collections.abc import Sequence

from obskit.display.palette import ERROR, service_style
from obskit.display.svg import patterns, svg_page, text_node
from obskit.display.trace.lines import Bar, Line

SVG_ROWS = 2_000
_ROW, _TOP, _LABELS, _TIMES, _BARS = 22, 34, 380, 80, 700
_INDENT, _MOST_INDENT = 12, 20


def trace_svg(title: str, lines: Sequence[Line], total: int) -> str:
    """Return a trace as an SVG image.

    Args:
        title: what the image shows.
        lines: the rows to draw.
        total: the number of all rows; how many are left out is written below.
    Returns:
        The image. It loads nothing, holds no script, and follows the viewer's light or dark scheme.
    """
    services = list(dict.fromkeys(line.service for line in lines))
    height = _TOP + _ROW * len(lines) + (28 if total > len(lines) else 10)
    body = [text_node(8, 20, title, weight=600, most=150)]
    for row, line in enumerate(lines):
        top = _TOP + _ROW * row
        if row % 2 == 0:
            body.append(f'<rect class="band" x="0" y="{top}" width="100%" height="{_ROW}"/>')
        left = 8 + _INDENT * min(line.depth, _MOST_INDENT)
        label = " ".join(filter(None, (line.service, line.name)))
        room = int((_LABELS - left) / 6.6)
        body.append(text_node(left, top + 15, label, most=max(8, room)))
        body.append(text_node(_LABELS + _TIMES - 8, top + 15, line.length, anchor="end", soft=True))
        body += _bar(line.bar, top, services.index(line.service), line.error)
        body += _bar(line.other_bar, top, services.index(line.service), line.error, outline=True)
        if line.notes:
            body.append(_notes(line, top))
    if total > len(lines):
        body.append(text_node(8, height - 10, f"… {total - len(lines):,} more rows", soft=True))
    return svg_page(_LABELS + _TIMES + _BARS + 8, height, title, patterns() + "".join(body))


def _bar(bar: Bar | None, top: int, service: int, error: bool, outline: bool = False) -> list[str]:
    if bar is None:
        return []
    colour, pattern = service_style(service)
    left, width = _place(bar.start, bar.width)
    edge = ERROR if error else colour
    if outline:
        return [
            f'<rect x="{left:.1f}" y="{top + 15}" width="{width:.1f}" height="4" fill="none" stroke="{edge}" '
            'stroke-dasharray="3 2"/>'
        ]
    shape = f'x="{left:.1f}" y="{top + 4}" width="{width:.1f}" height="10"'
    out = [f'<rect {shape} rx="1.5" fill="{colour}" stroke="{edge}" stroke-width="{2 if error else 1}"/>']
    if pattern:
        out.append(f'<rect {shape} fill="url(#obskit-p{pattern})"/>')
    for at, part in bar.path:
        x, w = _place(at, part)
        out.append(f'<rect class="ink" x="{x:.1f}" y="{top + 16}" width="{w:.1f}" height="2"/>')
    for at, failed in bar.marks:
        x, _ = _place(at, 0)
        fill = f'fill="{ERROR}"' if failed else 'class="ink"'
        out.append(f'<path {fill} d="M{x:.1f} {top + 8}l3 -6h-6z"/>')
    return out


def _notes(line: Line, top: int) -> str:
    bar = line.bar or line.other_bar
    text = " · ".join(line.notes)
    if bar is None:
        return text_node(_LABELS + _TIMES, top + 15, text, soft=True, most=100)
    left, width = _place(bar.start, bar.width)
    edge = _LABELS + _TIMES + _BARS
    right = int((edge - left - width - 6) / 6.2)
    before = int((left - _LABELS - _TIMES - 6) / 6.2)
    if right >= min(len(text), 20) or right >= before:
        return text_node(left + width + 6, top + 14, text, soft=True, most=max(right, 3), error=line.error)
    return text_node(left - 6, top + 14, text, anchor="end", soft=True, most=before, error=line.error)


def _place(start: float, width: float) -> tuple[float, float]:
    left = min(1.0, max(0.0, start))
    return _LABELS + _TIMES + _BARS * left, max(1.5, _BARS * min(width, 1.0 - left))
