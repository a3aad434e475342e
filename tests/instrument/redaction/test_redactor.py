"""Secrets in the places where they hide: none reaches the disk. And what is no secret stays.

Tokens are put together at run time, so that this file holds none. `§` in a place is replaced by each.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from obskit.instrument import Handle, event, incident
from obskit.instrument.redaction.text_scan import may_contain_secret, redact_text

Service = Callable[..., Handle]
Rows = Callable[[], list[dict[str, Any]]]
TAIL = "Zq7Xw2Rv9Lk4Tn8Bm3Hd6Jf1Gs5Pc0Ya"
HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"


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
    *(
        "GOCSPX-" + TAIL[:28],
        "PMAK-" + HEX[:24] + "-" + HEX[:34],
        "xai-" + TAIL + TAIL,
        "gsk_" + TAIL,
        "ntn_" + TAIL,
    ),
    *("1//0" + TAIL, "IQoJb3JpZ2lu" + TAIL + TAIL, "pbkdf2_sha256$600000$" + TAIL[:12] + "$" + TAIL + "="),
    *("$2b$12$" + TAIL + TAIL[:21], "$6$" + TAIL[:8] + "$" + TAIL, "$apr1$" + TAIL[:8] + "$" + TAIL[:22]),
    *("$1$" + TAIL[:8] + "$" + TAIL[:22], "$argon2id$v=19$m=65536,t=3,p=4$" + TAIL[:22] + "$" + TAIL),
]
TOKEN_PLACES = ["§", "see https://example.com/r/§/x", "failed with (§), giving up"]

# A value without a look of its own, given away by what stands before it.


def lines(name: str) -> list[str]:
    """The lines of a file beside this one, without comments."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    found = [line for line in text.splitlines() if line and not line.startswith("# ")]
    return [line.replace("␍⏎", "\r\n").replace("⏎", "\n") for line in found]


def secret_of(place: str) -> str:
    """A value that is in no other place, as a person or a generator might choose one."""
    return "Hunter2" + hashlib.sha256(place.encode()).hexdigest()[:12]


# Values without a look of their own, given away by what stands around them.
PLACES = lines("secret_places.txt")
HARMLESS = lines("harmless_texts.txt")
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
    *(
        "app_key",
        "appKey",
        "DD_APP_KEY",
        "subscription-key",
        "tls.key",
        "ssl_key",
        "deploy_key",
        "code_verifier",
    ),
    *(
        "oauth.verifier",
        "client.assertion",
        "SAMLResponse",
        "recovery_codes",
        "backup.code",
        "verificationCode",
    ),
    *("card.security_code", "security.answer", "wallet.seed_phrase", "connection_string", "ConnectionString"),
    *(
        "JSESSIONID",
        "phpsessid",
        "wallet.mnemonic",
        "passwort",
        "user.kennwort",
        "mfa.code",
        "totp",
        "SECRET_KEY",
    ),
    *("http.request.header.x-amz-security-token", "http.request.header.x-goog-api-key", "sessionKey", "psk"),
    *(
        "password_hash",
        "user.passwordHash",
        "smtp_pass",
        "redis.auth",
        "basic_auth",
        "bearer",
        "webhook_secret",
    ),
    *("hmac_key", "pgp.key", "rsa_key", "encryptionKey", "service_account_key", "shared_key", "SENTRY_DSN"),
]
CASES = [(place.replace("§", token), token) for token in TOKENS for place in TOKEN_PLACES] + [
    (place.replace("§", secret_of(place)), secret_of(place)) for place in PLACES
]


def test_there_are_enough() -> None:
    """Distinct secrets, each in a place of its own, beside the names of fields that hide their values."""
    assert len({secret for _, secret in CASES}) == len(TOKENS) + len(PLACES) >= 350
    assert len(set(NAMES)) == len(NAMES) >= 90
    assert len(set(HARMLESS)) == len(HARMLESS) >= 140


SECRET = secret_of("")


def disk(folder: Path) -> str:
    return b"".join(path.read_bytes() for path in (folder / "events").glob("*")).decode()


def emit(where: str, text: str) -> None:
    if where == "marker":
        incident(text)
        return
    if where == "raised":
        with contextlib.suppress(ValueError), event("work"):
            raise ValueError(text)
        return
    with event(text if where == "name" else "work") as e:
        if where == "field":
            e["app.text"] = text
        elif where == "field's name":
            e[text] = 1
        elif where == "body":
            e["body"] = text
        elif where == "bytes":
            e["app.bytes"] = text.encode()
        elif where == "JSON":
            e["app.text"] = json.dumps({"message": text, "more": [1]})
        elif where == "JSON in JSON":
            e["app.text"] = json.dumps({"message": json.dumps({"inner": text})})
        elif where == "repr":
            e["app.text"] = repr({"message": text})
        elif where == "between":
            e["app.text"] = f"before\n{text}\nafter"
        elif where == "status":
            e.set_status(trace.StatusCode.ERROR, text)
        elif where == "exception":
            e.record_exception(ValueError(text))
        elif where == "list":
            e["app.list"] = ["fine", text]
        elif where == "map":
            e["app.map"] = {"inner": {"text": text}}
        elif where == "key":
            e["app.map"] = [{text: 1}]
        elif where == "key of a map":
            e["app.map"] = {"inner": {text: 1}}
        elif where == "point":
            e.add_event("retry", {"reason": text})
        elif where == "point's name":
            e.add_event(text)
        elif where == "link":
            e.add_link(e.get_span_context(), {"why": text})


WHERE = [
    *("field", "field's name", "name", "body", "bytes", "JSON", "JSON in JSON", "repr", "between", "status"),
    *("exception", "raised", "list", "map", "key", "key of a map", "point", "point's name", "link", "marker"),
]


@pytest.mark.parametrize("where", WHERE)
def test_no_secret_reaches_the_disk(service: Service, tmp_path: Path, where: str) -> None:
    """Nor any processor, such as the one that sends by OTLP."""
    exporter = InMemorySpanExporter()
    handle = service(processors=[SimpleSpanProcessor(exporter)])
    for text, _ in CASES:
        emit(where, text)
    written = disk(tmp_path) + "".join(span.to_json() for span in exporter.get_finished_spans())
    assert [text for text, secret in CASES if secret in written] == []
    assert handle.counters["failed"] == 0
    assert handle.counters["written"] == len(CASES)
    if where not in ("name", "point", "point's name", "link"):
        assert handle.counters["redacted"] >= len(CASES)


def test_no_value_of_a_field_with_such_a_name_reaches_the_disk(
    service: Service, tmp_path: Path, rows: Rows
) -> None:
    service()
    for name in NAMES:
        with event("work") as e:
            e[name] = "x" + SECRET
        with event("work") as e:
            e[name] = ["x" + SECRET]
        with event("work") as e:
            e["outer"] = {name: "x" + SECRET}
    assert SECRET not in disk(tmp_path)
    assert all("[redacted]" in str(row) for row in rows())


def test_resource_attributes_are_redacted_too(service: Service, tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    service(
        version="1",
        attributes={"app.db": f"postgres://u:{SECRET}@db/x", "app.api_key": SECRET, f"token={SECRET}": 1},
        processors=[SimpleSpanProcessor(exporter)],
    )
    with event("a"):
        pass
    assert SECRET not in disk(tmp_path)
    (span,) = exporter.get_finished_spans()
    assert SECRET not in span.to_json()
    assert span.resource.attributes["service.version"] == "1"
    assert span.resource.attributes["telemetry.sdk.name"] == "opentelemetry"
    assert span.resource.attributes["app.db"] == "postgres://[redacted]@db/x"


def test_trace_states_are_redacted_on_rows_and_for_processors(
    service: Service, tmp_path: Path, rows: Rows
) -> None:
    """It goes on to the next service as it came: what it means to whoever set it is not ours to change."""
    exporter = InMemorySpanExporter()
    service(processors=[SimpleSpanProcessor(exporter)])
    state = TraceState.from_header([f"vendor=token:{SECRET}"])
    caller = SpanContext(7, 8, True, TraceFlags(1), state)
    tracer = trace.get_tracer("t")
    with tracer.start_as_current_span(
        "a", context=set_span_in_context(NonRecordingSpan(caller)), links=[Link(caller)]
    ) as span:
        assert span.get_span_context().trace_state == state
        with event("b"):
            pass
    assert SECRET not in disk(tmp_path)
    assert [row["trace_state"] for row in rows()] == ["vendor=token:[redacted]"] * 2
    assert rows()[1]["links"][0]["trace_state"] == "vendor=token:[redacted]"
    assert len(exporter.get_finished_spans()) == 2
    for done in exporter.get_finished_spans():
        assert done.parent is not None
        for context in (done.context, done.parent, *(link.context for link in done.links)):
            assert context.trace_state.to_header() == "vendor=token:[redacted]"


def test_a_field_s_name_that_holds_a_secret_keeps_the_rest(service: Service, rows: Rows) -> None:
    handle = service()
    with event("a") as e:
        e.add({f"https://u:{SECRET}@x/": 1, "n": 2, "password": SECRET, 7: 3})  # type: ignore[dict-item]
    (row,) = rows()
    assert {k: row[k] for k in ("https://[redacted]@x/", "n", "password", "7")} == {
        "https://[redacted]@x/": 1, "n": 2, "password": "[redacted]", "7": 3,
    }  # fmt: skip
    assert handle.counters["redacted"] == 2


HARMLESS_NAMES = [
    "token.count", "gen_ai.usage.input_tokens", "cache.key", "http.route", "user.id", "session.id", "author",
    "password.length", "token_type", "auth.method", "key", "primary.key", "keyboard", "pinned", "compass",
    "tokenizer", "design", "sort.key", "partition_key", "messaging.kafka.message.key", "aws.s3.key", "storage.key",
    "feature_flag.key", "app.key", "passenger.count", "recovery.time_ms", "backup.status", "verification.status",
    "code.function.name", "string.length", "connection.id", "enduser.id", "authenticated", "authority", "signal.name",
    "secretary", "passport.country", "app:token:count", "a b", "seat=row", "session.duration_ms", "key.count",
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


@pytest.mark.parametrize("text", [text for text, _ in CASES])
def test_nothing_is_cleaned_without_a_sign(text: str) -> None:
    assert may_contain_secret(text)


@given(st.text(max_size=300), st.sampled_from(CASES), st.text(max_size=300))
def test_a_text_without_a_sign_would_not_have_been_changed(
    before: str, case: tuple[str, str], after: str
) -> None:
    for text in (before, before + case[0][: len(case[0]) // 2] + after):
        if not may_contain_secret(text):
            assert redact_text(text) == text


@pytest.mark.parametrize("text", ["a" * 60_000, "password" * 7000, "://" * 20_000, "-" * 60_000, "token=" * 9000,
                                  '\\"' * 30_000, "eyJ" * 20_000, "[parameters: " * 4000, "--" * 30_000, "(" * 60_000,
                                  "_" * 60_000, "password: |" + "\n" * 60_000, "password" + " " * 60_000, "password" + "\\" * 60_000,
                                  "values (" * 8000, "values ('" * 7000, "mysql -p" * 7000, " -u a:" * 9000, "<password " * 6000,
                                  "name=password\n" * 4000, "name: token " * 5000, "value: '" * 7000, "['token', " * 6000,
                                  "%3A%2F%2F" * 6000, "password%25253d" * 4000, "token is " * 6000, "key (token)=(" * 4000,
                                  "x-signature" * 5000, "/reset/" * 8000, "[cached since " * 4000, "$2b$" * 15_000,
                                  "identified by '" * 4000, "duplicate entry '" * 3500, "failing row contains (" * 3000])  # fmt: skip
def test_cleaning_takes_time_in_proportion(text: str) -> None:
    import time

    begun = time.process_time()
    redact_text(text)
    assert time.process_time() - begun < 2
