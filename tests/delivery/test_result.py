"""What a reader sees: the table, Markdown, JSON, the comparison, the figure."""

import json

import pyarrow as pa
import pytest

import obskit as ok
from obskit.delivery.tables import interval_text, value_text
from obskit.errors import InvalidArgument
from obskit.stats.intervals import Interval
from tests.delivery.records import at


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    names = (
        "timestamp",
        "name",
        "service.name",
        "service.version",
        "obskit.incident.status",
        "obskit.incident.id",
    )
    rows = [
        (at(n * 1440), "deployment", service, str(n), None, None)
        for service in ("book", "<b>|seats")
        for n in range(20)
    ]
    rows += [
        (at(1500), "incident", "book", None, "open", "7"),
        (at(1600), "incident", "book", None, "resolved", "7"),
    ]
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
    return ok.delivery(ok.load(table))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "s", "?"),
        (0.05, "share", "5.0%"),
        (90.0, "s", "90 s"),
        (86_400.0 * 2.5, "s", "2.5 d"),
        (7_200.0, "s", "2 h"),
        (0.25, "per day", "0.25 per day"),
    ],
)
def test_values(value, unit, text):
    assert value_text(value, unit) == text


def test_bounds():
    assert interval_text(Interval(2.0, 1.0, 3.0), "per day") == "1 per day to 3 per day"
    assert interval_text(Interval(2.0, None, 3.0), "per day") == "at most 3 per day"
    assert interval_text(Interval(2.0, 1.0, None), "per day") == "at least 1 per day"
    assert interval_text(Interval(None, None, None), "s") == ""


def test_the_text_has_every_metric_with_n(found):
    text = str(found)
    assert text.startswith("Delivery, 2026-05-04T10:00:00Z to 2026-05-23T10:00:00Z\nservice ")
    assert "change fail rate" in text
    assert "5.0%" in text
    assert "book" in text


def test_json_can_be_written(found):
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert (document["kind"], document["per"], document["window"][0]) == (
        "delivery",
        "service",
        "2026-05-04T10:00:00Z",
    )
    assert len(document["deployments"]) == 40
    assert document["incidents"][0]["method"] == "same service"
    assert document["rows"][0]["group"] == "<b>|seats"


def test_markdown_and_html_escape_what_comes_from_data(found):
    markdown = found.to_markdown()
    assert "| \\<b\\>\\|seats | lead time |" in markdown
    assert markdown.splitlines()[0] == "Delivery, 2026-05-04T10:00:00Z to 2026-05-23T10:00:00Z"
    assert "<b>" not in found._repr_html_()


def test_two_groups(found):
    compared = found.compare("book", "<b>|seats")
    rows = {row["metric"]: row for row in compared.table.to_pylist()}
    assert (rows["deployment_frequency"]["value"], rows["deployment_frequency"]["first_n"]) == (1.0, 19)
    assert rows["change_fail_rate"]["value"] is None  # one of 20 against none: infinite
    assert rows["change_fail_rate"]["low"] < 1
    assert "an interval that contains 1 shows no difference" in str(compared)
    with pytest.raises(InvalidArgument) as caught:
        found.compare("boook", "book")
    assert str(caught.value) == "there is no group 'boook'\nHint: the groups are book"


def test_two_windows(found, tmp_path):
    other = found.compare("book", found)
    assert {row["value"] for row in other.table.to_pylist() if row["metric"] == "deployment_frequency"} == {
        1.0
    }


def test_over_time(found):
    table = found.over_time(7)
    assert table.num_rows == 2 * 3
    assert sum(table["deployments"].to_pylist()) == 40
    with pytest.raises(InvalidArgument):
        found.over_time(0)


def test_the_figure_has_a_panel_per_metric(found):
    figure = found.plot(7)
    assert {trace.yaxis for trace in figure.data} == {"y", "y2", "y3"}


def test_bands_are_off_unless_given(found, tmp_path):
    assert "band" not in str(found)
    bands = {"version": "ours 1", "bands": {"names": ["low", "high"], "change_fail_rate": [0.5]}}
    import dataclasses

    from obskit.delivery.bands import read_bands

    shown = str(dataclasses.replace(found, bands=read_bands(bands)))
    assert "band (ours 1)" in shown
    assert "low" in shown
