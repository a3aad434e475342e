"""Words for password in other languages, in names and in texts."""

from __future__ import annotations

import re

import pytest

from obskit.instrument.redaction.languages import PASSWORDS, starts_with
from obskit.instrument.redaction.names import Sense, sense_of
from obskit.instrument.redaction.text_scan import may_contain_secret, redact_text


@pytest.mark.parametrize("word", sorted(PASSWORDS))
def test_each_word_is_a_secret_as_a_name_and_at_the_end_of_one(word: str) -> None:
    assert sense_of(word) == sense_of(f"db_{word}") == Sense.SECRET


@pytest.mark.parametrize("word", ["пароль", "密码", "パスワード", "비밀번호", "şifre", "lösenord", "κωδικός"])
def test_words_in_other_scripts_are_found_in_names_and_texts(word: str) -> None:
    assert sense_of(word) == Sense.SECRET
    text = f"{word}: maple-river-482"
    assert may_contain_secret(text)
    assert redact_text(text) == f"{word}: [redacted]"


@pytest.mark.parametrize(
    "text",
    ["Passwort: erforderlich", "Пароль: обязательное поле", "contraseña: obligatoria", "Passwort falsch"],
)
def test_a_message_about_a_password_stays(text: str) -> None:
    assert redact_text(text) == text


def test_starts_are_alternatives_by_first_letter() -> None:
    pattern = starts_with(["pass", "pin(?![a-z])", "key", "парол[ья]"])
    assert pattern == "p(?:ass|in)|k(?:ey)|п(?:арол)"
    assert [found[0] for found in re.finditer(pattern, "key, pin and пароль")] == ["key", "pin", "парол"]
