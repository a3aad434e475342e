"""Secrets that only one tool or protocol writes: Oracle's clients, Digest authentication, LDAP's hashes."""

from __future__ import annotations

from obskit.instrument.redaction.rules import MASK, Rule, RuleTable

_AFTER = rf"\1{MASK}"
_SLASHED = (
    "(?i)"
    r"(\b(?:jdbc:oracle:\w{1,10}:|(?:sqlplus|expdp|impdp|sqlldr|sqlcl|rman(?:\s+target)?)\s+(?:-\w+\s+){0,3}"
    r"(?:\w{1,20}=)?)[\w.$#]{1,60}/)([^\s@\"'/]+)(?=@|\s|\Z)"
)
# A digest of HTTP's Digest authentication can be attacked as a hash of the password.
_DIGEST = (
    "(?i)"
    r"(\b(?:response|rspauth)\s?=\s?\\*[\"']?)([0-9a-f]{32,64})\b"
)
_LDAP_HASH = (
    "(?i)"
    r"(\{(?:s?sha(?:256|384|512)?|s?md5|crypt|pbkdf2[\w-]*|argon2)\})([\w+/=.$-]{16,})"
)
_DSN_QUOTED = (
    "(?i)"
    r"(string '[a-z0-9+]{1,30}:/{0,2})([^\s'/@]{1,80}:[^\s'@]{1,120})(?=@)"
)
_COMMUNITY = (
    r"(?i)(\bsnmp[\w-]{0,20}\s[^\n]{0,60}?\bcommunity\s+)(?!\[redacted|is\b|was\b|string\b|not\b)([^\s\"']+)"
)
# The key of a stream is the last part of its path.
_STREAM = r"(?i)(\brtmps?://[^\s/\"']{1,100}/[\w-]{1,40}/)(?=[\w-]*\d)([\w-]{8,}(?:\?[^\s\"']*)?)"
SPECIAL = RuleTable(
    (
        Rule((("=",), ("response", "rspauth")), _DIGEST, _AFTER),
        # host:port:database:user:password, as PostgreSQL keeps it.
        Rule(
            ((":",), (":*:", ":5432:")),
            r"(?m)^([\w.*-]{1,80}:(?:\d{1,5}|\*):[\w*-]{1,60}:[\w*-]{1,60}:)(\S+)$",
            _AFTER,
        ),
        Rule((("pragma",), ("key",)), r"(?i)(\bpragma\s+(?:re)?key\s*=\s*)('[^']*'?|\"[^\"]*\"?)", _AFTER),
        Rule((("}",), ("sha", "md5}", "{crypt", "{pbkdf2", "{argon2")), _LDAP_HASH, _AFTER),
        Rule((("/",), ("sqlplus ", "jdbc:oracle", "expdp ", "impdp ", "sqlldr ", "rman ")), _SLASHED, _AFTER),
        Rule((("@",), ("string '",)), _DSN_QUOTED, _AFTER),
        Rule(((":",), ("wifi:",)), r"(?i)(\bwifi:[^\n]{0,120}?;p:)([^;\n]+)", _AFTER),
        Rule(
            ((":",), (" : ",), (' psk "', ' eap "', ' xauth "')),
            r"(?i)(:\s(?:psk|eap|xauth)\s)(\"[^\"]+\"?)",
            _AFTER,
        ),
        Rule((("community ",),), _COMMUNITY, _AFTER),
        Rule(((":/",), ("rtmp",)), _STREAM, _AFTER),
    ),
    ignore_case=True,
)
"""Masks what only one tool or protocol writes: Digest authentication, LDAP's hashes, Oracle's clients."""
