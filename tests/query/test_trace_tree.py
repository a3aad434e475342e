"""`trace`: one trace as a tree."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import (
    EmptySelection,
    InvalidArgument,
)
from obskit.query import trace
from obskit.traces import traces
from tests.query.scopes import T, events, spans


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
    assert "✕ ERROR" in page
    assert "&lt;b&gt;" in page
    assert 'style="text-align:left;padding-left:2.8em">query' in page, (
        "is indented under its parents in JupyterLab"
    )
    assert "<b></td>" not in page


def test_a_span_is_selected_by_its_id() -> None:
    result = trace(spans(), "T1", span="C")
    assert (result.span, result.query) == ("c", "events.trace('t1', span='c')")
    with pytest.raises(EmptySelection) as caught:
        trace(spans(), "T1", span="beef")
    assert str(caught.value) == (
        "trace t1 has no span 'beef'\nHint: events.trace('t1') shows its spans; to_arrow() has their span_id"
    )


def test_another_trace_is_shown_beside_it() -> None:
    result = trace(spans(), "T1", beside="T1")
    assert result.beside is not None
    assert result.query == "events.trace('t1', beside='t1')"
    lines = str(result).splitlines()
    assert (lines[0].startswith("trace t1: 4 spans"), lines[1].startswith("beside t1: 4 spans")) == (
        True,
        True,
    )
    assert "<th" in result._repr_html_()


def test_a_trace_is_an_image_too(tmp_path: Path) -> None:
    path = tmp_path / "trace.svg"
    image = trace(spans(), "T1").to_svg(path)
    assert path.read_text(encoding="utf-8") == image
    assert image.startswith("<svg ")


def test_without_a_kernel_it_is_shown_as_html_or_text() -> None:
    """IPython goes on to the other ways of showing it."""
    with pytest.raises(NotImplementedError):
        trace(spans(), "T1")._ipython_display_()


def test_the_first_digits_of_an_id_are_enough_if_no_other_id_has_them() -> None:
    ids = ["ab12cd3400000000" * 2, "ab12cd3499999999" * 2, "ff00aa11bb22cc33" * 2]
    table = pa.table(
        {
            "timestamp": pa.array([0, 1, 2], pa.timestamp("us", "UTC")),
            "trace_id": ids,
            "span_id": [f"{n:016x}" for n in range(3)],
            "name": ["a", "b", "c"],
            "duration_ms": [1.0, 2.0, 3.0],
        }
    )
    scope = Scope.of(from_arrow(table))
    assert trace(scope, "FF00AA11").trace_id == ids[2]
    with pytest.raises(InvalidArgument, match="several trace ids begin with 'ab12cd34'"):
        trace(scope, "ab12cd34")
    assert trace(scope, "ab12cd3400").trace_id == ids[0]
    with pytest.raises(EmptySelection):
        trace(scope, "ab12cd35")


def test_a_trace_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(EmptySelection) as caught:
        trace(spans(), "beef")
    assert str(caught.value) == (
        "no event has the trace id 'beef'\nHint: give the id in hex, or at least its first 8 digits; events.traces() lists some"
    )
    for ask in (lambda: trace(events(), "beef"), lambda: traces(events())):
        with pytest.raises(InvalidArgument) as none:
            ask()
        assert str(none.value) == (
            "the events have no trace_id\n"
            "Hint: if a column of another name holds it, load with mapping= (--mapping FILE.json)"
        )


def test_of_a_huge_trace_the_first_rows_by_time_are_included(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of a trace may stand in several files, in any order."""
    monkeypatch.setattr("obskit.query.trace_tree.MOST_SPANS", 5)
    seconds = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, None]
    rows = pa.table(
        {
            "timestamp": pa.array(
                [None if s is None else T + timedelta(seconds=s) for s in seconds], pa.timestamp("us", "UTC")
            ),
            "duration_ms": [1.0] * len(seconds),
            "name": [f"at {s}" for s in seconds],
            "trace_id": ["a" * 32] * len(seconds),
            "span_id": [f"{at:016x}" for at in range(len(seconds))],
        }
    )
    found = trace(Scope.of(from_arrow(rows)), "a" * 32)
    assert sorted(found.to_arrow()["name"].to_pylist()) == [f"at {s}" for s in range(5)]
    assert any("only the first 5 rows" in note for note in found.notes)
    assert "order by" in found.sql.lower()
