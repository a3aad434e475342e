"""Redaction through a whole service: long texts stay cheap, and secrets are found by the words around them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from obskit.instrument import Handle, event

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


def test_long_texts_are_cut_before_patterns_run(service: Service, rows: Rows) -> None:
    service()
    dollars = "[SQL: " + " ".join(f"$a{n}$" for n in range(4000))
    begun = time.thread_time()
    with event("book", {"note": "the quick brown fox " * 50_000, "said": dollars}):
        pass
    assert time.thread_time() - begun < 5  # it took minutes; no measure of speed
    (row,) = rows()
    assert len(row["note"]) <= 16_384


@pytest.mark.parametrize(
    "text",
    [
        "/verify-token/a1b2c3d4e5f6g7h8",
        "invalid api key ab12cd34ef56",
        '[["x-api-key","abc123def456"]]',
    ],
)
def test_words_alone_are_a_sign(text: str, service: Service, rows: Rows) -> None:
    from obskit.instrument.redaction.text_scan import may_contain_secret, redact_text

    if redact_text(text) != text:
        assert may_contain_secret(text)


@pytest.mark.parametrize("name", ["dbpassword", "authtoken", "csrfmiddlewaretoken", "smtppass", "secretkey"])
def test_words_written_as_one_are_recognized_by_name(name: str, service: Service, rows: Rows) -> None:
    service()
    with event("book", {name: "hunter2"}):
        pass
    (row,) = rows()
    assert row[name] == "[redacted]"
