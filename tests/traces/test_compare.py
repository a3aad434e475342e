"""Slow traces with a planted cause against normal ones, and what the comparison says of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import EmptySelection, InvalidArgument, UnknownField
from obskit.explain import ExplainOptions, explain
from obskit.traces import traces
from tests.traces.synthetic import Shop, first_service

pytestmark = pytest.mark.once


def planted(seed: int = 1, slow: int = 30, normal: int = 200, **what: object) -> Shop:
    shop = Shop(seed)
    rest = {"own": {}, "network": {}, "queries": 2, "says": "paid"}
    for at in range(slow + normal):
        # Mixed, so that both sides are in all minutes.
        chosen = at % ((slow + normal) // slow) == 0
        shop.trace(slow=chosen, **(rest | what if chosen else rest))  # type: ignore[arg-type]
    return shop


def test_own_time_is_found_in_the_service_that_spends_it() -> None:
    found = planted(own={"stock": 8.0}).traces().compare(slow="slow", normal="not slow")
    assert found.services["service"][0].as_py() == "stock"
    assert found.services["beyond_chance"].to_pylist() == [True, False, False, False]
    first = found.to_arrow().to_pylist()[0]
    assert (first["service"], first["operation"], first["what"]) == ("stock", "GET /stock", "self time")
    assert first["ratio_low"] < 8 < first["ratio_high"]
    assert first["before"] == pytest.approx(4.0, rel=0.1)
    assert first["now"] == pytest.approx(32.0, rel=0.15)
    assert first["excess_ms"] == pytest.approx(28.0 * np.exp(0.3**2 / 2), rel=0.15)
    assert first["excess_share"] > 0.8
    assert first["critical_share"] == pytest.approx(1.0, abs=1e-3)
    assert first["traces"] == found.slow["traces"]
    assert found.sentences[0].startswith("stock: self time of GET /stock went from ")
    assert "more per trace, on the critical path." in found.sentences[0]


def test_a_delay_of_the_network_is_put_on_the_edge_and_its_callee() -> None:
    """Only calls to payment are slow: neither payment's self time nor that of orders rises."""
    found = planted(network={"payment": 20.0}).traces().compare(slow="slow", normal="not slow")
    assert found.services.to_pylist()[0]["service"] == "payment"
    assert found.services.to_pylist()[0]["what"] == "network"
    first = found.to_arrow().to_pylist()[0]
    assert (first["operation"], first["child"]) == ("call payment", "payment POST /pay")
    assert first["ratio_low"] < 20 < first["ratio_high"] * 1.1
    assert "network between orders call payment and payment POST /pay" in found.sentences[0]


def test_a_delay_of_all_calls_to_and_from_a_service_is_put_on_that_service() -> None:
    assert first_service(planted(network={"orders": 8.0, "payment": 8.0, "stock": 8.0}).traces()) == "orders"


def test_more_queries_per_call_are_found_as_calls_not_as_time() -> None:
    """Each query is as fast as before; there are 6 instead of 2."""
    found = planted(queries=6).traces().compare(slow="slow", normal="not slow")
    assert found.services.to_pylist()[0]["service"] == "orders"
    first = found.to_arrow().to_pylist()[0]
    assert (first["what"], first["operation"], first["child"]) == ("calls", "POST /order", "orders SELECT")
    assert (first["before"], first["now"], first["ratio"]) == pytest.approx((2.0, 6.0, 3.0))
    assert "POST /order calls orders SELECT 6 times instead of 2" in found.sentences[0]


def test_another_log_record_is_found_where_the_spans_are_as_before() -> None:
    shop = planted(says="card was declined")
    found = shop.traces().compare(slow="slow", normal="not slow")
    assert found.services.to_pylist()[0]["service"] == "payment"
    assert {(row["what"], row["child"]) for row in found.to_arrow().to_pylist()} == {
        ("logs", "card was declined"), ("logs", "paid"),
    }  # fmt: skip
    without = shop.traces().compare(slow="slow", normal="not slow", logs=False)
    assert not without.services["beyond_chance"].to_pylist()[0]
    assert without.sentences[0].startswith("No service differs beyond chance between ")


def test_a_statement_of_one_place_in_the_code_is_one_kind_of_record() -> None:
    """The texts differ in every trace and their templates do too; the place is the same: nothing to find."""
    shop = planted()
    words = ("red", "green", "blue", "amber")
    for at, row in enumerate(shop.rows):
        if row["body"] is not None:
            row["body"] = f"{words[at % 4]} {'new' if row['slow'] else 'old'}"
    by_text = shop.traces().compare(slow="slow", normal="not slow")
    assert by_text.services["what"][0].as_py() == "logs"
    table = shop.table().append_column("code.line.number", pa.array([7] * len(shop.rows), pa.int64()))
    by_place = traces(Scope.of(from_arrow(table))).compare(slow="slow", normal="not slow")
    assert by_place.services["evidence"].to_pylist() == pytest.approx([0.0] * 4, abs=2.0)


@pytest.mark.parametrize("cause", ["own", "network", "queries"])
def test_a_third_of_the_spans_can_be_lost(cause: str) -> None:
    """Orphans count as the top of what is seen; roots and parents are lost like others."""
    what = {
        "own": {"own": {"stock": 8.0}},
        "network": {"network": {"payment": 20.0}},
        "queries": {"queries": 6},
    }
    expected = {"own": "stock", "network": "payment", "queries": "orders"}
    shop = planted(seed=3, slow=60, normal=600, **what[cause])
    keep = np.random.default_rng(5).random(len(shop.rows)) > 0.3
    shop.rows = [row for row, kept in zip(shop.rows, keep, strict=True) if kept]
    found = shop.traces()
    assert first_service(found) == expected[cause]
    notes = found.compare(slow="slow", normal="not slow").notes
    assert any("a parent that is not in the data: shown as roots" in note for note in notes)


@pytest.mark.parametrize("service", ["gateway", "orders", "payment", "stock"])
def test_clocks_50_ms_apart_change_no_answer(service: str) -> None:
    for what, expected in (({"network": {"payment": 20.0}}, "payment"), ({"own": {"stock": 8.0}}, "stock")):
        shop = Shop(7, skew_ms={service: 50.0, "stock": -20.0})
        for at in range(240):
            shop.trace(slow=at % 8 == 0, **(what if at % 8 == 0 else {}))  # type: ignore[arg-type]
        assert first_service(shop.traces()) == expected


def test_nothing_is_found_where_nothing_differs() -> None:
    """20 comparisons of random halves: a false one in 20 would be chance."""
    shop = planted(seed=11, slow=10, normal=390)
    spans = shop.table()
    ids = np.array(spans["trace_id"].to_pylist())
    false = 0
    for seed in range(20):
        chosen = np.random.default_rng(seed).random(500) < 0.2
        slow = pa.array(chosen[[int(each, 16) for each in ids]])
        table = spans.set_column(spans.schema.get_field_index("slow"), "slow", slow)
        found = traces(Scope.of(from_arrow(table))).compare(slow="slow", normal="not slow")
        false += any(found.services["beyond_chance"].to_pylist())
    assert false <= 2


def test_normal_is_everything_else_and_earlier_time() -> None:
    shop = planted()
    scope = Scope.of(from_arrow(shop.table()))
    late = traces(scope.narrow("timestamp >= '2026-05-04T10:03Z' and service.name = 'gateway'"))
    found = late.compare(slow="slow")
    assert found.normal["traces"] == 197 + sum(
        row["slow"] for row in shop.rows if row["parent_span_id"] is None and row["kind"] == "server"
        and row["timestamp"].minute < 3
    )  # fmt: skip
    early = traces(scope.narrow("timestamp < '2026-05-04T10:03Z'")).compare(slow="slow")
    assert early.slow["traces"] + early.normal["traces"] == 179


def test_slow_is_what_a_finding_selected() -> None:
    scope = Scope.of(from_arrow(planted(own={"stock": 20.0}).table()))
    options = ExplainOptions(population="all", where="service.name = 'gateway'")
    found = explain(scope, "duration_ms > 80", options)
    finding = next(each for each in found.findings if "slow" in each.condition)
    compared = traces(scope).compare(slow=finding)
    assert compared.slow["traces"] == traces(scope.narrow(finding.selected_condition)).__len__()
    assert compared.services["service"][0].as_py() == "stock"
    assert compared.normal["condition"] == "service.name = 'gateway'"
    with pytest.raises(InvalidArgument) as caught:
        traces(scope).compare(slow=dataclasses.replace(finding, selected_condition=None))
    assert str(caught.value) == (
        f"slow is a finding without its selected events: {finding.condition}\n"
        f"Hint: use one of explain(...).findings, or the condition: slow={finding.condition!r}"
    )


def test_a_trace_on_both_sides_is_slow_and_noted() -> None:
    found = planted().traces().compare(slow="slow", normal="service.name = 'gateway'")
    assert (found.slow["traces"], found.normal["traces"]) == (33, 197)
    assert "33 traces match both conditions and counted as slow" in found.notes


def test_an_empty_side_and_an_unknown_field_are_errors() -> None:
    found = planted().traces()
    with pytest.raises(EmptySelection) as caught:
        found.compare(slow="duration_ms > 1e9")
    assert str(caught.value) == (
        "there is no slow trace: duration_ms > 1e9\n"
        "Hint: events.traces() lists the traces; one row that matches is enough"
    )
    with pytest.raises(EmptySelection):
        found.compare(slow="true")
    with pytest.raises(UnknownField):
        found.compare(slow="nope = 1")


def test_few_traces_and_little_time_are_noted() -> None:
    """One slow trace may be an outlier: it ranks the services, but nothing is beyond chance."""
    shop = Shop(1)
    shop.trace(slow=True, own={"stock": 50.0})
    for _ in range(4):
        shop.trace()
    found = shop.traces().compare(slow="slow", normal="not slow")
    assert found.services["service"][0].as_py() == "stock"
    assert not any(found.services["beyond_chance"].to_pylist())
    assert found.sentences[0] == "No service differs beyond chance between 1 slow trace and 4 normal ones."
    assert found.sentences[1].startswith(
        "Most evidence, but within chance: stock: self time of GET /stock went"
    )
    assert found.notes[:2] == (
        "fewer than 5 traces on a side: the order of services below the first is unreliable",
        "the normal traces began within 3 minutes, so variation over time is unknown; compare with more time to be surer",
    )


def test_it_prints_and_converts() -> None:
    found = planted(own={"stock": 8.0}).traces().compare(slow="slow", normal="not slow")
    text = str(found)
    assert text.startswith(
        "33 slow traces (slow) compared with 197 normal traces (not slow)\n\nstock: self time"
    )
    assert "self time: GET /stock" in text
    assert found.query == "events.traces().compare(slow='slow', normal='not slow')"
    page = found._repr_html_()
    assert "<li>stock: self time" in page
    answer = found.to_dict()
    assert answer["kind"] == "trace comparison"
    assert answer["services"][0]["service"] == "stock"
    assert len(answer["examples"]["slow"]) == 3
    slow = {row["trace_id"] for row in planted(own={"stock": 8.0}).rows if row["slow"]}
    assert set(answer["examples"]["slow"]) <= slow
    assert not set(answer["examples"]["normal"]) & slow
