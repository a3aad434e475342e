"""With the arguments from planted.json, explain finds what was planted among its first answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from obskit.dataset import Dataset, write
from obskit.demo.planted import planted
from obskit.engine import Scope
from obskit.explain import ExplainOptions, explain
from obskit.schema import LoadReport

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def sample(day: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out: Path = tmp_path_factory.mktemp("demo") / "day"
    return write(day.to_batches(), lambda: day.schema, out, LoadReport(rows_read=day.num_rows))


def _key(item: dict[str, Any]) -> tuple[str, str, Any]:
    return item["field"], item["op"], item.get("value")


@pytest.mark.parametrize("entry", planted(), ids=lambda entry: str(entry["id"]))
def test_what_was_planted_is_among_the_first_answers(sample: Dataset, entry: dict[str, Any]) -> None:
    answer = explain(
        Scope.of(sample),
        entry["selection"],
        ExplainOptions(where=entry["where"], during=entry["during"], population=entry["population"]),
    ).to_dict()
    first = answer["findings"][:1] + answer["refinements"][:2]
    expected = {_key(item) for item in entry["expected"]}
    if entry["kind"] == "alias":
        assert expected & {_key(item) for item in first[0]["conditions"]}
    else:
        assert any(expected == {_key(item) for item in finding["conditions"]} for finding in first)


def test_the_red_herring_is_not_in_the_first_finding(sample: Dataset) -> None:
    entry = next(entry for entry in planted() if entry["id"] == "lock")
    answer = explain(
        Scope.of(sample), entry["selection"], ExplainOptions(where=entry["where"], during=entry["during"])
    ).to_dict()
    kiosk = {"field": "app.platform", "op": "=", "value": "kiosk"}
    assert kiosk not in answer["findings"][0]["conditions"]
    versions = [item for item in answer["findings"][0]["conditions"] if item.get("value") == "2.4.0"]
    assert [item["field"] for item in versions] == ["service.version"]
