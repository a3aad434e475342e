"""`fields`: the same numbers from codes, from rows and from samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import UnknownField
from obskit.query import catalogue, fields
from tests.query.scopes import events, folded


def test_fields_from_a_scan_and_from_codes() -> None:
    scope = events()
    by_scan = {row["field"]: row for row in fields(scope).to_arrow().to_pylist()}
    scope.dataset.codes.ensure(scope.schema.names)
    by_codes = {row["field"]: row for row in fields(scope).to_arrow().to_pylist()}
    for name in ("duration_ms", "http.route", "size", "tags"):
        assert by_scan[name]["fill"] == pytest.approx(by_codes[name]["fill"])
    assert by_codes["http.route"]["values"] == by_scan["http.route"]["values"] == 2
    assert by_codes["http.route"]["type"] == "string"
    assert by_codes["tags"]["type"] == "list of string"
    assert "/a" in by_codes["http.route"]["top"]


def test_a_name_that_is_no_field_is_an_error() -> None:
    with pytest.raises(UnknownField) as caught:
        fields(events(), ["duration_ms", "http.rout"])
    assert str(caught.value) == "no field is called 'http.rout'\nHint: the nearest fields are http.route"
    assert fields(events(), ["HTTP.route", "http.route"]).to_arrow()["field"].to_pylist() == ["http.route"]
    assert fields(events(), "size").to_arrow()["field"].to_pylist() == ["size"]


def test_fields_of_some_and_of_narrowed_rows() -> None:
    result = fields(events().narrow("http.route = '/a'"), ["http.route", "size"])
    rows = {row["field"]: row for row in result.to_arrow().to_pylist()}
    assert set(rows) == {"http.route", "size"}
    assert rows["http.route"]["top"] == "/a 100%"
    assert result.dataset["scope_rows"] == events().narrow("http.route = '/a'").masks(None)[0].true.sum()


@pytest.mark.parametrize("files", [1, 3])
def test_fields_are_the_same_before_and_after_codes(files: int, tmp_path: Path) -> None:
    scope = folded(tmp_path / "made", 30_000 // files)
    before = fields(scope).to_arrow()
    assert len(scope.dataset.files) == files
    table = scope.dataset.arrow()
    scope.dataset.codes.ensure(scope.schema.names)
    assert fields(scope).to_arrow().equals(before)
    rows = {row["field"]: row for row in before.to_pylist()}
    for name in ("v", "port", "wide", "ok", "trace_id", "event_count"):
        exact = len(table[name].drop_null().unique())
        assert rows[name]["values"] == exact if not rows[name]["at_least"] else rows[name]["values"] <= exact
    assert [name for name, row in rows.items() if row["at_least"]] == (["trace_id"] if files > 1 else [])
    share = table["v"].null_count / table.num_rows
    assert rows["v"]["fill"] == 1 - share, "rows, without weights"
    assert set(before["source"].to_pylist()) == {"all rows"}


def test_a_lower_bound_is_shown_as_one(tmp_path: Path) -> None:
    found = fields(folded(tmp_path / "made", 10_000), ["trace_id", "port"])
    values = dict(zip(found.shown["field"].to_pylist(), found.shown["values"].to_pylist(), strict=True))
    assert values["port"] == "100"
    assert values["trace_id"].startswith(">= ")
    for text in (str(found), found._repr_html_().replace("&gt;", ">")):
        assert values["trace_id"] in text
        assert "at_least" not in text


def test_a_sample_is_spread_over_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "SMALL_ROWS", 1_000)
    monkeypatch.setattr(catalogue, "SAMPLE_ROWS", 800)
    n = np.arange(10_000)
    table = pa.table({"timestamp": pa.array(n + 10**15, pa.timestamp("us", "UTC")), "n": n * 1.0})
    whole = Scope.of(from_arrow(table))
    for scope, rows in ((whole, 10_000), (whole.narrow("n >= 2000"), 8_000)):
        found = fields(scope, ["n"])
        (row,) = found.to_arrow().to_pylist()
        assert row["source"] == "a sample of 800 rows"
        assert found.notes == ("fill and values of 1 field are from a sample of 800 rows",)
        low, _, high = (float(part.replace(",", "")) for part in row["top"].split(" … "))
        assert low < 10_000 - rows + rows / 4
        assert high > 10_000 - rows / 4
        assert found.dataset["scope_rows"] == rows
    few = fields(whole.narrow("n < 500"), ["n"]).to_arrow().to_pylist()[0]
    assert (few["source"], few["top"].split(" … ")[2]) == ("all rows", "499")
    derived = fields(whole.derive("twice", "n * 2"), ["twice"])
    assert derived.table["source"].to_pylist() == ["the first 800 rows"]
