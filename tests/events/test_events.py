"""`Events`: every verb on the sample."""

from __future__ import annotations

from pathlib import Path

import pytest

import obskit
from obskit import load
from tests.events.samples import table


def test_a_trace_is_shown_whole() -> None:
    events = load(table()).where("duration_ms > 450")
    assert len(events.trace(f"{1:032x}")) == 1


def test_every_verb_answers_on_the_sample(root: Path) -> None:
    events = load(root / "sample_events")
    book = events.where("http.route = '/book'")
    assert len(book.query("count()", "p99(duration_ms) as p99", by="service.version", every="1h")) > 0
    assert book.heatmap().grid.sum() > 0
    assert len(events.fields()) == len(events.schema)
    assert events.impact("error", by="client.address").affected > 0
    longest = events.traces(1).to_arrow().column("trace_id")[0].as_py()
    assert len(events.trace(longest)) > 1
    assert book.explain("duration_ms > 500").findings


def test_the_public_names_are_pinned() -> None:
    assert sorted(obskit.__all__) == dir(obskit)
    assert obskit.__all__ == [
        "ChangedData", "ConditionError", "DatasetError", "EmptySelection", "Events", "Explanation", "Explorer",
        "Finding", "InvalidArgument", "Ledger", "LimitExceeded", "MissingDependency", "NoSuchPath", "ObskitError", "Pin",
        "ReadError", "Reader", "RemoteError", "Report", "StorageFull", "SubjectKeys", "UnknownField", "UnknownFunction",
        "Unsupported", "checks", "connect", "delivery", "format_condition", "load", "note", "pin", "register_reader",
        "report",
    ]  # fmt: skip
    for name in set(obskit.__all__) - {"Explorer"}:
        assert getattr(obskit, name).__name__.rpartition(".")[2] == name
    with pytest.raises(AttributeError, match="module 'obskit' has no attribute 'nope'"):
        obskit.nope  # noqa: B018
