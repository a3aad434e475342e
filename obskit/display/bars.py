"""Findings as pairs of bars, selection and baseline, with counts and shares: as a figure and as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from obskit.display import formatting
from obskit.display.chart import Chart, chart, literal, plotly
from obskit.display.palette import BASELINE, SELECTION
from obskit.display.tables import check_link
from obskit.text import pluralize, safe

# A name or a value may be as long as a document.
MOST_CHARACTERS = 1000
SHORT_ID = 8  # digits of a trace id that `events.trace` takes


def comparison(explanation: Mapping[str, Any], *, top: int = 10) -> Chart:
    """Draw how often each finding holds in the selection and in the baseline.

    Args:
        explanation: an explanation as a dict (`Explanation.to_dict()`); its findings carry `conditions`,
            `selected`, `baseline` (events) and `selected_share`, `baseline_share` (in [0, 1]).
        top: at most so many findings are drawn, the strongest at the top.
    Returns:
        A plotly figure with two bars per finding, each labeled with its share and count.
    Raises:
        MissingDependency: plotly is not installed.
    """
    go = plotly()
    findings = list(explanation.get("findings") or ())[:top]
    # Plotly joins bars with the same label; the rank keeps two labels apart that are cut to the same text.
    labels = [f"{rank}. {literal(_short(_title(finding)))}" for rank, finding in enumerate(findings, 1)]
    traces = []
    # Plotly draws from the bottom up: the selection comes last, to be above the baseline.
    for side, colour, pattern in (("baseline", BASELINE, "/"), ("selected", SELECTION, "")):
        shares = [finding.get(f"{side}_share") or 0.0 for finding in findings]
        events = [finding.get(side) for finding in findings]
        traces.append(
            go.Bar(
                name="selection" if side == "selected" else "baseline",
                orientation="h",
                y=labels,
                x=shares,
                marker={"color": colour, "pattern": {"shape": pattern, "size": 5, "solidity": 0.25}},
                text=[
                    f"{formatting.share(p)} ({formatting.count(n)})"
                    for p, n in zip(shares, events, strict=True)
                ],
                textposition="outside",
                cliponaxis=False,
                hovertemplate="%{y}<br>%{text}<extra>%{fullData.name}</extra>",
            )
        )
    return chart(
        traces,
        barmode="group",
        height=90 + 52 * max(1, len(findings)),
        xaxis={"tickformat": ".0%", "range": [0, 1.18], "title": {"text": "share of events"}},
        yaxis={"categoryarray": labels[::-1], "categoryorder": "array"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "traceorder": "reversed"},
    )


def comparison_html(explanation: Mapping[str, Any], *, top: int = 10, trace_url: str | None = None) -> str:
    """Return the explanation as HTML without scripts, style sheets or anything to load.

    Args:
        explanation: an explanation as a dict (`Explanation.to_dict()`).
        top: at most so many findings and refinements are shown; the others are counted.
        trace_url: address of a trace with `{trace_id}` in it, http or https; None for no links.
    Returns:
        HTML; all text from the data is escaped. Colors are inline styles, the only ones that notebooks keep
        when they are not trusted.
    """
    parts = ["<div>", _sentences(explanation)]
    findings = list(explanation.get("findings") or ())
    if findings:
        parts.append(_table(findings[:top], "Findings", trace_url))
        if len(findings) > top:
            parts.append(f"<p>and {pluralize(len(findings) - top, 'more finding')}</p>")
    else:
        parts.append("<p><b>No finding:</b> nothing distinguishes the selection beyond chance.</p>")
    for key, title in (
        ("restates", "Restates the selection"),
        ("describes", "What describes the outcome itself"),
        ("refinements", "Refinements"),
    ):
        rows = list(explanation.get(key) or ())
        if rows:
            more = f" (the first {top} of {len(rows):,})" if len(rows) > top else ""
            summary = f"<summary>{title}: {len(rows):,}{more}</summary>"
            parts.append(f"<details>{summary}{_table(rows[:top], title)}</details>")
    skipped = list(explanation.get("skipped") or ())
    if skipped:
        listed = "".join(
            f"<li>{_text(item.get('field'))}: {_text(item.get('reason'))}</li>" for item in skipped
        )
        parts.append(
            f"<details><summary>Fields skipped or only partly looked at: {len(skipped):,}</summary>"
            f"<ul>{listed}</ul></details>"
        )
    mark = str((explanation.get("dataset") or {}).get("fingerprint", ""))[:12]
    size = pluralize((explanation.get("dataset") or {}).get("rows"), "row")
    parts.append(f"<p><code>{_text(explanation.get('query') or '')}</code> of {size}, dataset {mark}</p>")
    parts += [f"<p>{_text(note)}</p>" for note in explanation.get("notes") or ()]
    parts.append("</div>")
    return "".join(parts)


def _sentences(explanation: Mapping[str, Any]) -> str:
    selection, baseline = explanation.get("selection") or {}, explanation.get("baseline") or {}
    history = explanation.get("history")
    lines = [
        f"<b>Selection</b> {_swatch(SELECTION)}: {formatting.events(selection)}, "
        f"<code>{_text(formatting.asked(selection))}</code>",
        f"<b>Baseline</b> {_swatch(BASELINE)}: {formatting.events(baseline)}, "
        f"<code>{_text(formatting.asked(baseline))}</code>",
    ]
    if isinstance(history, Mapping) and history.get("condition"):
        lines.append(f"<b>History</b>: <code>{_text(formatting.shorten(str(history['condition'])))}</code>")
    if explanation.get("sampled"):
        label = f"FROM A SAMPLE of {pluralize(explanation['sampled'], 'event')}; the exact answer follows"
        lines.insert(0, f"<b>{label}</b>")
    return "<p>" + "<br>".join(lines) + "</p>"


def _table(findings: Sequence[Mapping[str, Any]], title: str, trace_url: str | None = None) -> str:
    head = "".join(
        f'<th style="text-align:left">{name}</th>' for name in (title, "selection", "baseline", "strength")
    )
    body = []
    for finding in findings:
        name = f"<b>{_text(_title(finding))}</b>"
        aliases = [_text(alias) for alias in map(_alias, finding.get("aliases") or ())]
        if aliases:
            name += f"<br>holds for the same events: {', '.join(aliases)}"
        if finding.get("note"):
            name += f"<br>{_text(finding['note'])}"
        arithmetic = formatting.without(finding.get("what_if"))
        if arithmetic:
            name += f"<br>{_text(arithmetic)}"
        name += _examples(finding, trace_url)
        body.append(
            f'<tr><td style="text-align:left">{name}</td>'
            f"{_bar(finding.get('selected_share'), finding.get('selected'), SELECTION)}"
            f"{_bar(finding.get('baseline_share'), finding.get('baseline'), BASELINE)}"
            f'<td style="text-align:left">{escape(formatting.strength(finding))}</td></tr>'
        )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _examples(finding: Mapping[str, Any], trace_url: str | None) -> str:
    """Return a line of example traces of both groups, as links if there is an address."""
    sides = []
    for side, rows in (finding.get("examples") or {}).items():
        ids = dict.fromkeys(str(row["trace_id"]) for row in rows if row.get("trace_id"))
        shown = [f'<code title="{_text(each)}">{_text(each[:SHORT_ID])}</code>' for each in ids]
        if trace_url is not None:
            address = check_link(trace_url)
            shown = [
                f'<a href="{escape(address.replace("{trace_id}", quote(each, safe="")))}">{text}</a>'
                for each, text in zip(ids, shown, strict=True)
            ]
        if shown:
            sides.append(f"{_text(side)}: {', '.join(shown)}")
    return f"<br>traces, {'; '.join(sides)}" if sides else ""


def _bar(share: float | None, events: float | None, colour: str) -> str:
    width = 100 * min(1.0, max(0.0, share or 0.0))
    return (
        f'<td style="text-align:left; min-width:130px">{formatting.share(share)} ({formatting.count(events)})'
        f'<div style="width:{width:.2f}%; height:8px; background-color:{colour}"></div></td>'
    )


def _text(value: Any) -> str:
    text = safe(str(value))
    return escape(text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…")


def _swatch(colour: str) -> str:
    return f'<span style="color:{colour}">■</span>'


def _title(finding: Mapping[str, Any]) -> str:
    return formatting.conjunction(finding.get("conditions") or ()) or str(finding.get("condition"))


def _alias(alias: Any) -> str:
    if not isinstance(alias, Mapping):
        return formatting.shorten(str(alias))
    if alias.get("conditions"):
        return formatting.conjunction(alias["conditions"])
    return (
        formatting.condition(alias)
        if "op" in alias
        else formatting.shorten(str(alias.get("condition", alias)))
    )


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
