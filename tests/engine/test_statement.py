"""A negation below IS NULL means what it says, wherever Ibis puts it."""

import ibis
import pyarrow as pa
import pytest

from obskit.dataset import from_arrow
from obskit.engine import Scope
from obskit.engine.statement import to_sql
from obskit.query import query

VALUES = [True, False, False, None]


@pytest.fixture
def scope():
    return Scope.of(from_arrow(pa.table({"name": ["a", "b", "c", "d"], "ok": VALUES})))


def rows(scope, condition):
    return scope.narrow(condition).run(lambda t: t.select("name").order_by("name")).table["name"].to_pylist()


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("(not ok) is null", ["d"]),
        ("(not ok) is not null", ["a", "b", "c"]),
        ("(not (not ok)) is null", ["d"]),
        ("not ((not ok) is null)", ["a", "b", "c"]),
        ("(not (name = 'a' or ok)) is null", ["d"]),
    ],
)
def test_conditions(scope, condition, wanted):
    assert rows(scope, condition) == wanted


def test_a_derived_field(scope):
    derived = scope.derive("bad", "not ok")
    assert rows(derived, "bad is null") == ["d"]
    assert rows(derived, "bad is not null") == ["a", "b", "c"]


def test_a_share_of_a_negation(scope):
    found = query(scope, "share(ok) as good", "share(not ok) as bad").table.to_pylist()[0]
    assert (found["good"], found["bad"]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))


def test_other_statements_are_those_of_ibis():
    table = ibis.table({"a": "boolean", "b": "int64"}, name="t")
    for expression in (table.filter(~table.a & table.b.isnull()), table.aggregate(n=table.b.sum()), table):
        assert to_sql(expression) == str(ibis.to_sql(expression, dialect="duckdb"))
