"""What gives a secret away within text, and the cheap signs that one may be there.

Looking for everything in every text costs more than all the rest of an event. So each pattern has a sign, a
short substring without which it cannot match; signs are grouped by a character that most texts lack. Patterns
run only where their sign was found. All are linear: every repetition is bounded, or of a class that what
follows does not share.

A secret is told by its look (`shapes`), or by the word before it: `password=`, `"token": `, `--api-key `.
Where only a space stands between, as in "invalid token abc123", what looks like a word is let be.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from obskit.instrument.redaction.sql import QUOTED
from obskit.instrument.redaction.token_patterns import GATES, MASK, SHAPES

HARMLESS_ENDS = frozenset(
    {"count", "length", "size", "type", "name", "limit", "expires", "expiry", "age", "ms", "method", "valid"}
    | {"status", "version", "scheme", "provider", "error", "used", "total", "algorithm", "kind", "issuer"}
    | {"present"}
)
"""Last words of a name that say it is about a secret, and holds none: `token.count`, `auth_method`."""

# Words that say the value after them is a secret. `(?<![a-z])` keeps "design:" and "bypass=" as they are.
_KEYS = (
    r"(?:api|access|private|signing|encryption|client|account|license|shared|master)[-_ ]?key"
    r"|(?<![a-z])(?:app|deploy|functions?|hmac|instrumentation|pass|service|ssh|subscription)"
    r"[-_ ]?key"
)
_ASSIGNED = (
    rf"passwo?r?[dt]|passphrase|passcode|pwd|(?<![a-z])passe?(?![a-z])|secret(?!ar)|token(?!i[sz])"
    rf"|{_KEYS}|credential|(?<![a-z])auth(?:orization|entication)?(?![a-z])"
    rf"|cookie(?!cutter)|(?<![a-z])sig(?:nature)?(?![a-z])|signature|session[-_ ]?(?:id|key)?(?![a-z])|sessid"
    rf"|sharedaccess|[cx]srf|(?<![a-z])(?:otp|jwt|cvv|cvc|pin|pw|psk)(?![a-z])|(?:code|oauth)_verifier"
    rf"|client_assertion|saml(?:response|request)|verification[-_ ]?code"
)
_WORDS = (
    *("pass", "pw", "secret", "token", "key", "credential", "auth", "cookie", "sig", "sess"),
    *("srf", "otp", "jwt", "cvv", "cvc", "pin", "psk", "verif", "assertion", "saml"),
)
_QUOTED = r"(?:\"(?:[^\"\\]|\\[\s\S])*\"?|'(?:[^'\\]|\\[\s\S])*'?)"
_BARE = r"[^\s&;,\"'<>)}\]]"
_TEXT = rf"(?:{_QUOTED}|\\+\"[^\"]*\"?|\\+'[^']*'?)"  # also within quotes itself
_MARK = r"\\*[\"']"
_BREAK = r"(?:\r?\n|(?:\\+r)?\\+n)"  # also as two signs
_VALUE = (
    rf"(?:{_QUOTED}|\\+(?P<q>[\"'])[\s\S]*?(?:\\+(?P=q)|\Z)|\([^)]*\)|\[[^\]]*\]"
    rf"|[|>]-?[ \t]*{_BREAK}[ \t]+[^\n\\]+|[A-Za-z_][\w.]{{0,60}}\([^)]*\)?"
    rf"|(?:(?:bearer|basic|digest|token|negotiate|apikey|hmac|aws4-hmac-sha256)(?:\s+|%20))?{_BARE}+)"
)
_SEPARATOR = r"(?:=>|:=|=|:|>|%(?:25){0,2}3[ad]|\\u003d|&#(?:61|x3d);)"
_ASSIGNMENT = re.compile(
    rf"(?P<word>{_ASSIGNED})(?P<tail>[\w.\-)\]]{{0,40}})"
    rf"(?P<rest>\\*(?:[\"']|%(?:25)?2[27]|&quot;|&#3[49];)?\s{{0,3}}(?:(?:provided|given|supplied|is|was)\s?)?"
    rf"{_SEPARATOR}(?:%(?:25)?2[027]|&quot;|&#3[49];|\s|\\+[nrt])*)(?P<value>{_VALUE})",
    re.IGNORECASE,
)
# "password hunter2", "invalid token ab12cd": only what does not look like a word is taken for a secret.
_PROSE = re.compile(
    rf"((?:passwo?r?d|pwd|passphrase|secret|token|(?:api|access)[-_ ]?key|credentials?|jwt|otp"
    rf"|requirepass)\s{{1,20}}(?:(?:is|was)\s{{1,3}})?)([\"']?)({_BARE}{{6,}})\2",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"((?:set-)?cookie2?|(?:proxy-)?authorization|[\w-]{1,30}-signature(?:-\d{1,3})?(?=\\*[\"']?\s*:))"
    r"(\\*[\"']?\s*[:=]\s*)([^\r\n\"'\\]+)",
    re.IGNORECASE,
)
_FLAG = re.compile(
    rf"(--?[\w-]{{0,30}}(?:{_ASSIGNED})[\w-]{{0,30}}\s+)(?!-)(\"[^\"]*\"|'[^']*'|\S+)", re.IGNORECASE
)
# ["tool", "--token", "x"], [("cookie", "x")]: names and values side by side.
_PAIR = re.compile(
    rf"((?:[\[(]\s?b?{_MARK}|[\"']--?)[\w.-]{{0,40}}(?:{_ASSIGNED})[\w.-]{{0,40}}{_MARK},\s?)(b?{_TEXT})",
    re.IGNORECASE,
)
# {"name": "password", "value": "x"}, <add key="password" value="x">, YAML's, and forms of several parts.
_NAMED = re.compile(
    rf"((?:name|key)(?:{_MARK})?\s?[:=]\s?(?:{_MARK})?[\w.\[-]{{0,40}}(?:{_ASSIGNED})[\w.\]-]{{0,40}}(?:{_MARK})?"
    rf"(?:(?:[\s,;]|\\+[nrt]){{1,20}}(?:{_MARK})?value(?:{_MARK})?\s?[:=]\s?(?:{_MARK})?"
    rf"|(?:{_BREAK}[^\r\n\\]{{1,200}}){{0,3}}{_BREAK}{_BREAK}))([^\"'\r\n\\]+)",
    re.IGNORECASE,
)
_NAMED_AFTER = re.compile(
    rf"(value(?:{_MARK})?\s?[:=]\s?)({_TEXT})"
    rf"(?=[\s,]{{1,20}}(?:{_MARK})?(?:name|key)(?:{_MARK})?\s?[:=]\s?{_MARK}[\w.-]{{0,40}}(?:{_ASSIGNED}))",
    re.IGNORECASE,
)
_TAG = re.compile(rf"(<[\w:.-]{{0,40}}(?:{_ASSIGNED})[\w:.-]{{0,40}}\s[^<>]{{1,200}}>)([^<]+)", re.IGNORECASE)
_SCHEME = re.compile(
    r"\b(bearer|basic|negotiate)(,?\s+|%20)(?!realm|error|auth\b)([\w.~+/=-]{6,})", re.IGNORECASE
)
_SPOKEN = re.compile(
    rf"\b(identified\s+(?:with\s+\w+\s+)?by|(?:password|secret|token)(?:\s+for\s+\S{{1,80}}\s*=|\s+in\s*\()?)"
    rf"(\s+|(?<=\())({_TEXT})",
    re.IGNORECASE,
)
_BY = re.compile(r"(\bidentified\s+by\s+)([^\s'\"]+)", re.IGNORECASE)
_PARAMETERS = re.compile(
    r"(\[(?:generated )?parameters: )[\s\S]*?(\](?=\n|\s*\(Background|\Z)|\Z)", re.IGNORECASE
)
_ECHOED = re.compile(r"(\[(?:generated in|cached since) [^\]\n]{1,40}\] )([^\n]+)", re.IGNORECASE)
_INSERTED = re.compile(r"(\bvalues\s?)(\((?:[^()'\"]|'[^']*'?|\"[^\"]*\"?){0,10000}\)?)", re.IGNORECASE)
_USER = re.compile(r"(://)(?:[^\s/?#\"'<>]*|[^\s\"'<>@:/]{0,256}:[^\s\"'<>@]{1,256})@")
_USER_ENCODED = re.compile(r"(%(?:25)?3A%(?:25)?2F%(?:25)?2F)[^\s&\"'<>]{1,256}?(%(?:25)?40)", re.IGNORECASE)
_SLASHED = re.compile(
    r"(\b(?:jdbc:oracle:\w{1,10}:|sqlplus\s+)[\w.$#]{1,60}/)([^\s@\"']+)(?=@)", re.IGNORECASE
)
_LOGIN = re.compile(
    r"(\s-(?:u\s?|-user[ =]|-proxy-user[ =])[\"']?(?!\d+:\d+\b)[^\s:\"'/-][^\s:\"'/]{0,80}:)([^\s\"']+)"
)
_COMMAND = re.compile(
    r"(\b(?:(?:mysql|mariadb)[\w-]{0,20}\b[^|;\n]{0,200}?\s-p"
    r"|(?:mongo\w{0,10}|sshpass|(?:docker|podman|registry)\s+login|zip|unzip|redis-cli|openssl|ssh-keygen)\b"
    r"[^|;\n]{0,200}?\s-[pPakN]\s(?!-)))(\"[^\"]*\"|'[^']*'|[^\s|;]{4,})"
)
_LINK = re.compile(r"(/[\w-]{0,20}(?:password|reset|token(?!s))[\w-]{0,20}/)([\w~.%-]{12,})", re.IGNORECASE)
_QUERY = re.compile(
    r"([?&](?:code|key|sid|sig|se|sv|id_token|access|auth|k|hash|hmac|hdnts|ticket|assertion|nonce|otp|pw|magic"
    r"|x-(?:amz|goog|oss)-(?:signature|credential|security-token))=)([^&\s\"'<>#]+)",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"(--from-literal[= ][\w.-]{1,80}=)(\S+)")

Sub = Callable[[str], str]
_AFTER = rf"\1{MASK}"


def _replacing(pattern: re.Pattern[str], by: str = MASK) -> Sub:
    return lambda text: pattern.sub(by, text)


def _assignment(found: re.Match[str]) -> str:
    value, tail = found["value"], found["tail"]
    number = len(value) < 9 and value.replace(".", "").isdigit()
    if number and (found["word"].lower() == "token" or tail.lower() == "s"):
        return found[0]  # how many there are
    if value.strip("\\\"'()[]").lower() in _HARMLESS or MASK in value:
        return found[0]
    if tail and (last := _LAST.search(tail)) and last[0].lower() in HARMLESS_ENDS:
        return found[0]
    quote = value[0] if value[0] in "\"'" and value.endswith(value[0]) and len(value) > 1 else ""
    return f"{found['word']}{tail}{found['rest']}{quote}{MASK}{quote}"


def _mixed(text: str) -> bool:
    """Whether something looks like no word: letters with digits among them."""
    return not text.isalpha() and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


def _replacing_by(pattern: re.Pattern[str], put: Callable[[re.Match[str]], str]) -> Sub:
    return lambda text: pattern.sub(put, text)


def _prose(found: re.Match[str]) -> str:
    word, quote, value = found.groups()
    if not _mixed(value) or MASK in value or _CODE.fullmatch(value):
        return found[0]
    if "pass" not in word.lower() and _NUMBERED.fullmatch(value):
        return found[0]
    return f"{word}{quote}{MASK}{quote}"


def _inserted(found: re.Match[str]) -> str:
    return found[1] + MASK if "'" in found[2] or '"' in found[2] else found[0]


def _link(found: re.Match[str]) -> str:
    return found[1] + MASK if _mixed(found[2]) and MASK not in found[2] else found[0]


_LAST = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+)(?=[^A-Za-z]*$)")
# A call, a version, a time, a date; and "sha256", "user42".
_CODE = re.compile(r"[\w.]*\(.*|v?\d+(?:\.\d+)+[\w.:-]{0,8}|[\d/:.,-]+\w{0,2}|\d{4}-\d\d-\d\d\S*")
_NUMBERED = re.compile(r"[A-Za-z_-]+\d{1,3}[.:]?")
_HARMLESS = frozenset(
    {"", "none", "null", "true", "false", "undefined", "missing", "invalid", "expired", "required", "?"}
)

_BY_SIGN: dict[str, Sub] = {
    **{sign: _replacing(re.compile(pattern)) for sign, pattern in SHAPES.items()},
    **QUOTED,
}
# These are of any case: their signs are looked for in lower case, in texts with spaces and their character.
_SPOKEN_SIGNS: dict[str, tuple[tuple[str, Sub], ...]] = {
    " ": (
        ("bearer", _replacing(_SCHEME, rf"\1\2{MASK}")),
        ("basic", _replacing(_SCHEME, rf"\1\2{MASK}")),
        ("negotiate", _replacing(_SCHEME, rf"\1\2{MASK}")),
        ("identified", lambda text: _BY.sub(_AFTER, _SPOKEN.sub(rf"\1\2{MASK}", text))),
        ("pass", _replacing_by(_PROSE, _prose)),
        ("secret", _replacing_by(_PROSE, _prose)),
        ("token ", _replacing_by(_PROSE, _prose)),
    ),
    ":": (("parameters: ", _replacing(_PARAMETERS, rf"\1{MASK}]")),),
    "[": (("[generated in ", _replacing(_ECHOED, _AFTER)), ("[cached since ", _replacing(_ECHOED, _AFTER))),
    "@": (("sqlplus ", _replacing(_SLASHED, _AFTER)), ("jdbc:oracle", _replacing(_SLASHED, _AFTER))),
}
_BARE_WORDS = (
    "passw",
    "api key",
    "apikey",
    "access key",
    "credential",
    "secret",
    "token",
    "jwt",
    "otp",
    "session",
)
_COMMANDS = (" -u", " --user", " --proxy-user", " -p", " -P ", " -a ", " -k ", " -N ")


def _grouped() -> tuple[tuple[str, tuple[str, ...]], ...]:
    groups: dict[str, list[str]] = {char: [] for char in "$I'[_-./:"}
    bare: list[str] = []
    for sign in _BY_SIGN:
        char = GATES.get(sign) or next((c for c in groups if c in sign and c != "I"), None)
        if not sign.endswith("_"):
            (groups[char] if char else bare).append(sign)
    return (*((char, tuple(signs)) for char, signs in groups.items()), ("", tuple(bare)))


_GROUPS = _grouped()
# Most signs end with an underscore, of which texts have few: each is looked at once.
_UNDERSCORED = re.compile(
    rf"_(?=[\w+/=.-]{{10}})(?:{'|'.join(f'(?<={sign})' for sign in _BY_SIGN if sign.endswith('_'))})"
)


def may_contain_token(text: str) -> bool:
    """Whether a text may hold a secret that is told by its look: False is certain, True is not."""
    for char, signs in _GROUPS:
        if char in text:
            for sign in signs:
                if sign in text:
                    return True
    return "_" in text and _UNDERSCORED.search(text) is not None


def may_contain_secret(text: str) -> bool:
    """Whether a text may hold a secret: False is certain, True is not.

    Cost: tests of substrings, most of them skipped for want of a character.
    """
    if may_contain_token(text):
        return True
    spaced = " " in text
    paired = "=" in text or ":" in text or ">" in text or "'" in text or '"' in text
    encoded = "%" in text or "&#" in text or r"\u00" in text
    if not (spaced or paired or encoded or "/" in text):
        return False
    low = text.lower()
    if spaced:
        for char, spoken in _SPOKEN_SIGNS.items():
            if char in text:
                for sign, _ in spoken:
                    if sign in low:
                        return True
        if " -" in text:
            for sign in _COMMANDS:
                if sign in text:
                    return True
    if paired or encoded or "--" in text:
        for word in _WORDS:
            if word in low:
                return True
        if "@" in text and ("://" in text or "jdbc:oracle" in low):
            return True
        if "=" in text and ("?" in text or "&" in text) and _QUERY.search(text):
            return True
    else:  # "invalid api key ab12", "/verify-token/ab12": the words alone
        for word in _BARE_WORDS:
            if word in low:
                return True
    if "/" in text and "reset" in low:
        return True
    return encoded and ("%3a%2f%2f" in low or "%252f%252f" in low)


def redact_query(text: str) -> str:
    """Return a query string with the values masked that are secrets where a query is: `code=`, `key=`."""
    return _QUERY.sub(_AFTER, f"?{text}")[1:] if "=" in text else text


def redact_text(text: str) -> str:
    """Return a text with what looks like a secret masked, the rest as it was."""
    low = text.lower()
    if "cookie" in low or "authorization" in low or "-signature" in low:
        text = _HEADER.sub(rf"\1\2{MASK}", text)
    if "@" in low and "://" in low:
        text = _USER.sub(rf"\1{MASK}@", text)
    if "%3a%2f%2f" in low or "%252f%252f" in low:
        text = _USER_ENCODED.sub(rf"\1{MASK}\2", text)
    for sign, sub in _BY_SIGN.items():
        if sign in text:
            text = sub(text)
    for spoken in _SPOKEN_SIGNS.values():
        for sign, sub in spoken:
            if sign in low:
                text = sub(text)
    if " -" in text:
        text = _COMMAND.sub(_AFTER, _LOGIN.sub(_AFTER, text))
    if "=" in low and ("?" in low or "&" in low):
        text = _QUERY.sub(_AFTER, text)
    if any(word in low for word in _WORDS):
        text = _worded(text, low)
    if "/" in low:
        text = _LINK.sub(_link, text)
    return text


def _worded(text: str, low: str) -> str:
    """Mask values by the words that stand before them."""
    quoted = "'" in low or '"' in low
    if "name" in low or "key" in low:
        text = _NAMED.sub(_AFTER, text)
        if quoted:
            text = _NAMED_AFTER.sub(_AFTER, text)
    if quoted:
        text = _PAIR.sub(_AFTER, text)
        text = _SPOKEN.sub(rf"\1\2{MASK}", text)
        if "values" in low:
            text = _INSERTED.sub(_inserted, text)
    if "<" in low:
        text = _TAG.sub(_AFTER, text)
    text = _ASSIGNMENT.sub(_assignment, text)
    if "-" in low:
        text = _LITERAL.sub(_AFTER, _FLAG.sub(_AFTER, text))
    return _PROSE.sub(_prose, text)
