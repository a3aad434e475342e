"""The shapes of secrets within text, and the cheap signs that one may be there.

Looking for every shape in every text costs more than all the rest of an event. So each shape has a sign, a
short substring of its lower-case form without which it cannot match; signs are grouped by a character that
most texts lack. Patterns run only where their sign was found. All are linear: every repetition is bounded or
of a class that what follows does not share.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MASK = "[redacted]"

# Tokens that can be told by their look: sign -> pattern.
_SHAPES: dict[str, str] = {
    "-----BEGIN": r"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
    r"(?:-----END[A-Z0-9 ]{0,40}-----|\Z)",
    "sk-": r"\bsk-[A-Za-z0-9_-]{16,}",
    "glpat-": r"\bglpat-[\w-]{16,}",
    "gldt-": r"\bgldt-[\w-]{16,}",
    "glrt-": r"\bglrt-[\w-]{16,}",
    "xox": r"\bxox[abeoprs]-[\w.-]{10,}",
    "xapp-": r"\bxapp-[\w-]{10,}",
    "pypi-": r"\bpypi-[\w-]{32,}",
    "key-": r"\bkey-[0-9a-z]{24,}",
    "tskey-": r"\btskey-[\w-]{12,}",
    "ATATT3": r"\bATATT3[\w=-]{20,}",
    "ghp_": r"\bghp_\w{20,}",
    "gho_": r"\bgho_\w{20,}",
    "ghu_": r"\bghu_\w{20,}",
    "ghs_": r"\bghs_\w{20,}",
    "ghr_": r"\bghr_\w{20,}",
    "github_pat_": r"\bgithub_pat_\w{20,}",
    "k_live_": r"\b[rsp]k_live_\w{10,}",
    "k_test_": r"\b[rsp]k_test_\w{10,}",
    "whsec_": r"\bwhsec_[\w+/=]{16,}",
    "npm_": r"\bnpm_\w{30,}",
    "hf_": r"\bhf_[A-Za-z0-9]{20,}",
    "_v1_": r"\bdo[opr]_v1_[0-9a-f]{32,}",
    "shp": r"\bshp(?:at|ss|ca|pa)_[0-9a-fA-F]{20,}",
    "lin_api_": r"\blin_api_\w{20,}",
    "figd_": r"\bfigd_[\w-]{20,}",
    "sntrys_": r"\bsntrys_[\w=+/-]{20,}",
    "dckr_pat_": r"\bdckr_pat_[\w-]{16,}",
    "rubygems_": r"\brubygems_[0-9a-f]{20,}",
    "glsa_": r"\bglsa_\w{20,}",
    "glc_": r"\bglc_[\w=+/-]{20,}",
    "phc_": r"\bphc_\w{20,}",
    "sbp_": r"\bsbp_[0-9a-f]{20,}",
    "eyJ": r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}",
    "SG.": r"\bSG\.[\w-]{16,}\.[\w-]{16,}",
    "ya29.": r"\bya29\.[\w-]{20,}",
    "hvs.": r"\bhvs\.[\w-]{20,}",
    "hvb.": r"\bhvb\.[\w-]{20,}",
    "hooks.": r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+",
    "/webhooks/": r"(?<=/webhooks/)\d{5,}/[\w-]{16,}",
    ":AA": r"\b\d{6,12}:AA[\w-]{30,}",
    "AKIA": r"\bAKIA[0-9A-Z]{16}\b",
    "ASIA": r"\bASIA[0-9A-Z]{16}\b",
    "AIza": r"\bAIza[\w-]{30,}",
    "dapi": r"\bdapi[0-9a-f]{32}\b",
    "NRAK-": r"\bNRAK-[0-9A-Z]{20,}",
    "sq0": r"\bsq0(?:atp|csp|idp)-[\w-]{20,}",
    "EAAC": r"\bEAAC[0-9A-Za-z]{30,}",
    "AGE-SECRET": r"\bAGE-SECRET-KEY-1[0-9A-Z]{20,}",
}

# Words that say the value after them is a secret. `(?<![a-z])` keeps "design:" and "bypass=" as they are.
_ASSIGNED = (
    r"passwo?r?d|passphrase|passcode|pwd|(?<![a-z])pass(?![a-z])|secret|token|api[-_ ]?key|access[-_ ]?key"
    r"|private[-_ ]?key|signing[-_ ]?key|encryption[-_ ]?key|client[-_ ]?key"
    r"|account[-_ ]?key|license[-_ ]?key"
    r"|shared[-_ ]?key|master[-_ ]?key|credential|(?<![a-z])auth(?:orization|entication)?(?![a-z])|cookie"
    r"|(?<![a-z])sig(?:nature)?(?![a-z])|signature|session[-_ ]?(?:id|key)?(?![a-z])|sessid|sharedaccess"
    r"|[cx]srf|(?<![a-z])otp(?![a-z])|jwt|(?<![a-z])cvv|(?<![a-z])cvc|(?<![a-z])pin(?![a-z])"
)
_WORDS = (
    *(
        "passw",
        "passphrase",
        "passcode",
        "pwd",
        "pass",
        "secret",
        "token",
        "key",
        "credential",
        "auth",
        "cookie",
    ),
    *("sig", "sess", "sharedaccess", "srf", "otp", "jwt", "cvv", "cvc", "pin"),
)
_VALUE = (
    r"(?:\"(?:[^\"\\]|\\[\s\S])*\"?|'(?:[^'\\]|\\[\s\S])*'?|\\+(?P<q>[\"'])[\s\S]*?(?:\\+(?P=q)|\Z)|\([^)]*\)|\[[^\]]*\]"
    r"|(?:(?:bearer|basic|digest|token|negotiate|apikey|hmac|aws4-hmac-sha256)\s+)?[^\s&;,\"'<>)}\]]+)"
)
_ASSIGNMENT = re.compile(
    rf"(?P<word>{_ASSIGNED})(?P<rest>[\w.\-)\]]{{0,40}}\\*[\"']?\s{{0,3}}(?:=>|=|:|>|%3d)\s{{0,3}})(?P<value>{_VALUE})",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"((?:set-)?cookie2?|(?:proxy-)?authorization)(\\*[\"']?\s*[:=]\s*)([^\r\n\"'\\]+)", re.IGNORECASE
)
_FLAG = re.compile(
    rf"(--?[\w-]{{0,30}}(?:{_ASSIGNED})[\w-]{{0,30}}\s+)(?!-)(\"[^\"]*\"|'[^']*'|\S+)", re.IGNORECASE
)
_SCHEME = re.compile(r"\b(bearer|basic|negotiate)\s+(?!realm|error|auth\b)([\w.~+/=-]{6,})", re.IGNORECASE)
_SPOKEN = re.compile(
    r"\b(identified\s+(?:with\s+\w+\s+)?by|password|secret|token)\s+('[^']*'|\"[^\"]*\")", re.IGNORECASE
)
_PARAMETERS = re.compile(
    r"(\[(?:generated )?parameters: )[\s\S]*?(\](?=\n|\s*\(Background|\Z)|\Z)", re.IGNORECASE
)
_USER = re.compile(r"(://)(?:[^\s/?#\"'<>]*|[^\s\"'<>@:/]{0,256}:[^\s\"'<>@]{1,256})@")
_USER_ENCODED = re.compile(r"(%3A%2F%2F)[^\s&\"'<>]{1,256}?%40", re.IGNORECASE)
_QUERY = re.compile(
    r"([?&](?:code|key|sig|se|sv|id_token|access|auth|k|hash|hmac|ticket|assertion|samlresponse|samlrequest|nonce|otp|pw"
    r"|x-(?:amz|goog|oss)-(?:signature|credential|security-token))=)([^&\s\"'<>#]+)",
    re.IGNORECASE,
)

_SQL = re.compile(
    r"""(?P<drop>[NEXBnexb]?'(?:[^'\\]|''|\\.)*'?|\$(\w*)\$[\s\S]*?\$\2\$|(?<![\w$:@])\d[\w.]*)"""
    r"""|(?P<keep>"(?:[^"\\]|\\.)*"|`[^`]*`|\[[\w ]*\]|[A-Za-z_][\w$]*|[$:@%]\(?\w+\)?s?"""
    r"""|--[^\n]*|/\*[\s\S]*?\*/)"""
)
# What database clients write into their exceptions: statements, rows, commands with their arguments.
_STATEMENT = re.compile(
    r"(?<=\[SQL: )[\s\S]*?(?=\]\n[\[(]|\]?\Z)"  # SQLAlchemy
    r"|(?<=\nLINE \d: ).*|(?<=\nLINE \d\d: ).*"  # PostgreSQL
)
_ROW = re.compile(r"(Failing row contains \(|Key \([^()\n]*\)=\()(.*)")
_COMMAND = re.compile(r"(Command # \d+ \(\w+) [\s\S]*?(?=\) of pipeline caused error: |\Z)")
_ARGUMENTS = re.compile(r"(?<=with args beginning with: )'.*")
_DUPLICATE = re.compile(r"(?<=Duplicate entry ')[\s\S]*?(?=' for key|\Z)")

Sub = Callable[[str], str]


def without_literals(sql: str) -> str:
    """Return SQL with its strings and numbers as `?`; comments go too, for they carry values."""

    def put(found: re.Match[str]) -> str:
        kept = found["keep"]
        if kept is None:
            return "?"
        return "" if kept.startswith(("--", "/*")) else kept

    return _SQL.sub(put, sql)


def _replacing(pattern: re.Pattern[str]) -> Sub:
    return lambda text: pattern.sub(MASK, text)


def _statement(text: str) -> str:
    return _STATEMENT.sub(lambda found: without_literals(found[0]), text)


def _row(found: re.Match[str]) -> str:
    """Mask from the bracket to the last one of the line: values may have brackets too."""
    end = found[2].rfind(")")
    return f"{found[1]}{MASK}{found[2][end:] if end >= 0 else ''}"


def _assignment(found: re.Match[str]) -> str:
    value = found["value"]
    if found["word"].lower() == "token" and value.replace(".", "").isdigit() and len(value) < 9:
        return found[0]  # a number of tokens
    if value.strip("\\\"'()[]").lower() in _HARMLESS or MASK in value:
        return found[0]
    quote = value[0] if value[0] in "\"'" and value.endswith(value[0]) and len(value) > 1 else ""
    return f"{found['word']}{found['rest']}{quote}{MASK}{quote}"


_HARMLESS = frozenset(
    {"", "none", "null", "true", "false", "undefined", "missing", "invalid", "expired", "required", "?"}
)

_BY_SIGN: dict[str, Sub] = {
    **{sign: _replacing(re.compile(pattern)) for sign, pattern in _SHAPES.items()},
    "[SQL: ": _statement,
    "\nLINE ": _statement,
    "DETAIL: ": lambda text: _ROW.sub(_row, text),
    " of pipeline caused error: ": lambda text: _COMMAND.sub(rf"\1 {MASK}", text),
    "with args beginning with: ": _replacing(_ARGUMENTS),
    "Duplicate entry '": _replacing(_DUPLICATE),
}
# These are of any case: their signs are looked for in lower case.
_SPOKEN_SIGNS: dict[str, Sub] = {
    "bearer": lambda text: _SCHEME.sub(rf"\1 {MASK}", text),
    "basic": lambda text: _SCHEME.sub(rf"\1 {MASK}", text),
    "negotiate": lambda text: _SCHEME.sub(rf"\1 {MASK}", text),
    "identified": lambda text: _SPOKEN.sub(rf"\1 {MASK}", text),
    "parameters: ": lambda text: _PARAMETERS.sub(rf"\1{MASK}]", text),
    "%3a%2f%2f": lambda text: _USER_ENCODED.sub(rf"\1{MASK}%40", text),
}
# A character that every match of a sign's pattern has, where the sign itself has none that is rare.
_GATES = {"xox": "-", "sq0": "-", "eyJ": ".", "shp": "_", "\nLINE ": ":"}


def _grouped() -> tuple[tuple[str, tuple[str, ...]], ...]:
    groups: dict[str, list[str]] = {char: [] for char in "_-./:"}
    bare: list[str] = []
    for sign in _BY_SIGN:
        char = _GATES.get(sign) or next((c for c in groups if c in sign), None)
        (groups[char] if char else bare).append(sign)
    return (*((char, tuple(signs)) for char, signs in groups.items()), ("", tuple(bare)))


_GROUPS = _grouped()


def suspicious(text: str) -> bool:
    """Whether a text may hold a secret: False is certain, True is not.

    Cost: tests of substrings, most of them skipped for want of a character.
    """
    for char, signs in _GROUPS:
        if char in text:
            for sign in signs:
                if sign in text:
                    return True
    spaced = " " in text
    paired = "=" in text or ":" in text or ">" in text or "'" in text
    if not (spaced or paired or "%" in text):
        return False
    low = text.lower()
    if spaced:
        for sign in _SPOKEN_SIGNS:
            if sign in low:
                return True
    if paired or "--" in text or "%3" in text:
        for word in _WORDS:
            if word in low:
                return True
        if "@" in text and "://" in text:
            return True
        if "=" in text and ("?" in text or "&" in text) and _QUERY.search(text):
            return True
    return "%3a%2f%2f" in low


def cleaned(text: str) -> str:
    """Return a text with what looks like a secret masked, the rest as it was."""
    low = text.lower()
    if "cookie" in low or "authorization" in low:
        text = _HEADER.sub(rf"\1\2{MASK}", text)
    if "@" in low and "://" in low:
        text = _USER.sub(rf"\1{MASK}@", text)
    for sign, sub in _BY_SIGN.items():
        if sign in text:
            text = sub(text)
    for sign, sub in _SPOKEN_SIGNS.items():
        if sign in low:
            text = sub(text)
    if "=" in low and ("?" in low or "&" in low):
        text = _QUERY.sub(rf"\1{MASK}", text)
    if any(word in low for word in _WORDS):
        text = _ASSIGNMENT.sub(_assignment, text)
        if "-" in low:
            text = _FLAG.sub(rf"\1{MASK}", text)
        if "'" in low or '"' in low:
            text = _SPOKEN.sub(rf"\1 {MASK}", text)
    return text
