"""Secrets in URLs: users and passwords, keys of a query, one-time links.

A user alone may be a token (`https://ghp...@host`), so it stays only if it is a word: `ssh://git@host`.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.rules import MASK, Rule, RuleTable, Search, compile_once
from obskit.instrument.redaction.values import is_mixed, is_plain

_USER = r"(:/{1,2})(?:(?<=://)[^\s/?#\"'<>]*|[^\s\"'<>@:/]{0,256}:[^\s\"'<>@*]{1,256})@"
# Without a scheme, as Go's and Perl's drivers have it: user:password@unix(...), user:password@host/db.
_USER_BARE = (
    r"(?<![\w/:.@-])((?:[\w.-]{1,40}[/\\])?[\w.-]{1,60}:)(?=[^\s\"'<>@/]{0,60}\d"
    r"|[^\s\"'<>@/]{0,60}[!#$%^&*])([^\s\"'<>@/:,;]{4,120})"
    r"@(?=(?:tcp|unix)\(|[\w-]{1,60}(?:\.[\w.-]{1,60})?(?::\d{2,5})?(?:/|['\"]|\s|\Z))"
)
_USER_ENCODED = (
    "(?i)"
    r"(%(?:25)?3A%(?:25)?2F%(?:25)?2F)[^\s&\"'<>]{1,256}?(%(?:25)?40)"
)
_LINK = (
    "(?i)"
    r"(/[\w-]{0,20}(?:password|reset|token(?!s)|magic|invit|verify|confirm|activat|unsubscribe|hooks?"
    r"|auth)[\w-]{0,20}/(?:[\w=]{1,8}/)?)([\w~.%-]{12,})"
)
_QUERY_KEYS = (
    r"code|key|sid|sig|se|sv|id_token|access|auth|k|hash|hmac|hdnts|ticket|assertion|nonce|otp|pw|magic"
    r"|state|appid|app_id"
    r"|api|jwt|sso|samlrequest|invite|session|sess|s|t|p|policy|x-(?:amz|goog|oss)-(?:signature"
    r"|credential|security-token)"
)
_QUERY = (
    "(?i)"
    # Begins with one set of characters, so that a search looks at few places of a text.
    rf"([?&#%](?:(?<!%)|(?:25)?(?:3f|26|23))(?:{_QUERY_KEYS})(?:=|%(?:25)?3d))"
    r"([^&\s\"'<>#]+?(?=%(?:25)?26|[&\s\"'<>#\\]|\Z))"
)
_QUERY_KEY = rf"[?&#%](?:(?<!%)|(?:25)?(?:3f|26|23))(?:{_QUERY_KEYS})(?:=|%(?:25)?3d)"
# Names of parameters whose values anybody may know, so a value needs more than to be no word.
_SHORT_KEYS = frozenset(
    {"se", "sv", "s", "t", "p", "k", "hash", "policy", "state", "app_id", "api", "session", "access"}
)


def _link(found: re.Match[str]) -> str:
    value = found[2]
    if MASK in value or not is_mixed(value) or is_plain(value) or _UUID.fullmatch(value) or "." in value[-6:]:
        return found[0]
    return found[1] + MASK


def _query(found: re.Match[str]) -> str:
    value = found[2]
    key = re.split(r"=|%(?:25)?3d", found[1], flags=re.IGNORECASE)[0].lstrip("?&#").lower()
    if MASK in value or is_plain(value):
        return found[0]
    if key in _SHORT_KEYS and (len(value) < 12 or not is_mixed(value)):
        return found[0]
    return found[1] + MASK


_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_LONG_SEGMENT = r"/(?=[\w~.%-]{12})"


def _user(found: re.Match[str]) -> str:
    """Mask user and password; a user without a password stays if it is a word, as in ssh://git@..."""
    inner = found[0][len(found[1]) : -1]
    return found[0] if inner == MASK or (":" not in inner and is_plain(inner)) else f"{found[1]}{MASK}@"


URLS = RuleTable(
    (
        Rule((("@",), (":/",)), _USER, _user),
        Rule((("%",), ("%3a%2f%2f", "%253a%252f%252f")), _USER_ENCODED, rf"\1{MASK}\2"),
        Rule((("@",), (":",)), _USER_BARE, rf"\1{MASK}@"),
    ),
    ignore_case=True,
)
"""Masks users and passwords in URLs."""


QUERIES = RuleTable(
    (
        Rule(
            (("?", "&", "#", "%3f", "%26", "%253f", "%2526"), ("=", "%3d", "%253d"), (Search(_QUERY_KEY),)),
            _QUERY,
            _query,
        ),
    ),
    ignore_case=True,
)
"""Masks the values of keys that are secrets in a query string alone: `?code=...`, `&sig=...`."""


LINKS = RuleTable(
    (
        Rule(
            (
                ("/",),
                (
                    ("y", "verify"),
                    ("k", "token", "hook"),
                    ("m", "magic", "confirm"),
                    *("reset", "passw", "auth", "invit", "activat", "unsubscr"),
                ),
                (Search(_LONG_SEGMENT),),
            ),
            _LINK,
            _link,
        ),
    ),
    ignore_case=True,
)
"""Masks one-time secrets in paths: `/reset-password/...`."""


def redact_query(text: str) -> str:
    """Return a query string with the values of keys such as `code` and `sig` masked."""
    return compile_once(_QUERY).sub(_query, f"?{text}")[1:] if "=" in text else text
