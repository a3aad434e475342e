"""Mask secrets in URLs: user and password, and credentials in the query.

`obskit.instrument` recognises secrets. Here the URL is split first, so that a key is decoded as the server
does (`%74oken` is token) and a value ends where it should. The rest of the URL stays the same byte for byte,
so equal URLs stay equal.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from obskit.instrument.redaction.redactor import secret_name
from obskit.instrument.redaction.rules import MASK
from obskit.instrument.redaction.text_scan import redact_text

# Keys that are secrets in a query, but not as the name of a field.
_WORDS = frozenset(
    {"access", "assertion", "code", "hash", "hmac", "key", "samlrequest", "samlresponse"}
    | {"session", "sid", "ticket"}
)
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_USERINFO = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*:)?(//)?[^/?#]*@")
_PAIR = re.compile(r"([^&;=?#]+)=([^&;#]*)")
_URL = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"<>]+")


def without_secrets(url: str) -> str:
    """Return a URL with user, password and secret values as `[redacted]`."""
    url = _USERINFO.sub(rf"\1\2{MASK}@", url)
    start = min((at for at in (url.find("?"), url.find("#")) if at >= 0), default=len(url))
    return redact_text(url[:start] + _PAIR.sub(_pair, url[start:]))


def text_without_secrets(text: str, urls: tuple[str, ...] = ()) -> str:
    """Return a message with secrets masked in all URLs, including `urls` where their scheme is missing."""
    for url in urls:
        text = text.replace(url, without_secrets(url))
    return redact_text(_URL.sub(lambda found: without_secrets(found[0]), text))


def _pair(found: re.Match[str]) -> str:
    key, value = found[1], found[2]
    if value in ("", MASK):
        return found[0]
    words = [part.lower() for part in _PARTS.findall(unquote_plus(key))]
    decoded = unquote_plus(value)
    secret = secret_name(words) or not _WORDS.isdisjoint(words)
    return f"{key}={MASK}" if secret or redact_text(decoded) != decoded else found[0]
