"""Passwords on command lines: `curl -u user:...`, `mysql -p...`, `--token ...`, in a text or in a list.

A long option names its value, as a field does. A short one means a password only with certain programs: `-p`
is a port for ssh, and a password for sshpass. So short options are listed by program.
"""

from __future__ import annotations

import re

from obskit.instrument.redaction.names import Sense, is_secret, sense_of
from obskit.instrument.redaction.rules import MASK, Rule, RuleTable, Search, compile_once
from obskit.instrument.redaction.values import is_mixed, is_plain

# Programs, and their options whose value is a secret.
FLAGS: tuple[tuple[str, str], ...] = (
    (
        (
            "mongo mongosh mongodump mongorestore mongoexport mongoimport mongotop mongostat sshpass zip"
            " influx cqlsh"
        ),
        "-p -P",
    ),
    (
        "ncftpput ncftpget ncftp psexec psexec64 paexec winexe vncviewer clickhouse-client impala-shell",
        "-p",
    ),
    ("docker podman buildah skopeo nerdctl helm oc registry az", "-p"),
    ("redis-cli", "-a --pass"),
    ("sqlcmd bcp osql tsql isql", "-P"),
    ("ldapsearch ldapmodify ldapadd ldapdelete ldappasswd ldapwhoami ldapcompare", "-w"),
    ("keytool jarsigner", "-storepass -keypass -srcstorepass -deststorepass -srckeypass -destkeypass -new"),
    ("openssl", "-k -K -hmac -pass -passin -passout -password"),
    ("ssh-keygen", "-N -P"),
    ("snmpget snmpwalk snmpset snmpbulkwalk snmptrap", "-A -X -c"),
    ("ipmitool", "-P"),
    ("ldappasswd", "-s -a"),
    ("codecov", "-t"),
    ("certutil", "-p"),
    ("conan kinit smbmap crackmapexec evil-winrm", "-p"),
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
ARGUMENT = r"(?:\"[^\"]*\"|'[^']*'|[^\s|;'\"]+)"
_BY_PROGRAM: dict[str, frozenset[str]] = {}
for _programs, _flags in FLAGS:
    for _program in _programs.split():
        _BY_PROGRAM[_program] = _BY_PROGRAM.get(_program, frozenset()) | frozenset(_flags.split())


def _alternatives(words: str) -> str:
    return "|".join(re.escape(word) for word in sorted(words.split(), key=len, reverse=True))


def _of_program(found: re.Match[str]) -> str:
    value = found["value"].strip("'\"")
    port = value.replace(":", "").isdigit() and len(value) < 6
    if port or MASK in value or not value or value.startswith(("env:", "file:", "fd:", "stdin")):
        return found[0]
    return found["flag"] + MASK


def _shortest(names: list[str]) -> tuple[str, ...]:
    """Return names without those that contain another one: a text with "mongosh" has "mongo" too."""
    return tuple(name for name in names if not any(other in name for other in names if other != name))


def _program_rule(programs: str, flags: str) -> Rule:
    option = rf"(?P<flag>\s(?:{_alternatives(flags)})(?:\s+|=))(?!-)(?P<value>{ARGUMENT})"
    needs_login = "docker" in programs

    def mask(found: re.Match[str]) -> str:
        if needs_login and " login" not in found[0]:
            return found[0]
        return compile_once(option).sub(_of_program, found[0])

    return Rule(
        (_shortest(programs.lower().split()),),
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


ARGUMENTS_IN_TEXT = Rule((("[", "("), ("'-", '"-')), _LIST, _written_list)
"""Masks the secrets in a list of arguments within a text."""

_LOGIN = (
    r"(?<!\S)(-(?:u\s?|-user[ =]|-proxy-user[ =]|U\s?"
    r"|-user-password[ =]|-?-?(?:proxy-)?auth(?:-cred)?[ =]|-cert[ =])[\"']?)(?![a-z]+://)(?!\d+:\d+\b|:\d{1,5}\b)(?=[^\s\"'-])"
    r"(?P<user>(?:[^\s:\"'/%,]{0,80}\\{1,4})?[^\s:\"'/%,]{0,80}[:%,])(?P<value>[^\s\"',%]+)"
)
_GLUED_FLAG = rf"(\b(?:{_GLUED})\b[^|;\n]{{0,200}}?\s-(?:hp|[pP]))(?![\s=])({ARGUMENT})"
_LONG = (
    "(?i)"
    r"(?<![\w-])(?P<flag>--?(?P<name>[\w.-]{1,60})\s+)(?!-)(?P<value>\"[^\"]*\"|'[^']*'|\S+)"
)
_METAVAR = re.compile(
    r"(?:[A-Z]{3,19}|[A-Z]{1,19}(?:_[A-Z]{1,19}){1,4})[\])]*|<[^>]*>?|\[.*|FILE|TEXT|STRING|\.\.\.|-\S*|\|\S*"
)
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
    if name.lower() == "key":
        return _GENERATED.fullmatch(value) is not None
    if name.lower() in ("pass", "passwd"):
        return not is_plain(value) or value.isalnum()
    return is_secret(sense_of(name), value)


# Of any program: `-u ann ... -p hunter2`, in either order, and what is plainly generated after one letter.
_WITH_USER = (
    r"((?<!\S)-(?:[uUlD]|[ag]u|-?user(?:name)?|-login)[ =]\S{1,80}(?:\s[^|;\n]{0,200}?)?"
    rf"\s-[ag]?[pPwW](?:\s+|=))(?!-)({ARGUMENT})"
)
_BEFORE_USER = (
    rf"((?<!\S)-[pPwW](?:\s+|=))(?!-)({ARGUMENT})(?=\s(?:[^|;\n]{{0,200}}?\s)?-(?:[uU]|-?user(?:name)?)[ =])"
)
_NO_PORT = r" -[ag]?[pw][\s=]+(?![\d:.]+(?:\s|\Z))[^\s/-]"
_AFTER_LETTER = r"((?<!\S)-[tkpPawsxAXKT]\s+[\"']?)([\w.-]{20,})(?![\w./:@-])"
_HTTPIE = r"(\b(?:https?|xh)\s(?:[^|;\n]{0,80}?\s)?(?:-a|--auth)[ =][\"']?[\w.@-]{1,60}:)([^\s\"']+)"
# Letters of both cases and digits, or very long.
_GENERATED = re.compile(
    r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=\D*\d)[\w.+/=-]{20,}|(?=\D*\d)(?=[^a-z]*[a-z])[a-z0-9]{32,}"
)


def _not_plain(found: re.Match[str]) -> str:
    value = found[2].strip("'\"")
    return found[1] + MASK if MASK not in value and _chosen(value) else found[0]


def _generated(found: re.Match[str]) -> str:
    return found[1] + MASK if _GENERATED.fullmatch(found[2]) and not is_plain(found[2]) else found[0]


_SIGNED = re.compile(r"\w[!@#$%^&*?]\w")

COMMANDS = RuleTable(
    (
        Rule((("-u", "--proxy-user", "-auth", "-cert"), (":", "%", ",")), _LOGIN, _login),
        Rule((("mysql", "mariadb", "7z", "rar ", "sqlcmd", "sshpass"), (" -p", " -hp")), _GLUED_FLAG, _glued),
        *(_program_rule(programs, flags) for programs, flags in FLAGS),
        Rule((("--from-literal",),), _LITERAL, rf"\1{MASK}"),
        Rule(
            ((" -p", " -w", " -ap", " -gp"), ("-u", "-l ", "-d ", "-au", "-gu"), (Search(_NO_PORT),)),
            _WITH_USER,
            _not_plain,
        ),
        Rule(((" -p", " -w"), ("-u",), (Search(_NO_PORT),)), _BEFORE_USER, _not_plain),
        Rule((("http", "xh "), (" -a", " --auth"), (":",)), _HTTPIE, rf"\1{MASK}"),
        Rule(((Search(r" -[tkpawsx]\s+[\"']?[\w.-]{20}"),),), _AFTER_LETTER, _generated),
    ),
    needs=((" -",), (Search(r" -(?:[a-z]{1,2}\b|[pu]\S|hp|hmac|-|auth|\w{0,12}pass|token|new|pw)"),)),
    ignore_case=True,
)
"""Masks passwords on command lines, by the program."""


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
            if (before in flags and not (item.isdigit() and len(item) < 6)) or _after_letter(
                before, item, items
            ):
                masked = MASK
            elif before in ("--user", "--proxy-user", "--auth") and _chosen(item.partition(":")[2]):
                masked = item.partition(":")[0] + ":" + MASK
            elif logs_in and before in ("-u", "-U", "-a", "--user", "--proxy-user", "--auth"):
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
        if masked is None and item.startswith("--from-literal=") and item.count("=") > 1 and MASK not in item:
            masked = item[: item.index("=", 15) + 1] + MASK
        if masked is None and (slashed := _SLASHED.match(item)) and MASK not in item:
            masked = slashed[0] + MASK
        if masked is not None:
            out = list(items) if out is None else out
            out[at] = masked
    return items if out is None else out


_MYSQL = re.compile(r"(?:mysql|mariadb)[\w-]{0,20}")
_LETTERED = frozenset(f"-{letter}" for letter in "tkpPawWsxAXKT")
_USERS = frozenset({"-u", "-U", "--user", "--username", "-D", "-l"})
_SLASHED = re.compile(r"/(?:p|pw|pwd|pass|passwd|password|rp):(?![\w.]{1,40}=)(?=.)", re.IGNORECASE)


def _chosen(value: str) -> bool:
    """Return whether a value looks like a password that somebody chose: no word, no number, no path."""
    return not is_plain(value) and "/" not in value and (is_mixed(value) or _SIGNED.search(value) is not None)


def _after_letter(option: str, value: str, items: list[str]) -> bool:
    """Return whether a value is a secret, whatever the program: generated, or a password next to a user."""
    if option not in _LETTERED:
        return False
    if _GENERATED.fullmatch(value):
        return True
    return option in ("-p", "-P", "-w", "-W") and not _USERS.isdisjoint(items) and _chosen(value)
