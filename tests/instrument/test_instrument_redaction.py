"""Secrets in the places where they hide: none reaches the disk. And what is no secret stays.

Tokens are put together at run time, so that this file holds none. `§` in a place is replaced by each.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from obskit.errors import BadCall
from obskit.instrument import Handle, Redaction, event, incident, pseudonym
from obskit.instrument.redact import without_literals
from obskit.instrument.signs import cleaned, suspicious

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
TAIL = "Zq7Xw2Rv9Lk4Tn8Bm3Hd6Jf1Gs5Pc0Ya"
HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"
PLAIN = "Hunter2-" + TAIL[:9]


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


# Told by their look, wherever they stand.
TOKENS = [
    *("ghp_" + TAIL, "gho_" + TAIL, "ghu_" + TAIL, "ghs_" + TAIL, "ghr_" + TAIL, "github_pat_" + TAIL),
    *(
        "sk-" + TAIL,
        "sk-ant-" + TAIL,
        "sk-proj-" + TAIL,
        "glpat-" + TAIL[:20],
        "gldt-" + TAIL,
        "glrt-" + TAIL,
    ),
    *(
        "xoxb-" + TAIL,
        "xoxp-" + TAIL,
        "xapp-1-" + TAIL,
        "pypi-" + TAIL + TAIL,
        "npm_" + TAIL + "abcd",
        "hf_" + TAIL,
    ),
    *("sk_live_" + TAIL, "rk_live_" + TAIL, "sk_test_" + TAIL, "whsec_" + TAIL, "AKIA" + "QX7RV2LK9TN4BM8H"),
    *("ASIA" + "QX7RV2LK9TN4BM8H", "AIza" + TAIL + "abc", "ya29." + TAIL, "hvs." + TAIL, "hvb." + TAIL),
    *("dop_v1_" + HEX + HEX[:24], "shpat_" + HEX[:32], "lin_api_" + TAIL, "figd_" + TAIL, "dckr_pat_" + TAIL),
    *("rubygems_" + HEX, "glsa_" + TAIL, "phc_" + TAIL, "sbp_" + HEX, "NRAK-" + "QX7RV2LK9TN4BM8HD6JF1"),
    *("sq0atp-" + TAIL, "EAAC" + TAIL + TAIL, "dapi" + HEX[:32], "tskey-auth-" + TAIL, "key-" + HEX[:32]),
    *("SG." + TAIL[:22] + "." + TAIL + TAIL[:11], "110201543:AA" + TAIL + "x", "ATATT3" + TAIL),
    ".".join((b64('{"alg":"HS256","typ":"JWT"}'), b64('{"sub":"4711","name":"x"}'), TAIL)),
]
TOKEN_PLACES = ["§", "see https://example.com/r/§/x", "failed with (§), giving up"]

# A value without a look of its own, given away by what stands before it.
PLACES = [
    "https://user:§@example.com/",
    "postgresql://app:§@db.internal:5432/seats",
    "redis://:§@cache:6379/0",
    "amqp://guest:§@mq/%2f",
    "could not connect to mysql+pymysql://root:§@db/x (2003)",
    "https://example.com/?token=§",
    "https://example.com/cb?state=1&code=§&x=2",
    "https://example.com/cb?access_token=§#top",
    "https://s3.example.com/f?X-Amz-Signature=§&X-Amz-Date=20260504",
    "https://s3.example.com/f?X-Amz-Security-Token=§",
    "https://acc.blob.example.net/c/f?sv=2024&sig=§&se=2026",
    "https://maps.example.com/?key=§&q=Bern",
    "/login?user=ann&password=§",
    "q=1&api_key=§",
    "refresh_token=§&grant_type=refresh",
    "client_secret=§",
    "redirect=https%3A%2F%2Fu%3A§%40example.com",
    "next=%2Fx%3Ftoken%3D§",
    "Authorization: Bearer §",
    "authorization: basic §",
    "Proxy-Authorization: Digest §",
    "GET / HTTP/1.1\r\nCookie: sid=§; theme=dark\r\nHost: x",
    "Set-Cookie: session=§; HttpOnly",
    "X-Api-Key: §",
    "x-auth-token: §",
    "curl -H 'Authorization: Bearer §' https://x",
    '{"password": "§"}',
    '{"user": "ann", "apiKey":"§", "n": 1}',
    '{\\"secret\\": \\"§\\"}',
    "{'token': '§', 'n': 1}",
    "Config(password='§', host='db')",
    "password=§ host=db",
    "PASSWORD: §",
    "DB_PASSWORD=§",
    "export AWS_SECRET_ACCESS_KEY=§",
    "aws_session_token = §",
    "spring.datasource.password=§",
    "<password>§</password>",
    "--password § --host db",
    "mysql --password=§",
    "tool --api-key '§' run",
    "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=§;EndpointSuffix=y",
    "Server=db;User Id=sa;Pwd=§;",
    "ALTER USER ann IDENTIFIED BY '§'",
    "CREATE ROLE ann LOGIN PASSWORD '§'",
    "DETAIL:  Key (password)=(§) already exists.",
    "[SQL: INSERT INTO users VALUES (%s, %s)]\n[parameters: ('ann', '§')]",
    "ValueError: invalid credentials: §",
    "csrf_token=§",
    "otp: §",
    "-----BEGIN RSA PRIVATE KEY-----\n§\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\n§",
    "jdbc:postgresql://db/x?user=a&password=§",
    "signature=§",
    "passphrase: §",
]
# Fields whose name says it, whatever the value looks like.
NAMES = [
    *(
        "password",
        "user.password",
        "db.password",
        "passwd",
        "userPassword",
        "PASSWORD",
        "client_secret",
        "clientSecret",
    ),
    *("http.request.header.authorization", "http.request.header.cookie", "http.response.header.set-cookie"),
    *(
        "http.request.header.x-api-key",
        "http.request.header.x-auth-token",
        "http.request.header.proxy-authorization",
    ),
    *(
        "api_key",
        "apiKey",
        "APIKey",
        "api-key",
        "aws.secret.access.key",
        "aws_secret_access_key",
        "private_key",
    ),
    *(
        "session.token",
        "access_token",
        "accessToken",
        "refresh_token",
        "id_token",
        "auth.token",
        "csrf_token",
        "jwt",
    ),
    *(
        "credential",
        "aws.credentials",
        "encryption.key",
        "signing_key",
        "ssh.key",
        "otp",
        "card.cvv",
        "pin",
        "dsn",
    ),
    *(
        "oauth.client_secret",
        "webhook.signature",
        "db.query.parameter.0",
        "db.query.parameter.name",
        "passphrase",
    ),
    *("config.db.pwd", "master_key", "license.key"),
]
CASES = [(place.replace("§", token), token) for token in TOKENS for place in TOKEN_PLACES] + [
    (place.replace("§", PLAIN), PLAIN) for place in PLACES
]


def test_there_are_enough() -> None:
    assert len(CASES) + len(NAMES) >= 200
    assert len(set(TOKENS)) == len(TOKENS)


def disk(folder: Path) -> str:
    return b"".join(path.read_bytes() for path in (folder / "events").glob("*")).decode()


@pytest.mark.parametrize(
    "where", ["field", "name", "status", "exception", "list", "map", "key", "point", "marker"]
)
def test_no_secret_reaches_the_disk(service: Service, tmp_path: Path, where: str) -> None:
    exporter = InMemorySpanExporter()
    handle = service(processors=[SimpleSpanProcessor(exporter)])
    for n, (text, _) in enumerate(CASES):
        if where == "marker":
            incident(text)
            continue
        with event(text if where == "name" else "work") as e:
            if where == "field":
                e["app.text"] = text
            elif where == "status":
                e.set_status(trace.StatusCode.ERROR, text)
            elif where == "exception":
                e.record_exception(ValueError(text))
            elif where == "list":
                e["app.list"] = ["fine", text]
            elif where == "map":
                e["app.map"] = {"inner": {"text": text}}
            elif where == "key":
                e["app.map"] = [{text: n}]
            elif where == "point":
                e.add_event("retry", {"reason": text})
    written = disk(tmp_path) + "".join(span.to_json() for span in exporter.get_finished_spans())
    leaked = [text for text, secret in CASES if secret in written and secret != PLAIN]
    leaked += [text for text, _ in CASES if PLAIN in text and PLAIN in written and PLAIN in cleaned(text)]
    assert leaked == []
    assert PLAIN not in written
    assert handle.counters["failed"] == 0
    assert handle.counters["redacted"] >= len(CASES)


def test_no_value_of_a_field_with_such_a_name_reaches_the_disk(
    service: Service, tmp_path: Path, rows: Rows
) -> None:
    service()
    for name in NAMES:
        with event("work") as e:
            e[name] = "x" + PLAIN
        with event("work") as e:
            e[name] = ["x" + PLAIN]
        with event("work") as e:
            e["outer"] = {name: "x" + PLAIN}
    assert PLAIN not in disk(tmp_path)
    assert all("[redacted]" in str(row) for row in rows())


def test_resource_attributes_are_redacted_too(service: Service, tmp_path: Path) -> None:
    service(attributes={"app.db": f"postgres://u:{PLAIN}@db/x", "app.api_key": PLAIN})
    with event("a"):
        pass
    assert PLAIN not in disk(tmp_path)


HARMLESS = [
    "design: blue", "author: Ann", "bypass=1", "tokens: 512", "max_tokens=4096", "token=17", "KeyError: 'user'",
    "https://example.com/flights?from=BRN&to=ZRH", "GET /api/v1/flights/{id}", "10.0.0.1:8080", "eu-west-1",
    "asia-northeast1", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "ann@example.com",
    "0f8fad5b-d9cb-469f-a165-70867728950e", "9f8e7d6c5b4a39281706f5e4d3c2b1a0", "no such file: /tmp/x",
    "select * from seats where id = ?", "2026-05-04T10:00:00Z", "a monkey: typing", "spinning=true",
]  # fmt: skip
HARMLESS_NAMES = [
    "token.count", "gen_ai.usage.input_tokens", "cache.key", "http.route", "user.id", "session.id", "author",
    "password.length", "token_type", "auth.method", "key", "primary.key", "keyboard", "pinned", "compass",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str, service: Service, rows: Rows) -> None:
    service()
    with event("work") as e:
        e["app.text"] = text
        e["http.response.body.size"] = 512
    (row,) = rows()
    assert row["app.text"] == text


def test_names_that_only_sound_like_secrets_stay(service: Service, rows: Rows) -> None:
    service()
    with event("work") as e:
        e.add(dict.fromkeys(HARMLESS_NAMES, "value 17"))
        e["token.valid"] = True
    (row,) = rows()
    assert [name for name in HARMLESS_NAMES if row[name] != "value 17"] == []


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


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_nothing_is_cleaned_without_a_sign(text: str) -> None:
    assert suspicious(text)


@given(st.text(max_size=300), st.sampled_from(CASES), st.text(max_size=300))
def test_a_text_without_a_sign_would_not_have_been_changed(
    before: str, case: tuple[str, str], after: str
) -> None:
    for text in (before, before + case[0][: len(case[0]) // 2] + after):
        if not suspicious(text):
            assert cleaned(text) == text


@pytest.mark.parametrize("text", ["a" * 60_000, "password" * 7000, "://" * 20_000, "-" * 60_000, "token=" * 9000,
                                  '\\"' * 30_000, "eyJ" * 20_000, "[parameters: " * 4000, "--" * 30_000, "(" * 60_000])  # fmt: skip
def test_cleaning_takes_time_in_proportion(text: str) -> None:
    import time

    begun = time.process_time()
    cleaned(text)
    assert time.process_time() - begun < 2
