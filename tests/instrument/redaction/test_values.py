"""Which values are plainly no secret."""

from __future__ import annotations

import pytest

from obskit.instrument.redaction.values import is_mixed, is_plain, is_void, looks_random


@pytest.mark.parametrize(
    "value",
    [
        *(
            "connection refused",
            "oauth2",
            "RS256",
            "HMAC-SHA256",
            "30s",
            "12.5 ms",
            "97%",
            "true",
            "/run/secrets/db",
        ),
        *(
            "auth.py:77",
            "eu-west-1",
            "2026-05-04T10:00:00Z",
            "2.4.0-rc.1",
            "10.0.0.1:8080",
            "ann@example.com",
        ),
        *("https://example.com/login", "openid profile", "service_account", "UNAVAILABLE", "LX14", "#ff8800"),
        *("1767225600", "user:17", "C:\\Users\\ann", "booking-17", "NoneType"),
    ],
)
def test_words_numbers_paths_and_times_are_plain(value: str) -> None:
    assert is_plain(value)


@pytest.mark.parametrize(
    "value",
    [
        *("hunter2", "maple-river-4821", "MapleRiver482", "Maple!river#12", "9f8e7d6c5b4a3928", "x7Kp2mQ9"),
        *("https://u:p1@host/", "482913482913", "qwrtpsdfgh", "aB3dE5fG7hJ9kL1m"),
    ],
)
def test_what_people_and_machines_choose_as_secrets_is_not(value: str) -> None:
    assert not is_plain(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "None",
        "null",
        "${TOKEN}",
        "{{ token }}",
        "%(password)s",
        "$1",
        "********",
        "<token>",
        "str",
        "$(cat f)",
        "%PASSWORD%",
    ],
)
def test_a_placeholder_stands_for_no_value(value: str) -> None:
    assert is_void(value)


def test_a_run_of_letters_and_digits_looks_random_unless_it_is_a_uuid() -> None:
    assert looks_random("Zq7Xw2Rv9Lk4Tn8B")
    assert not looks_random("service_account")
    assert not looks_random("0f8fad5b-d9cb-469f-a165-70867728950e")


def test_a_mixed_value_has_letters_and_digits() -> None:
    assert is_mixed("hunter2")
    assert not is_mixed("hunter")
    assert not is_mixed("17")
