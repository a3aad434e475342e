"""An answer as data, as a table and as text."""

from __future__ import annotations

import json

from obskit.engine import Scope
from obskit.events import Events
from obskit.explain import explain


def test_an_answer_is_available_as_data_and_text(scope: Scope) -> None:
    found = explain(scope, "error")
    data = json.loads(json.dumps(found.to_dict()))
    assert data["kind"] == "explanation"
    assert set(data) >= {
        "selection", "baseline", "history", "population", "dataset", "notes", "findings", "refinements", "describes", "skipped",
        "restates", "detectable",
    }  # fmt: skip
    assert data["findings"][0]["conditions"] == [{"field": "service.version", "op": "=", "value": "2.4.0"}]
    assert {"traces", "aliases", "examples", "note", "new", "first_seen", "last_seen"} <= set(
        data["findings"][0]
    )
    table = found.to_arrow()
    assert table.column("condition")[0].as_py() == "service.version = '2.4.0'"
    assert (
        len(found.to_pandas())
        == table.num_rows
        == sum(map(len, (found.findings, found.refinements, found.describes, found.restates)))
    )
    assert "service.version" in found._repr_html_()
    assert "service.version = '2.4.0'" in str(found)


def test_examples_link_to_traces_where_the_events_have_an_address(scope: Scope) -> None:
    events = Events(scope, trace_url="https://t.example/{trace_id}")
    found = events.explain("error")
    (first, *_) = found.findings[0].examples["selected"]
    assert f'href="https://t.example/{first["trace_id"]}"' in found._repr_html_()
    assert "https://t.example" not in explain(scope, "error")._repr_html_()
