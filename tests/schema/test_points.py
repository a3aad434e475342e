"""Events within spans, from JSON objects."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from tests.schema.samples import events


@pytest.mark.parametrize(
    ("items", "want"),
    [
        (
            [{"timestamp": "2026-05-04T10:00:00Z", "name": "a", "attributes": {"n": 1}}, {"name": 7}],
            [(datetime(2026, 5, 4, 10, tzinfo=UTC), "a", '{"n":1}'), (None, "7", None)],
        ),
        ([], []),
        ([{"name": "a", "more": 1}], ['{"name":"a","more":1}']),
        (["x"], ["x"]),
    ],
)
def test_json_objects_become_events_of_a_span(items, want):
    texts = [item if type(item) is str else orjson.dumps(item).decode() for item in items]
    found = events({"events": texts}, {"name": "none"})[0]
    assert [tuple(item.values()) if type(item) is dict else item for item in found[0]["events"]] == want
    assert found[1]["events"] is None
