"""Secrets that the words around them give away: `Bearer `, `://user:`, `password("...")`.

Sentences are in `obskit.instrument.redaction.prose`.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.assignments import (
    ASSIGNMENT,
    ASSIGNMENT_START,
    BREAK,
    MARK,
    PHRASE_OF_WORDS,
    TEXT,
    assignment,
    phrase_of_words,
)
from obskit.instrument.redaction.command_flags import LONG_FLAG
from obskit.instrument.redaction.names import is_secret, sense_of
from obskit.instrument.redaction.placed_arguments import PLACED_AFTER_WORDS
from obskit.instrument.redaction.prose import (
    ANNOUNCED,
    CODE_FIRST,
    CODE_SPOKEN,
    LISTED,
    PROSE,
    PROSE_START,
    SLASH_PAIR,
    announced,
    listed,
    prose,
    slash_pair,
)
from obskit.instrument.redaction.rules import MASK, Rule, RuleTable, Search
from obskit.instrument.redaction.values import is_plain

_NAME = r"[\w.\[\]-]{2,80}"
_HEADER = (
    "(?i)"
    r"((?:set-)?cookie2?|(?:proxy-)?authorization|[\w-]{1,30}-signature(?:-\d{1,3})?(?=\\*[\"']?\s*:))"
    r"(\\*[\"']?\s*[:=]\s*)((?:[^\r\n\"'\\]|(?<==)\\?\"[^\"\r\n\\]{1,400}\\?\")+)"
)
# ["tool", "--token", "x"], [("cookie", "x")]: names and values side by side.
_PAIR = (
    "(?i)"
    rf"((?:[\[(,{{]\s?(?:b|<<)?{MARK}|[\"']--?)(?P<name>[\w.-]{{2,80}}){MARK}(?:>>)?(?:,\s?|\s=>\s"
    rf"|\sto\s))(?P<value>(?:b|<<)?{TEXT})"
)
# {"name": "password", "value": "x"}, <add key="password" value="x">, YAML's, and forms of several parts.
_NAMED = (
    "(?i)"
    rf"((?:name|key|header|field|path)(?:{MARK})?\s?[:=]\s?(?:{MARK})?(?:/(?:[\w-]{{1,40}}/){{0,4}})?"
    rf"(?P<name>{_NAME})(?:{MARK})?"
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
_ATTRIBUTE = (
    "(?i)"
    r"(<(?P<name>[\w:.-]{2,80})\s(?:[^<>]{0,200}?\s)?(?:value|key|data|content)\s?=\s?)"
    rf"(?P<value>{TEXT})"
)
_SCHEME = (
    "(?i)"
    r"(?<![\w-])((?:bearer|basic|negotiate|apikey)(?:,?\s+|%20))(?!realm|error|auth\b)([\w.~+/=-]{6,})"
)
_SPOKEN = (
    "(?i)"
    rf"(\bidentified\s+(?:with\s+\w+\s+)?by|(?P<word>password|passphrase|passwd|secret"
    rf"|api_?key|token)(?:\s+for\s+\S{{1,80}}\s*=|\s+in\s*\()?)"
    rf"(\s+|\s*(?:\(|(?<=\()))(?P<value>{TEXT})"
)
_BY = (
    "(?i)"
    r"(\bidentified\s+by\s+(?:\[redacted\]\s+replace\s+)?)([^\s'\"\[]+)"
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


def _inserted(found: re.Match[str]) -> str:
    return found[1] + MASK if "'" in found[2] or '"' in found[2] else found[0]


def _by_name(found: re.Match[str]) -> str:
    """Mask `value` if `name` says that it is a secret."""
    value = found["value"]
    inner = value.removeprefix("b").strip("\\\"'<> }],")
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
# <name>password</name><value>x</value>, and property lists.
_TAGGED = (
    r"(?i)(<(?:name|key)>(?P<name>[\w.-]{2,80})</(?:name|key)>\s{0,20}<(?:value|string)>)(?P<value>[^<]+)"
)
# `invalid value "hunter2" for flag -password`
_REJECTED = (
    "(?i)"
    rf"((?:value|argument)\s)(?P<value>{TEXT})"
    r"(?=\sfor\s(?:flag\s|option\s|argument\s)?\\*[\"']?--?(?P<name>[\w-]{1,60}))"
)
# Terraform's variables.
_VARIABLE = (
    r"(?i)(\bvariable\s+\\*\"(?P<name>[\w-]{2,80})\\*\"\s*\{[^{}]{0,300}?\bdefault\s*=\s*)"
    rf"(?P<value>{TEXT})"
)

# Prefilters.
_QUOTES = ("'", '"')
_MARKS = ("=", ":", ">", *_QUOTES, "`", "%", "：", "＝", "“", "«", "„", "‘", "<-", "&#", r"\u00", r"\x3")
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
    ("w", "pw", "jwt", "kennwort", "woord", "answer"),
    ("d", "cred", "sid", "dsn", "card", "appid"),
    ("sec", "secret", "securi", "securestring"),
    ("fa", "mfa", "2fa"),
    ("nn", "connectionstr", "connection str", "connection_str", "connection-str", "connstr"),
    ("m", "saml", "mnemonic", "-team", "mdp"),
    ("sl", "heslo", "geslo", "haslo"),
    ("sen", "senha", "contrasen", "losenord"),
    ("z", "jelszo", "lozinka"),
    ("kode", "kodeord", "adgangskode"),
    ("ola", "parola"),
    "salasana",
    *("auth", "sig", "srf", "otp", "pin", "phrase", "bearer"),
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
    *(
        "pass ",
        "pass|",
        "pw ",
        "kennwort",
        "wachtwoord",
        " key ",
        "session ",
        "cookie ",
        "encryption key",
        "signing key",
    ),
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
        Rule((("login ",), ("/", ":")), SLASH_PAIR, slash_pair),
        Rule((("identified",),), _SPOKEN, _spoken),
        Rule((("identified",),), _BY, _AFTER),
        Rule((("[",), ("parameters: ",)), _PARAMETERS, rf"\1{MASK}]"),
        Rule((("[",), ("[generated in ", "[cached since ")), _ECHOED, _AFTER),
        Rule((("(",), ("crypt(", "password(")), _CRYPT, _AFTER),
        Rule(
            (
                ("code",),
                ("your", "votre", "lautet", "use", "enter", "sms", "time", "login", "access", "confirm"),
            ),
            CODE_SPOKEN,
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
        Rule(((" is your ", " is the ", "enter "),), CODE_FIRST),
        Rule((("code", "otp", "passcode", "pin", "password"),), CODE_SPOKEN, _AFTER),
        Rule((("creden", "creds"), ("/", ":")), SLASH_PAIR, slash_pair),
        Rule((("private-lines",),), _PUTTY, _AFTER),
        Rule((("cvv", "cvc"),), r"(?i)(\bcv[vc]2?\s(?:code\s|is\s)?)\d{3,4}\b", _AFTER),
        Rule(
            (("passw", "passp", "secret", "token", "kennwort", "credentials"), (": ", ":\n", ":\r")),
            ANNOUNCED,
            announced,
        ),
        Rule((_STRONG_WORDS, _SPACES), PROSE, prose, starts=PROSE_START),
        Rule(
            ((",",), (":", "="), ("passwords", "passphrases", "secrets", "tokens", "keys", "codes")),
            LISTED,
            listed,
        ),
        *PLACED_AFTER_WORDS,
        Rule((("(",), ("token(", "secret(", "password(")), _SPOKEN, _spoken),
        Rule(
            (
                (";", "|", "(", ",", "[", "<", "#", "->"),
                (
                    ("password", *(f"password{sign}" for sign in ";,|([<")),
                    ("token", *(f"token{sign}" for sign in ";|([<")),
                    ("secret", *(f"secret{sign}" for sign in ";|([<")),
                ),
            ),
            PROSE,
            prose,
            starts=PROSE_START,
        ),
    ),
    needs=_WORDED,
    ignore_case=True,
)
"""Masks what follows a word: "Bearer ...", "invalid token ...", `password("...")`."""


ASSIGNMENTS = RuleTable(
    (
        Rule(
            (("name", "key", "header", "field", "path"),),
            _NAMED,
            _by_name,
            starts="name|key|header|field|path",
        ),
        Rule((("name", "key", "header", "field"), _QUOTES), _NAMED_AFTER, _by_name),
        Rule((_QUOTES,), _PAIR, _by_name, starts=r"[\[(,{]|[\"']--?"),
        Rule((("passw", "passphrase", "secret", "token"), (*_QUOTES, "`", "“", "«")), _SPOKEN, _spoken),
        Rule((_QUOTES, ("values",)), _INSERTED, _inserted),
        Rule((_QUOTES, (" for ",), ("argument ", "value ")), _REJECTED, _by_name),
        Rule((("variable",), ("default",)), _VARIABLE, _by_name),
        Rule((("<",),), _TAG, _by_name),
        Rule((("<",), ("value", "key", "data", "content"), ("=",)), _ATTRIBUTE, _by_name),
        Rule((("<name>", "<key>"),), _TAGGED, _by_name),
        Rule((("pass", "pwd", "phrase", "mnemonic"), ("=", ":")), PHRASE_OF_WORDS, phrase_of_words),
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
