"""Words for password in other languages than English, as names of fields and in texts."""

from __future__ import annotations

import re
from collections.abc import Iterable

# fmt: off
PASSWORDS = frozenset({
    "passwort", "kennwort", "passe", "motdepasse", "mdp", "contrasena", "contraseña", "contrasenya",
    "contrasinal", "senha", "parola", "wachtwoord", "haslo", "heslo", "geslo", "losenord", "passord",
    "kodeord", "adgangskode", "salasana", "jelszo", "lozinka", "zaporka", "sifre", "parool", "slaptazodis",
    "sandi", "katasandi", "pasahitza", "geheim", "geheimnis", "secreta", "secreto", "lykilord",
    "zugangsschluessel",
})
# fmt: on
"""As a word of a name that is split into words, in lower case."""

IN_TEXT = (
    r"passwort|kennwort|wachtwoord|mdp(?![a-z])|senha|heslo|geslo|parola|losenord|kodeord|adgangskode|salasana|jelszo"
    r"|lozinka|contrasen[ay]|haslo(?![a-z])"
)
"""A pattern of those that are searched for in texts, written in ASCII."""

FOREIGN = re.compile(
    "lösenord|jelszó|şifre|şifrə|парол[ьяюие]|парола|лозинка|гасло|mật khẩu"
    "|암호|패스워드|비밀번호|パスコード|密码|密碼|口令|パスワード|暗証番号|كلمة المرور|كلمة السر|رمز عبور"
    "|סיסמה|סיסמא|hasło|contraseña|κωδικός|συνθηματικό|पासवर्ड|รหัสผ่าน"
    "|slaptažodis|lykilorð|fjalëkalimi|գաղտնաբառ|პაროლი|құпиясөз"
    "|zugangsschlüssel",
    re.IGNORECASE,
)
"""Words that are not ASCII, anywhere in a name or a text."""


def starts_with(stems: Iterable[str]) -> str:
    """Return a pattern of the places where a text may have any of some words.

    Args:
        stems: how the words begin, in lower case; patterns are cut at their first sign.

    Returns:
        Alternatives by first letter, which a search tries faster than one alternative for each word.
    """
    by_letter: dict[str, list[str]] = {}
    for stem in stems:
        plain = re.split(r"[\[(\\]", stem)[0]
        by_letter.setdefault(plain[0], []).append(re.escape(plain[1:]))
    return "|".join(f"{letter}(?:{'|'.join(rest)})" for letter, rest in by_letter.items())


LANGUAGE_STEMS = (*IN_TEXT.split("|"), *FOREIGN.pattern.split("|"))
"""How the words for password begin that are searched for in texts."""

MESSAGES = (
    r"erforderlich|ungültig|falsch|fehlt|ist|wurde|vergessen|abgelaufen|requise?|obligatoire|incorrecte?|invalide"
    r"|expiré|oublié|obligatori[ao]|requerid[ao]|incorrect[ao]|olvidada|obrigat[óo]ri[ao]|inv[áa]lid[ao]|esqueceu"
    r"|richiest[ao]|errat[ao]|verplicht|ongeldig|wymagane|обязател\w*|невер\w*|требуется|не|истек\w*|必須|必填|错误"
    r"|無効|필수"
)
"""How a message about a password begins, in the languages that are met most."""
