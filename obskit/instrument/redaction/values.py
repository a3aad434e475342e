"""Tell a value that is plainly not a secret: a word, a short number, a path, a type, a time.

"auth" before a value does not make it a secret: `auth-service: connection refused`, `auth.method=oauth2`. A
secret is chosen so that nobody guesses it. So where the name alone does not decide, a value that everybody
could guess stays.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.rules import compile_once

# A word in one style; and the words with digits that engineers use.
_LETTERS = r"(?:[A-Z]?[a-z]{1,16}|[A-Z]{1,16}s?)"
_TERM = (
    r"(?:(?:[a-z]{1,3})?(?:sha|aes|md|hs|rs|es|ps|base|utf|oauth|http|tls|tlsv|ssl|ipv|ec|ed|argon|x|v|saml|u"
    r"|p|k|s|level|step|phase|part|line|page|shard|node|worker|replica|tenant|app|web|db|us|eu"
    r"|api)[-_]?\d{1,5}"
    r"(?:[a-z]{1,3})?|[A-Z]{1,3}-?\d{1,5}|i18n|l10n|2fa|\d{1,2}(?:st|nd|rd|th))"
)
_AMOUNT = r"[-+]?\d{1,8}(?:[.,]\d{1,9})?\s?(?:%|[a-zA-Z]{1,7})?"
_PART = rf"(?:(?:[A-Z][a-z]{{2,16}}){{2,5}}|[a-z]{{2,16}}(?:[A-Z][a-z]{{2,16}}){{1,4}}|{_TERM}|{_LETTERS})"
_PLAIN = (
    # Words, with numbers between them: long ones only where they are not part of a word, as in "line 1204".
    rf"(?:\d{{1,6}}[ :/.,])?{_PART}(?:(?:[ _./:,|+*&()=-]|, |: | - |::|->){_PART}"
    rf"|[ /:,.(]\(?\d{{1,6}}\)?|[-_]\d{{1,2}})"
    r"{0,12}[.:!?,;)]?"
    rf"|{_AMOUNT}(?:/{_AMOUNT})?"
    r"|1\d{9}(?:\d{3}){0,3}"  # seconds or milliseconds since 1970
    r"|[\d/:.,T+Z-]{1,35}(?<=\d[Z\d:])(?<!\d{9})"  # a date, a time, an address, a version
    r"|v?\d+(?:\.\d+){1,3}(?:[-.+]?[a-z]{1,5}\.?\d{0,3})?"
    r"|(?:~|\.{1,2}|[A-Za-z]:)?[/\\][\w.~{}<>:/\\-]{0,200}"
    r"|[\w.-]{1,60}\.(?:py|js|ts|go|rs|rb|java|php|html?|json|ya?ml|toml|txt|md|log|cfg|conf|ini|so|c|h"
    r"|com|org"
    r"|net|io|dev|local|internal)(?::\d{1,5})?(?:[/:][\w./-]{0,60})?"
    r"|[a-z][a-z0-9+.-]{1,20}://[^\s@?#]{1,200}"
    r"|[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,30}){1,4}"
    r"|#[0-9a-fA-F]{3,8}"
    r"|[\W_]{0,12}"
)
_WORDY = re.compile(r"[a-zA-Z]{4,}")
_NO_WORD = re.compile(r"[bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ]{6}")
_PATHLIKE = re.compile(r"[/\\][\w.-]*(?:[a-z]\d[a-z0-9]*\d|[A-Z]\d|\d[A-Z])[\w.-]{6,}")
_RANDOM = re.compile(r"(?=[A-Za-z+/_=-]{0,30}\d)(?=[\d+/_=-]{0,30}[A-Za-z])[A-Za-z0-9+/_=]{12,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_VOID = frozenset(
    {
        "",
        "none",
        "null",
        "nil",
        "true",
        "false",
        "undefined",
        "missing",
        "invalid",
        "expired",
        "required",
        "?",
    }
    | {"empty", "unset", "changed", "nan", "n/a", "redacted", "hidden", "masked", "filtered", "str", "string"}
    | {"include", "omit", "same-origin"}
    | {"int", "bytes", "bool", "secretstr", "optional", "any", "yes", "no", "on", "off", "ok"}
)
# A placeholder for a value that is filled in elsewhere: `${DB_PASSWORD}`, `%(password)s`, `<token>`, `****`.
_PLACEHOLDER = (
    r"\$\{[\w.:-]{1,80}\}?|\$\(.{0,80}|\$\(?[A-Z_]{2,60}\)?|\$\d{1,2}|\{\{\s?[\w. ]{1,60}\s?(?:\}\})?"
    r"|%\(\w{1,40}\)s|%[sdrv]|%[A-Z_]{2,60}%|:\w{1,30}"
    r"|[*xX•.-]{3,}|<[a-z][\w -]{0,40}>|\[[A-Z a-z]{3,20}\]"
    r"|(?:str|int|bytes|bool|float|string|String|char|object|Any|Optional|SecretStr|List|list|dict)"
    r"(?:\[[\w\[\], |]{0,60}\]?|\s?[,)|;?].{0,40}|\s?=\s?)?"
    r"|(?:os\.environ|os\.getenv|process\.env|getenv|env|ENV|request|self|config|settings|args"
    r"|params)\b[\w.\[(\"')\]-]{1,80}"
)


def is_void(value: str) -> bool:
    """Return whether a text says that there is no value, or stands for one: `none`, `${TOKEN}`, `str`."""
    return value.lower() in _VOID or compile_once(_PLACEHOLDER).fullmatch(value) is not None


def is_plain(value: str) -> bool:
    """Return whether a value is harmless unless its name says otherwise: words, a number, a path, a time.

    Args:
        value: the whole value.

    Returns:
        True for what everybody could guess.

    Example:
        is_plain("connection refused"), is_plain("30s"), is_plain("x7Kp2mQ9")  # True, True, False
    """
    if len(value) > 200 or not compile_once(_PLAIN).fullmatch(value):
        return is_void(value)
    for word in _WORDY.findall(value):
        if _NO_WORD.search(word):
            return False
    return not _PATHLIKE.search(value)


def looks_random(value: str) -> bool:
    """Return whether a text has a run of letters and digits such as only generators write; no UUID."""
    return _RANDOM.search(value) is not None and not _UUID.fullmatch(value)


def is_mixed(value: str) -> bool:
    """Return whether a text has letters and digits, unlike a word."""
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))
