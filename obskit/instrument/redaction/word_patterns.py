"""Secrets that the words around them give away: `Bearer `, `://user:`, `?sig=`, "invalid token ...".

Where there is only a space between the word and the value, as in "invalid token abc123", a value that looks
like a word stays as it is.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.assignments import (
    ASSIGNMENT,
    ASSIGNMENT_START,
    BARE,
    BREAK,
    MARK,
    PHRASE_OF_WORDS,
    TEXT,
    assignment,
    phrase_of_words,
)
from obskit.instrument.redaction.command_flags import LONG_FLAG, PLACED_AFTER_WORDS
from obskit.instrument.redaction.names import is_secret, sense_of
from obskit.instrument.redaction.rules import MASK, Rule, RuleTable, Search
from obskit.instrument.redaction.values import is_mixed, is_plain, looks_random

_NAME = r"[\w.\[\]-]{2,80}"
# "password hunter2", "invalid token ab12cd": only what does not look like a word is taken for a secret.
_PROSE = (
    "(?i)"
    r"((?:(?<![a-z])(?:pass|pw|session|cookie|signature)|passwo?r?[dt]|kennwort|passwd|pwd|passphrase|secret|token"
    r"|(?:api|access|secret|private|signing|encryption|licen[cs]e|activation|master|shared|deploy)[-_ ]?key"
    r"|(?<![\w-])x-[\w-]{1,40}-(?:key|token|secret)"
    r"(?:\svalue)?|credentials?|jwt|otp|session[-_ ]id|answer)"
    r"(?:\s?(?:->|→|[;|,(<\[#])\s?|\s[-–—]\s"
    r"|\s{1,20}(?:(?:is|was|ist|lautet|es|est|(?:(?:was|is|has been)\s)?(?:set|changed|updated|reset)"
    r"\s(?:to|from))\s{1,3})?))"
    rf"([\"'`“„‘«]?)({BARE}{{6,}})\2"
)
# "A temporary password is generated for root@localhost: ..."
_ANNOUNCED = (
    "(?i)"
    r"((?:password|passphrase|secret|token|passwort|kennwort|credentials)\b[^\n:=]{1,80}:\s{1,4})([\"'`]?)"
    rf"({BARE}{{6,}})\2"
)
# A code to type in: after these words, four to eight digits are one.
_CODE_SPOKEN = (
    "(?i)"
    r"(\b(?:otp|totp|pin|passcode|password|(?:verification|security|mfa|2fa|sms|one-time|login|access|recovery"
    r"|backup|confirmation|auth|pin)"
    r"[- _](?:code|password|pin)|use(?: the)? code|enter(?: the)? code|your [\w ]{0,20}code)"
    r"(?:\s(?:is|was))?[\s:=#]{1,3}['\"]?)(\d{4,8}|\d{3}[ -]\d{3})(?![\w%/]|\.\d|\s?(?:ms|s|characters"
    r"|digits|times|attempts|of)\b)"
)
_HEADER = (
    "(?i)"
    r"((?:set-)?cookie2?|(?:proxy-)?authorization|[\w-]{1,30}-signature(?:-\d{1,3})?(?=\\*[\"']?\s*:))"
    r"(\\*[\"']?\s*[:=]\s*)([^\r\n\"'\\]+)"
)
# ["tool", "--token", "x"], [("cookie", "x")]: names and values side by side.
_PAIR = (
    "(?i)"
    rf"((?:[\[(,]\s?b?{MARK}|[\"']--?)(?P<name>[\w.-]{{2,80}}){MARK}(?:,\s?|\s=>\s"
    rf"|\sto\s))(?P<value>b?{TEXT})"
)
# {"name": "password", "value": "x"}, <add key="password" value="x">, YAML's, and forms of several parts.
_NAMED = (
    "(?i)"
    rf"((?:name|key|header|field)(?:{MARK})?\s?[:=]\s?(?:{MARK})?(?P<name>{_NAME})(?:{MARK})?"
    rf"(?:(?:[\s,;&]|\\+[nrt]){{1,20}}(?:{MARK})?\w{{0,20}}value(?:{MARK})?\s?[:=]\s?(?:{MARK})?"
    rf"|(?:{BREAK}[^\r\n\\]{{1,200}}){{0,3}}{BREAK}{BREAK}))(?P<value>[^\"'\r\n\\]+)"
)
_NAMED_AFTER = (
    "(?i)"
    rf"(value(?:{MARK})?\s?[:=]\s?)(?P<value>{TEXT})"
    rf"(?=[\s,]{{1,20}}(?:{MARK})?(?:name|key|header|field)(?:{MARK})?\s?[:=]\s?{MARK}(?P<name>{_NAME}))"
)
_TAG = (
    "(?i)"
    r"(<(?P<name>[\w:.-]{2,80})\s[^<>]{1,200}>)(?P<value>[^<]+)"
)
_SCHEME = (
    "(?i)"
    r"(?<![\w-])((?:bearer|basic|negotiate|apikey)(?:,?\s+|%20))(?!realm|error|auth\b)([\w.~+/=-]{6,})"
)
_SPOKEN = (
    "(?i)"
    rf"(\bidentified\s+(?:with\s+\w+\s+)?by|(?P<word>password|passphrase|passwd|secret"
    rf"|token)(?:\s+for\s+\S{{1,80}}\s*=|\s+in\s*\()?)"
    rf"(\s+|\s*(?:\(|(?<=\()))(?P<value>{TEXT})"
)
_BY = (
    "(?i)"
    r"(\bidentified\s+by\s+)([^\s'\"]+)"
)
# Functions of databases whose argument is a password.
_CRYPT = (
    "(?i)"
    r"(\b(?:crypt|pgp_sym_(?:de|en)crypt(?:_bytea)?|aes_(?:de|en)crypt|encode_password|old_password"
    r"|des_(?:de|en)crypt)\("
    r"(?:[\w.]{1,60}\s?,\s?)?)('[^']*'?|\"[^\"]*\"?)"
)
_PARAMETERS = (
    "(?i)"
    r"(\[(?:generated )?parameters: )[\s\S]*?(\](?=\n|\s*\(Background|\Z)|\Z)"
)
_ECHOED = (
    "(?i)"
    r"(\[(?:generated in|cached since) [^\]\n]{1,40}\] )([^\n]+)"
)
_INSERTED = (
    "(?i)"
    r"(\bvalues\s?)(\((?:[^()'\"]|'[^']*'?|\"[^\"]*\"?){0,10000}\)?)"
)
_HAS_SCHEME = re.compile(
    r"\[?(?:bearer|basic|digest|token|negotiate|apikey|hmac|aws4-hmac-sha256)\b", re.IGNORECASE
)
_PUTTY = (
    "(?i)"
    r"(private-lines: \d{1,3}\s{1,2}|private-mac: )([\w+/=\s]+?)(?=\s*private-mac|\Z|(?<=[0-9a-f]{40})\b)"
)
_SLASH_PAIR = (
    "(?i)"
    r"(\b(?:credentials?|creds|login|logon)\s?[:=]\s?)([\w.@-]{1,60}\s?[/:]\s?)(?![/\s])([^\s,;]{4,})"
)


def _prose(found: re.Match[str]) -> str:
    word, quote, value = found.groups()
    if not is_mixed(value) or MASK in value or _CODE.fullmatch(value) or is_plain(value.rstrip(".,:;!?")):
        return found[0]
    what = word.lower()
    if what.startswith(("session", "cookie", "signature")) and not looks_random(value):
        return found[0]
    if "pass" not in what and _NUMBERED.fullmatch(value):
        return found[0]
    return f"{word}{quote}{MASK}{quote if found[0].endswith(quote) else ''}"


def _announced(found: re.Match[str]) -> str:
    """Mask a value on which a sentence ends; if it is no password, only one that looks generated."""
    value = found[3]
    if not any(word in found[1].lower() for word in ("pass", "cred")) and not looks_random(value):
        return found[0]
    return _prose(found)


def _inserted(found: re.Match[str]) -> str:
    return found[1] + MASK if "'" in found[2] or '"' in found[2] else found[0]


def _by_name(found: re.Match[str]) -> str:
    """Mask `value` if `name` says that it is a secret."""
    value = found["value"]
    inner = value.removeprefix("b").strip("\\\"'")
    if MASK in value or not inner or not is_secret(sense_of(found["name"]), inner):
        return found[0]
    return (
        found[0][: found.start("value") - found.start()]
        + MASK
        + found[0][found.end("value") - found.start() :]
    )


def _spoken(found: re.Match[str]) -> str:
    """Mask a quoted value after a word; after "token" or "secret" it may be the name of one."""
    inner = found["value"].strip("\\\"'`“”«»")
    if MASK in found["value"] or not inner:
        return found[0]
    word = (found["word"] or "password").lower()
    plain = is_plain(inner) if word in ("secret", "token") else inner.lower() in _NO_PASSWORDS
    return found[0] if plain else found[0][: -len(found["value"])] + MASK


def _scheme(found: re.Match[str]) -> str:
    return found[0] if is_plain(found[2]) or MASK in found[0] else found[1] + MASK


_NO_PASSWORDS = frozenset(
    {
        "none",
        "null",
        "",
        "for",
        "is",
        "yes",
        "no",
        "field",
        "password",
        "confirm",
        "and",
        "or",
        "in",
        "a",
        "must",
    }
)
# A call, a version, a time, a date; and "sha256", "user42".
_CODE = re.compile(
    r"[\w.]*\(.*|v?\d+(?:\.\d+)+[\w.:-]{0,8}|[\d/:.,-]+\w{0,2}|\d{4}-\d\d-\d\d\S*|[\w.-]+=.*|/\S*"
)
_NUMBERED = re.compile(r"[A-Za-z_-]+\d{1,3}[.:]?")

# "482913 is your code", "enter 482913 to sign in".
_CODE_FIRST = (
    r"(?i)(?<![\w.])(?:[A-Z]-)?\d{4,8}(?=\sis\s(?:your|the)\s[\w -]{0,40}(?:code|otp|password|pin)\b)"
    r"|(?<=enter )\d{4,8}(?=\sto\s)|(?<=use )\d{4,8}(?=\sto\s)"
)
# <name>password</name><value>x</value>, and property lists.
_TAGGED = (
    r"(?i)(<(?:name|key)>(?P<name>[\w.-]{2,80})</(?:name|key)>\s{0,20}<(?:value|string)>)(?P<value>[^<]+)"
)

# Prefilters.
_QUOTES = ("'", '"')
_MARKS = ("=", ":", ">", *_QUOTES, "`", "%", "：", "＝", "“", "«", "„", "‘", "<-", "&#", r"\u00")
# A text with none of these has no separator between a name and a value.
_SIGNS = (
    " ",
    "=",
    ":",
    *_QUOTES,
    ">",
    ";",
    "|",
    "(",
    "\t",
    "\n",
    "%",
    "`",
    "&#",
    r"\u00",
    "：",
    "＝",
    "“",
    "«",
    ",",
    "#",
    "<",
)
_WORDS = (
    ("k", "token", "key", "cookie", "psk", "backup"),
    ("ss", "pass", "sess", "assertion", "ssn"),
    ("v", "verif", "recover", "cvv", "cvc"),
    ("w", "pw", "jwt", "kennwort", "woord"),
    ("d", "cred", "sid", "dsn", "card", "appid"),
    ("sec", "secret", "securi"),
    ("fa", "mfa", "2fa"),
    ("nn", "connectionstr", "connection str", "connection_str", "connection-str", "connstr"),
    ("m", "saml", "mnemonic", "-team", "mdp"),
    ("sl", "heslo", "geslo"),
    ("nh", "senha"),
    ("ola", "parola"),
    *("auth", "sig", "answer", "srf", "otp", "pin", "phrase", "bearer"),
)
# Words that are a reason to look even where no mark assigns a value: "invalid api key ab12".
_STRONG_WORDS = (
    *(
        "passw",
        "passp",
        "pwd",
        "api key",
        "apikey",
        "api-key",
        "api_key",
        "access key",
        "access-key",
        "access_key",
    ),
    *("pass ", "pass|", "pw ", " key ", "session ", "cookie ", "encryption key", "signing key"),
    *("credential", "secret", "token", "jwt", "otp", "answer", "session id", "session-id", "session_id"),
)
_SPACES = (" ", "\t", "\n")
_WORDED = (_SIGNS, _WORDS)
_AFTER = rf"\1{MASK}"
_AFTER_TWO = rf"\1\2{MASK}"

HEADERS = RuleTable(
    (Rule((("cookie", "authorization", "-signature"), (":", "=")), _HEADER, lambda found: _header(found)),),
    needs=_WORDED,
    ignore_case=True,
)
"""Masks the values of headers."""


def _header(found: re.Match[str]) -> str:
    value = found[3].strip()
    with_scheme = _HAS_SCHEME.match(value) is not None and any(map(str.isdigit, value))
    if value == MASK or (is_plain(value) and not with_scheme):
        return found[0]
    return found[1] + found[2] + MASK


PHRASES = RuleTable(
    (
        Rule((("basic ",),), _SCHEME, _scheme),
        Rule((("identified",),), _SPOKEN, _spoken),
        Rule((("identified",),), _BY, _AFTER),
        Rule((("[",), ("parameters: ",)), _PARAMETERS, rf"\1{MASK}]"),
        Rule((("[",), ("[generated in ", "[cached since ")), _ECHOED, _AFTER),
        Rule((("(",), ("crypt(", "password(")), _CRYPT, _AFTER),
        Rule(
            (("code",), ("your", "use", "enter", "sms", "time", "login", "access", "confirm")),
            _CODE_SPOKEN,
            _AFTER,
        ),
    ),
    needs=(_SPACES,),
    ignore_case=True,
)
"""Masks what follows a phrase: "identified by ...", "[parameters: ..."."""

WORDED_PHRASES = RuleTable(
    (
        Rule((("bearer", "basic", "negotiate", "apikey"), (*_SPACES, "%20")), _SCHEME, _scheme),
        Rule(((" is your ", " is the ", "enter "),), _CODE_FIRST),
        Rule((("code", "otp", "passcode", "pin", "password"),), _CODE_SPOKEN, _AFTER),
        Rule((("creden", "creds"), (":", "="), ("/", ":")), _SLASH_PAIR, lambda found: _slash_pair(found)),
        Rule((("private-lines",),), _PUTTY, _AFTER),
        Rule(
            (("passw", "passp", "secret", "token", "kennwort", "credentials"), (": ", ":\n", ":\r")),
            _ANNOUNCED,
            _announced,
        ),
        Rule((_STRONG_WORDS, _SPACES), _PROSE, _prose),
        *PLACED_AFTER_WORDS,
        Rule((("(",), ("token(", "secret(", "password(")), _SPOKEN, _spoken),
        Rule(
            (
                (";", "|", "(", ",", "[", "<", "#", "->"),
                (
                    "password;",
                    "password,",
                    "password|",
                    "password(",
                    "token|",
                    "secret|",
                    "token;",
                    "secret;",
                ),
            ),
            _PROSE,
            _prose,
        ),
    ),
    needs=_WORDED,
    ignore_case=True,
)
"""Masks what follows a word: "Bearer ...", "invalid token ...", `password("...")`."""


def _slash_pair(found: re.Match[str]) -> str:
    value = found[3]
    return found[0] if MASK in value or is_plain(value) or not is_mixed(value) else found[1] + MASK


ASSIGNMENTS = RuleTable(
    (
        Rule(
            (("name", "key", "header", "field"),),
            _NAMED,
            _by_name,
            starts="name|key|header|field",
        ),
        Rule((("name", "key", "header", "field"), _QUOTES), _NAMED_AFTER, _by_name),
        Rule((_QUOTES,), _PAIR, _by_name, starts=r"[\[(,]|[\"']--?"),
        Rule((("passw", "passphrase", "secret", "token"), (*_QUOTES, "`", "“", "«")), _SPOKEN, _spoken),
        Rule((_QUOTES, ("values",)), _INSERTED, _inserted),
        Rule((("<",),), _TAG, _by_name),
        Rule((("<name>", "<key>"),), _TAGGED, _by_name),
        Rule((("pass", "pwd"), ("=", ":")), PHRASE_OF_WORDS, phrase_of_words),
        Rule((), ASSIGNMENT, assignment, starts=ASSIGNMENT_START),
    ),
    needs=_WORDED,
    context=(_MARKS,),
    ignore_case=True,
)
"""Masks values after words such as `password`, in the many ways to write a name and its value."""

OPTIONS = RuleTable(
    (LONG_FLAG,),
    needs=_WORDED,
    context=(("--", " -", "\0-", Search(r"\A-")),),
    ignore_case=True,
)
"""Masks the values of long options: `--password ...`."""
