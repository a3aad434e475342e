"""Results as text, JSON and HTML."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from obskit.display.result import Result
from obskit.errors import InvalidArgument


def result(**columns: object) -> Result:
    return Result(
        kind="query",
        table=pa.table(columns),
        query="events.query('count()')",
        sql="SELECT 1 < 2",
        dataset={"rows": 12345, "fingerprint": "abcdef0123456789"},
        notes=("k of m",),
    )


def test_the_text_names_call_dataset_and_notes() -> None:
    assert str(result(route=["/a", None], n=[12345, 1])) == (
        "route       n\n"
        "─────  ──────\n"
        "/a     12,345\n"
        "-           1\n"
        "events.query('count()')\n"
        "of 12,345 rows, dataset abcdef012345\n"
        "note: k of m"
    )


def test_the_dict_is_json() -> None:
    found = result(
        x=[float("inf"), float("nan"), 1.5], t=[datetime(2026, 5, 4, 10, tzinfo=UTC)] * 3
    ).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["rows"][0] == {"x": None, "t": "2026-05-04T10:00:00Z"}
    assert list(found) == ["kind", "query", "sql", "dataset", "notes", "columns", "rows"]


def test_html_escapes_everything() -> None:
    evil = "<script>alert(1)</script>"
    page = result(**{evil: [evil]})._repr_html_()
    assert evil not in page
    assert page.count("&lt;script&gt;") == 2
    assert "1 &lt; 2" in page
    assert "var(--jp-ui-font-color1,currentColor)" in page


def test_a_result_without_a_plot_names_one_that_has() -> None:
    with pytest.raises(InvalidArgument) as caught:
        result(n=[1]).plot()
    assert str(caught.value) == (
        "this result (query) has no plot\nHint: plot a time series: query(..., every='1m').plot()"
    )


def test_a_result_without_a_plot_takes_no_options() -> None:
    with pytest.raises(TypeError, match="colour"):
        result(n=[1]).plot(colour="red")  # type: ignore[call-arg]


def test_a_warning_is_not_marked_as_a_note() -> None:
    shown = Result(kind="x", table=pa.table({"n": [1]}), query="q", notes=("warning: mixed", "seen"))
    assert str(shown).split("\n")[-2:] == ["warning: mixed", "note: seen"]


def test_times_are_the_same_in_text_and_json() -> None:
    at = datetime(2026, 5, 4, 10, 0, 0, 120_000, tzinfo=UTC)
    found = result(t=[at])
    assert "2026-05-04T10:00:00.120Z" in str(found)
    assert found.to_dict()["rows"] == [{"t": "2026-05-04T10:00:00.120Z"}]
