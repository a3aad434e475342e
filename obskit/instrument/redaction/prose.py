"""Secrets in sentences: "invalid token ...", "password for ann is ...", "your code is ...", "login ann/...".

Where there is only a space between the word and the value, a value that looks like a word stays as it is.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.assignments import BARE
from obskit.instrument.redaction.languages import FOREIGN, IN_TEXT, LANGUAGE_STEMS, starts_with
from obskit.instrument.redaction.rules import MASK
from obskit.instrument.redaction.values import is_mixed, is_plain, looks_random

# "password hunter2", "invalid token ab12cd", "the password for ann was set to ...": only what does not look
# like a word is taken for a secret. After whose it is, only a verb or a sign may follow: "wrong password for
# ann1234".
_VERBS = (
    r"(?:is|was|are|ist|war|lautet|es|est|è|é|now|now is|is now|is currently"
    r"|(?:(?:was|is|has been|been|got)\s)?(?:set|changed|updated|reset|rotated|switched|replaced)"
    r"\s(?:to|from|with|by))"
)
PROSE = (
    "(?i)"
    r"((?:(?<![a-z])(?:pass|pw|session|cookie|signature)|passwo?r?[dt]|passwd|pwd|passphrase|secret|token"
    r"|(?:api|access|secret|private|signing|encryption|licen[cs]e|activation|master|shared|deploy|hmac|unseal"
    r"|decryption|account|subscription|service|session)[-_ ]?key"
    r"|j?sessionid|phpsessid|(?<![a-z])(?:with|using|use)\s(?:the\s|an?\s)?key"
    r"|(?<![\w-])x-[\w-]{1,40}-(?:key|token|secret)"
    rf"|credentials?|jwt|otp|session[-_ ]id|answer|{IN_TEXT}|{FOREIGN.pattern})"
    r"(?:[-_\s](?:value|hash|digest|string))?"
    rf"(?:(?:\s(?:for|of|from|für|von|de|para|pour)\s(?:user\s|account\s)?[\w.@'\"\\-]{{1,60}}"
    rf"|\s(?:for|of)\s[a-z]{{1,20}}\s[\w.@-]{{1,60}})?\s(?:(?:{_VERBS}|=|:)\s{{1,3}}|-?->\s?)"
    r"|\s?(?:-?->|→|←|==?>|[;|,(<\[#{])\s?|\s{1,3}[-–—]\s{1,3}|\s(?:from|to|as)\s(?:\[redacted\]\sto\s)?"
    r"|\s\d{1,2}\s|\s{1,20}))"
    rf"([\"'`“„‘«]{{0,2}})({BARE}{{6,}})\2"
)
_STEMS = "pass pw session cookie signature secret token credential jwt otp answer x- jsess phpsess"
_OF_KEYS = (
    "api access private signing encryption license licence activation master shared deploy hmac unseal"
    " decryption account subscription service"
)
PROSE_START = starts_with(
    (
        *_STEMS.split(),
        *(f"{of}{sign}key" for of in _OF_KEYS.split() for sign in ("", " ", "-", "_")),
        *(
            f"{verb} {article}key"
            for verb in ("with", "using", "use")
            for article in ("", "the ", "a ", "an ")
        ),
        *LANGUAGE_STEMS,
    )
)
"""Where such a phrase may begin, in a text in lower case."""
# "A temporary password is generated for root@localhost: ..."
ANNOUNCED = (
    "(?i)"
    rf"((?:password|passphrase|secret|token|credentials|{IN_TEXT}|{FOREIGN.pattern})\b[^\n:=]{{1,80}}:\s{{1,4}})([\"'`]?)"
    rf"({BARE}{{6,}})\2"
)
# A code to type in: after these words, four to eight digits are one.
CODE_SPOKEN = (
    "(?i)"
    r"(\b(?:otp|totp|pin|passcode|passkey|password|(?:verification|security|mfa|2fa|sms|one-time|login|access|recovery"
    r"|backup|confirmation|auth|pin|sign-in|signin|activation|validation|pairing|unlock|door|reset|email|phone)"
    r"[- _](?:code|password|pin)|(?:use|enter|type)(?: the| this)? code"
    r"|(?:your|ihr|dein|votre|ton|su|tu|seu) [\w -]{0,20}code"
    r"|(?:bestätigungs|sicherheits|zugangs|einmal)code|code de \w{3,15}|c[oó]digo(?: de \w{3,15})?)"
    r"(?:\sfor\s[\w.@ -]{1,40}?\s(?:is|was)|\s(?:is|was|ist|lautet|est|es)(?: now)?)?[\s:=#]{1,3}['\"]?)"
    r"(\d{4,8}|\d{3}[ -]\d{3})(?![\w%/]|\.\d|\s?(?:ms|s|characters"
    r"|digits|times|attempts|of)\b)"
)
SLASH_PAIR = (
    "(?i)"
    r"(\b(?:credentials?|creds|login|logon)(?:\s?[:=]\s?|\s(?:as\s)?))([\w.@-]{1,60}\s?[/:]\s?)(?![/\s])([^\s,;]{4,})"
)


def prose(found: re.Match[str]) -> str:
    """Mask a value after a word, if it does not look like a word, a number or code."""
    word, quote, value = found.groups()
    what = word.lower()
    if MASK in value or _CODE.fullmatch(value) or is_plain(value.rstrip(".,:;!?")):
        return found[0]
    if not is_mixed(value) and not ("pass" in what and _SIGN_WITHIN.search(value)):
        return found[0]
    if what.startswith(("session", "cookie", "signature")) and not looks_random(value):
        return found[0]
    if what.startswith(("with", "us")) and not _GENERATED.fullmatch(value):
        return found[0]
    if not _PASSWORD.search(what) and _NUMBERED.fullmatch(value):
        return found[0]
    return f"{word}{quote}{MASK}{quote if found[0].endswith(quote) else ''}"


_PASSWORD = re.compile(rf"pass|cred|{IN_TEXT}|{FOREIGN.pattern}", re.IGNORECASE)


def announced(found: re.Match[str]) -> str:
    """Mask a value on which a sentence ends; if that is not a password, only one that looks generated."""
    value = found[3]
    if not _PASSWORD.search(found[1]) and not looks_random(value):
        return found[0]
    return prose(found)


# A call, a version, a time, a date; and "sha256", "user42".
_CODE = re.compile(
    r"[\w.]*\(.*|v?\d+(?:\.\d+)+[\w.:-]{0,8}|[\d/:.,-]+\w{0,2}|\d{4}-\d\d-\d\d\S*|[\w.-]{1,40}=[^=].*|/\S*"
)
_SIGN_WITHIN = re.compile(r"\w[!@#$%^&*?]\w")
_GENERATED = re.compile(r"(?=\D*\d)(?=[^a-zA-Z]*[a-zA-Z])[\w+/=-]{20,}[.]?")
_NUMBERED = re.compile(r"[A-Za-z_-]+\d{1,3}[.:]?")

# "482913 is your code", "enter 482913 to sign in".
CODE_FIRST = (
    r"(?i)(?<![\w.])(?:[A-Z]-)?\d{4,8}(?=\sis\s(?:your|the)\s[\w -]{0,40}(?:code|otp|password|pin)\b)"
    r"|(?<=enter )\d{4,8}(?=\sto\s)|(?<=use )\d{4,8}(?=\sto\s)"
)


def slash_pair(found: re.Match[str]) -> str:
    """Mask a user and a password that a slash or a colon separates."""
    value = found[3]
    return found[0] if MASK in value or is_plain(value) or not is_mixed(value) else found[1] + MASK


# "passwords: hunter2, summer9": more than the first.
LISTED = (
    "(?i)"
    r"((?:passwords|passphrases|secrets|tokens|keys|codes)\s?[:=]\s?)([^\s,;=:]{4,80}(?:,\s?[^\s,;=:]{4,80}){1,20})"
)


def _listed(words: str, item: str) -> bool:
    if MASK in item or is_plain(item) or not is_mixed(item):
        return False
    return looks_random(item) or _PASSWORD.search(words) is not None


def listed(found: re.Match[str]) -> str:
    """Mask the items of a list that look like secrets."""
    if found.string[: found.start() + 4].lower().endswith("code"):
        return found[0]
    items = re.split(r"(,\s?)", found[2])
    return found[1] + "".join(MASK if _listed(found[1], item) else item for item in items)
