"""Secrets that the words around them give away: `password=`, `"token": `, `--api-key `, `Bearer `, `?sig=`.

Where there is only a space between the word and the value, as in "invalid token abc123", a value that looks
like a word stays as it is.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.rules import MASK, Rule, RuleTable

HARMLESS_ENDS = frozenset(
    {"count", "length", "size", "type", "name", "limit", "expires", "expiry", "age", "ms", "method", "valid"}
    | {"status", "version", "scheme", "provider", "error", "used", "total", "algorithm", "kind", "issuer"}
    | {"present"}
)
"""Last words of names that describe a secret but do not contain it: `token.count`, `auth_method`."""

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
    """Return whether a value mixes letters and digits, unlike a word."""
    return not text.isalpha() and any(map(str.isdigit, text)) and any(map(str.isalpha, text))


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


# Prefilters.
_QUOTES = ("'", '"')
_MARKS = ("=", ":", ">", *_QUOTES, "%", "&#", r"\u00")
_WORDS = (
    *("pass", "pw", "secret", "token", "key", "credential", "auth", "cookie", "sig", "sess"),
    *("srf", "otp", "jwt", "cvv", "cvc", "pin", "psk", "verif", "assertion", "saml"),
)
# Words that are a reason to look even where no mark assigns a value: "invalid api key ab12".
_STRONG_WORDS = (
    *("passw", "api key", "apikey", "access key", "credential", "secret", "token", "jwt", "otp"),
    "session",
)
_OPTIONS = (" -u", " --user", " --proxy-user", " -p", " -P ", " -a ", " -k ", " -N ")
_AFTER = rf"\1{MASK}"
_AFTER_TWO = rf"\1\2{MASK}"

HEADERS = RuleTable(
    (Rule(((":", "="), ("cookie", "authorization", "-signature")), _HEADER, _AFTER_TWO),),
    ignore_case=True,
)
"""Masks the values of headers. A text that passes here also passes the prefilter of `ASSIGNMENTS`."""

URLS = RuleTable(
    (
        Rule((("@",), ("://",)), _USER, rf"\1{MASK}@"),
        Rule((("%",), ("%3a%2f%2f", "%252f%252f")), _USER_ENCODED, rf"\1{MASK}\2"),
    ),
    ignore_case=True,
)
"""Masks users and passwords in URLs."""

PHRASES = RuleTable(
    (
        Rule((("bearer", "basic", "negotiate"),), _SCHEME, _AFTER_TWO),
        Rule((("identified",),), _SPOKEN, _AFTER_TWO),
        Rule((("identified",),), _BY, _AFTER),
        Rule((("pass", "secret", "token "),), _PROSE, _prose),
        Rule((("parameters: ",),), _PARAMETERS, rf"\1{MASK}]"),
        Rule((("[generated in ", "[cached since "),), _ECHOED, _AFTER),
    ),
    context=((" ",),),
    ignore_case=True,
)
"""Masks what follows a phrase: "Bearer ...", "identified by ...", "[parameters: ..."."""

ORACLE = RuleTable(
    (Rule((("@",), ("sqlplus ", "jdbc:oracle")), _SLASHED, _AFTER),),
    ignore_case=True,
)
"""Masks the password of `user/password@host`, as Oracle's clients write it."""

COMMANDS = RuleTable(
    (Rule((("-u",), (":",)), _LOGIN, _AFTER), Rule((), _COMMAND, _AFTER)),
    needs=((" -",),),
    context=((" ",), _OPTIONS),
)
"""Masks passwords on command lines: `curl -u user:...`, `mysql -p...`."""

QUERIES = RuleTable((Rule((("?", "&"), ("=",)), _QUERY, _AFTER, confirm=_QUERY),))
"""Masks the values of keys that are secrets in a query string alone: `?code=...`, `&sig=...`."""

ASSIGNMENTS = RuleTable(
    (
        Rule((("name", "key"),), _NAMED, _AFTER),
        Rule((("name", "key"), _QUOTES), _NAMED_AFTER, _AFTER),
        Rule((_QUOTES,), _PAIR, _AFTER),
        Rule((_QUOTES,), _SPOKEN, _AFTER_TWO),
        Rule((_QUOTES, ("values",)), _INSERTED, _inserted),
        Rule((("<",),), _TAG, _AFTER),
        Rule((_MARKS,), _ASSIGNMENT, _assignment),
        Rule((("-",),), _FLAG, _AFTER),
        Rule((("-",),), _LITERAL, _AFTER),
        Rule((), _PROSE, _prose),
    ),
    needs=(_WORDS,),
    context=((" ", "/", *_MARKS), (*_MARKS, "--", *_STRONG_WORDS)),
    ignore_case=True,
)
"""Masks values after words such as `password`, in the many ways to write a name and its value."""

LINKS = RuleTable(
    (Rule((), _LINK, _link),),
    needs=(("/",),),
    context=(("/",), ("reset",)),  # the other words of such links are a reason by themselves
    ignore_case=True,
)
"""Masks one-time secrets in paths: `/reset-password/...`."""


def redact_query(text: str) -> str:
    """Return a query string with the values of keys such as `code` and `sig` masked."""
    return _QUERY.sub(_AFTER, f"?{text}")[1:] if "=" in text else text
