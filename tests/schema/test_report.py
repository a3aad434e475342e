"""The load report as text, HTML and JSON."""

import json

from obskit.schema import LoadReport
from obskit.schema.report import KEPT


def filled() -> LoadReport:
    report = LoadReport(rows_read=1234)
    file = report.file("a.jsonl")
    file.reject("line 3, byte 120", "not JSON")
    file.reject("line 9, byte 900", "not JSON")
    file.override("service.name", 2)
    report.rename("http.method", "http.request.method", 7)
    report.retyped["code"] = ("int, string", "string", 4)
    report.fail_to_parse("duration_ms", 1)
    report.untimed = 5
    report.replaced = 3
    report.note("<b>a remark</b>")
    return report


def test_the_text_has_every_count():
    assert str(filled()) == (
        "1,234 rows read, 2 rejected\n"
        "rejected 2: not JSON (first: a.jsonl, line 3, byte 120)\n"
        "renamed http.method to http.request.method in 7 rows\n"
        "converted code from int, string to string in 4 rows\n"
        "could not parse duration_ms in 1 row: set to null\n"
        "service.name had two values in 2 rows: kept one\n"
        "5 rows without a timestamp\n"
        "replaced 3 provisional rows by later rows of their units\n"
        "<b>a remark</b>"
    )


def test_a_notebook_shows_the_first_lines():
    few = LoadReport(rows_read=1)
    few.reject("a.jsonl", "line 3, byte 120", "not JSON")
    assert (
        repr(few)
        == str(few)
        == ("1 row read, 1 rejected\nrejected 1: not JSON (first: a.jsonl, line 3, byte 120)")
    )
    assert few._repr_html_() == (
        "<p>1 row read, 1 rejected</p>"
        "<ul><li>rejected 1: not JSON (first: a.jsonl, line 3, byte 120)</li></ul>"
    )
    many = LoadReport(rows_read=2)
    for number in range(25):
        many.note(f"remark {number}")
    shown = [
        "2 rows read, 0 rejected",
        *(f"remark {number}" for number in range(19)),
        "… 6 more lines: print(events.load_report)",
    ]
    assert repr(many).split("\n") == shown
    assert many._repr_html_() == (
        f"<p>{shown[0]}</p><ul>" + "".join(f"<li>{line}</li>" for line in shown[1:]) + "</ul>"
    )
    assert len(str(many).split("\n")) == 26


def test_html_is_escaped():
    html = filled()._repr_html_()
    assert "&lt;b&gt;a remark" in html
    assert "<b>" not in html


def test_round_trip_through_json():
    report = filled()
    again = LoadReport.from_dict(json.loads(json.dumps(report.to_dict())))
    assert again == report


def test_all_rejections_are_counted_and_the_first_are_kept():
    report = LoadReport()
    for i in range(KEPT + 50):
        report.reject("f", f"line {i}", "bad")
    assert report.rejected_count == KEPT + 50
    assert report.rejected_by_reason == {"bad": KEPT + 50}
    assert len(report.rejected) == KEPT
    assert str(report.rejected[0]) == "f, line 0: bad"


def test_merge_adds_counts():
    report = filled()
    report.merge(filled())
    assert report.rows_read == 2468
    assert report.rejected_by_reason == {"not JSON": 4}
    assert report.renamed == {"http.method": ("http.request.method", 14)}
    assert report.retyped == {"code": ("int, string", "string", 8)}
    assert report.overridden == {"service.name": 4}
    assert report.replaced == 6
    assert report.notes == ["<b>a remark</b>"]
