"""`events.traces()`: the list and its order, operations, structures, the map, and writing traces to a file."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import obskit
from obskit.dataset import write
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument
from obskit.schema import LoadReport
from obskit.traces import Traces, traces
from tests.query.scopes import T, events, spans
from tests.traces.synthetic import Shop


@pytest.fixture(scope="module")
def shop() -> Traces:
    """30 traces; in every third payment fails, in one of those orders too, and two spans of one are lost."""
    made = Shop(1)
    for n in range(30):
        made.trace(queries=1 + n % 3, own={"stock": 10.0} if n == 7 else {})
    for row in made.rows:
        number = int(row["trace_id"], 16)
        if number % 3 == 0 and row["service.name"] == "payment":
            row["error"] = row["kind"] == "server"
        if number == 6 and row["kind"] == "server":
            row["error"] = True
    made.rows = [
        row for row in made.rows if not (int(row["trace_id"], 16) == 9 and row["name"].startswith("call p"))
    ]
    return made.traces()


def test_the_list_says_what_each_trace_is(shop: Traces) -> None:
    rows = {int(row["trace_id"], 16): row for row in shop.list(limit=100).to_arrow().to_pylist()}
    assert len(rows) == 30
    assert rows[1] | {"duration_ms": 0, "timestamp": 0} == {
        "trace_id": f"{1:032x}", "root": "GET /buy", "service": "gateway", "timestamp": 0, "duration_ms": 0,
        "spans": 8, "services": 4, "errors": 0, "masked_errors": 0, "complete": True,
    }  # fmt: skip
    assert (rows[3]["errors"], rows[3]["masked_errors"]) == (1, 1)
    assert (rows[6]["errors"], rows[6]["masked_errors"]) == (4, 0)
    assert not rows[9]["complete"]
    lengths = shop.list(limit=100).to_arrow()["duration_ms"].to_pylist()
    assert lengths == sorted(lengths, reverse=True)


def test_as_many_traces_are_counted_as_listed() -> None:
    """Of one trace, only a log record is there."""
    made = Shop(1)
    made.trace()
    made.rows += [
        {**made.rows[0], "trace_id": f"{9:032x}", "kind": "event", "duration_ms": None, "body": "alone"}
    ]
    scope = made.traces().scope
    for where, many in ((None, 2), ("body = 'alone'", 1), ("not slow", 2)):
        found = traces(scope, where)
        rows = found.list(limit=100).to_arrow().to_pylist()
        assert len(found) == len(rows) == many
        assert [row["root"] for row in rows if row["trace_id"] == f"{9:032x}"] == [None]


def test_what_is_unknown_of_an_operation_or_a_service_is_not_zero() -> None:
    """Spans of stock have no durations: neither its self time is known, nor that of the call to it."""
    made = Shop(1)
    made.trace()
    for row in made.rows:
        row["duration_ms"] = None if row["service.name"] == "stock" else row["duration_ms"]
    found = {row["operation"]: row for row in made.traces().operations().to_arrow().to_pylist()}
    assert [found["GET /stock"][name] for name in ("self_ms", "self_share", "critical_ms", "p50_ms")] == [
        None
    ] * 4
    assert found["call stock"]["self_ms"] is None
    assert found["POST /pay"]["self_ms"] > 0
    nodes = {row["service"]: row["self_ms"] for row in made.traces().map().nodes.to_pylist()}
    assert nodes["stock"] is None
    assert nodes["payment"] > 0


def test_a_mean_is_of_the_times_that_are_known() -> None:
    """Of 40 traces, 20 have no durations of payment; the means are those of the others, and not half of them."""
    whole, partly = Shop(3), Shop(3)
    for made in (whole, partly):
        for _ in range(40):
            made.trace()
    for number, row in enumerate(partly.rows):
        if row["service.name"] == "payment" and int(row["trace_id"], 16) % 2:
            partly.rows[number] = row | {"duration_ms": None}
    every, some = (
        {row["operation"]: row for row in made.traces().operations().to_arrow().to_pylist()}
        for made in (whole, partly)
    )
    for name in ("self_ms", "critical_ms", "self_share", "critical_share"):
        assert some["POST /pay"][name] == pytest.approx(every["POST /pay"][name], rel=0.15)
    nodes, fewer = (
        {row["service"]: row["self_ms"] for row in made.traces().map().nodes.to_pylist()}
        for made in (whole, partly)
    )
    for name in ("payment", "orders", "gateway"):
        assert fewer[name] == pytest.approx(nodes[name], rel=0.15)


def test_it_can_be_ordered_and_cut(shop: Traces) -> None:
    found = shop.list(order="errors desc, spans, trace_id", limit=2)
    assert [int(each, 16) for each in found.to_arrow()["trace_id"].to_pylist()] == [6, 9]
    assert found.query == "events.traces().list(order='errors desc, spans, trace_id', limit=2)"
    with pytest.raises(InvalidArgument) as caught:
        shop.list(order="nope desc")
    assert str(caught.value) == (
        "order names 'nope', which is not a column of the list\n"
        "Hint: the columns are root, service, duration_ms, spans, services, errors, masked_errors, complete, "
        "trace_id, timestamp"
    )
    for wrong in (0, 1.5, True):
        with pytest.raises(InvalidArgument):
            shop.list(limit=wrong)  # type: ignore[arg-type]


def test_it_displays_as_its_list(shop: Traces) -> None:
    few = dataclasses.replace(shop, limit=3)
    assert str(few) == str(few.list())
    assert few.to_dict() == few.list().to_dict()
    assert few.to_arrow().num_rows == len(few.to_pandas()) == 3
    assert few.list().query == "events.traces(3)"
    assert "<table>" in few._repr_html_()
    assert len(few) == 30


def test_where_selects_whole_traces_and_counts_matching_rows(shop: Traces) -> None:
    found = traces(shop.scope, "error")
    assert len(found) == 10
    rows = found.list(limit=100).to_arrow().to_pylist()
    assert sum(row["matching"] for row in rows) == 13
    assert min(row["spans"] for row in rows) >= 8
    both = traces(shop.scope.narrow("error"), "name = 'GET /buy'")
    assert [int(row["trace_id"], 16) for row in both.list().to_arrow().to_pylist()] == [6]
    # `narrow` may name another row than the one before.
    assert len(traces(shop.scope, "error").narrow("name = 'GET /stock'")) == 10


def test_operations_add_up_to_all_time(shop: Traces) -> None:
    found = shop.operations().to_arrow()
    by_name = {(row["service"], row["operation"]): row for row in found.to_pylist()}
    query = by_name["orders", "SELECT"]
    assert (query["traces"], query["calls"], query["calls_per_trace"]) == (30, 60, 2.0)
    assert by_name["payment", "POST /pay"]["errors"] == 10
    assert sum(found["self_share"].to_pylist()) == pytest.approx(1)
    assert sum(found["critical_share"].to_pylist()) == pytest.approx(1)
    assert found["operation"][0].as_py() == "POST /pay"
    # Everything is one after another here, so all time is on the path.
    assert found["self_ms"].to_pylist() == pytest.approx(found["critical_ms"].to_pylist(), rel=0.05)


def test_shapes_ignore_the_number_of_equal_calls(shop: Traces) -> None:
    found = shop.shapes().to_arrow().to_pylist()
    assert [row["traces"] for row in found] == [29, 1]
    assert found[0]["share"] == pytest.approx(29 / 30)
    assert found[0]["structure"] == (
        "gateway GET /buy(gateway call orders(orders POST /order(orders SELECT, orders call payment(payment POST "
        "/pay), orders call stock(stock GET /stock))))"
    )
    assert found[1]["structure"].endswith("payment POST /pay")
    assert found[1]["trace_id"] == f"{9:032x}"
    assert found[0]["failed"] == pytest.approx(9 / 29)
    assert len(shop.shapes(limit=1)) == 1


def test_the_map_has_calls_errors_times_and_the_network(shop: Traces) -> None:
    found = shop.map()
    nodes = {row["service"]: row for row in found.nodes.to_pylist()}
    assert [nodes[name]["calls"] for name in ("gateway", "orders", "payment", "stock")] == [30] * 4
    assert nodes["payment"]["errors"] == 10
    edges = {(row["caller"], row["callee"]): row for row in found.edges.to_pylist()}
    assert set(edges) == {("gateway", "orders"), ("orders", "payment"), ("orders", "stock")}
    assert edges["orders", "payment"]["calls"] == 29  # the call of trace 9 is lost
    assert edges["orders", "stock"]["network_ms"] == pytest.approx(1.0, rel=0.3)
    assert {row["kind"] for row in edges.values()} == {"call"}
    assert all(row["change"] is None for row in (*nodes.values(), *edges.values()))
    assert found.notes == ("1 span has a parent that is not in the data: shown as roots",)
    assert found.to_dict()["nodes"][0]["service"] == "gateway"
    assert "payment" in str(found)
    assert found._repr_html_().count("<table>") == 2


def test_the_map_shows_the_change_against_a_baseline() -> None:
    made = Shop(2)
    for n in range(60):
        made.trace(slow=n >= 30, own={"stock": 5.0} if n >= 30 else {})
    made.rows = [
        row for row in made.rows
        if not (row["slow"] and "payment" in (row["service.name"], row["name"].removeprefix("call ")))
    ]  # fmt: skip
    here = traces(Scope.of(obskit.load(made.table()).dataset).narrow("slow"))
    found = here.map(baseline="not slow")
    change = {row["service"]: row["change"] for row in found.nodes.to_pylist()}
    assert change["stock"] == pytest.approx(5.0, rel=0.3)
    assert found.notes == ("gone against the baseline: orders to payment",)
    with pytest.raises(EmptySelection) as caught:
        here.map(baseline="duration_ms > 1e9")
    assert str(caught.value) == (
        "there is no trace in the baseline: duration_ms > 1e9\n"
        "Hint: events.traces() lists the traces; one row that matches is enough"
    )


@pytest.mark.parametrize("format", ["otlp-json", "jaeger"])
def test_written_traces_are_whole_and_read_back(shop: Traces, tmp_path: Path, format: str) -> None:
    made = traces(shop.scope, "error").write(str(tmp_path / "failed.json"), format)
    back = obskit.load(tmp_path / "failed.json")
    assert made.rows == back.dataset.rows == 109  # 10 spans and a record each; trace 9 lost one
    again = back.traces(100)
    assert len(again) == 10
    assert {row["trace_id"]: row["spans"] for row in again.to_dict()["rows"]} == {
        row["trace_id"]: row["spans"] for row in traces(shop.scope, "error").list(limit=100).to_dict()["rows"]
    }
    assert np.allclose(
        sorted(again.list(limit=100).to_arrow()["duration_ms"].to_pylist()),
        sorted(traces(shop.scope, "error").list(limit=100).to_arrow()["duration_ms"].to_pylist()),
        atol=0.002,
    )


def test_records_alone_are_listed_but_not_compared() -> None:
    made = Shop(3)
    made.trace()
    made.rows = [row for row in made.rows if row["kind"] == "event"]
    found = made.traces()
    assert found.list().to_arrow().to_pylist()[0] | {"timestamp": 0} == {
        "trace_id": f"{1:032x}", "root": None, "service": None, "timestamp": 0, "duration_ms": None, "spans": 0,
        "services": 0, "errors": 0, "masked_errors": 0, "complete": False,
    }  # fmt: skip
    assert found.operations().to_arrow().num_rows == found.shapes().to_arrow().num_rows == 0
    assert found.map().nodes.num_rows == found.map().edges.num_rows == 0


def test_events_without_ids_are_an_error() -> None:
    with pytest.raises(InvalidArgument) as caught:
        obskit.load(without_ids()).traces()
    assert str(caught.value) == (
        "the events have no trace_id\n"
        "Hint: if a column of another name holds it, load with mapping= (--mapping FILE.json)"
    )


def without_ids():
    made = Shop(4)
    made.trace()
    return made.table().drop_columns(["trace_id"])


def test_a_trace_is_whole_where_the_condition_selects_one_of_its_spans() -> None:
    rows = traces(spans()).list().to_arrow().to_pylist()
    assert [(row["trace_id"], row["spans"], row["errors"], row["root"]) for row in rows] == [
        ("t1", 4, 1, "GET /"),
        ("t2", 1, 0, "GET /"),
    ]
    found = traces(spans().narrow("error")).list()
    (row,) = found.to_arrow().to_pylist()
    assert (row["trace_id"], row["spans"], row["errors"], row["root"]) == ("t1", 4, 1, "GET /")
    assert row["matching"] == 1
    assert found.notes == (
        "each trace is shown whole: `matching` is the number of its spans that the condition selects",
    )
    assert found.query == "events.where('error').traces(20)"
    assert "matching" not in traces(spans()).list().to_arrow().column_names
    assert traces(spans().narrow("error and not error")).list().to_arrow().num_rows == 0


def test_traces_need_an_id_and_a_limit() -> None:
    with pytest.raises(InvalidArgument, match="the events have no trace_id"):
        traces(events())
    with pytest.raises(InvalidArgument, match="limit must be a whole number of at least 1, got 0"):
        traces(spans(), limit=0)


def test_a_trace_begins_with_its_first_row_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    """A later file may have the earlier rows; a row without a time is not the first."""
    rows = pa.table(
        {
            "timestamp": pa.array(
                [None, *(T + timedelta(seconds=s) for s in (3, 1, 2))], pa.timestamp("us", "UTC")
            ),
            "duration_ms": [1.0] * 4,
            "name": ["a"] * 4,
            "trace_id": ["c" * 32, "c" * 32, "c" * 32, "d" * 32],
            "span_id": [f"{at:016x}" for at in range(4)],
        }
    )
    made = write(
        rows.to_batches(max_chunksize=1),
        lambda: rows.schema,
        tmp_path / "parts",
        LoadReport(),
        rows_per_file=1,
    )
    assert len(made.files) == 4
    listed = traces(Scope.of(made)).list(order="timestamp").to_arrow()
    assert listed["trace_id"].to_pylist() == ["c" * 32, "d" * 32]
    assert listed["timestamp"].to_pylist() == [T + timedelta(seconds=s) for s in (1, 2)]
