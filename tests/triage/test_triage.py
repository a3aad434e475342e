"""triage: it leads to what was planted, and says nothing where nothing changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from obskit import load
from obskit.errors import EmptySelection, InvalidArgument
from obskit.events import Events
from obskit.query import deployments
from obskit.stats import buckets
from obskit.stats.evidence import Counts
from obskit.triage import Triage, changes
from obskit.triage import counts as counting

T = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))


def day(planted: bool, rows: int = 12_000) -> Events:
    """A day of two services; from noon on `book` runs version 2, which (if planted) fails for SEPA.

    errors of book   ________________||||||||||||||
                     version 1       version 2
    """
    rng = np.random.default_rng(11)
    micros = np.sort(rng.integers(0, 24 * 3600_000_000, rows)) + int(T.timestamp() * 1e6)
    service = np.array(["book", "search"])[rng.integers(0, 2, rows)]
    late = micros > int(T.timestamp() * 1e6) + 12 * 3600_000_000
    version = np.where((service == "book") & late, "2", "1")
    method = np.array(["sepa", "card", "invoice"])[rng.integers(0, 3, rows)]
    error = rng.random(rows) < 0.01
    if planted:
        error |= (version == "2") & (method == "sepa") & (rng.random(rows) < 0.7)
    return load(
        pa.table(
            {
                "timestamp": pa.array(micros, pa.timestamp("us", "UTC")),
                "duration_ms": pa.array(rng.lognormal(3, 0.5, rows)),
                "kind": pa.array(["server"] * rows),
                "service.name": pa.array(service),
                "service.version": pa.array(version),
                "name": pa.array(np.where(service == "book", "POST /book", "GET /search")),
                "payment.method": pa.array(method),
                "error": pa.array(error),
            }
        )
    )


def test_it_leads_to_the_planted_cause() -> None:
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


def test_nothing_planted_nothing_found() -> None:
    result = day(planted=False).triage()
    assert result.causes == ()
    assert "No operation got worse beyond chance." in str(result)


def test_since_may_be_said() -> None:
    result = day(planted=True).triage(since="2026-05-04T12:00Z")
    assert result.query == "events.triage(since='2026-05-04T12:00:00Z')"
    assert "events from 2026-05-04T12:00:00Z on are compared with those before" in result.notes
    assert [cause.operation["service.name"] for cause in result.causes] == ["book"]


def test_without_deployments_the_moment_is_found() -> None:
    events = load(day(planted=True).to_arrow().drop_columns(["service.version"]))
    result = events.triage()
    assert (
        "each operation is compared with its earlier time at every full hour; no deployment is visible"
        in (result.notes)
    )
    (cause,) = result.causes
    assert cause.since == T.replace(hour=12)
    assert cause.deployment is None


def test_deployments_are_versions_that_were_not_there() -> None:
    found = deployments(day(planted=True).scope)
    assert [(d.service, d.version) for d in found] == [("book", "2")]
    assert found[0].at.hour == 12


def test_dict_is_json() -> None:
    found = day(planted=True).triage().to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["explanations"][0]["outcome"] == "errors"


def test_what_cannot_be_triaged() -> None:
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


def test_it_leads_to_the_planted_causes_of_the_sample(root: Path) -> None:
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


def test_what_was_always_so_is_no_change(root: Path) -> None:
    result = load(root / "sample_events").triage()
    worse = {row["name"] for row in result.table.to_pylist() if row["more_errors"] or row["more_slow"]}
    assert not any("customers" in name or "me/bookings" in name for name in worse)


@pytest.mark.parametrize("by", ["route", "outcome"])
def test_unequal_weights_raise_no_alarm(by: str) -> None:
    """Rows in random order of time: 100 shuffles, and nothing may be found, whatever the weights.

    weights   1 for one route and 200 for the other; or 4 for failures and 64 for the rest
    """
    rng = np.random.default_rng(5)
    rows, alarms = 3_000, 0
    for _ in range(100):
        error = rng.random(rows) < 0.03
        route = rng.integers(0, 2, rows)
        heavy = np.where(error, 4.0, 64.0)
        if by == "route":
            # what is sampled hard fails more often, all day
            heavy = np.where(rng.random(rows) < 0.9, 1.0, 200.0)
            error = rng.random(rows) < np.where(heavy > 1, 0.2, 0.02)
        slow = rng.lognormal(3, 0.5, rows) * np.where(heavy > 1, 2, 1)
        moments = changes.full_moments(T, T.replace(hour=23))[0]
        interval = rng.integers(0, len(moments) + 1, rows)
        cell = buckets.buckets(slow).astype(np.int64)
        operations = [one(route == key, key, interval, cell, error, heavy) for key in (0, 1)]
        candidates = changes.CandidateMoments(tuple(moments), {}, 0)
        found, _ = changes.find_changes(operations, candidates, lambda _: None)
        alarms += any(row.changes for row in found)
    assert alarms == 0


def one(
    rows: npt.NDArray[np.bool_],
    key: int,
    interval: npt.NDArray[np.int64],
    cell: npt.NDArray[np.int64],
    error: npt.NDArray[np.bool_],
    weight: npt.NDArray[np.float64],
) -> counting.Operation:
    cells, at = np.unique(cell[rows], return_inverse=True)
    sums = np.array([np.ones(rows.sum()), weight[rows], weight[rows] ** 2])
    return counting.Operation((key,), cells, interval[rows], at + len(cells) * error[rows], sums)


def test_a_rare_error_before_hides_no_wave_after() -> None:
    """One light failure among heavy rows: the earlier share is nearly nothing, and known to be.

    Kish's count and one of the variance alone both go wrong here, each in its own direction.
    """
    part, whole = counts(1, 2.0), counts(524, 15.0) + counts(1, 2.0)
    worse, all_after = counts(420, 4.0), counts(420, 4.0) + counts(1767, 6.5)
    assert changes.evidence_of_growth(part, whole, worse, all_after, np.log(1e-5)) is not None
    assert changes.evidence_of_growth(worse, all_after, part, whole, np.log(1e-5)) is None


def counts(n: int, weight: float) -> Counts:
    return Counts(np.array([float(n)]), np.array([n * weight]), np.array([n * weight**2]))


def test_nothing_to_compare_is_no_all_clear() -> None:
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


def test_until_leaves_later_rows_out() -> None:
    result = day(planted=True).triage("2026-05-04T02:00Z", until="2026-05-04T11:00Z")
    assert result.verdict == "No operation got worse beyond chance."
    assert result.table.column("events").to_pylist() < [4000, 4000]


def test_logs_say_what_to_type_instead() -> None:
    logs = pa.table(
        {
            "timestamp": pa.array([T] * 3, pa.timestamp("us", "UTC")),
            "level": ["INFO", "ERROR", "fatal"],
            "logger": ["a", "b", "c"],
        }
    )
    with pytest.raises(InvalidArgument) as refused:
        load(logs).triage()
    assert refused.value.message == (
        "no field identifies operations: none of name, http.route, rpc.method, service.name, "
        "k8s.deployment.name, k8s.pod.name, host.name exists"
    )
    assert "explain --select \"level in ('ERROR', 'fatal')\"" in str(refused.value.hint)
    assert "mapping={'name': 'logger'}" in str(refused.value.hint)


def test_pods_stand_in_for_services() -> None:
    table = day(planted=True).to_arrow()
    columns = ["k8s.pod.name" if name == "service.name" else name for name in table.column_names]
    result = load(table.rename_columns(columns)).triage()
    assert result.table.column_names[:2] == ["k8s.pod.name", "name"]
    assert result.causes[0].operation["k8s.pod.name"] == "book"


def test_few_units_are_pointed_out() -> None:
    table = day(planted=True).to_arrow()
    kind = np.where(np.arange(table.num_rows) < 300, "server", "none")
    table = table.set_column(table.column_names.index("kind"), "kind", pa.array(kind))
    table = table.append_column("parent_span_id", pa.array(["00f067aa0ba902b7"] * table.num_rows))
    events = load(table)
    notes = events.triage().notes
    assert "population: units of work; 11,700 other rows are left out" in notes
    assert (
        "only 300 of 12,000 rows are units of work, so kinds may be missing; "
        'population="all" (--population all) includes every row' in notes
    )
    assert len(events.triage(population="all").causes) == 1
    assert "population: units of work, which all rows are" in day(planted=False).triage().notes


def test_named_deployments_go_first(root: Path) -> None:
    found = deployments(load(root / "sample_events").scope)
    assert [(d.service, d.version, d.at.hour, d.at.minute) for d in found][:3] == [
        ("search", "6.1.4", 7, 10),
        ("booking", "2.4.0", 10, 0),
        ("booking", "2.4.0", 10, 5),
    ]
    assert str(found[0]) == "search 6.1.4"


def test_round_moments() -> None:
    moments, step = changes.full_moments(T.replace(minute=1), T.replace(hour=23, minute=59))
    assert (len(moments), moments[0], step) == (23, T.replace(hour=1), "full hour")
    moments, step = changes.full_moments(T, T.replace(minute=30))
    assert (moments[0], step) == (T.replace(minute=5), "5 minutes")
    assert changes.full_moments(T, T)[0] == []
    moments, step = changes.full_moments(T.replace(year=2000), T)
    assert len(moments) <= 25
