"""Remarks that many files share are one line of the load report."""

from __future__ import annotations

from obskit.schema import LoadReport
from obskit.schema.report import MORE_NOTES, MOST_NOTES


def test_files_with_the_same_remark_share_a_line():
    report = LoadReport()
    for name in ("a.csv", "a.csv", "b.csv", "c.csv"):
        report.note_in(name, "skipped 1 line before the header")
    report.note_in("d.csv", "skipped 2 lines before the header")
    assert report.notes == [
        "a.csv and 2 more files: skipped 1 line before the header",
        "d.csv: skipped 2 lines before the header",
    ]


def test_counts_of_several_files_are_added_also_when_reports_are_merged():
    report, other = LoadReport(), LoadReport()
    report.tally(0, "span is odd", "spans are odd")
    assert report.notes == []
    report.tally(1, "span is odd", "spans are odd")
    assert report.notes == ["1 span is odd"]
    other.tally(2, "span is odd", "spans are odd")
    other.note("other")
    report.merge(other)
    report.tally(1, "span is odd", "spans are odd")
    assert report.notes == ["4 spans are odd", "other"]
    assert LoadReport.from_dict(report.to_dict()).notes == report.notes


def test_remarks_are_bounded():
    report = LoadReport()
    for number in range(10 * MOST_NOTES):
        report.note(f"remark {number}")
    assert len(report.notes) == MOST_NOTES + 1
    assert report.notes[-1] == MORE_NOTES
