"""Passwords on command lines: `curl -u user:...`, `mysql -p...`, `--token ...`, in a text or in a list.

A long option names its value, as a field does. A short one means a password only with certain programs: `-p`
is a port for ssh, and a password for sshpass. So short options are listed by program.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.assignments import TEXT
from obskit.instrument.redaction.names import Sense, is_secret, sense_of
from obskit.instrument.redaction.rules import MASK, Rule, RuleTable, Search, compile_once
from obskit.instrument.redaction.values import is_plain

# Programs, and their options whose value is a secret.
FLAGS: tuple[tuple[str, str], ...] = (
    (
        (
            "mongo mongosh mongodump mongorestore mongoexport mongoimport mongotop mongostat sshpass zip"
            " influx cqlsh"
        ),
        "-p -P",
    ),
    ("ncftpput ncftpget ncftp psexec psexec64 paexec winexe vncviewer clickhouse-client impala-shell", "-p"),
    ("docker podman buildah skopeo nerdctl helm oc registry az", "-p"),
    ("redis-cli", "-a --pass"),
    ("sqlcmd bcp osql tsql isql", "-P"),
    ("ldapsearch ldapmodify ldapadd ldapdelete ldappasswd ldapwhoami ldapcompare", "-w"),
    ("keytool jarsigner", "-storepass -keypass -srcstorepass -deststorepass -srckeypass -destkeypass -new"),
    ("openssl", "-k -pass -passin -passout -password"),
    ("ssh-keygen", "-N -P"),
    ("snmpget snmpwalk snmpset snmpbulkwalk snmptrap", "-A -X -c"),
    ("ipmitool", "-P"),
    ("kinit smbmap crackmapexec evil-winrm", "-p"),
    ("rdesktop", "-p"),
    ("unzip 7z 7za rar unrar", "-P"),
    ("mosquitto_pub mosquitto_sub mqttx", "-P --pw"),
    ("net curl wget aria2c http https", "--pass --password --http-passwd --ftp-password --oauth2-bearer"),
    ("cypher-shell beeline rabbitmqadmin twine crane oras hydra medusa racadm ilorest airflow altool", "-p"),
    ("cf faas-cli ibmcloud", "-p"),
    ("kadmin kadmin.local vsql", "-w -pw"),
    ("plink pscp psftp putty kitty", "-pw"),
    ("p4 knife", "-P"),
    ("swaks", "-ap"),
    ("sendemail", "-xp"),
    ("useradd usermod vncdo", "-p"),
    ("doctl influx", "-t"),
    ("nuget", "-k -apikey -ApiKey -Password"),
    ("x11vnc", "-passwd"),
    ("dsmod dsadd", "-pwd"),
    ("osslsigncode apksigner", "-pass --ks-pass --key-pass"),
    ("netlify", "--auth"),
    ("sonar-scanner newman vault consul nomad", "-token"),
)
_GLUED = r"(?:mysql|mariadb)[\w-]{0,20}|7za?|rar|unrar|sqlcmd|sshpass"
_LOGIN_TOOLS = frozenset(
    {"curl", "http", "https", "lftp", "smbclient", "rpcclient", "wget", "xh", "ab", "hey"}
)
_DOCKER = frozenset({"docker", "podman", "buildah", "skopeo", "nerdctl", "helm", "oc", "registry", "az"})
_VALUE = r"(?:\"[^\"]*\"|'[^']*'|[^\s|;'\"]+)"
_BY_PROGRAM: dict[str, frozenset[str]] = {}
for _programs, _flags in FLAGS:
    for _program in _programs.split():
        _BY_PROGRAM[_program] = _BY_PROGRAM.get(_program, frozenset()) | frozenset(_flags.split())


def _alternatives(words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words.split(), key=len, reverse=True))


def _of_program(found: re.Match[str]) -> str:
    value = found["value"].strip("'\"")
    port = value.replace(":", "").isdigit() and len(value) < 6
    if port or MASK in value or not value:
        return found[0]
    return found["flag"] + MASK


def _program_rule(programs: str, flags: str) -> Rule:
    option = rf"(?P<flag>\s(?:{_alternatives(flags)})(?:\s+|=))(?!-)(?P<value>{_VALUE})"
    needs_login = "docker" in programs

    def mask(found: re.Match[str]) -> str:
        if needs_login and " login" not in found[0]:
            return found[0]
        return compile_once(option).sub(_of_program, found[0])

    return Rule(
        (tuple(program.lower() for program in programs.split()),),
        rf"(?<![\w-])(?:{_alternatives(programs)})\s[^|;\n]{{0,400}}",
        mask,
    )


_LIST = r"[\[(][^\[\]]{4,4000}[\])]"
_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'")


def _written_list(found: re.Match[str]) -> str:
    """Mask the secrets in a list of arguments within a text: "['docker', 'login', '-p', ...]"."""
    strings = list(_STRING.finditer(found[0]))
    items = [string[1] if string[1] is not None else string[2] for string in strings]
    masked = redact_arguments(items)
    if masked is items:
        return found[0]
    out: list[str] = []
    done = 0
    for string, before, after in zip(strings, items, masked, strict=True):
        if before != after:
            out += found[0][done : string.start() + 1], after, found[0][string.end() - 1]
            done = string.end()
    return "".join(out) + found[0][done:]


# Some programs have no option for it: the password has a place of its own. What a text needs, the pattern.
_PLACED_AFTER_WORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("cf auth",), r"(\bcf\s+auth\s+\S{1,80}\s+)(?!-)(VALUE)"),
    (("setapikey",), r"(?i)(\bsetapikey\s+)(?!-)(VALUE)"),
    (
        ("-password ",),
        r"(?i)(\b(?:set|reset|change|update|admin)[\w-]{0,30}-password\s+(?:--?[\w=-]{1,40}\s+){0,3})(?!-)(VALUE)",
    ),
    (
        ("secret",),
        r"(?i)(\bsecrets?(?:manager)?\s+(?:set|put|create|add|[\w-]*secret[\w-]*)\b[^|;\n]{0,160}?"
        r"\s--?(?:value|body|secret-string|data)[ =])(VALUE)",
    ),
    (("pulumi",), r"(\bpulumi\s+config\s+set\s+(?:--\S{1,30}\s+){0,3}\S{1,60}\s+)(VALUE)"),
    (("-securestring",), r"(?i)(\bconvertto-securestring\s+(?:-string\s+)?)(VALUE)"),
    (("_pw ",), r"(?i)(\b(?:input|user|owner)_pw\s+)(VALUE)"),
    (("passwd",), r"(?i)(\b(?:openssl\s+passwd|mkpasswd)\s+(?:-\w{1,12}\s+){0,4})(?!-)(VALUE)"),
    (("passwd",), r"(\bmosquitto_passwd\s+-\w{0,4}b\w{0,4}\s+\S{1,80}\s+[\w.@-]{1,60}\s+)(VALUE)"),
    (("wpa_passphrase",), r"(\bwpa_passphrase\s+(?:\"[^\"]{1,40}\"|\S{1,40})\s+)(VALUE)"),
    (("psk ",), r"(?i)(\bpsk\s+)(VALUE)"),
    (("sp_",), r"(?i)(\bsp_(?:addlogin|password)\s+N?'[^']*'\s*,\s*N?)('[^']*')"),
    (
        ("security ",),
        r"(\bsecurity\s+(?:add|unlock|import|set|create|find)[\w-]*\s[^"
        r"|;\n]{0,120}?\s-[wpP]\s+)(VALUE)",
    ),
    (("samba-tool",), r"(\bsamba-tool\s+user\s+(?:create|add|setpassword)\s+\S{1,60}\s+)(?!-)(VALUE)"),
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
    (("/pass",), r"((?:^|\s)/(?:pass|password):)(\S+)"),
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
_PLACED: tuple[tuple[tuple[str, ...], str], ...] = (
    (("<<<",), r"(\b(?:sudo|su|passwd|kinit|cryptsetup|chpasswd|login)\b[^|;\n<]{0,120}<<<\s*)(VALUE)"),
    (("encrypt_string",), r"(\bencrypt_string\s+(?:--?\S{1,40}\s+){0,3})(?!-)(VALUE)"),
    (("bw ", " unlock"), r"(\bbw\s+unlock\s+)(?!-)(VALUE)"),
    (("bw ", " login"), r"(\bbw\s+login\s+\S{1,80}\s+)(?!-)(VALUE)"),
    (("//", "smbclient"), r"(\bsmbclient\s+(?:\\\\){0,1}//\S{1,80}\s+)(?!-)(VALUE)"),
    (("//", "mc alias"), r"(\bmc\s+alias\s+set\s+\S{1,60}\s+\S{1,120}\s+\S{1,60}\s+)(VALUE)"),
    ((" /rp ", "schtasks"), r"(?i)(\bschtasks\b[^|;\n]{0,200}?\s/rp\s+)(VALUE)"),
    ((" /p ", "signtool"), r"(?i)(\bsigntool\b[^|;\n]{0,200}?\s/p\s+)(VALUE)"),
    ((" using ", "db2 "), r"(?i)(\bdb2\b[^|;\n]{0,120}?\susing\s+)(VALUE)"),
    (
        ("_", "rabbitmqctl"),
        (
            r"(\brabbitmqctl\s[^|;\n]{0,80}?(?:add_user|change_password"
            r"|authenticate_user)\s+[\w.@-]{1,60}\s+)(VALUE)"
        ),
    ),
    (("vault ", "vault login"), r"(\bvault\s+login\s+(?:-[\w=-]{1,40}\s+){0,5})(?!-)(VALUE)"),
    (("vault ", " unseal"), r"(\bvault\s+operator\s+unseal\s+(?:-[\w=-]{1,40}\s+){0,5})(?!-)(VALUE)"),
    (("\\\\", "net use"), r"(\bnet\s+use\s+[^\n]{0,60}?\\\\[^\s]{1,80}\s+)(?!/)(VALUE)"),
    (
        ("|",),
        r"(\b(?:echo|printf)\s+(?:-\w\s+)?)(VALUE)(?=\s*\|\s*(?:sudo\s+-\w{0,4}S|kinit\b|passwd\b|cryptsetup\b"
        r"|su\b|gh\s+auth|[^|\n]{0,120}--?\w{0,12}-?stdin))",
    ),
    ((" /p:", "freerdp"), r"(\bw?x?freerdp\d?\b[^|;\n]{0,200}?\s/p:)(\S+)"),
)


def _placed(found: re.Match[str]) -> str:
    value = found[2].strip("'\"")
    return (
        found[0] if MASK in value or value.startswith(("$", "-", "<")) or is_plain(value) else found[1] + MASK
    )


_LOGIN = (
    r"(?<!\S)(-(?:u\s?|-user[ =]|-proxy-user[ =]|U\s?"
    r"|-user-password[ =]|-?-?(?:proxy-)?auth(?:-cred)?[ =]|-cert[ =])[\"']?)(?![a-z]+://)(?!\d+:\d+\b)(?=[^\s:\"'-])"
    r"(?P<user>(?:[^\s:\"'/%,]{0,80}\\{1,4})?[^\s:\"'/%,]{0,80}[:%,])(?P<value>[^\s\"',%]+)"
)
_GLUED_FLAG = rf"(\b(?:{_GLUED})\b[^|;\n]{{0,200}}?\s-[pP])(?![\s=])({_VALUE})"
_LONG = (
    "(?i)"
    r"(?<![\w-])(?P<flag>--?(?P<name>[\w.-]{1,60})\s+)(?!-)(?P<value>\"[^\"]*\"|'[^']*'|\S+)"
)
_METAVAR = re.compile(r"[A-Z_]{3,40}[\])]*|<[^>]*>?|\[.*|FILE|TEXT|STRING|\.\.\.|-\S*|\|\S*")
_LITERAL = r"(--from-literal[= ][\w.-]{1,80}=)(\S+)"


def _login(found: re.Match[str]) -> str:
    value = found["value"]
    if (
        MASK in value
        or value.startswith("//")
        or (found["user"].endswith(",") and not is_secret(Sense.PERHAPS, value))
    ):
        return found[0]
    return found[1] + found["user"] + MASK


def _glued(found: re.Match[str]) -> str:
    return found[0] if MASK in found[2] or found[2].isdigit() else found[1] + MASK


def _long(found: re.Match[str]) -> str:
    value = found["value"].strip("'\"")
    name = found["name"]
    if MASK in value or "=" in name or _METAVAR.fullmatch(value):
        return found[0]
    return found["flag"] + MASK if flag_is_secret(name, value) else found[0]


def flag_is_secret(name: str, value: str) -> bool:
    """Return whether the value of a long option is a secret, by the option's name."""
    if name.lower() in ("pass", "passwd"):
        return not is_plain(value) or value.isalnum()
    return is_secret(sense_of(name), value)


COMMANDS = RuleTable(
    (
        Rule((("-u", "--proxy-user", "-auth", "-cert"), (":", "%", ",")), _LOGIN, _login),
        Rule((("mysql", "mariadb", "7z", "rar ", "sqlcmd", "sshpass"), (" -p",)), _GLUED_FLAG, _glued),
        *(_program_rule(programs, flags) for programs, flags in FLAGS),
        Rule((("--from-literal",),), _LITERAL, rf"\1{MASK}"),
    ),
    needs=((" -",), (Search(r" -(?:[a-z]{1,2}\b|[pu]\S|-|auth|\w{0,12}pass|token|new|pw)"),)),
    ignore_case=True,
)
"""Masks passwords on command lines, by the program."""


def _rules(placed: tuple[tuple[tuple[str, ...], str], ...]) -> list[Rule]:
    return [
        Rule(tuple((part,) for part in needs), pattern.replace("VALUE", _VALUE), _placed)
        for needs, pattern in placed
    ]


PLACED = RuleTable(
    [*_rules(_PLACED), Rule((("[", "("), ("'-", '"-')), _LIST, _written_list)], ignore_case=True
)
"""Masks passwords that have a place of their own on a command line."""

PLACED_AFTER_WORDS = _rules(_PLACED_AFTER_WORDS)
"""The same for programs and commands whose name, or the words before the password, say that it is one."""

LONG_FLAG = Rule((), _LONG, _long)
"""Masks the values of long options: `--password ...`."""


def redact_arguments(items: list[str]) -> list[str]:
    """Mask the secrets in a list of arguments, each next to its option.

    Args:
        items: the arguments, the program first if it is among them.

    Returns:
        The arguments; the same list if nothing was masked.
    """
    out: list[str] | None = None
    flags: frozenset[str] = frozenset()
    program, logs_in = "", False
    for at, item in enumerate(items):
        word = item.rsplit("/", 1)[-1].removesuffix(".exe")
        if (
            not item.startswith("-")
            and not program
            and (word in _BY_PROGRAM or word in _LOGIN_TOOLS or _MYSQL.fullmatch(word))
        ):
            program, flags = word, _BY_PROGRAM.get(word, frozenset())
            logs_in = word in _LOGIN_TOOLS
            if word in _DOCKER and "login" not in items:
                flags = frozenset()
        masked = None
        before = items[at - 1] if at else ""
        if before.startswith("-") and "=" not in before and not item.startswith("-") and MASK not in item:
            if before in flags and not (item.isdigit() and len(item) < 6):
                masked = MASK
            elif logs_in and before in ("-u", "-U", "--user", "--proxy-user"):
                user, mark, rest = item.partition(":" if ":" in item else "%" if "%" in item else ",")
                if rest and not rest.startswith("//"):
                    masked = user + mark + MASK
            elif (
                len(before) > 2 and not _METAVAR.fullmatch(item) and flag_is_secret(before.lstrip("-"), item)
            ):
                masked = MASK
        if (
            masked is None
            and _MYSQL.fullmatch(program)
            and len(item) > 2
            and item.startswith("-p")
            and MASK not in item
        ):
            masked = f"-p{MASK}"
        if masked is not None:
            out = list(items) if out is None else out
            out[at] = masked
    return items if out is None else out


_MYSQL = re.compile(r"(?:mysql|mariadb)[\w-]{0,20}")
__all__ = [
    "COMMANDS",
    "FLAGS",
    "LONG_FLAG",
    "PLACED",
    "PLACED_AFTER_WORDS",
    "TEXT",
    "flag_is_secret",
    "redact_arguments",
]
