"""SQL without its literals, rules that extend and relax what is hidden, pseudonyms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obskit.errors import BadCall
from obskit.instrument import Handle, Redaction, event, pseudonym
from obskit.instrument.redact import without_literals

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("sql", "shape"),
    [
        ("select a from t where b = 'x' and c = 12", "select a from t where b = ? and c = ?"),
        (
            "insert into t1 values (1, -2.5e3, 'it''s', null, $1)",
            "insert into t1 values (?, -?, ?, null, $1)",
        ),
        (
            'select "Column 1" from [my table] where x = :name',
            'select "Column 1" from [my table] where x = :name',
        ),
        ("select 1 -- password hunter2\n from t /* 'x' */", "select ? \n from t "),
        ("select $tag$secret$tag$, E'a\\'b', 0xFF", "select ?, ?, ?"),
        ("select 'never closed", "select ?"),
    ],
)
def test_sql_keeps_its_shape_without_its_literals(sql: str, shape: str, service: Service, rows: Rows) -> None:
    assert without_literals(sql) == shape
    service()
    with event("query") as e:
        e["db.query.text"] = sql
    assert rows()[0]["db.query.text"] == shape


def test_rules_can_be_extended_and_relaxed(service: Service, rows: Rows) -> None:
    key = b"0123456789abcdef"
    service(
        redaction=Redaction(
            fields=("iban", "card.holder"),
            patterns=(r"CUST-\d+",),
            allow=("cache.token",),
            pseudonyms=("user.id",),
            pseudonym_key=key,
        )
    )
    with event("pay") as e:
        e.add(
            {"payment.iban": "CH93", "card.holder": "Ann", "note": "for CUST-17 only", "cache.token": "warm"}
        )
        e.add({"user.id": 4711})
    (row,) = rows()
    assert row["payment.iban"] == row["card.holder"] == "[redacted]"
    assert row["note"] == "for [redacted] only"
    assert row["cache.token"] == "warm"
    assert row["user.id"] == pseudonym(4711, key) != pseudonym(4712, key)
    assert len(row["user.id"]) == 32


def test_a_pseudonym_needs_a_key_and_never_raises() -> None:
    assert pseudonym("ann", "short") == "[redacted]"
    with pytest.raises(BadCall) as caught:
        Redaction(pseudonyms=("user.id",), pseudonym_key=b"short")
    assert str(caught.value) == (
        "pseudonyms need a pseudonym_key of at least 16 bytes\n"
        "Hint: secrets.token_bytes(32), kept in a secret store"
    )


def test_redaction_can_be_switched_off(service: Service, rows: Rows) -> None:
    service(redaction=None)
    with event("a", password="x"):
        pass
    assert rows()[0]["password"] == "x"
