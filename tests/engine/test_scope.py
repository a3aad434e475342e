"""Scopes: units of work, names, masks and derived fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.errors import (
    InvalidArgument,
    UnknownField,
)
from obskit.names import UNITS
from tests.query.scopes import events

SPANS: dict[str, Any] = {
    "timestamp": pa.array([datetime(2026, 5, 4, tzinfo=UTC)] * 5, pa.timestamp("us", "UTC")),
    "duration_ms": [1.0, 2.0, 3.0, None, 5.0],
    "kind": ["server", "internal", "client", "event", "consumer"],
    "parent_span_id": ["01", None, "02", None, "03"],
    "name": ["a", "b", "c", "d", "e"],
    "http.route": ["/book", None, "/pay", None, None],
    "http.response.status_code": [200, 200, 500, None, None],
}
# the server, the root that has a duration, the consumer
ARE_UNITS = [True, True, False, False, True]


def of(*names: str) -> Scope:
    return Scope.of(from_arrow(pa.table({name: SPANS[name] for name in ("timestamp", *names)})))


def test_units_are_the_same_from_conditions_and_from_codes() -> None:
    scope = of("duration_ms", "kind", "parent_span_id")
    condition, why = scope.units()
    assert why is None
    assert condition == scope.condition(UNITS)
    (mask,), (coded,) = scope.masks(condition), scope.dataset.codes.units()
    assert np.asarray(mask.true).tolist() == coded.tolist() == ARE_UNITS


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (("duration_ms",), "duration_ms is not null"),
        (("duration_ms", "parent_span_id"), "(parent_span_id is null and duration_ms is not null)"),
        (("kind",), "kind in ('server', 'consumer')"),
        (("kind", "duration_ms"), "kind in ('server', 'consumer') or duration_ms is not null"),
    ],
)
def test_the_condition_of_units_uses_only_fields_that_exist(fields: tuple[str, ...], text: str) -> None:
    scope = of(*fields)
    condition, why = scope.units()
    assert why is None
    assert condition is not None
    assert condition == scope.condition(text)
    assert np.asarray(scope.masks(condition)[0].true).tolist() == scope.dataset.codes.units()[0].tolist()


@pytest.mark.parametrize("fields", [("http.route",), ("name", "parent_span_id")])
def test_without_units_all_rows_are_included(fields: tuple[str, ...]) -> None:
    scope = of(*fields)
    assert scope.dataset.codes.no_units
    assert scope.units() == (
        None,
        "no row is a unit of work (server, consumer or root span), so all rows are included",
    )
    points = from_arrow(pa.table({name: column[3:4] for name, column in SPANS.items()}))
    assert Scope.of(points).units()[0] is None


def test_a_condition_on_kind_or_name_chooses_its_rows() -> None:
    scope = of("duration_ms", "kind", "name", "http.route")
    assert not scope.chooses_rows
    route = scope.narrow("http.route = '/book'")
    assert not route.chooses_rows
    assert route.units() == scope.units()
    for text in ("kind = 'client'", "duration_ms > 1 and NAME = 'c'"):
        chosen = route.narrow(text)
        assert chosen.chooses_rows
        assert chosen.units() == (
            None,
            "the condition names kind or name, so all rows that it selects are included",
        )


def test_names_resolve_to_fields() -> None:
    scope = of("http.route", "http.response.status_code").derive("slow (s)", "length(http.route) / 1000")
    assert scope.resolve("HTTP.Route") == "http.route"
    assert scope.resolve("http.status_code") == "http.response.status_code"
    assert scope.resolve("slow (s)") == "slow (s)"
    with pytest.raises(UnknownField) as caught:
        scope.resolve("http.rout")
    assert str(caught.value) == "no field is called 'http.rout'\nHint: the nearest fields are http.route"
    with pytest.raises(UnknownField) as caught:
        scope.resolve("")
    assert str(caught.value) == ("no field is called ''\nHint: events.fields() lists the fields")
    with pytest.raises(InvalidArgument, match="a field name must be text, got 5"):
        scope.resolve(5)  # type: ignore[arg-type]


def test_masks_are_in_the_order_of_the_rows() -> None:
    scope = events()
    condition = scope.condition("duration_ms > 50 and timestamp is not null")
    masks = scope.masks(condition)
    column = pa.chunked_array(
        [
            scope.dataset.take(at, np.arange(file.rows), ["duration_ms"]).column(0).combine_chunks()
            for at, file in enumerate(scope.dataset.files)
        ]
    )
    values = column.fill_null(float("nan")).to_numpy()
    times = np.concatenate(scope.dataset.codes.times())
    true = np.concatenate([mask.true for mask in masks])
    assert (true == ((values > 50) & (times != np.iinfo(np.int64).min))).all()
    null = np.concatenate([np.zeros(len(m.true), bool) if m.null is None else m.null for m in masks])
    assert (null == (np.isnan(values) & (times != np.iinfo(np.int64).min))).all()
    assert scope.masks(condition) is masks
    assert all(mask.true.all() for mask in scope.masks(None))
    narrowed = scope.narrow("size > 100")
    assert (
        sum(mask.true.sum() for mask in narrowed.masks(None))
        == narrowed.run(lambda t: t.aggregate(n=t.count())).table["n"][0].as_py()
    )


def test_derived_fields_have_codes() -> None:
    scope = events().derive("slow", "duration_ms > 50").derive("twice", "duration_ms * 2")
    codes = scope.codes("slow")
    assert sorted(codes.values.to_pylist()) == [False, True]
    assert scope.codes("twice").kind == "numeric"
    assert scope.codes("slow") is codes
    with pytest.raises(InvalidArgument, match="a field called 'slow' already exists"):
        scope.derive("SLOW", "duration_ms > 5")
