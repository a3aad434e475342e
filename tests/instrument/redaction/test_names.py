"""What names say about their values: the last word decides, and a value that is plainly no secret may stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from obskit.instrument import Handle, event
from obskit.instrument.redaction.names import Sense, is_secret, sense_of, words_of

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("http.header.x-api-key", ["http", "header", "x", "api", "key"]),
        ("apiKey", ["api", "key"]),
        ("API_KEY", ["api", "key"]),
        ("apitoken", ["api", "token"]),
        ("bindpw", ["bind", "pw"]),
        ("clientkey", ["client", "key"]),
        ("monkey", ["monkey"]),
        ("compass", ["compass"]),
        ("bypass", ["bypass"]),
        ("turnkey", ["turnkey"]),
    ],
)
def test_words_written_as_one_are_split_only_where_both_are_known(name: str, words: list[str]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "sense"),
    [
        ("password", Sense.SECRET),
        ("user_password_confirmation", Sense.SECRET),
        ("preshared_key", Sense.SECRET),
        ("enc_key", Sense.SECRET),
        ("recovery_key", Sense.SECRET),
        ("creds", Sense.SECRET),
        ("dd-application-key", Sense.SECRET),
        ("x-honeycomb-team", Sense.SECRET),
        ("fastly-key", Sense.SECRET),
        ("x-functions-key", Sense.SECRET),
        ("x-rapidapi-key", Sense.SECRET),
        ("x-newvendor-key", Sense.PERHAPS),
        ("connect.sid", Sense.PERHAPS),
        ("request.query.code", Sense.PERHAPS),
        ("http.cookies.sid", Sense.PERHAPS),
        ("token", Sense.PERHAPS),
        ("password_file", Sense.PERHAPS),
        ("passwords.ann", Sense.SECRET),
        ("ssn", Sense.CODE),
        ("credit_card", Sense.CODE),
        ("mfa_code", Sense.CODE),
        ("token.type", Sense.ABOUT),
        ("password.strength", Sense.ABOUT),
        ("cookie.consent", Sense.ABOUT),
        ("otp.sent", Sense.ABOUT),
        ("session_timeout", Sense.NOTHING),
        ("cache.key", Sense.NOTHING),
        ("x-idempotency-key", Sense.NOTHING),
        ("session.id", Sense.NOTHING),
        ("code", Sense.NOTHING),
        ("app.key", Sense.NOTHING),
        ("", Sense.NOTHING),
    ],
)
def test_the_last_word_of_a_name_says_what_it_is(name: str, sense: Sense) -> None:
    assert sense_of(name) is sense


@pytest.mark.parametrize(
    ("sense", "value", "secret"),
    [
        (Sense.SECRET, "summer", True),
        (Sense.SECRET, "${DB_PASSWORD}", False),
        (Sense.SECRET, "none", False),
        (Sense.CODE, "482913", True),
        (Sense.CODE, "sent", False),
        (Sense.CODE, "2.4.0", False),
        (Sense.PERHAPS, "oauth2", False),
        (Sense.PERHAPS, "maple-river-4821", True),
        (Sense.PERHAPS, "30s", False),
        (Sense.ABOUT, "bearer", False),
        (Sense.ABOUT, "Zq7Xw2Rv9Lk4Tn8B", True),
        (Sense.NOTHING, "Zq7Xw2Rv9Lk4Tn8B", False),
    ],
)
def test_a_harmless_name_protects_only_what_is_plainly_no_secret(
    sense: Sense, value: str, secret: bool
) -> None:
    assert is_secret(sense, value) is secret


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("tokens", 512, 512),
        ("tokens", ["Zq7Xw2Rv9Lk4Tn8B", "yQ2cV5mK8pR1tW4z"], ["[redacted]"] * 2),
        ("parser.tokens", ["SELECT", "FROM"], ["SELECT", "FROM"]),
        ("tests.pass", 12, 12),
        ("pass_rate", 0.97, 0.97),
        ("otp.sent", True, True),
        ("otp", 482913, "[redacted]"),
        ("card.cvv", 123, "[redacted]"),
        ("password", 12345678, "[redacted]"),
        ("secrets", 3, 3),
        ("password", "", ""),
        ("password", None, None),
        ("api_key.count", 3, 3),
    ],
)
def test_numbers_are_secrets_where_codes_and_passwords_are(
    service: Service, rows: Rows, name: str, value: Any, written: Any
) -> None:
    service()
    with event("work") as e:
        e[name] = value
    assert rows()[0][name] == written
