"""Times are shown in another zone, and stay in UTC where programs read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from obskit import load
from obskit.display import formatting, zone
from obskit.display.heatmap import heatmap
from obskit.display.result import Result
from obskit.display.series import series
from obskit.errors import InvalidArgument

T = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # clocks in Berlin go back at 01:00 UTC
TIMES = pa.table(
    {"timestamp": pa.array([T, T + timedelta(hours=1), None], pa.timestamp("us", "UTC")), "n": [1, 2, 3]}
)


def test_a_time_has_the_offset_of_its_zone() -> None:
    with zone.shown_in("Europe/Berlin"):
        assert formatting.time(T) == "2026-10-25T02:30:00+02:00"
        assert (
            formatting.time(T.replace(tzinfo=None) + timedelta(hours=1, milliseconds=5))
            == "2026-10-25T02:30:00.005+01:00"
        )
        assert formatting.time(datetime.max) == "9999-12-31T23:59:59.999999Z"
        assert formatting.utc(T) == "2026-10-25T00:30:00Z"
    assert formatting.time(T) == "2026-10-25T00:30:00Z"


def test_a_result_is_shown_in_its_zone_and_read_in_utc() -> None:
    found = Result(kind="rows", table=TIMES, query="events.rows()", display_tz="Europe/Berlin")
    for shown in (str(found), repr(found), found._repr_html_()):
        assert "timestamp (Europe/Berlin)" in shown
        assert "2026-10-25T02:30:00+02:00" in shown
        assert "2026-10-25T02:30:00+01:00" in shown
    assert found.to_dict()["rows"][0] == {"timestamp": "2026-10-25T00:30:00Z", "n": 1}
    assert found.to_dict()["columns"] == ["timestamp", "n"]
    assert "(UTC)" not in str(Result(kind="rows", table=TIMES, query=""))


def test_an_axis_has_one_offset_and_names_it() -> None:
    marker = [(T, "deployed")]
    with zone.shown_in("Europe/Berlin"):
        lines = series(TIMES, "timestamp", ["n"], markers=marker)
        edges = np.array(["2026-10-25T00:30", "2026-10-25T02:30"], "datetime64[us]")
        cells = heatmap(np.array([[1]]), edges, np.array([1.0, 2.0]), markers=marker)
    title = "timestamp (Europe/Berlin, UTC+02:00)"
    assert lines.layout.xaxis.title.text == cells.layout.xaxis.title.text == title
    assert [str(at) for at in lines.data[0].x] == ["2026-10-25 02:30:00", "2026-10-25 03:30:00"]
    assert [str(np.datetime64(at, "m")) for at in cells.data[0].x] == ["2026-10-25T02:30", "2026-10-25T04:30"]
    assert {str(figure.layout.shapes[0].x0) for figure in (lines, cells)} == {"2026-10-25 02:30:00"}
    assert series(TIMES, "timestamp", ["n"]).layout.xaxis.title.text is None


def test_events_show_every_result_in_the_zone() -> None:
    events = load(
        pa.table(
            {
                "timestamp": [T, T + timedelta(hours=1)],
                "duration_ms": [1.0, 2.0],
                "user.id": ["a", "b"],
                "name": ["x", "y"],
            }
        ),
        display_tz="Europe/Berlin",
    )
    narrowed = events.where("duration_ms > 0")
    for shown in (
        repr(events),
        narrowed._repr_html_(),
        str(narrowed.impact("duration_ms > 1")),
        str(events.rows()),
    ):
        assert "+02:00" in shown or "+01:00" in shown
        assert "00:30:00Z" not in shown
    assert events.rows().to_dict()["rows"][0]["timestamp"] == "2026-10-25T00:30:00Z"
    assert (
        events.fields(["timestamp"]).to_dict()["rows"][0]["top"]
        == "2026-10-25T00:30:00Z … 2026-10-25T01:30:00Z"
    )
    assert narrowed.refresh().display_tz == "Europe/Berlin"


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidArgument) as caught:
        load(TIMES, display_tz="Europe/Berln")
    assert str(caught.value) == (
        "display_tz must be the name of a time zone, got 'Europe/Berln'\nHint: for example Europe/Berlin or UTC"
    )


def test_showing_times_in_an_unknown_zone_is_refused() -> None:
    said = "display_tz must be the name of a time zone"
    with pytest.raises(InvalidArgument, match=said), zone.shown_in("Mars/Base"):
        pass
