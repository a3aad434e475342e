"""The Markdown of notebook cells as HTML: headings, lists, tables, code, emphasis and links.

Everything else, raw HTML included, is shown as text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*\Z")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)\Z")
_NUMBERED = re.compile(r"\s*\d+[.)]")
_FENCE = re.compile(r"\s*(```|~~~)")
_DASHES = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*\Z")
_INLINE = re.compile(
    r"(?P<code>`+)(?P<inside>.+?)(?P=code)(?!`)"
    r"|\[(?P<label>[^\]\n]{1,500})\]\((?P<address>https?://[^\s()<>\"']{1,2000})\)"
    r"|\*\*(?P<bold>[^*\n]{1,2000})\*\*"
    r"|(?<![\w*])\*(?P<italic>[^*\s][^*\n]{0,2000})\*(?![\w*])"
)


def prose_html(text: str) -> str:
    """Return Markdown as HTML; raw HTML in it is shown as text.

    Args:
        text: Markdown.

    Returns:
        HTML without scripts, and with links to http and https only.
    """
    out: list[str] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif fence := _FENCE.match(line):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == fence[1]), len(lines))
            out.append(f"<pre>{html.escape(chr(10).join(lines[at + 1 : end]))}</pre>")
            at = end + 1
        elif heading := _HEADING.match(line):
            level = len(heading[1])
            out.append(f"<h{level}>{_inline(heading[2])}</h{level}>")
            at += 1
        elif _ITEM.match(line):
            end = _until(lines, at, lambda row: bool(row.strip()))
            out.append(_list(lines[at:end]))
            at = end
        elif "|" in line and at + 1 < len(lines) and _DASHES.match(lines[at + 1]):
            end = _until(lines, at, lambda row: "|" in row)
            out.append(_table(lines[at:end]))
            at = end
        elif line.lstrip().startswith(">"):
            end = _until(lines, at, lambda row: row.lstrip().startswith(">"))
            inner = "\n".join(row.lstrip()[1:].removeprefix(" ") for row in lines[at:end])
            out.append(f"<blockquote><p>{_inline(inner)}</p></blockquote>")
            at = end
        else:
            end = _until(lines, at + 1, _goes_on)
            out.append(f"<p>{_inline(chr(10).join(lines[at:end]))}</p>")
            at = end
    return "\n".join(out)


def _until(lines: Sequence[str], at: int, goes_on: Callable[[str], bool]) -> int:
    """Return the first line from `at` on that does not belong to the block any more."""
    while at < len(lines) and goes_on(lines[at]):
        at += 1
    return at


def _goes_on(line: str) -> bool:
    return bool(line.strip()) and not (_HEADING.match(line) or _ITEM.match(line) or _FENCE.match(line))


def _list(lines: Sequence[str]) -> str:
    items: list[str] = []
    for line in lines:
        if item := _ITEM.match(line):
            items.append(item[1])
        elif items:
            items[-1] += f"\n{line.strip()}"
    tag = "ol" if _NUMBERED.match(lines[0]) else "ul"
    return f"<{tag}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{tag}>"


def _table(lines: Sequence[str]) -> str:
    def cells(line: str, tag: str) -> str:
        parts = line.strip().strip("|").split("|")
        return "<tr>" + "".join(f"<{tag}>{_inline(part.strip())}</{tag}>" for part in parts) + "</tr>"

    body = "".join(cells(line, "td") for line in lines[2:])
    return f"<table><thead>{cells(lines[0], 'th')}</thead><tbody>{body}</tbody></table>"


def _inline(text: str) -> str:
    out: list[str] = []
    done = 0
    for found in _INLINE.finditer(text):
        out.append(html.escape(text[done : found.start()]))
        done = found.end()
        if found["inside"] is not None:
            out.append(f"<code>{html.escape(found['inside'])}</code>")
        elif found["label"] is not None:
            address = html.escape(found["address"])
            label = html.escape(found["label"])
            out.append(f'<a href="{address}" rel="noopener noreferrer nofollow">{label}</a>')
        elif found["bold"] is not None:
            out.append(f"<b>{html.escape(found['bold'])}</b>")
        else:
            out.append(f"<i>{html.escape(found['italic'])}</i>")
    return "".join([*out, html.escape(text[done:])])
