from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.display.waterfall import order, waterfall

START = datetime(2026, 5, 4, 10, tzinfo=UTC)


def span(name, parent, at, ms=10.0, **more):
    more = {"name": name, "service.name": "svc", "error": False} | more
    return {"span_id": name, "parent_span_id": parent, "timestamp": START + timedelta(milliseconds=at)} | {
        "duration_ms": ms,
        **more,
    }


def test_parents_first_siblings_by_start():
    """root ── b(1) ── c(2)
    └──── a(5)
    """
    spans = [span("a", "root", 5), span("c", "b", 2), span("root", None, 0), span("b", "root", 1)]
    assert [(spans[index]["name"], depth) for index, depth in order(spans)] == [
        ("root", 0),
        ("b", 1),
        ("c", 2),
        ("a", 1),
    ]


@given(st.lists(st.tuples(st.integers(0, 8), st.none() | st.integers(0, 8)), max_size=12))
def test_every_span_once_whatever_the_parents(pairs):
    spans = [
        {"span_id": str(a), "parent_span_id": None if b is None else str(b), "timestamp": None}
        for a, b in pairs
    ]
    assert sorted(index for index, _ in order(spans)) == list(range(len(spans)))


def test_a_chain_deeper_than_the_recursion_limit():
    spans = [span(str(i), str(i - 1) if i else None, i) for i in range(3000)]
    assert order(spans)[-1] == (2999, 2999)


def test_figure():
    pytest.importorskip("plotly")
    spans = [span("<root>", None, 0, 100.0), span("db", "<root>", 20, 30.0, error=True)]
    figure = waterfall(spans)
    (bar,) = figure.data
    assert list(bar.base) == [0, 20]
    assert bar.text[1] == "30 ms · error"
    assert bar.marker.pattern.shape[1] == "x"
    assert figure.layout.yaxis.ticktext[0] == "svc &lt;root&gt;"
    assert figure.layout.title.text == "2 spans"
    assert waterfall(spans, most=1).layout.title.text == "2 spans, 1 of them drawn"
    assert len(waterfall([]).data) == 1


def test_two_sides_of_a_call_that_share_an_id():
    """client(x) ── server(x) ── child of x, as the server's; local is the client's own."""
    spans = [
        span("child", "x", 3, kind="internal") | {"service.name": "back"},
        span("x", "root", 2, kind="server") | {"service.name": "back", "name": "server"},
        span("local", "x", 5, kind="internal"),
        span("x", "root", 1, kind="client") | {"name": "client"},
        span("root", None, 0),
        span("elsewhere", "x", 4, kind="internal") | {"service.name": None},
    ]
    assert [(spans[index]["name"], depth) for index, depth in order(spans)] == [
        ("root", 0),
        ("client", 1),
        ("server", 2),
        ("child", 3),
        ("elsewhere", 3),
        ("local", 2),
    ]


def test_many_spans_of_one_id_take_no_time_squared():
    spans = [span("x", "x", i, kind="server") for i in range(20_000)]
    assert len(order(spans)) == 20_000
