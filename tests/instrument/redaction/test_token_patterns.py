"""SQL without its literals, rules that extend and relax what is hidden, pseudonyms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obskit.errors import InvalidArgument
from obskit.instrument import Handle, Redaction, event, pseudonym
from obskit.instrument.redaction.sql import without_literals
from obskit.instrument.redaction.text_scan import redact_text

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
    with pytest.raises(InvalidArgument) as caught:
        Redaction(pseudonyms=("user.id",), pseudonym_key=b"short")
    assert str(caught.value) == (
        "pseudonyms need a pseudonym_key of at least 16 bytes\n"
        "Hint: create one with secrets.token_bytes(32), and keep it in a secret store"
    )


def test_redaction_can_be_switched_off(service: Service, rows: Rows) -> None:
    service(redaction=None)
    with event("a", password="x"):
        pass
    assert rows()[0]["password"] == "x"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("https://u:x1@h:5432/db?x=1", "https://[redacted]@h:5432/db?x=1"),
        ("https://h/?a=1&token=x1&b=2", "https://h/?a=1&token=[redacted]&b=2"),
        ("user=ann password=x1 host=db", "user=ann password=[redacted] host=db"),
        (
            "INSERT INTO users (name, password) VALUES ('ann', 'x1') RETURNING id",
            "INSERT INTO users (name, password) VALUES [redacted] RETURNING id",
        ),
        ("curl -u ann:x1 https://x/y -o z", "curl -u ann:[redacted] https://x/y -o z"),
        ("mysql -uroot -px1y2 seats", "mysql -uroot -p[redacted] seats"),
        ("Key (token)=(x1) already exists.", "Key (token)=[redacted] already exists."),
        (
            "[SQL: x]\n[parameters: ('x1',)]\n(Background on this error)",
            "[SQL: x]\n[parameters: [redacted]]\n(Background on this error)",
        ),
        ('{"user":"ann","password":"x1","n":1}', '{"user":"ann","password":"[redacted]","n":1}'),
        (
            "GET / HTTP/1.1\r\nAuthorization: Bearer x1\r\nHost: x",
            "GET / HTTP/1.1\r\nAuthorization: [redacted]\r\nHost: x",
        ),
        (
            "DETAIL:  Failing row contains (1, ann, x1).\nCONTEXT: y",
            "DETAIL:  Failing row contains ([redacted]).\nCONTEXT: y",
        ),
        (
            '[{"name":"A","value":"1"},{"name":"DB_PASSWORD","value":"x1"},{"name":"B","value":"2"}]',
            '[{"name":"A","value":"1"},{"name":"DB_PASSWORD","value":"[redacted]"},{"name":"B","value":"2"}]',
        ),
        (
            "- name: DB_PASSWORD\n  value: x1\n- name: B\n  value: 2",
            "- name: DB_PASSWORD\n  value: [redacted]\n- name: B\n  value: 2",
        ),
        (
            "login of ann failed: invalid token x1y2z3, retry in 3 s",
            "login of ann failed: invalid token [redacted], retry in 3 s",
        ),
        ("['psql', '--password', 'x1', '-h', 'db']", "['psql', '--password', '[redacted]', '-h', 'db']"),
        (
            "redirect=https%3A%2F%2Fu%3Ax1%40example.com%2Fx&y=1",
            "redirect=https%3A%2F%2F[redacted]%40example.com%2Fx&y=1",
        ),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, left: str) -> None:
    assert redact_text(text) == left
