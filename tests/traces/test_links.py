"""Span links, from the consumer of a message to its producer: lists, maps and comparisons over linked traces."""

from __future__ import annotations

import operator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

import obskit as ok
from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import InvalidArgument
from obskit.query import query
from obskit.schema import LINKS_TYPE
from obskit.traces import export, traces

pytestmark = pytest.mark.once

T = datetime(2026, 5, 4, 10, tzinfo=UTC)


def link(trace: int, span: int) -> dict[str, Any]:
    return {"trace_id": f"{trace:032x}", "span_id": f"{span:016x}", "trace_state": None, "attributes": None}


def scope(messages: int = 40, slow_every: int = 4, lost: int = 0) -> Scope:
    """A shop publishes a message per order, a mailer handles each in a trace of its own, 10 ms later.

    trace 1:  shop POST /order -- shop publish (producer)
    trace 2:       mailer handle (consumer), linked to the producer -- mailer send: slow 1 in 4
    """
    rows: list[dict[str, Any]] = []

    def add(
        trace: int, span: int, parent: int | None, kind: str, service: str, name: str, **more: Any
    ) -> None:
        rows.append(
            {
                "trace_id": f"{trace:032x}", "span_id": f"{span:016x}",
                "parent_span_id": None if parent is None else f"{parent:016x}", "kind": kind,
                "service.name": service, "name": name, "error": False, "links": None, **more,
            }
        )  # fmt: skip

    for n in range(messages):
        one, two, at = 2 * n + 1, 2 * n + 2, T + timedelta(seconds=5 * n)
        slow = n % slow_every == 0
        add(one, 1, None, "server", "shop", "POST /order", timestamp=at, duration_ms=30.0)
        add(
            one,
            2,
            1,
            "producer",
            "shop",
            "publish",
            timestamp=at + timedelta(milliseconds=20),
            duration_ms=2.0,
        )
        received = at + timedelta(milliseconds=32)
        target = [link(one, 2 if n >= lost else 99)]
        length = 400.0 if slow else 40.0
        add(
            two, 1, None, "consumer", "mailer", "handle", timestamp=received, duration_ms=length, links=target
        )
        add(two, 2, 1, "client", "mailer", "send", timestamp=received, duration_ms=length - 5)
    kinds = {"timestamp": pa.timestamp("us", "UTC"), "links": LINKS_TYPE, "parent_span_id": pa.string()}
    columns = {name: pa.array([row[name] for row in rows], kinds.get(name)) for name in rows[0]}
    return Scope.of(from_arrow(pa.table(columns)))


def test_linked_traces_are_listed_as_one() -> None:
    apart, joined = traces(scope()), traces(scope(), linked=True)
    assert (len(apart), len(joined)) == (80, 40)
    first = joined.list(limit=1).to_arrow().to_pylist()[0]
    assert (first["root"], first["service"], first["spans"], first["services"]) == (
        "POST /order",
        "shop",
        4,
        2,
    )
    assert first["complete"]
    assert first["duration_ms"] == pytest.approx(432.0)


def test_a_comparison_of_orders_finds_the_slow_consumer() -> None:
    """Slow is said of the consumer; normal orders are those whose consumer was not."""
    found = traces(scope(), linked=True).compare(slow="name = 'handle' and duration_ms > 100")
    assert (found.slow["traces"], found.normal["traces"]) == (10, 30)
    first = found.to_arrow().to_pylist()[0]
    assert (first["service"], first["operation"], first["what"]) == ("mailer", "send", "self time")


def test_the_map_has_messages_with_and_without_joining() -> None:
    for linked in (False, True):
        found = traces(scope(), linked=linked).map()
        (edge,) = found.edges.to_pylist()
        assert (edge["caller"], edge["callee"], edge["kind"], edge["calls"]) == (
            "shop",
            "mailer",
            "message",
            40,
        )
        assert edge["network_ms"] == pytest.approx(10.0)
        assert edge["p50_ms"] == pytest.approx(40.0)


def test_links_to_spans_that_are_not_here_are_noted() -> None:
    found = traces(scope(lost=3)).map()
    assert found.edges["calls"].to_pylist() == [37]
    assert "3 links lead to spans that are not here" in found.notes
    assert len(traces(scope(lost=3), linked=True)) == 43


def test_linked_reads_the_other_end_either_way() -> None:
    here = scope()
    found = query(here, "rows() as n", by=["name", "kind"], where="linked(service.name) = 'shop'").to_arrow()
    assert found.to_pylist() == [{"name": "handle", "kind": "consumer", "n": 40}]
    found = query(here, "rows() as n", by="name", where="linked(name) = 'handle'").to_arrow()
    assert found.to_pylist() == [{"name": "publish", "n": 40}]
    assert query(here, "count(linked(name) is null) as n").to_arrow().to_pylist() == [{"n": 80}]


SLOW = "name = 'handle' and duration_ms > 100"


@pytest.mark.parametrize(("format", "suffix"), [("otlp-json", "json"), ("jaeger", "json"), ("dataset", "")])
def test_linked_traces_are_written_together(tmp_path: Any, format: str, suffix: str) -> None:
    """The condition is about the mailer; the shop's traces come along, with the links, and nothing else."""
    out = tmp_path / f"slow.{suffix}".rstrip(".")
    written = traces(scope(), SLOW, linked=True).write(str(out), format)
    assert written.rows == 10 * 4
    assert "10 traces added that links connect with the others" in written.notes
    read = ok.load(out)
    joined = read.traces(linked=True, limit=100).list().to_arrow()
    assert joined.num_rows == 10
    assert set(joined["spans"].to_pylist()) == {4}
    assert set(joined["complete"].to_pylist()) == {True}
    kept = [
        "trace_id",
        "span_id",
        "parent_span_id",
        "kind",
        "name",
        "service.name",
        "timestamp",
        "duration_ms",
    ]
    again = [row for row in scope().dataset.arrow(kept).to_pylist() if row["trace_id"] in _ids(read)]
    order = operator.itemgetter("trace_id", "span_id")
    assert sorted(read.to_arrow().select(kept).to_pylist(), key=order) == sorted(again, key=order)


def _ids(events: Any) -> set[str]:
    return set(events.to_arrow()["trace_id"].to_pylist())


def test_without_linked_the_traces_are_written_alone(tmp_path: Any) -> None:
    written = traces(scope(), SLOW).write(str(tmp_path / "slow.json"), "otlp-json")
    assert written.rows == 10 * 2
    assert not any("links connect" in note for note in written.notes)
    lost = ok.load(tmp_path / "slow.json").traces(linked=True, limit=100)
    assert len(lost) == 10


def test_links_are_followed_in_any_number_of_steps(tmp_path: Any) -> None:
    """Trace 1 is linked by trace 2, and that one by trace 3: one condition on an end writes all three."""
    rows = [
        {
            "trace_id": f"{n:032x}", "span_id": f"{n:016x}", "parent_span_id": None, "kind": "consumer",
            "service.name": "chain", "name": f"step {n}", "timestamp": T, "duration_ms": 1.0,
            "links": [link(n - 1, n - 1)] if n in (2, 3) else None,
        }
        for n in (1, 2, 3, 4)
    ]  # fmt: skip
    kinds = {"timestamp": pa.timestamp("us", "UTC"), "links": LINKS_TYPE, "parent_span_id": pa.string()}
    columns = {name: pa.array([row[name] for row in rows], kinds.get(name)) for name in rows[0]}
    here = Scope.of(from_arrow(pa.table(columns)))
    for step in (1, 2, 3):
        out = tmp_path / f"{step}.json"
        traces(here, f"name = 'step {step}'", linked=True).write(str(out), "otlp-json")
        assert set(ok.load(out).to_arrow()["name"].to_pylist()) == {"step 1", "step 2", "step 3"}


def test_all_traces_need_no_links(tmp_path: Any) -> None:
    written = traces(scope(), linked=True).write(str(tmp_path / "all.json"), "jaeger")
    assert written.rows == 160


def test_too_many_linked_traces_are_refused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST_LINKED", 9)
    with pytest.raises(InvalidArgument) as caught:
        traces(scope(), SLOW, linked=True).write(str(tmp_path / "x.json"))
    assert str(caught.value) == (
        "links connect the traces with 10 others, and at most 9 can be added\n"
        "Hint: write fewer traces with a narrower where= (--where), or leave out linked=True (--linked)"
    )
    assert not list(tmp_path.iterdir())
