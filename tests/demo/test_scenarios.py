"""What `--scenario` plants is in the events, on the rows it says and on no others."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest

import obskit as ok
from obskit.cli.app import main
from obskit.demo.edits import Rows
from obskit.demo.generate import generate
from obskit.demo.scenario_titles import SCENARIO_TITLES
from obskit.demo.scenarios import SCENARIOS, chosen_scenarios, plant, schema_of
from obskit.demo.stream import batches
from obskit.errors import InvalidArgument
from obskit.events import Events

pytestmark = pytest.mark.once

EVENTS, SEED = 40_000, 5


@pytest.fixture(scope="module")
def plain() -> list[pa.RecordBatch]:
    return list(batches(EVENTS, SEED))


def planted(plain: list[pa.RecordBatch], *names: str) -> Events:
    return ok.load(pa.Table.from_batches(list(plant(plain, chosen_scenarios(names), SEED))))


def test_all_scenarios_have_a_title_and_a_record() -> None:
    assert list(SCENARIOS) == list(SCENARIO_TITLES)
    for name, scenario in SCENARIOS.items():
        assert (scenario.name, scenario.record["id"], scenario.record["title"]) == (
            name,
            name,
            SCENARIO_TITLES[name],
        )
        assert scenario.record["expected"]


def test_no_scenario_leaves_the_events_as_they_are(plain: list[pa.RecordBatch]) -> None:
    made = pa.Table.from_batches(list(plant(plain, [], SEED)))
    assert made.equals(pa.Table.from_batches(plain).cast(made.schema))


def test_every_scenario_is_deterministic_and_ordered_by_time(plain: list[pa.RecordBatch]) -> None:
    chosen = chosen_scenarios(SCENARIOS)
    one, two = (pa.Table.from_batches(list(plant(plain, chosen, SEED))) for _ in range(2))
    assert one.equals(two)
    assert one.schema.equals(schema_of(chosen))
    stamps = one.column("timestamp").to_pylist()
    assert stamps == sorted(stamps)


def test_subtle_fails_half_as_often_again(plain: list[pa.RecordBatch]) -> None:
    searches = (
        planted(plain, "subtle").where("name = 'GET /connections'").derive(late="hour(timestamp) >= 12")
    )
    table = searches.to_arrow(["search.index", "late", "error"]).to_pylist()
    rate = {}
    for index, late in (("blue", True), ("blue", False), ("green", True)):
        own = [row["error"] for row in table if (row["search.index"], row["late"]) == (index, late)]
        rate[index, late] = sum(own) / len(own)
    assert 0.08 < rate["blue", True] < 0.17
    assert 0.04 < rate["blue", False] < 0.12
    assert rate["green", True] < 0.15


def test_rare_is_a_small_part_that_fails(plain: list[pa.RecordBatch]) -> None:
    route = "http.route = '/customers/{customer_id}/bookings'"
    events = planted(plain, "rare").where(route)
    n, rare = (
        events.where(where).query("rows() as n").to_arrow().to_pylist()[0]["n"]
        for where in ("client.build is not null", "client.build = '7741'")
    )
    assert 0 < rare < 0.03 * n
    failed = events.where("error and client.build = '7741'").query("min(timestamp) as first", "rows() as n")
    (row,) = failed.to_arrow().to_pylist()
    assert row["n"] == 0 or row["first"].hour >= 13


def test_restating_fields_outrank_the_cause_by_construction(plain: list[pa.RecordBatch]) -> None:
    searches = planted(plain, "restating").where("name = 'GET /connections'")
    rows = searches.to_arrow(
        ["timestamp", "duration_ms", "search.backend_ms", "search.log_position"]
    ).to_pylist()
    assert all(0.95 < row["search.backend_ms"] / row["duration_ms"] < 0.99 for row in rows)
    positions = [row["search.log_position"] for row in rows]
    assert positions == sorted(positions)
    slow = searches.where("duration_ms > 400 and search.cache_node = 'cache-3'").query("rows() as n")
    assert slow.to_arrow().to_pylist()[0]["n"] > 20
    # Each span is still within its parent.
    whole = (
        planted(plain, "restating").to_arrow(["span_id", "parent_span_id", "kind", "duration_ms"]).to_pylist()
    )
    length = {row["span_id"]: row["duration_ms"] for row in whole if row["duration_ms"] is not None}
    assert all(
        row["duration_ms"] <= length[row["parent_span_id"]]
        for row in whole
        if row["kind"] == "server" and row["parent_span_id"] in length
    )


def test_one_pod_logs_the_new_message_and_only_late(plain: list[pa.RecordBatch]) -> None:
    events = planted(plain, "message")
    lines = events.where("name = 'pool_wait'").to_arrow().to_pylist()
    (pod,) = SCENARIOS["message"].record["expected"]
    assert len(lines) > 5
    assert {row["k8s.pod.name"] for row in lines} == {pod["value"]}
    assert all(row["timestamp"].hour >= 14 and row["duration_ms"] is None for row in lines)
    assert len({row["body"] for row in lines}) > 3
    assert events.dataset.rows == EVENTS + len(lines)
    spans = set(pa.Table.from_batches(plain).column("span_id").to_pylist())
    assert {row["span_id"] for row in lines} <= spans


def test_a_region_vanishes_with_everything_in_it(plain: list[pa.RecordBatch]) -> None:
    events = planted(plain, "region")
    kept = events.where("cloud.region = 'eu-north-1'").query("max(timestamp) as last").to_arrow().to_pylist()
    assert kept[0]["last"].hour < 18
    others = events.where("cloud.region = 'eu-west-1' and hour(timestamp) >= 18").query("rows() as n")
    assert others.to_arrow().to_pylist()[0]["n"] > 100


def test_messages_of_one_tenant_lose_their_consumer(plain: list[pa.RecordBatch]) -> None:
    late = planted(plain, "consumer").where("hour(timestamp) >= 16 and tenant.id is not null")
    rows = late.query("rows() as n", by=["tenant.id", "kind"], limit=200).to_arrow().to_pylist()
    consumed = {row["tenant.id"] for row in rows if row["kind"] == "consumer"}
    produced = {row["tenant.id"] for row in rows if row["kind"] == "producer"}
    assert produced - consumed == {"tenant-07"}


def test_the_bad_deployment_fails_and_the_harmless_one_does_not(plain: list[pa.RecordBatch]) -> None:
    events = planted(plain, "deployments")
    assert [str(deployment) for deployment in _deployments(events)] == [
        "search 6.1.4",
        "booking 2.4.0",
        "booking 2.4.0",
        "booking 2.4.0",
        "booking 2.4.0",
        "notification 1.7.6",
        "seatmap 4.0.12",
        "search 6.2.0",
    ]
    failed = events.where("error.type = 'IndexMismatch'").to_arrow(["timestamp", "service.name", "trace_id"])
    rows = failed.to_pylist()
    services = ("edge", "gateway", "search")
    traces = [{row["trace_id"] for row in rows if row["service.name"] == name} for name in services]
    assert traces[0] == traces[1] == traces[2], "the callers fail with it"
    assert len(traces[0]) > 3
    assert all(row["timestamp"].hour >= 17 for row in rows)
    versions = events.where("service.name = 'seatmap'").query("rows() as n", by="service.version").to_arrow()
    assert set(versions.column("service.version").to_pylist()) == {"4.0.11", "4.0.12"}


def test_the_ramp_is_a_regression_of_one_tenant(plain: list[pa.RecordBatch]) -> None:
    events = planted(plain, "ramp")
    steps = events.where("name = 'deployment' and service.name = 'search' and hour(timestamp) >= 9")
    assert steps.query("rows() as n", by="deployment.weight").to_arrow().column("n").to_pylist() == [
        1,
        1,
        1,
        1,
        1,
    ]
    found = events.judge("6.3.0", service="search", looks="5m", latency=None)
    assert found.word == "regress"
    assert found.slices[0].condition == "tenant.id = 'tenant-03'"
    assert "tenant.id = 'tenant-03'" in found.sentence
    assert found.baseline is not None
    assert found.baseline.label == "6.1.4"
    others = events.judge(
        "6.3.0", service="search", looks="5m", latency=None, where="tenant.id != 'tenant-03'", errors="+5pp"
    )
    assert others.word == "pass"
    # The newest deployment is the return to 6.1.4 at 17:00, of which nothing is known but that it ran before.
    back = events.judge(service="search", latency=None)
    assert back.candidate is not None
    assert (back.candidate.label, back.word) == ("6.1.4", "inconclusive")


def _deployments(events: Events) -> list[str]:
    rows = (
        events.where("name = 'deployment'")
        .to_arrow(["timestamp", "service.name", "service.version"])
        .to_pylist()
    )
    rows.sort(key=lambda row: row["timestamp"])
    return [f"{row['service.name']} {row['service.version']}" for row in rows]


def test_generate_records_what_it_planted(tmp_path: Path) -> None:
    made = generate(tmp_path / "day", events=2_000, seed=3, scenarios=["message", "deployments", "region"])
    assert made["scenarios"] == ["message", "region", "deployments"]
    lines = sum(gzip.decompress(p.read_bytes()).count(b"\n") for p in (tmp_path / "day").glob("*.gz"))
    assert made["events"] == lines != 2_000
    record = json.loads((tmp_path / "day" / "planted.json").read_text())
    assert record["made_by"].endswith("--scenario message --scenario region --scenario deployments")
    assert [entry["id"] for entry in record["planted"][-3:]] == made["scenarios"]
    assert {"seatmap", "search"} <= {one["service"] for one in record["deployments"]}
    assert SCENARIO_TITLES["region"] in (tmp_path / "day" / "README.md").read_text().replace("\n   ", " ")


def test_a_dataset_reports_the_rows_that_are_in_it(tmp_path: Path) -> None:
    made = generate(tmp_path / "day", events=3_000, seed=3, scenarios=["region"], format="parquet")
    events = ok.load(tmp_path / "day")
    assert made["events"] == events.dataset.rows == events.load_report.rows_read < 3_000


def test_an_unknown_scenario_suggests_the_nearest() -> None:
    with pytest.raises(InvalidArgument) as caught:
        chosen_scenarios(["regoin"])
    assert str(caught.value) == (
        "scenario 'regoin' does not exist\nHint: the nearest is region; "
        "all scenarios: subtle, rare, restating, message, region, consumer, deployments, ramp"
    )


def test_the_command_prints_what_it_planted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "day")
    assert main(["demo", "--out", out, "--events", "1000", "--scenario", "rare"]) == 0
    assert f"planted rare: {SCENARIO_TITLES['rare']}\n" in capsys.readouterr().out
    assert main(["demo", "--live", "--scenario", "rare"]) == 2


def test_decisions_are_the_same_for_all_rows_of_a_trace(plain: list[pa.RecordBatch]) -> None:
    rows = Rows(pa.Table.from_batches(plain[:1]), SEED)
    seen: dict[str, float] = {}
    for trace, value in zip(
        rows.table.column("trace_id").to_pylist(), rows.uniform("x").tolist(), strict=True
    ):
        assert (value == 1.0) if trace is None else seen.setdefault(trace, value) == value
    assert 0.4 < sum(seen.values()) / len(seen) < 0.6
