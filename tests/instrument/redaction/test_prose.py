"""Secrets in sentences, and sentences about secrets."""

from __future__ import annotations

import pytest

from obskit.instrument.redaction.text_scan import redact_text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password for bob is maple-river-482", "password for bob is [redacted]"),
        ("password of ann changed to MapleRiver482", "password of ann changed to [redacted]"),
        ('set password to "maple-river-482"', 'set password to "[redacted]"'),
        (
            "changed password from maple-river-482 to copper-river-719",
            "changed password from [redacted] to [redacted]",
        ),
        ("enable secret 5 Zq7Xw2Rv9Lk4Tn8B", "enable secret 5 [redacted]"),
        ("password hash Zq7Xw2Rv9Lk4Tn8B for ann", "password hash [redacted] for ann"),
        ("decrypting with key 9f8e7d6c5b4a39281706f5e4", "decrypting with key [redacted]"),
        ("shared key Zq7Xw2Rv9Lk4Tn8BmHd6Jf1G=", "shared key [redacted]"),
        ("password ← maple-river-482", "password ← [redacted]"),
        ("OTP for login is 814111", "OTP for login is [redacted]"),
        ("Ihr Einmalcode lautet 814111", "Ihr Einmalcode lautet [redacted]"),
        ("login ann/maple-river-482 failed", "login [redacted] failed"),
        ("passwords: maple-river-482, Copper482River", "passwords: [redacted], [redacted]"),
        ("Пароль для входа: maple-river-482", "Пароль для входа: [redacted]"),
    ],
)
def test_what_follows_the_words_is_masked(text: str, left: str) -> None:
    assert redact_text(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "invalid password for user ann1234",
        "password of ann changed",
        "changed password policy from weak to strong",
        "sorted with key user:17",
        "using key file /etc/a.pem",
        "login page/index rendered",
        "keys: user17, user18",
        "codes: E1042, E1043",
        "OTP for login is disabled",
        "your code is E1042",
        "secret 5 of 9 rotated",
    ],
)
def test_a_sentence_about_a_secret_stays(text: str) -> None:
    assert redact_text(text) == text
