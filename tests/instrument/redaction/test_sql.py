"""What database clients quote in their exceptions: statements, rows, arguments. None of their values stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from obskit.instrument import Handle, event
from obskit.instrument.redaction.text_scan import redact_text
from tests.support.instrument_process import PASSWORD

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "(x) no\n[SQL: insert into t values ('a]\n§', 5)]\n[parameters: ('§',)]\n(Background on this: /e)",
            "(x) no\n[SQL: insert into t values (?, ?)]\n[parameters: [redacted]]\n(Background on this: /e)",
        ),
        ("(x) no\n[SQL: select '§']", "(x) no\n[SQL: select ?]"),
        (
            "syntax error\nLINE 12: select 1 frm t where c = '§'\n        ^",
            "syntax error\nLINE 12: select ? frm t where c = ?\n        ^",
        ),
        (
            "duplicate key\nDETAIL:  Key (mail)=(§ (x)) already exists.",
            "duplicate key\nDETAIL:  Key (mail)=([redacted]) already exists.",
        ),
        (
            "null value\nDETAIL:  Failing row contains (1, §, (2)).",
            "null value\nDETAIL:  Failing row contains ([redacted]).",
        ),
        (
            "(1062, \"Duplicate entry '§' for key 'a.b'\")",
            "(1062, \"Duplicate entry '[redacted]' for key 'a.b'\")",
        ),
        (
            "Command # 2 (LPUSH k § (x)) of pipeline caused error: WRONGTYPE",
            "Command # 2 (LPUSH [redacted]) of pipeline caused error: WRONGTYPE",
        ),
        (
            "unknown command 'NOSUCH', with args beginning with: '§' 'b' ",
            "unknown command 'NOSUCH', with args beginning with: [redacted]",
        ),
    ],
)
def test_what_database_clients_quote_in_exceptions_goes(
    said: str, kept: str, service: Service, rows: Rows
) -> None:
    service()
    with pytest.raises(RuntimeError), event("book"):
        raise RuntimeError(said.replace("§", PASSWORD))
    (row,) = rows()
    assert row["exception.message"] == row["status_message"] == kept
    assert PASSWORD not in str(row)


@pytest.mark.parametrize(
    "text",
    [
        "[SQL: " * 10_000,
        "\nLINE 1: " * 10_000,
        "DETAIL: " + "Failing row contains (" * 4000,
        "DETAIL: " + "Key (a)=(" * 9000,
        "DETAIL: " + "Key (" * 12_000,
        "Command # 1 (X " * 5000 + " of pipeline caused error: ",
        "with args beginning with: '" * 3000,
        "Duplicate entry '" * 5000,
    ],
)
def test_cleaning_of_it_takes_time_in_proportion(text: str) -> None:
    begun = time.process_time()
    redact_text(text)
    assert time.process_time() - begun < 2
