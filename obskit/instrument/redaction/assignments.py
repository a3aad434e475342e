"""Values that a name before them gives away, in a text: `password=`, `"token": `, `x-api-key: `, `<secret>`.

A pattern finds a word such as `pass`, a separator and a value. What decides is the whole name around the word
(`obskit.instrument.redaction.names`) together with the way it is written:

- after `=`, in quotes, in JSON and in connection strings the value is data: any value of `password` is one;
- after a colon in prose a value may be a message: "password: field required", "token: expired". A password
  stays masked unless its text is a message; any other value has to look like a secret.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.languages import FOREIGN, IN_TEXT, LANGUAGE_STEMS, MESSAGES, starts_with
from obskit.instrument.redaction.names import HARMLESS_ENDS, Sense, is_secret, sense_of
from obskit.instrument.redaction.rules import MASK, compile_once, folded
from obskit.instrument.redaction.values import is_mixed, is_plain, is_void

WORDS = (
    r"passwo?r?[dt]|pass[ ](?:phrase|word|code)|passphrase"
    r"|passcode|passkey|passe?(?![a-z])|pwd|secret|token|key|creds?(?![a-z])"
    r"|credential|auth|cookie"
    r"|sig(?:nature)?|session|sess(?:id)?|sid(?![a-z])|sharedaccess|[cx]srf|t?otp|mfa|[2t]fa|jwt"
    r"|cv[vc]2?|pin(?![a-z])|pw(?![a-z])|psk"
    r"|verifier|assertion|saml|(?:verification|recovery|backup|security|mfa|sms|access|device|invite"
    r"|login|scratch)[-_ ]?codes?"
    r"|(?:security|secret)[-_ ]?answer|(?:seed|recovery)[-_ ]?phrase|mnemonic|connection[-_ ]?string"
    r"|connstr|dsn|ssn"
    r"|card[-_ ]?number|credit[-_ ]?card|salt|bearer|honeycomb-team|apikey|appid"
    rf"|{IN_TEXT}|{FOREIGN.pattern}"
)
ESCAPE = r"(?:\x1b\[[\d;]{0,12}m)"  # colors of a terminal
QUOTED = (
    r"(?:\"\"\"[\s\S]{1,2000}?\"\"\"|\"(?:[^\"\\]|\\[\s\S])*\"?|'(?:[^'\\]|\\[\s\S])*'?|`[^`\n]{0,500}`?|“[^”\n]{0,500}”?"
    r"|«[^»\n]{0,500}»?)"
)
BARE = r"[^\s&;,\"'<>)}\]\x1b]"
TEXT = rf"(?:{QUOTED}|\\+\"[^\"]*\"?|\\+'[^']*'?)"  # also within quotes itself
MARK = r"\\*[\"']"
BREAK = r"(?:\r?\n|(?:\\+r)?\\+n)"  # also as two signs
# Also with a type between: `password: str = "..."`; and as PHP serializes a map.
SEPARATOR = (
    r"(?::\s?[A-Za-z][\w.\[\]|]{0,40}\s?=(?=\s?(?:[\"'`]|\[redacted))|;s:\d{1,6}:|={1,3}>|===?|::|:=|(?:\?\??|\+|\|\|)=|\\x3d|<-|＝|=|:|："
    r"|>|%(?:25){0,2}3[ad]"
    r"|\\u003d|&#(?:61|x3d);)"
)
_CALL = r"[A-Za-z_][\w.:]{0,60}\([^)]*\)?"
_VALUE = (
    rf"(?:{QUOTED}|\\+(?P<q>[\"'])[\s\S]*?(?:\\+(?P=q)|\Z)|\([^)]*\)|\[[^\]]*\]|<[^<>\s]{{6,}}>"
    rf"|<!\[CDATA\[[\s\S]*?(?:\]\]>|\Z)"
    rf"|[|>]-?[ \t]*{BREAK}[ \t]+[^\n\\]+|{_CALL}"
    rf"|(?:(?:bearer|basic|digest|token|negotiate|apikey|hmac|aws4-hmac-sha256)(?:\s+|%20))?{BARE}+)"
)
ASSIGNMENT = (
    "(?i)"
    rf"(?P<word>{WORDS})(?P<tail>[\w.\-)\]]{{0,40}})"
    rf"(?P<rest>{ESCAPE}*\\*(?:\[\]|%5[Bb]%5[Dd])?(?:[\"'`»”’]|%(?=\s?=)|%(?:25)?2[27]|&quot;|&#3[49];)?"
    rf"(?::\"?[\w\\]{{1,60}}\"?:(?:private|protected))?\]?{ESCAPE}*\*{{0,2}}"  # PHP, Markdown
    rf"(?:</\w{{1,10}}>\s{{0,9}}<(?:td|dd|div|span|p|b|strong|code)(?:\s[^<>]{{0,60}})?(?=>)|</\w{{1,10}}>"
    rf"|\s<class '\w{{1,20}}'>|[({{\[]\s{{0,4}}[\"']?(?:value|raw|plain|text|data)[\"']?)?"
    rf"(?:\s#?\d{{1,2}})?\s{{0,20}}(?:(?:provided|given|supplied|is|was)\s?)?"
    rf"\\?(?P<separator>{SEPARATOR}){ESCAPE}*\*{{0,2}}(?:</?\w{{1,10}}>)?(?:%(?:25)?2[027]|&quot;|&#3[49];|\s|\\+[nrt])*{ESCAPE}*"
    r"(?:string(?:\(\d{1,6}\))?\s(?=[\"'])|\(string\)\s(?:\(len=\d{1,6}\)\s)?|''(?=\w)|<<(?=\")|(?:Some|Just|Right|Optional|Secret)[(\[](?=\w)|[bnurf](?=['\"])|new\s|<value>|&\w{1,30}\s|!{1,2}\w{0,20}\s|\{\s{0,20}\\*[\"'](?:value"
    r"|raw|plain|secret|S|text|data|stringValue)\\*[\"']\s?:\s{0,20})?)"
    rf"(?P<value>{_VALUE})"
)
_STEMS = (
    "pass pwd pw psk pin secret sec seed sig sess sid sharedaccess saml sms scratch ssn salt token tfa totp"
    " key cred cookie csrf cv connection connstr card auth assertion access apikey appid xsrf otp mfa"
    " mnemonic 2fa jwt verif recovery backup device dsn invite login bearer honeycomb-team"
)
ASSIGNMENT_START = starts_with((*_STEMS.split(), *LANGUAGE_STEMS))
"""Where an assignment may begin, in a text in lower case."""
_NAME_BEFORE = re.compile(r"[\w.\-]*")
# What begins a message about a value, and never is one.
_MESSAGE = (
    "(?i)"
    r"(?:field|is|are|was|were|has|have|had|must|should|may|might|can|cannot|could|will|would|does|do"
    r"|did|not|no|too|the"
    r"|a|an|this|that|your|you|please|unexpected|required|invalid|incorrect|wrong|missing|expired|empty"
    r"|mismatch|failed"
    r"|failure|error|denied|rejected|refused|accepted|ok|value|unable|unknown|unsupported|only|at|in|for"
    r"|with|of|from|and"
    r"|or|if|when|authentication|authorization|changed|updated|reset|set|use|used|using|enter|input"
    r"|minimum|maximum|min|max"
    r"|length|short|long|weak|strong|optional|needs?|never|already|cannot|can't|doesn't|don't"
    r"|isn't|there|it|type"
    rf"|{MESSAGES})"
    r"(?![\w@#$%^&*=+-])"
)
_PASSWORDS = re.compile(
    rf"pass(?!ed|ing)|pwd|psk|pw(?![a-z])|phrase|mnemonic|answer|{IN_TEXT}|{FOREIGN.pattern}", re.IGNORECASE
)
# An expression of code: attributes, a call without a literal, an element.
_CODE = (
    r"(?:[A-Za-z_]\w{0,40}(?:\.|->|::|\?\.))+[A-Za-z_]\w{0,40}(?:\([^'\"]*\)?|\[[^'\"]*\]?)?[;,:]*"
    r"|[A-Za-z_]\w{0,40}!?\([^'\"]{0,80}\)?[;,:]*|await|new|new\s.*|self\[.*|lambda"
)
_OPENING = "\"'`“«„‘"
_CLOSING = "\"'`”»”’"


def _whole_name(found: re.Match[str]) -> str:
    """Return the name around the word that was found: `http.header.x-api-key` around `key`."""
    text, start = found.string, found.start()
    before = text[max(0, start - 60) : start]
    head = _NAME_BEFORE.match(before[::-1])
    size = len(head[0]) if head else 0
    name, rest = before[len(before) - size :], before[: len(before) - size]
    if rest.endswith("%"):  # %3Ftoken
        name = _ENCODED.sub("", name)
    elif rest.endswith("\x1b["):  # a color
        name = _COLOR.sub("", name)
    elif rest.endswith("\\") and name[:1] in ("n", "r", "t"):  # a line break, as two signs
        name = name[1:]
    if name.startswith("-D"):  # Java's properties
        name = name[2:]
    if not name and (spaced := compile_once(_SPACED).search(rest)):
        name = f"{spaced[1]}_"
    return (
        folded(f"{name}{found['word']}{found['tail']}").strip("-.)]")
        if not text.isascii()
        else (f"{name}{found['word']}{found['tail']}".strip("-.)]"))
    )


_ENCODED = re.compile(r"^(?:25)?[0-9A-Fa-f]{2}")
_COLOR = re.compile(r"^[\d;]*m")
# Words that are written apart: "API key", "client token".
_SPACED = (
    "(?i)"
    r"\b(api|access|private|secret|signing|encryption|client|account|license|shared|master|service"
    r"|deploy|auth|refresh|id"
    r"|session|bearer|app|recovery|reset|csrf|unseal|root|ssh|webhook|bot)[ ]\Z"
)


def assignment(found: re.Match[str]) -> str:
    """Return the text of an assignment with its value masked, or unchanged if the value is not a secret."""
    value = found["value"]
    if MASK[:-1] in value or is_void(value):  # without its bracket, where a bare value ends
        return found[0]
    if _elsewhere(found.string[max(0, found.start() - 80) : found.start()]):
        return found[0]
    name = _whole_name(found)
    sense = sense_of(name)
    if sense == Sense.NOTHING and (_in_prose(found, name) or _is_key(name, value)):
        sense = Sense.PERHAPS
    if sense == Sense.NOTHING:
        return found[0]
    quote = value[0] if value[0] in _OPENING and len(value) > 1 else ""
    closing = _CLOSING[_OPENING.index(quote)] if quote else ""
    quoted = quote and value.endswith(closing)
    inner = value.strip("\\\"'()[]<>`“”«»„‘’")
    if not inner or not _secret(found, name, sense, inner, quoted=bool(quote)):
        return found[0]
    return found[0][: -len(value)] + (f"{quote}{MASK}{closing}" if quoted else MASK)


def _elsewhere(before: str) -> bool:
    """Return whether a value is a file's path or the name of a resource, by what is before it."""
    if before.endswith(("--from-file=", "--from-env-file=")):
        return True
    return "arn:" in before and " " not in before.rpartition("arn:")[2]


def _is_key(name: str, value: str) -> bool:
    """Return whether the key of something is generated: letters of both cases and digits, no hash."""
    return name.lower().endswith("key") and _MIXED.fullmatch(value.strip("\"'")) is not None


_MIXED = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=\D*\d)[\w+=-]{24,}")


def _in_prose(found: re.Match[str], name: str) -> bool:
    """Return whether the name is one that only texts use: `session id`, `appid`."""
    return (name.lower() in ("appid", "session", "sid") and found["tail"] == "") or (
        _SESSION.search(name) is not None
    )


_SESSION = re.compile(r"session[-_ ]?(?:id|key)$", re.IGNORECASE)
_PATH = re.compile(r"(?:~|[A-Za-z]:|\.{1,2})?[/\\]")
_LITERAL = re.compile(r"\"([^\"]*)\"?|'([^']*)'?")


def _secret(found: re.Match[str], name: str, sense: Sense, value: str, *, quoted: bool) -> bool:
    separator, rest = found["separator"], found["rest"]
    if separator == "::" and not is_mixed(value):
        return False  # an attribute of a class
    number = len(value) < 9 and value.replace(".", "").isdigit()
    if number and found["tail"].lower().endswith("s"):
        return False
    family = _PASSWORDS.search(name) is not None
    if number and (sense < Sense.CODE or not (family or sense == Sense.CODE)):
        return False  # how many there are
    if value.startswith("{") and len(value) < 3:
        return False
    if not quoted and (value.endswith(":") or _is_reference(name, value, found["value"])):
        return False
    colon = separator in (":", "：") and rest[0] not in "\\\"'%&`"
    if sense == Sense.SECRET and not quoted:
        if separator == ">" and (rest[0] in "\\\"'<" or not family):
            sense = Sense.PERHAPS
        elif colon and (rest[-1] != ":" or found["tail"] == "") and not found["tail"].endswith(")"):
            if not family:
                sense = Sense.PERHAPS
            elif compile_once(_MESSAGE).match(value):
                return False
    if " " in value and not quoted and sense < Sense.SECRET:
        return not all(map(is_plain, value.split()))
    if (
        sense == Sense.PERHAPS
        and separator != ":"
        and name.lower().endswith(("token", "jwt"))
        and is_mixed(value)
    ):
        return True  # shorter than those that machines make, but no word either
    return is_secret(sense, value)


def _is_reference(name: str, value: str, written: str) -> bool:
    """Return whether a value without quotes is code, the name of a secret, or a working directory."""
    if compile_once(_CODE).fullmatch(written):
        return True
    if "(" in written and (literals := _LITERAL.findall(written)):
        return all(is_plain((one or other).strip(" :")) for one, other in literals)
    if name.lower() == "pwd" and _PATH.match(value):
        return True
    return value.replace("_", "").replace("-", "").isalpha() and sense_of(value) >= Sense.PERHAPS


PHRASE_OF_WORDS = (
    "(?i)"
    r"(?P<name>\b(?:pass(?:word|phrase|wd)|pwd|(?:seed|recovery)[ _-]phrase|mnemonic)\s?[:=]\s?)"
    r"(?P<value>[a-z]{3,20}(?: (?!for |from |in |at "
    r"|on |by |to |and |is |was |host |user )"
    r"[a-z]{2,20}(?![\w=:@/.(])){1,8})(?=[\s.,;]*(?:\n|\Z))"
)
"""A passphrase of several words, up to the end of its line."""


def phrase_of_words(found: re.Match[str]) -> str:
    """Mask a passphrase of several words, unless it is a message."""
    value = found["value"]
    if compile_once(_MESSAGE).match(value) or HARMLESS_ENDS.intersection(value.lower().split()):
        return found[0]
    return found["name"] + MASK
