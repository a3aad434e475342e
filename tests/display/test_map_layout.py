from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from obskit.display.map_layout import layered_layout


def test_callers_are_left_of_what_they_call():
    """edge ── api ┬ cart ── db
    └──────────── db        api also calls db: the long edge passes the column of cart
    """
    layout = layered_layout(
        ["edge", "api", "cart", "db"],
        [("edge", "api"), ("api", "cart"), ("cart", "db"), ("api", "db")],
        tallest=5,
    )
    assert layout.columns == {"edge": 0, "api": 1, "cart": 2, "db": 3}
    assert len(layout.bends[("api", "db")]) == 1
    assert layout.backward == frozenset()


def test_a_cycle_is_drawn_with_one_line_back():
    layout = layered_layout(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a")], tallest=5)
    assert layout.backward == {("c", "a")}
    assert [layout.columns[node] for node in "abc"] == [0, 1, 2]


def test_lines_that_need_not_cross_do_not():
    """a ── y, b ── x: x goes below y"""
    layout = layered_layout(["a", "b", "x", "y"], [("a", "y"), ("b", "x")], tallest=5)
    assert (layout.heights["a"] < layout.heights["b"]) == (layout.heights["y"] < layout.heights["x"])


def test_a_wide_layer_becomes_several_columns():
    """A gateway that calls 40 services: none of the columns has more than 8."""
    names = [f"s{n}" for n in range(40)]
    layout = layered_layout(["gateway", *names], [("gateway", name) for name in names], tallest=8)
    per_column = [
        list(layout.columns.values()).count(column) for column in range(max(layout.columns.values()) + 1)
    ]
    assert per_column == [1, 8, 8, 8, 8, 8]


graphs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


@given(graphs, st.integers(1, 6))
def test_any_graph_is_laid_out_the_same_way_twice_without_overlap(edges, tallest):
    nodes = sorted({node for edge in edges for node in edge})
    layout = layered_layout(nodes, edges, tallest=tallest)
    assert layout == layered_layout(nodes, edges, tallest=tallest)
    assert set(layout.columns) == set(layout.heights) == set(nodes)
    for a, b in edges:
        if a != b:
            left, right = (b, a) if (a, b) in layout.backward else (a, b)
            assert layout.columns[left] < layout.columns[right]
    for column in set(layout.columns.values()):
        heights = sorted(layout.heights[node] for node in nodes if layout.columns[node] == column)
        assert len(heights) <= tallest
        assert all(below - above > 0.999 for above, below in itertools.pairwise(heights))
