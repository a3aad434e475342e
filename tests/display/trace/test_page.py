"""The lines of a waterfall, as text, HTML and SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from obskit.display.trace.lines import clock_note, summary, trace_lines
from obskit.display.trace.model import trace_model
from obskit.display.trace.page import trace_html, trace_text
from obskit.display.trace.pairs import trace_rows
from obskit.display.trace.svg import trace_svg
from tests.display.trace.spans import EVIL, log, span, table


def lines_of(rows, other=None, most=None):
    a = trace_model(table(rows))
    b = None if other is None else trace_model(table(other))
    return trace_lines(trace_rows(a, b), a, b, most=most)


ROWS = [
    span("root", None, 0, 100.0),
    span("db", "root", 20, 30.0, service__name="store", error=True, exception__type="Timeout"),
    log("db", 30, "slow"),
    span("lost", "gone", 60, None),
]


def test_text():
    assert trace_text(["trace t"], lines_of(ROWS), 3, ["note: n"]).splitlines() == [
        "trace t",
        f"shop root    100 ms  {'█' * 30}",
        f"  store db    30 ms        {'█' * 9}  ERROR Timeout  1 log record",
        f"shop lost   unknown  {' ' * 18}╎  its parent gone is not among these spans",
        "note: n",
    ]


def test_summary_counts_what_is_there():
    assert (
        summary(trace_model(table(ROWS))) == "3 spans · 2 services · 100 ms · 1 error · 2026-05-04T10:00:00Z"
    )
    assert summary(trace_model(table(ROWS).slice(0, 0))) == "0 spans · 0 services · no errors"


def test_bars_and_the_critical_path_are_shares_of_the_trace():
    root, db, lost = lines_of(ROWS)
    assert (root.bar.start, root.bar.width) == (0, 1)
    assert (db.bar.start, db.bar.width) == (0.2, 0.3)
    assert db.bar.marks == ((0.3, False),)
    assert [(round(a, 3), round(w, 3)) for a, w in root.bar.path] == [(0, 0.2), (0.5, 0.5)]
    assert (lost.bar.width, lost.own) == (0.0, "unknown")


def test_two_traces_have_one_scale_and_say_what_only_one_has():
    """this one takes 100 ms, the other 200; only the other has `extra`, and what is below it says nothing"""
    other = [span("root", None, 0, 200.0), span("extra", "root", 20), span("below", "extra", 21)]
    lines = lines_of(ROWS[:1], other)
    assert [(line.name, line.length, line.other, line.notes) for line in lines] == [
        ("root", "100 ms", "200 ms", ()),
        ("extra", "", "10 ms", ("only in the other trace",)),
        ("below", "", "10 ms", ()),
    ]
    assert (lines[0].bar.width, lines[0].other_bar.width) == (0.5, 1.0)


def test_clocks_that_were_corrected_are_said():
    rows = [
        span("c", None, 10.5, 90, kind="client", host__name="a"),
        span("s", "c", 0.5, 50, kind="server", host__name="b"),
    ]
    model = trace_model(table(rows))
    assert clock_note(model) == (
        "the clocks disagree: 1 span is moved by up to 30 ms, because a span cannot begin before its parent"
    )
    assert lines_of(rows)[1].notes == ("clock corrected by +30 ms",)
    assert clock_note(trace_model(table(ROWS))) is None


def test_values_are_text_in_html_and_svg_whatever_they_hold():
    rows = [
        span(EVIL, None, 0, service__name=EVIL, error=True, exception__message=EVIL + "\x00\x1b[31m"),
        log(EVIL, 1, EVIL),
    ]
    lines = lines_of(rows)
    page = trace_html("title", lines, 1, [EVIL])
    assert re.findall(r"<(?!/?(?:style|div|p|table|thead|tbody|tr|th|td|br|small|code)\b)", page) == []
    assert "\u202e" not in page
    image = trace_svg(EVIL, lines, 1)
    kinds = {element.tag.partition("}")[2] for element in ET.fromstring(image).iter()}
    assert kinds <= {"svg", "title", "style", "defs", "pattern", "rect", "text", "path"}
    assert "\u202e" not in image
    assert "\x1b" not in image


def test_rows_that_are_left_out_are_counted():
    rows = [span("root", None, 0), *(span(f"s{n}", "root", n) for n in range(20))]
    lines = lines_of(rows, most=5)
    assert trace_text(["t"], lines, 21, []).endswith("\n… 16 more")
    assert "<p>… 16 more</p>" in trace_html("t", lines, 21, [])
    assert "… 16 more rows" in trace_svg("t", lines, 21)


def test_a_huge_trace_with_huge_values_stays_small():
    rows = [span("root", None, 0), *(span("x" * 1_000_000 + str(n), "root", n) for n in range(3))]
    lines = lines_of(rows)
    assert len(trace_html("t", lines, 4, [])) < 10_000
    assert len(trace_svg("t", lines, 4)) < 10_000
