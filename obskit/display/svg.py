"""Parts of SVG images: a page that follows light and dark, stripes, and text that is only ever text."""

from __future__ import annotations

import unicodedata
from html import escape

from obskit.text import is_safe, safe

# The notebook's own colors where it has some; else those of the viewer's color scheme.
_STYLE = """<style>
.obskit-svg{--ok-page:var(--jp-layout-color0,#fff);--ok-ink:var(--jp-ui-font-color0,#111);
--ok-soft:var(--jp-ui-font-color1,#444);--ok-line:var(--jp-border-color1,#bbb);--ok-bad:var(--jp-error-color1,#b3261e);
background:var(--ok-page);font:12px var(--jp-ui-font-family,system-ui,sans-serif)}
@media (prefers-color-scheme:dark){.obskit-svg{--ok-page:var(--jp-layout-color0,#111);
--ok-ink:var(--jp-ui-font-color0,#eee);--ok-soft:var(--jp-ui-font-color1,#bbb);--ok-line:var(--jp-border-color1,#555);
--ok-bad:var(--jp-error-color1,#ff8a80)}}
.obskit-svg text{fill:var(--ok-ink)}.obskit-svg .soft{fill:var(--ok-soft)}.obskit-svg .bad{fill:var(--ok-bad)}
.obskit-svg .page{fill:var(--ok-page);fill-opacity:.85}.obskit-svg .node{fill:var(--ok-page)}
.obskit-svg .ink{fill:var(--ok-ink)}.obskit-svg .band{fill:var(--ok-ink);fill-opacity:.045}
</style>"""


def svg_page(width: float, height: float, title: str, body: str, *, shrink: bool = True) -> str:
    """Return an SVG image.

    Args:
        width: in pixels.
        height: in pixels.
        title: what a screen reader calls the image.
        body: elements; the caller has escaped what they hold.
        shrink: whether it shrinks with a narrow page.
    Returns:
        The image, which loads nothing.
    """
    size = "max-width:100%;height:auto" if shrink else "max-width:none"
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="obskit-svg" role="img" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" style="{size}">'
        f"<title>{plain_text(title)}</title>{_STYLE}{body}</svg>"
    )


def patterns() -> str:
    """Return the stripes over the color of a bar: #obskit-p1, p2 and p3."""
    stripes = ((1, "rotate(45)"), (2, "rotate(-45)"), (3, ""))
    return (
        "<defs>"
        + "".join(
            f'<pattern id="obskit-p{n}" width="6" height="6" patternUnits="userSpaceOnUse" '
            f'patternTransform="{turn}">'
            '<rect width="2.5" height="6" fill="#fff" fill-opacity=".75"/></pattern>'
            for n, turn in stripes
        )
        + "</defs>"
    )


def text_node(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    soft: bool = False,
    error: bool = False,
    weight: int = 400,
    size: int = 12,
    most: int = 60,
) -> str:
    """Return a line of text.

    Args:
        x: where it begins, or ends or has its middle, as `anchor` says.
        y: its base line.
        text: any text; it is cut, and escaped.
        anchor: "start", "middle" or "end".
        soft: whether it is less important.
        error: whether it is about an error.
        weight: of the font.
        size: of the font, in pixels.
        most: columns that it may take; wide characters take two.
    Returns:
        An SVG element.
    """
    kind = ' class="bad"' if error else ' class="soft"' if soft else ""
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    bold += f' font-size="{size}"' if size != 12 else ""
    shown = plain_text(fit(text, most))
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{kind}{bold}>{shown}</text>'


def fit(text: str, most: int) -> str:
    """Return text that takes at most so many columns, cut with … if it is longer; lines stay lines."""
    text = safe(text[: 4 * most + 4], lines=True)
    used = 0
    for at, c in enumerate(text):
        used += 2 if unicodedata.east_asian_width(c) in "WF" else 1
        if used > most:
            while at > 0 and used > most - 1:
                at -= 1
                used -= 2 if unicodedata.east_asian_width(text[at]) in "WF" else 1
            return text[:at] + "…"
    return text


def plain_text(text: str) -> str:
    """Return text as XML can hold it: escaped, without characters that XML forbids."""
    return escape(
        "".join(c if (is_safe(c) or c in "\t\n") and c not in "\ufffe\uffff" else "\ufffd" for c in text)
    )
