"""Triage finds the planted causes, and nothing where nothing changed."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from obskit import load
from obskit.errors import EmptySelection, InvalidArgument
from obskit.query import deployments
from obskit.triage import Triage
from tests.triage.days import T, day


def test_the_planted_cause_is_found() -> None:
    events = day(planted=True)
    result = events.triage()
    (cause,) = result.causes
    assert cause.operation == {"service.name": "book", "name": "POST /book"}
    assert cause.outcome == "errors"
    assert cause.deployment == "book 2"
    fields = {item["field"]: item["value"] for item in cause.explanation.findings[0].conditions}
    assert fields == {"service.version": "2", "payment.method": "sepa"}
    text = str(result)
    assert "POST /book" in text
    assert "since book 2, 2026-05-04T12:0" in text
    assert result.table.to_pylist()[0]["service.name"] == "book"


def test_nothing_is_found_where_nothing_is_planted() -> None:
    result = day(planted=False).triage()
    assert result.causes == ()
    assert "No operation got worse beyond chance." in str(result)


def test_since_sets_the_moment() -> None:
    result = day(planted=True).triage(since="2026-05-04T12:00Z")
    assert result.query == "events.triage(since='2026-05-04T12:00:00Z')"
    assert "events from 2026-05-04T12:00:00Z on are compared with those before" in result.notes
    assert [cause.operation["service.name"] for cause in result.causes] == ["book"]


def test_the_moment_is_found_without_deployments() -> None:
    events = load(day(planted=True).to_arrow().drop_columns(["service.version"]))
    result = events.triage()
    assert (
        "each operation is compared with its earlier time at every full hour; no deployment is visible"
        in (result.notes)
    )
    (cause,) = result.causes
    assert cause.since == T.replace(hour=12)
    assert cause.deployment is None


def test_new_versions_are_deployments() -> None:
    found = deployments(day(planted=True).scope)
    assert [(d.service, d.version) for d in found] == [("book", "2")]
    assert found[0].at.hour == 12


def test_the_dict_is_json() -> None:
    found = day(planted=True).triage().to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["explanations"][0]["outcome"] == "errors"


def test_events_without_time_or_operations_are_rejected() -> None:
    with pytest.raises(InvalidArgument, match="no event has a time"):
        load(pa.table({"name": ["x"]})).triage()
    with pytest.raises(InvalidArgument, match="no field identifies operations"):
        load(pa.table({"timestamp": pa.array([T], pa.timestamp("us", "UTC"))})).triage()


def planted_in(root: Path) -> dict[str, set[tuple[str, str | None]]]:
    found = json.loads((root / "sample_events" / "planted.json").read_text())["planted"]
    return {one["id"]: {(i["field"], i.get("value")) for i in one["expected"]} for one in found}


def found_in(result: Triage) -> dict[str, set[tuple[str, str | None]]]:
    return {
        f"{cause.operation['service.name']} {cause.outcome}": {
            (item["field"], item.get("value")) for item in cause.explanation.findings[0].conditions
        }
        for cause in result.causes
    }


def test_the_planted_causes_of_the_sample_are_found(root: Path) -> None:
    result = load(root / "sample_events").triage()
    planted, found = planted_in(root), found_in(result)
    assert found["booking slow"] == planted["lock"]
    assert found["booking errors"] == planted["mandate"]
    assert found["seatmap errors"] == planted["composition"]
    assert list(found) == ["booking slow", "booking errors", "seatmap errors"]
    assert [(cause.since.hour, cause.deployment) for cause in result.causes] == [
        (10, "booking 2.4.0"),
        (10, "booking 2.4.0"),
        (16, None),
    ]


def test_callers_are_not_explained_again(root: Path) -> None:
    result = load(root / "sample_events").triage()
    text = str(result)
    assert (
        "gateway POST /api/bookings: errors 0.024% → 11.2% since booking 2.4.0, 2026-05-04T10:00:00Z, "
        "about 1,537 more: in the same traces as booking POST /book above" in text
    )
    assert "booking POST /book: slower than 312 ms (its earlier p95): 5.0% → 24.4% since booking" in text
    ingress = next(one for one in result.repeats if one.operation["name"] == "ingress")
    assert [operation["service.name"] for operation in ingress.same] == ["booking", "seatmap"]
    assert "the increase is in the traces of booking POST /book and seatmap GET" in ingress.headline()
    assert "in the same traces as booking POST /book above" in result._repr_html_()


def test_since_finds_what_broke_then(root: Path) -> None:
    result = load(root / "sample_events").triage("2026-05-04T16:00Z")
    assert found_in(result)["seatmap errors"] == planted_in(root)["composition"]


def test_masked_errors_are_among_all_rows(root: Path) -> None:
    result = load(root / "sample_events").triage(
        "2026-05-04T13:00Z", until="2026-05-04T14:00Z", population="all"
    )
    worse = {
        (cause.operation["service.name"], cause.operation["name"], cause.outcome) for cause in result.causes
    }
    assert ("payment", "POST", "errors") in worse
    assert result.query == (
        "events.triage(since='2026-05-04T13:00:00Z', until='2026-05-04T14:00:00Z', population='all')"
    )


def test_what_was_always_slow_is_not_a_change(root: Path) -> None:
    result = load(root / "sample_events").triage()
    worse = {row["name"] for row in result.table.to_pylist() if row["more_errors"] or row["more_slow"]}
    assert not any("customers" in name or "me/bookings" in name for name in worse)


def test_nothing_to_compare_is_not_reported_as_no_change() -> None:
    events = day(planted=True)
    result = events.between("2026-05-04T13:00Z", "2026-05-04T14:00Z").triage("2026-05-04T13:00Z")
    assert result.verdict.startswith(
        "Nothing was compared: no row is before 2026-05-04T13:00:00Z. Use a later since= (--since); "
    )
    assert "beyond chance" not in str(result)
    late = events.triage("2026-05-06T00:00Z")
    assert late.verdict.startswith(
        "Nothing was compared: no row is after 2026-05-06T00:00:00Z. Use an earlier since= (--since); "
    )
    few = events.where("payment.method = 'sepa'").between("-2m").triage()
    assert few.verdict.startswith("Nothing was compared: no operation has 20 events both before and after")
    with pytest.raises(EmptySelection, match="no event is left to compare"):
        events.where("payment.method = 'none'").triage()
    with pytest.raises(InvalidArgument, match="since must be before until, got 2026-05-04T13:00:00"):
        events.triage("2026-05-04T13:00Z", until="2026-05-04T12:00Z")


def test_until_leaves_out_later_rows() -> None:
    result = day(planted=True).triage("2026-05-04T02:00Z", until="2026-05-04T11:00Z")
    assert result.verdict.startswith(
        "No operation got worse beyond chance. It would have been found if errors"
    )
    assert result.table.column("events").to_pylist() < [4000, 4000]


def test_pods_identify_operations_without_services() -> None:
    table = day(planted=True).to_arrow()
    columns = ["k8s.pod.name" if name == "service.name" else name for name in table.column_names]
    result = load(table.rename_columns(columns)).triage()
    assert result.table.column_names[:2] == ["k8s.pod.name", "name"]
    assert result.causes[0].operation["k8s.pod.name"] == "book"


def test_recorded_deployments_are_used_first(root: Path) -> None:
    found = deployments(load(root / "sample_events").scope)
    assert [(d.service, d.version, d.at.hour, d.at.minute) for d in found][:3] == [
        ("search", "6.1.4", 7, 10),
        ("booking", "2.4.0", 10, 0),
        ("booking", "2.4.0", 10, 5),
    ]
    assert str(found[0]) == "search 6.1.4"
