"""Passwords on command lines, in texts and in lists; and options of the same letter that are something else."""

from __future__ import annotations

import pytest

from obskit.instrument.redaction.command_flags import redact_arguments
from obskit.instrument.redaction.text_scan import redact_text


@pytest.mark.parametrize(
    "line",
    [
        "sqlcmd -S db -U sa -P §",
        "ldapsearch -x -D cn=admin -w §",
        "az login --service-principal -u x -p §",
        "keytool -list -storepass §",
        "jarsigner -storepass § a.jar x",
        "redis-cli -h cache -a § ping",
        "AUTH default §",
        "CONFIG SET requirepass §",
        "sshpass -p§ ssh host",
        "mysql -uroot -p§ seats",
        "snmpget -v3 -u ann -A § host",
        "openssl pkcs12 -export -passout pass:§",
        "gpg --passphrase § -d f",
        "htpasswd -nbB ann §",
        "rabbitmqctl add_user svc §",
        "vault login §",
        "net use Z: \\\\srv\\s § /user:ann",
        "echo 'ann:§' | chpasswd",
        "echo § | sudo -S apt update",
        "xfreerdp /u:ann /p:§ /v:host",
        "smbclient //srv/share -U ann%§",
        "lftp -u ann,§ sftp://h",
        "curl -u ann:§ https://x.io",
        "tool --api-key § run",
        "tool -token § run",
        "['docker', 'login', '-u', 'ci', '-p', '§', 'registry']",
        "docker build --build-arg NPM_TOKEN=§ .",
        "tool -u ann -x 1 -p §",
        "tool -p § -u ann",
        "http -a ann:§ GET x.io",
        "rar a -hp§ a.rar f",
        "openssl dgst -hmac § f",
    ],
)
def test_the_password_goes_and_the_command_stays(line: str) -> None:
    secret = "Maple!river#12" if "'ann:" not in line else "maple-river-4821"
    masked = redact_text(line.replace("§", secret))
    assert secret not in masked
    assert masked.split()[0] == line.split()[0]
    assert redact_text(masked) == masked


@pytest.mark.parametrize(
    "line",
    [
        *(
            "mongod -p 27017",
            "mongo --port 27017",
            "ssh -p 2222 host",
            "docker run -p 8080:80 nginx",
            "ps -u root",
        ),
        *(
            "git push -u origin main",
            "tar -xpf a.tar",
            "curl -u https://x.io",
            "unzip -p a.zip",
            "grep -w token src/",
        ),
        *(
            "gpg --passphrase-file /run/pass -d f",
            "usage: login [-h] [--password PASSWORD]",
            "login --password-stdin",
        ),
        *(
            "  --password TEXT  Password of the user.",
            "tool --auth basic",
            "tool --sort-key created",
            "mysql -u root -p",
            "psql -h db -p 5432 -U app",
            "docker run -u app -p 127.0.0.1:8080:80 nginx",
            "openssl rsa -passin file:/run/pw -in a.key",
            "openssl enc -pass env:PW -in f",
        ),
    ],
)
def test_other_options_stay(line: str) -> None:
    assert redact_text(line) == line


def test_a_list_of_arguments_is_the_same_list_if_nothing_is_masked() -> None:
    items = ["git", "commit", "-m", "x"]
    assert redact_arguments(items) is items
    assert redact_arguments(["/usr/bin/mysql", "-psummer", "db"]) == ["/usr/bin/mysql", "-p[redacted]", "db"]
    assert redact_arguments(["tool", "-u", "ann", "-p", "maple-482"]) == [
        "tool",
        "-u",
        "ann",
        "-p",
        "[redacted]",
    ]
    assert redact_arguments(["tool", "-p", "maple-482"]) == ["tool", "-p", "maple-482"]
    assert redact_arguments(["tool", "-k", "Zq7Xw2Rv9Lk4Tn8BmHd6"]) == ["tool", "-k", "[redacted]"]
    assert redact_arguments(["x", "/p:maple", "/p:Name=x"]) == ["x", "/p:[redacted]", "/p:Name=x"]
    assert redact_arguments(["--from-literal=a=maple"]) == ["--from-literal=a=[redacted]"]
    assert redact_arguments(["--user", "ann:maple-482"]) == ["--user", "ann:[redacted]"]
    assert redact_arguments(["mongosh", "-p", "27017"]) == ["mongosh", "-p", "27017"]
