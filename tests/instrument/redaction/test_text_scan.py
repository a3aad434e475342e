"""The prefilter and the rules agree, masking twice is masking once, and no text takes long."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.instrument.redaction.options import Redaction
from obskit.instrument.redaction.redactor import Redactor
from obskit.instrument.redaction.rules import compile_once
from obskit.instrument.redaction.shapes import (
    CAPITAL,
    CAPITAL_A,
    DASH_ENDED,
    DOTTED,
    HASHES,
    PLAIN,
    UNDERSCORED,
)
from obskit.instrument.redaction.text_scan import TABLES, may_contain_secret, redact_text
from tests.instrument.redaction.test_redactor import CASES, HARMLESS

FRAGMENTS = [text for text, _ in CASES] + HARMLESS
_words = st.sampled_from(
    [
        *(
            "password",
            "token",
            "auth",
            "key",
            "secret",
            "api key",
            "ſecret",
            "pın",
            "code",
            "Bearer",
            "cookie",
            "--",
            "-p",
        ),
        *(
            "=",
            ":",
            " ",
            "\t",
            "\n",
            '"',
            "'",
            "%3D",
            ">",
            "<",
            "?",
            "&",
            "@",
            "://",
            "[",
            "]",
            "(",
            "hunter2",
            "/",
            "|",
        ),
        *(
            "[redacted]",
            "\x1b[1m",
            "{",
            "}",
            "none",
            "Zq7Xw2Rv9Lk4Tn8B",
            "4111111111111111",
            "name",
            "value",
            "\x00",
        ),
    ]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Pieces of secrets and harmless texts, and words and signs in any order."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        text = draw(
            st.sampled_from(FRAGMENTS) | st.lists(_words, max_size=8).map("".join) | st.text(max_size=40)
        )
        start = draw(st.integers(0, len(text)))
        parts.append(text[start:] if draw(st.booleans()) else text)
    return draw(st.sampled_from(["", " ", "\n", ", ", "; "])).join(parts)


@given(texts())
def test_what_the_prefilter_lets_pass_unseen_is_not_changed(text: str) -> None:
    assert may_contain_secret(text) or redact_text(text) == text


@given(st.lists(texts(), min_size=1, max_size=4))
def test_the_prefilter_of_several_texts_sees_what_is_in_each(parts: list[str]) -> None:
    assert may_contain_secret("\0".join(parts)) or not any(map(may_contain_secret, parts))


@given(st.sampled_from(FRAGMENTS), st.sampled_from(FRAGMENTS), st.sampled_from(["\n", "; ", ", "]))
def test_masking_twice_is_masking_once(one: str, other: str, between: str) -> None:
    masked = redact_text(one + between + other)
    assert redact_text(masked) == masked


@pytest.mark.parametrize("text", FRAGMENTS)
def test_each_text_is_masked_once_in_json_too(text: str) -> None:
    for given_text in (text, json.dumps({"message": text}), repr([text])):
        masked = redact_text(given_text)
        assert redact_text(masked) == masked


FILL = ["9f8e7d6c5b4a39281706f5e4d3c2b1a0" * 5, "Zq7Xw2Rv9Lk4Tn8BmHd6Jf1Gs5Pc0Ya" * 4, "QX7RV2LK9TN4BM8H" * 6]
FILLS = [
    *FILL,
    *("123456_" + fill for fill in FILL),
    *(fill[:size] for size in (14, 16, 20, 22, 24, 26, 28, 29, 32, 33, 34, 35, 36, 38, 43) for fill in FILL),
    *(fill[:24] + "." + fill[:40] for fill in FILL),
    *(f"prd.{fill[:40]}" for fill in FILL),
    *(
        FILL[0][:8] + "-" + FILL[0][:4] + "-4" + FILL[0][:3] + "-" + FILL[0][:4] + "-" + fill[:40]
        for fill in FILL
    ),
    *("QX7RV2-QX7RV2LK9TN-QX7RV-QX7RV-QX7RV", "eyJ" + FILL[1], "B" + FILL[1], "Zq7Xw2Rv_" + FILL[1][:24]),
    *(
        FILL[0][:24] + "." + FILL[1][:16],
        FILL[0][:32] + "." + FILL[0][:32],
        FILL[0][:24] + "-" + FILL[0][:40],
    ),
    *(FILL[1][:22] + "." + FILL[1][:24] + "." + FILL[1][:20], FILL[1][:60] + "." + FILL[1][:86]),
]


@pytest.mark.parametrize("prefix", [prefix for prefix, _ in (*UNDERSCORED, *DASH_ENDED, *DOTTED)])
def test_every_prefix_is_found_with_a_token_after_it_and_stays_without(prefix: str) -> None:
    found = [fill for fill in FILLS if "[redacted]" in redact_text(f"see {prefix}{fill} there")]
    assert found
    assert redact_text(f"{prefix} is a prefix") == f"{prefix} is a prefix"


def test_the_tables_name_no_prefix_twice() -> None:
    for table in (UNDERSCORED, DASH_ENDED, DOTTED, HASHES):
        assert len(dict(table)) == len(table)
    assert len({pattern for *_, pattern in (*PLAIN, *CAPITAL, *CAPITAL_A)}) == len(
        (*PLAIN, *CAPITAL, *CAPITAL_A)
    )


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password\thunter2x", "password\t[redacted]"),
        ("token\nZq7Xw2Rv9Lk4Tn8B", "token\n[redacted]"),
        ("paſſword=hunter2", "paſſword=[redacted]"),
        ("pın=482913", "pın=[redacted]"),
        (
            "\x1b[36mtoken\x1b[0m=\x1b[33mZq7Xw2Rv9Lk4Tn8B\x1b[0m",
            "\x1b[36mtoken\x1b[0m=\x1b[33m[redacted]\x1b[0m",
        ),
        ("https://u:p1@h x: re-auth needed", "https://[redacted]@h x: re-auth needed"),
        (
            "token=Zq7Xw2Rv9Lk4; auth-service: connection refused",
            "token=[redacted]; auth-service: connection refused",
        ),
        ("password: correct horse battery", "password: [redacted]"),
        ("password: field required", "password: field required"),
        ("pwd=summer;Server=db", "pwd=[redacted];Server=db"),
        ("pwd=/srv/app", "pwd=/srv/app"),
        ("next=%2Fcb%3Fcode%3DZq7Xw2Rv9Lk4Tn8B%26state%3Dx", "next=%2Fcb%3Fcode%3D[redacted]%26state%3Dx"),
        ("?code=404&k=shoes", "?code=404&k=shoes"),
        ("def authorize(token: str)", "def authorize(token: str)"),
        (
            "Unexpected token 'o', \"oops\" is not valid JSON",
            "Unexpected token 'o', \"oops\" is not valid JSON",
        ),
        ("auth.py:77: in load", "auth.py:77: in load"),
        ("session_timeout=30", "session_timeout=30"),
        ("ssh://git@example.com/a.git", "ssh://git@example.com/a.git"),
        ("password = config.get_password()", "password = config.get_password()"),
        ("api_key=api_key", "api_key=api_key"),
        ('password: str = "summer"', 'password: str = "[redacted]"'),
    ],
)
def test_the_way_a_value_is_written_decides(text: str, left: str) -> None:
    assert redact_text(text) == left
    assert may_contain_secret(text) or text == left


HOSTILE = [
    *("a.b" * 20_000, "password=" + "a" * 60_000, "password: " + "word " * 12_000, "-token " * 9000, "'-', " * 12_000),
    *("mongo -p " * 7000, "4111 " * 12_000, "1" * 60_000, "1-" * 30_000, "glpat-" * 10_000, "_-." * 20_000, "A" * 60_000),
    *("echo x | sudo " * 4000, "crypt(a," * 8000, "your code " * 6000, "%3Fcode%3D" * 6000, "a:b@" * 15_000, "u:1" * 20_000),
    *("['a', '-p', " * 5000, "{'name': 'token', " * 3500, "key => " * 9000, "password is set for " * 3000, "pass:" * 12_000),
    *("s:8:\"password\";s:" * 3500, "password`" * 7000, "\x1b[1m" * 15_000, "密码" * 20_000, "response=" * 7000, "x/" * 30_000),
    *("private-lines: 1 " * 3500, "vault login -" * 5000, "htpasswd -b " * 5000, "credentials: a/" * 4000, "string 'a://" * 5000),
    *("token: A = " * 6000, "password \\" * 6000, "Maple" * 12_000, "a-b_c." * 10_000, "auth " * 12_000, "aws configure set " * 3500),
    *("<<<a" * 15_000, "password for a " * 4000, "login a/" * 8000, "-u x -p " * 8000, "tokens: a1," * 6000, "<secret a " * 6000),
    *('variable "token" {' * 3500, "secret,a=b," * 5500, "snmp community" * 4500, "echo a1 | " * 6000, "x-password a " * 4500),
    *("securestring --value " * 3000, "password</td>\n<td " * 3500, '"path": "/a/b/' * 4500, "rtmp://a/b/" * 5500, "пароль: " * 8000),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:12] for text in HOSTILE])
def test_no_text_of_any_kind_hangs(text: str) -> None:
    begun = time.process_time()
    may_contain_secret(text)
    redact_text(text)
    assert time.process_time() - begun < 3


@given(st.lists(texts(), min_size=1, max_size=5))
def test_a_row_is_masked_as_each_of_its_texts_alone(values: list[str]) -> None:
    redactor = Redactor(Redaction())
    row: dict[str, object] = {f"app.field_{at}": value for at, value in enumerate(values)}
    expected = [redactor.text(value) if len(value) > 5 else value for value in values]
    changed = redactor.apply(row)
    assert list(row.values()) == expected
    assert changed == sum(before != after for before, after in zip(values, expected, strict=True))


def test_every_pattern_compiles_although_it_is_compiled_late() -> None:
    for table in TABLES:
        for rule in table.rules:
            for pattern in (rule.pattern, rule.confirm, rule.starts):
                assert pattern is None or compile_once(pattern)


def test_the_prefilter_has_a_rule_for_every_table() -> None:
    """A header passes for an assignment; the other tables are asked themselves."""
    assert len(TABLES) == 14
    for text in ("Cookie: sid=x7Kp2mQ9", "Authorization: Bearer x1", "x-hub-signature: sha1=9f8e"):
        assert may_contain_secret(text)
        assert "[redacted]" in redact_text(text)
