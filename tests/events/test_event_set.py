"""Narrowing, refreshing, reading out and showing events."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from obskit import load
from obskit.errors import ConditionError, InvalidArgument, UnknownField
from tests.events.samples import T, count, table


def test_verbs_return_new_events() -> None:
    events = load(table())
    narrowed = events.where("duration_ms > 100").where("name = 'GET /a'")
    assert (count(events), count(narrowed)) == (6, 2)
    assert narrowed.scope.where is not None
    assert narrowed.scope.where.text == "duration_ms > 100 and name = 'GET /a'"
    assert events.scope.where is None
    with pytest.raises(AttributeError):
        events.trace_url = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (("-2m",), 3),
        (("-2m", "-1m"), 1),
        (("2026-05-04T10:01Z", "2026-05-04T10:03Z"), 2),
        (("2026-05-04T10:01Z/2026-05-04T10:03Z",), 2),
        ((None, T + timedelta(minutes=1)), 1),
        ((datetime(2026, 5, 4, 10, 4), None), 2),
        (("/2026-05-04T12:01+02:00",), 1),
        (("2m",), 3),
        (("2m", "1m"), 1),
        (("2m/1m",), 1),
        ((("-2m", "-1m"),), 1),
        (([None, T + timedelta(minutes=1)],), 1),
        ((T + timedelta(minutes=4),), 2),
    ],
)
def test_between(given: tuple[object, ...], left: int) -> None:
    assert count(load(table()).between(*given)) == left


def test_a_window_that_is_not_valid_is_an_error() -> None:
    events = load(table())
    with pytest.raises(InvalidArgument, match="must end after it begins"):
        events.between("-1m", "-2m")
    with pytest.raises(InvalidArgument, match=r"\(None, None\) is not a window of time"):
        events.between(None)
    with pytest.raises(InvalidArgument, match=r"\('-2m', '-1m'\) is not a time"):
        events.between(("-2m", "-1m"), "-1m")
    with pytest.raises(ConditionError, match="'noon' is not a time"):
        events.between("noon")


def test_derive() -> None:
    events = load(table()).derive(seconds="duration_ms / 1000", slow="duration_ms > 250")
    assert count(events.where("slow and seconds < 0.45")) == 2
    assert events.schema.names[-2:] == ["seconds", "slow"]
    assert "seconds" in repr(events)
    with pytest.raises(UnknownField):
        events.derive(x="nope + 1")


def test_the_catalogue() -> None:
    events = load(table())
    text = repr(events)
    assert text.startswith("6 events from 2026-05-04T10:00:00Z to 2026-05-04T10:05:00Z, 7 fields, dataset ")
    assert "GET /a 50.0%, GET /b 50.0%" in text
    late = repr(events.between("-2m").where("duration_ms < 500"))
    assert late.startswith(
        "2 of 6 events from 2026-05-04T10:03:00Z to 2026-05-04T10:04:00Z, 7 fields, dataset "
    )
    assert "narrowed to: timestamp >= '2026-05-04T10:03:00Z' and duration_ms < 500" in late
    assert repr(events.where("duration_ms > 1e9")).startswith("0 of 6 events, 7 fields")
    assert "<table>" in events._repr_html_()


def test_the_catalogue_marks_lower_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obskit.query.catalogue.SMALL_ROWS", 3)
    monkeypatch.setattr("obskit.query.catalogue.SAMPLE_ROWS", 4)
    events = load(table())
    for text in (repr(events), events._repr_html_().replace("&gt;", ">")):
        assert ">= 2" in text
        assert "are from a sample of 4 rows" in text
    events.dataset.codes.ensure(events.schema.names)
    assert ">= " not in repr(events)


def test_the_catalogue_counts_only_fields_it_shows() -> None:
    wide = load(pa.table({f"attr.{n:03}": pa.array([n, None]) for n in range(250)}))
    assert "… 227 more fields: events.fields()" in repr(wide)
    assert "… 227 more fields: events.fields()" in wide._repr_html_()
    assert len(wide.fields()) == 252


def test_the_catalogue_lists_the_most_useful_fields_first() -> None:
    names = [f"attr.{n:03}" for n in range(40)]
    events = load(table().append_column("error.type", pa.array(["x"] * 6)).append_column("zzz", pa.nulls(6)))
    lines = repr(events).splitlines()[3:]
    assert [line.split()[0] for line in lines][:4] == ["timestamp", "duration_ms", "name", "error"]
    wide = load(pa.table({**{name: pa.array([1]) for name in names}, "service.name": pa.array(["a"])}))
    assert "service.name" in repr(wide), "the last column, but one of those that people look for"


def test_a_long_condition_is_shortened_in_the_summary() -> None:
    many = ", ".join(f"'n{n}'" for n in range(200))
    shown = repr(load(table()).where(f"name in ({many}) or kind = 'server'"))
    assert "narrowed to: name in ('n0', 'n1', 'n2', 'n3' and 196 more) or kind = 'server'" in shown


def test_population() -> None:
    events = load(table())
    assert events.population == "units"
    assert events.where("kind = 'server'").population == "all"
    assert load(pa.table({"x": [1, 2]})).population == "all"


def test_trace_url_makes_links() -> None:
    events = load(table(), trace_url="https://tracing.example/t/{trace_id}")
    assert events.trace_link("a/b") == "https://tracing.example/t/a%2Fb"
    assert 'href="https://tracing.example/t/' in events.sample(3)._repr_html_()
    assert 'href="https://tracing.example/t/' in events.trace(f"{1:032x}")._repr_html_()
    assert load(table()).trace_link("a") is None
    for bad in ("javascript:{trace_id}", "https://x/"):
        with pytest.raises(InvalidArgument):
            load(table(), trace_url=bad)


def test_refresh_reads_new_rows(tmp_path: Path) -> None:
    tmp_path = tmp_path / "events"  # apart from the cache
    tmp_path.mkdir()
    pq.write_table(table(), tmp_path / "a.parquet")
    events = load(tmp_path).where("duration_ms > 100").derive(slow="duration_ms > 250")
    pq.write_table(table(12), tmp_path / "b.parquet")
    assert count(events) == 4
    later = events.refresh()
    assert count(later) == 14
    assert later.scope.where is not None
    assert later.scope.where.text == "duration_ms > 100"
    assert "slow" in later.schema.names
    assert count(later.refresh()) == 14


def test_events_convert_to_arrow_and_pandas() -> None:
    events = load(table()).where("duration_ms > 350").derive(s="duration_ms / 1000")
    assert events.to_arrow(["Duration_ms", "s"]).to_pydict() == {
        "duration_ms": [400.0, 500.0],
        "s": [0.4, 0.5],
    }
    frame = events.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame) == 2


def test_a_count_of_one_is_singular(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_text(
        '{"time": "2026-05-04T10:00:00Z", "name": "a", "trace_id": "ab", "span_id": "1"}\n{torn\n'
    )
    events = load(path)
    head = repr(events).splitlines()[:2]
    mark = events.fingerprint[:12]
    assert head == [
        "1 event from 2026-05-04T10:00:00Z to 2026-05-04T10:00:00Z, "
        f"{len(events.schema)} fields, dataset {mark}",
        "1 row was rejected: see events.load_report",
    ]
    assert (
        repr(events.where("name = 'b'")).splitlines()[0]
        == f"0 of 1 event, {len(events.schema)} fields, dataset {mark}"
    )
    assert str(events.trace("ab")).startswith("trace ab: 1 span · ")
    assert events.query("count()").footer()[1] == f"of 1 row, dataset {mark}"
    assert str(events.write(tmp_path / "out.jsonl")) == (
        f"wrote 1 event with {len(events.schema)} fields to {tmp_path}/out.jsonl (jsonl)"
    )
