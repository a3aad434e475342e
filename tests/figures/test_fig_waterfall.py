from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.figures.waterfall import order, waterfall

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
    assert waterfall(spans, most=1).layout.title.text == "2 spans, the first 1 drawn"
    assert len(waterfall([]).data) == 1
