"""Passwords that no option names: in pipes, after `<<<`, after a user, after `login`."""

from __future__ import annotations

import pytest

from obskit.instrument.redaction.text_scan import redact_text


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("kinit ann <<< maple-river-482", "kinit ann <<< [redacted]"),
        (
            "printf maple-river-482 | docker secret create db -",
            "printf [redacted] | docker secret create db -",
        ),
        ("cargo login Zq7Xw2Rv9Lk4Tn8BmHd6", "cargo login [redacted]"),
        ("snyk auth 0f8fad5b-d9cb-469f-a165-70867728950e", "snyk auth [redacted]"),
        ("net use \\\\srv\\s /user:ann maple-river-482", "net use \\\\srv\\s /user:ann [redacted]"),
        ("tool /u:ann /p:maple-river-482", "tool /u:ann /p:[redacted]"),
        ("schtasks /create /ru ann /rp maple-river-482", "schtasks /create /ru ann /rp [redacted]"),
        ("virsh set-user-password vm ann maple-river-482", "virsh set-user-password vm ann [redacted]"),
        ("put-parameter --type SecureString --value maple-482", "put-parameter --type SecureString --value [redacted]"),
        ("mkpasswd -m sha-512 maple-river-482", "mkpasswd -m sha-512 [redacted]"),
        ("iwconfig wlan0 key s:maple482river", "iwconfig wlan0 key s:[redacted]"),
        ("EXEC sp_addlogin 'ann', 'maple482'", "EXEC sp_addlogin 'ann', [redacted]"),
    ],
)  # fmt: skip
def test_the_password_goes_and_the_command_stays(line: str, left: str) -> None:
    assert redact_text(line) == left
    assert redact_text(left) == left


@pytest.mark.parametrize(
    "line",
    [
        "read name <<< $NAME",
        "echo a1b2 | grep token",
        "echo $PASS | docker login --password-stdin",
        "cargo login --help",
        "npm login",
        "failed login 9f8e7d6c5b4a3928170f",
        "msbuild /p:Version=1.2.3",
        "net use Z: /delete",
        "aws sso login --profile prod17",
    ],
)
def test_commands_without_a_password_stay(line: str) -> None:
    assert redact_text(line) == line
