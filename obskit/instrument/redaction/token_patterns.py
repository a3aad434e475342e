"""Tokens with a recognisable form, wherever they are in a text: `ghp_...`, `AKIA...`, JSON Web Tokens.

Each row has a character that most texts lack, a substring of the token, and the pattern of the whole token.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.rules import Rule, RuleTable

# character, substring, pattern. An empty character: the substring has no rare one, and neither has the token.
_TOKENS: tuple[tuple[str, str, str], ...] = (
    (
        "-",
        "-----BEGIN",
        r"-----BEGIN[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?"
        r"(?:-----END[A-Z0-9 ]{0,40}-----|\Z)",
    ),
    ("-", "sk-", r"\bsk-[A-Za-z0-9_-]{16,}"),
    ("-", "glpat-", r"\bglpat-[\w-]{16,}"),
    ("-", "gldt-", r"\bgldt-[\w-]{16,}"),
    ("-", "glrt-", r"\bglrt-[\w-]{16,}"),
    ("-", "xox", r"\bxox[abeoprs]-[\w.-]{10,}"),
    ("-", "xapp-", r"\bxapp-[\w-]{10,}"),
    ("-", "pypi-", r"\bpypi-[\w-]{32,}"),
    ("-", "key-", r"\bkey-[0-9a-z]{24,}|\btskey-[\w-]{12,}"),
    ("", "ATATT3", r"\bATATT3[\w=-]{20,}"),
    ("_", "ghp_", r"\bghp_\w{20,}"),
    ("_", "gho_", r"\bgho_\w{20,}"),
    ("_", "ghu_", r"\bghu_\w{20,}"),
    ("_", "ghs_", r"\bghs_\w{20,}"),
    ("_", "ghr_", r"\bghr_\w{20,}"),
    ("_", "github_pat_", r"\bgithub_pat_\w{20,}"),
    ("_", "k_live_", r"\b[rsp]k_live_\w{10,}"),
    ("_", "k_test_", r"\b[rsp]k_test_\w{10,}"),
    ("_", "whsec_", r"\bwhsec_[\w+/=]{16,}"),
    ("_", "npm_", r"\bnpm_\w{30,}"),
    ("_", "hf_", r"\bhf_[A-Za-z0-9]{20,}"),
    ("_", "_v1_", r"\bdo[opr]_v1_[0-9a-f]{32,}"),
    ("_", "shp", r"\bshp(?:at|ss|ca|pa)_[0-9a-fA-F]{20,}"),
    ("_", "lin_api_", r"\blin_api_\w{20,}"),
    ("_", "figd_", r"\bfigd_[\w-]{20,}"),
    ("_", "sntrys_", r"\bsntrys_[\w=+/-]{20,}"),
    ("_", "dckr_pat_", r"\bdckr_pat_[\w-]{16,}"),
    ("_", "rubygems_", r"\brubygems_[0-9a-f]{20,}"),
    ("_", "glsa_", r"\bglsa_\w{20,}"),
    ("_", "glc_", r"\bglc_[\w=+/-]{20,}"),
    ("_", "phc_", r"\bphc_\w{20,}"),
    ("_", "sbp_", r"\bsbp_[0-9a-f]{20,}"),
    (".", "eyJ", r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}"),
    (".", "SG.", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    (".", "ya29.", r"\bya29\.[\w-]{20,}"),
    (".", "hv", r"\bhv[sb]\.[\w-]{20,}"),
    (
        "/",
        "hooks",
        r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]+"
        r"|(?<=/webhooks/)\d{5,}/[\w-]{16,}",
    ),
    (":", ":AA", r"\b\d{6,12}:AA[\w-]{30,}"),
    ("I", "AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
    ("I", "ASIA", r"\bASIA[0-9A-Z]{16}\b"),
    ("I", "AIza", r"\bAIza[\w-]{30,}"),
    ("", "dapi", r"\bdapi[0-9a-f]{32}\b"),
    ("-", "AK-", r"\bNRAK-[0-9A-Z]{20,}|\bPMAK-[0-9a-f]{20,}-[0-9a-f]{20,}"),
    ("-", "sq0", r"\bsq0(?:atp|csp|idp)-[\w-]{20,}"),
    ("", "EAAC", r"\bEAAC[0-9A-Za-z]{30,}"),
    ("-", "AGE-SECRET", r"\bAGE-SECRET-KEY-1[0-9A-Z]{20,}"),
    ("-", "GOCSPX-", r"\bGOCSPX-[\w-]{20,}"),
    ("-", "xai-", r"\bxai-[A-Za-z0-9]{20,}"),
    ("_", "gsk_", r"\bgsk_[A-Za-z0-9]{20,}"),
    ("_", "ntn_", r"\bntn_[A-Za-z0-9]{20,}"),
    ("/", "1//0", r"\b1//0[\w-]{20,}"),
    ("I", "IQoJb3JpZ2lu", r"\bIQoJb3JpZ2lu[\w+/=]{20,}"),
    # Hashes of passwords: an attacker can try a billion guesses per second.
    ("$", "$2", r"\$2[abxy]?\$\d\d\$[\w./]{20,}"),
    ("$", "$6$", r"\$6\$[\w./=,$-]{20,}"),
    ("$", "$1$", r"\$1\$[\w./$]{20,}"),
    ("$", "$apr1$", r"\$apr1\$[\w./$]{20,}"),
    ("$", "$argon2", r"\$argon2\w{0,2}\$[\w./=,+$-]{20,}"),
    ("_", "pbkdf2_sha", r"\bpbkdf2_sha\w{1,6}\$\d+\$[\w./+=$-]{20,}"),
)

# Most substrings end with an underscore, of which texts have few: one search looks at each underscore once.
_UNDERSCORED = re.compile(
    rf"_(?=[\w+/=.-]{{10}})(?:{'|'.join(f'(?<={part})' for _, part, _ in _TOKENS if part.endswith('_'))})"
)

TOKENS = RuleTable(
    Rule(
        needs=((character,), (part,)) if character else ((part,),),
        pattern=pattern,
        confirm=_UNDERSCORED if part.endswith("_") else None,
    )
    for character, part, pattern in _TOKENS
)
"""Masks tokens."""
