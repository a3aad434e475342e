"""`trace`: one trace as a tree."""

from __future__ import annotations

import pytest

from obskit.errors import (
    EmptySelection,
    InvalidArgument,
)
from obskit.query import trace, traces
from tests.query.scopes import events, spans


def test_trace_is_a_tree() -> None:
    result = trace(spans(), "T1")
    assert result.to_arrow().column("span_id").to_pylist() == ["a", "b", "c", "d"]
    assert result.depths == (0, 1, 2, 0)
    text = str(result)
    assert "trace t1: 4 spans" in text
    assert "    query" in text
    assert "ERROR" in text
    assert "1 span has a parent that is not among these rows" in text
    page = result._repr_html_()
    assert "<b>error</b>" in page
    assert "&lt;b&gt;" in page
    assert 'style="text-align:left;padding-left:2.8em">query' in page, (
        "is indented under its parents in JupyterLab"
    )
    assert "<b></td>" not in page


def test_a_trace_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(EmptySelection) as caught:
        trace(spans(), "beef")
    assert str(caught.value) == (
        "no event has the trace id 'beef'\nHint: give the whole id in hex; events.traces() lists some"
    )
    for ask in (lambda: trace(events(), "beef"), lambda: traces(events())):
        with pytest.raises(InvalidArgument) as none:
            ask()
        assert str(none.value) == (
            "the events have no trace_id\n"
            "Hint: if a column of another name holds it, load with mapping= (--mapping FILE.json)"
        )
