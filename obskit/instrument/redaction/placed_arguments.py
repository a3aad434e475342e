"""Passwords that have a place of their own on a command line, without an option that names them.

Such as `vault login ...`, `echo ... | docker login --password-stdin`, `net use ... /user:ann ...`.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.command_flags import ARGUMENT, ARGUMENTS_IN_TEXT
from obskit.instrument.redaction.rules import MASK, Need, Rule, RuleTable, Search
from obskit.instrument.redaction.values import is_plain

# What a text needs (substrings or groups of them), and the pattern.
_Places = tuple[tuple[tuple[str | tuple[Need, ...], ...], str], ...]
_SPACES = (" ", "\t", "\n")
# What only machines make: a UUID, or many letters and digits.
_GENERATED = (
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    r"|(?=[^\s\d]{0,60}\d)(?=[^\sa-zA-Z]{0,60}[a-zA-Z])[\w.+/=-]{16,}"
)
_PROSE = r"(?:failed|invalid|user|bad|session|unsuccessful|successful|new|last|first|the|no|at|on|after)\b"
# Some programs have no option for it: the password has a place of its own. What a text needs, the pattern.
_PLACED_AFTER_WORDS: _Places = (
    (
        ("config ",),
        r"(\bconfig\s+(?:set\s+)?[\w./:-]{0,40}(?:auth|token|basic|key|secret|password)[\w./-]{0,60}\s+"
        r"(?:[a-z]{1,20}\s+)?)(?!-)(VALUE)",
    ),
    (("auth(",), r"(\bauth\(\s*(?:\"[^\"]{0,80}\"|'[^']{0,80}')\s*,\s*)(\"[^\"]+\"|'[^']+')"),
    (("token ",), r"(\btoken\s+(?:revoke|renew|lookup|delete|inspect|capabilities)\s+)(GENERATED)"),
    (("addauth",), r"(\baddauth\s+\w{1,20}\s+[\w.@-]{1,60}:)(VALUE)"),
    (
        ("-password ",),
        r"(?m)(\b[\w-]{1,40}-password\s+(?:[\w.@-]{1,40}\s+){1,2})(?!-)(VALUE)(?=\s*(?:$|[;|&]))",
    ),
    (("secret,",), r"(\bsecret,(?:\w{1,20}=[^,\s]{0,60},){0,6}data=)([^,\s]+)"),
    (("netsh",), r"(?i)(\bnetsh\s+wlan\s[^\n]{0,120}?\bkey=)(VALUE)"),
    (("wireless.",), r"(\bwireless\.\S{1,60}\.key=)(VALUE)"),
    (("cf auth",), r"(\bcf\s+auth\s+\S{1,80}\s+)(?!-)(VALUE)"),
    (("setapikey",), r"(?i)(\bsetapikey\s+)(?!-)(VALUE)"),
    (
        ((("-", "-password ", "-token ", "-secret "),),),
        r"(?i)(\b(?:set|reset|change|update|admin|put|add|activate|create|import)[\w-]{0,30}-(?:password|token|secret)\s+"
        r"(?:--?[\w=-]{1,40}\s+){0,3}(?:[a-z]{1,20}\s+(?=\S{0,80}\d))?)(?!-)(VALUE)",
    ),
    (
        ("secret",),
        r"(?i)(\bsecrets?(?:manager)?[\s:]+(?:set|put|create|add|[\w-]*secret[\w-]*)\b[^|;\n]{0,160}?"
        r"\s--?(?:value|body|secret-string|data)[ =])(VALUE)",
    ),
    (("pulumi",), r"(\bpulumi\s+config\s+set\s+(?:--\S{1,30}\s+){0,3}\S{1,60}\s+)(VALUE)"),
    (("securestring",), r"(?i)(\bconvertto-securestring\s+(?:-\w{1,12}\s+){0,3}?)(?!-)(VALUE)"),
    (("securestring",), r"(?i)(\bsecurestring['\"]?\s(?:[^|;\n]{0,200}?\s)?--?value[= ])(VALUE)"),
    (
        ("securestring",),
        r"(?i)((?<!\S)--?value[= ])(VALUE)(?=\s[^|;\n]{0,200}?\bsecurestring)",
    ),
    (
        ("samba-tool",),
        r"(\bsamba-tool\s+user\s+(?:create|add|setpassword)\s+\S{1,60}\s+)(?!-)(VALUE)",
    ),
    (("_pw ",), r"(?i)(\b(?:input|user|owner)_pw\s+)(VALUE)"),
    (
        ("passwd",),
        r"(?i)(\b(?:openssl\s+passwd|mkpasswd)\s+"
        r"(?:-(?:[mSRP]\s+\S{1,40}|-?[\w-]{1,20}(?:=\S{1,40})?)\s+){0,4})(?!-)(VALUE)",
    ),
    (("passwd",), r"(\bmosquitto_passwd\s+-\w{0,4}b\w{0,4}\s+\S{1,80}\s+[\w.@-]{1,60}\s+)(VALUE)"),
    (("wpa_passphrase",), r"(\bwpa_passphrase\s+(?:\"[^\"]{1,40}\"|\S{1,40})\s+)(VALUE)"),
    (("psk ",), r"(?i)(\bpsk\s+)(VALUE)"),
    (
        ("security ",),
        r"(\bsecurity\s+(?:add|unlock|import|set|create|find)[\w-]*(?:\s[^|;\n]{0,120}?)?\s-[wpP]\s+)(VALUE)",
    ),
    (("iwconfig",), r"(\biwconfig\s+\w{1,16}\s+key\s+(?:open\s+|restricted\s+)?(?:s:)?)(VALUE)"),
    (("send ",), r"(\bsend\s+(?:--\s+)?\\*[\"'])([^\s\"'\\]{4,80})(?=\\+[rn])"),
    (
        (("auth ", "authtoken ", "authenticate ", "authorize "), (Search(r"auth\w*\s+[\w.+/=-]{16}"),)),
        r"(?im)(^\W{0,4}(?!PROSE)[\w./-]{2,40}\s+(?:config\s+)?(?:auth|authenticate|authorize|authtoken|add-authtoken"
        r"|login\s+authtoken)\s+)(?!-)(GENERATED)(?=\s*(?:$|[|;&]))",
    ),
    (
        ("htpasswd",),
        (
            r"(\bhtpasswd\s+-\w{0,8}b\w{0,8}\s+(?:[\w./-]{1,80}\s+)??[\w.@-]{1,60}\s+)(VALUE)(?=\s*(?:["
            r"|;&\n]|\Z))"
        ),
    ),
    (
        ("chpasswd",),
        r"(\becho\s+(?:-\w\s+)?['\"]?[\w.@-]{1,60}:)([^\s'\"|]+)(?=['\"]?\s*\|\s*(?:sudo\s+)?chpasswd)",
    ),
    (("mysqladmin",), r"(\bmysqladmin\b[^|;\n]{0,120}?\spassword\s+)(VALUE)"),
    (("--with-token",), r"(--with-token\s+<<<\s*)(VALUE)"),
    (("-command",), r"(--?pass(?:word|phrase)?-command[= ]['\"]?(?:echo|printf|cat\s+<<<)\s+)([^\s'\"]+)"),
    (("poetry",), r"(\bpoetry\s+config\s+pypi-token\.[\w.-]{1,60}\s+)(VALUE)"),
    (((("/p", "/pass", "/pwd", "/pw"),),), r"(?i)((?:^|\s)/(?:pass\w{0,10}|pwd|pw)[: ])(?!/)(\S+)"),
    (
        ("auth ",),
        (
            r"(?im)((?:^|[\"'>]\s?"
            r"|\d\s)auth\s(?:[\w.-]{1,40}\s)?)(?=[^\s]*[\d!#$%^&*])([^\s\"',]{6,})(?=[\"']?\s*$)"
        ),
    ),
    (('"auth"',), r"(?i)(\"auth\"(?:\s\"[^\"]{0,60}\")?\s\")([^\"]+)(?=\"\s*(?:\Z|\n))"),
    (("chpasswd",), r"(\bchpasswd\s+<<<\s+['\"]?[\w.@-]{1,60}:)([^\s'\"|]+)"),
    (("requirepass",), r"(?i)(\brequirepass\s+)(VALUE)"),
    (("masterauth",), r"(?i)(\bmasterauth\s+)(VALUE)"),
    (("aws configure",), r"(\baws\s+configure\s+set\s+\S{0,60}(?:secret|token)\S{0,40}\s+)(VALUE)"),
)
_PLACED: _Places = (
    ((" ", "isql "), r"(\bisql\s+(?:-\w+\s+)*(?!-)\S{1,60}\s+(?!-)\S{1,60}\s+)(?!-)(VALUE)"),
    ((" ", "admin user add "), r"(\badmin user add\s+\S{1,60}\s+\S{1,60}\s+)(?!-)(VALUE)"),
    ((" ", "--encrypt "), r"(\s--encrypt\s+)(VALUE)(?=\s+\S{1,60}\s+(?:40|128|256)\b)"),
    ((" ", "--encrypt "), r"(\s--encrypt\s+\S{1,60}\s+)(VALUE)(?=\s+(?:40|128|256)\b)"),
    ((" ", "bundle config"), r"(\bbundle config\s+(?:set\s+)?(?:--\w+\s+)?\S{1,80}\s+[\w.@-]{1,60}:)(VALUE)"),
    ((" ", "http-basic"), r"(\bhttp-basic\S{0,80}\s+[\w.@-]{1,60}\s+)(?!-)(VALUE)"),
    ((" ", "cargo login"), r"(\bcargo login\s+(?:--\S{1,40}\s+){0,3})(?!-)(VALUE)"),
    ((" ", "net user "), r"(?i)(\bnet user\s+[\w.@-]{1,60}\s+)(?![/*-])(VALUE)(?=\s+/)"),
    ((" /user:", "runas"), r"(?i)(\brunas\s[^|;\n]{0,80}?/user:\S{1,60}\s+)(?=\S{0,60}\d)(VALUE)"),
    ((" /", "exp "), r"(?im)(^\W{0,4}(?:exp|imp)\s+[\w$#]{1,30}/)(VALUE)"),
    ((" ", "secrets set "), r"(\bsecrets set\s+(?:-\S{1,40}\s+){0,3}[A-Za-z_]\w{0,60}=)(VALUE)"),
    ((" ", "gem push"), r"(\bgem push\b[^|;\n]{0,120}?\s--key\s+)(?=\S{0,60}\d)(VALUE)"),
    (
        ("<<<",),
        r"(<<<\s*)(?=\S{0,80}[\d!@#%^&*])(VALUE)",
    ),
    (
        (_SPACES, ("login ",), (Search(r"\blogin\s+[\w.+/=-]{16}"),)),
        r"(?im)(^\W{0,4}(?!PROSE)[\w./-]{2,40}\s+login\s+(?:--?[\w-]{1,30}\s+)?)(?!-)(GENERATED)(?=\s*(?:$|[|;&]))",
    ),
    (("_", "sp_"), r"(?i)(\bsp_(?:addlogin|password)\s+N?'[^']*'\s*,\s*N?)('[^']*')"),
    (("_", "encrypt_string"), r"(\bencrypt_string\s+(?:--?\S{1,40}\s+){0,3})(?!-)(VALUE)"),
    ((((" un", " unlock", " unseal"),), "bw "), r"(\bbw\s+unlock\s+)(?!-)(VALUE)"),
    ((_SPACES, ("login ",), "bw "), r"(\bbw\s+login\s+\S{1,80}\s+)(?!-)(VALUE)"),
    (("//", "smbclient"), r"(\bsmbclient\s+(?:\\\\){0,1}//\S{1,80}\s+)(?!-)(VALUE)"),
    (("//", "mc alias"), r"(\bmc\s+alias\s+set\s+\S{1,60}\s+\S{1,120}\s+\S{1,60}\s+)(VALUE)"),
    ((" /", " /p ", "signtool"), r"(?i)(\bsigntool\b[^|;\n]{0,200}?\s/p\s+)(VALUE)"),
    ((" using ", "db2 "), r"(?i)(\bdb2\b[^|;\n]{0,120}?\susing\s+)(VALUE)"),
    (
        ("_", "rabbitmqctl"),
        (
            r"(\brabbitmqctl\s[^|;\n]{0,80}?(?:add_user|change_password"
            r"|authenticate_user)\s+[\w.@-]{1,60}\s+)(VALUE)"
        ),
    ),
    ((_SPACES, ("login ",), "vault "), r"(\bvault\s+login\s+(?:-[\w=-]{1,40}\s+){0,5})(?!-)(VALUE)"),
    (
        (((" un", " unlock", " unseal"),), "vault "),
        r"(\bvault\s+operator\s+unseal\s+(?:-[\w=-]{1,40}\s+){0,5})(?!-)(VALUE)",
    ),
    (("\\\\", "net use"), r"(?i)(\bnet\s+use\s[^\n]{0,120}?\s/user:\S{1,60}\s+)(?![/\\])(VALUE)"),
    (("\\\\", "net use"), r"(\bnet\s+use\s+[^\n]{0,60}?\\\\[^\s]{1,80}\s+)(?!/)(VALUE)"),
    (
        ("|",),
        r"(\b(?:echo|printf|yes)\s+(?:-\w\s+|['\"]?%s(?:\\n)?['\"]?\s+)?)(VALUE)(?=\s*\|\s*(?:sudo\s+-\w{0,4}S"
        r"|su\b|[^|\n]{0,120}--?\w{0,12}-?stdin|(?!grep|awk|sed|tee|cut|jq|xargs|wc|sort|tr|cat|head|tail)"
        r"[^|\n]{0,60}(?:secret|passw|kinit|cryptsetup|login|auth|crypt|unlock|passphrase|keychain)))",
    ),
    ((" /", " /p:"), r"(?i)(\s/p:)(?![\w.]{1,40}=)(\S+)"),
    ((" /", " /rp"), r"(?i)(\s/rp[: ])(?!/)(VALUE)"),
)


def _placed(found: re.Match[str]) -> str:
    value = found[2].strip("'\"")
    kept = MASK in value or value.startswith(("$", "-", "<")) or is_plain(value)
    return found[0] if kept else found[1] + MASK


def _rules(placed: _Places) -> list[Rule]:
    return [
        Rule(
            tuple((part,) if isinstance(part, str) else part for part in needs),
            pattern.replace("VALUE", ARGUMENT).replace("GENERATED", _GENERATED).replace("PROSE", _PROSE),
            _placed,
        )
        for needs, pattern in placed
    ]


PLACED = RuleTable([*_rules(_PLACED), ARGUMENTS_IN_TEXT], ignore_case=True)
"""Masks passwords that have a place of their own on a command line."""

PLACED_AFTER_WORDS = _rules(_PLACED_AFTER_WORDS)
"""The same for programs and commands whose name, or the words before the password, say that it is one."""
