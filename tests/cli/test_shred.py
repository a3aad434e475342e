"""`obskit shred`: the key goes, and nothing else."""

from __future__ import annotations

import io
import json

import pytest

from obskit.cli import main
from obskit.encryption import SubjectKeys

MASTER = b"m" * 32


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OBSKIT_MASTER_KEY", MASTER.hex())
    return tmp_path / "keys"


def test_the_key_of_one_person_is_deleted(folder, capsys):
    keys = SubjectKeys(folder, MASTER)
    ada, bob = keys.encrypt("u1", "ada"), keys.encrypt("u2", "bob")
    assert main(["shred", "--subject", "u1", "--keys", str(folder)]) == 0
    assert "the key is deleted" in capsys.readouterr().out
    fresh = SubjectKeys(folder, MASTER)
    assert (fresh.decrypt(ada), fresh.decrypt(bob)) == (None, "bob")
    assert main(["shred", "--subject", "u1", "--keys", str(folder)]) == 0
    assert "there was no key" in capsys.readouterr().out


def test_the_subject_comes_from_standard_input(folder, capsys, monkeypatch):
    keys = SubjectKeys(folder, MASTER)
    sealed = keys.encrypt("u1", "ada")
    monkeypatch.setattr("sys.stdin", io.StringIO("u1\n"))
    assert main(["shred", "--subject", "-", "--keys", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"kind": "shred", "token": keys.token("u1"), "existed": True}
    assert SubjectKeys(folder, MASTER).decrypt(sealed) is None


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--subject", ""], 2, "the subject is empty"),
        (["--subject", "u1"], 2, "there is no folder of keys"),
        (["--subject", "u1", "--master", "file:/nowhere"], 2, "cannot be read"),
        (["--subject", "u1", "--master", "s3cret"], 2, "must begin with env: or file:"),
    ],
)
def test_wrong_calls(folder, capsys, words, status, message):
    assert main(["shred", "--keys", str(folder), *words]) == status
    told = capsys.readouterr().err
    assert message in told
    assert "s3cret" not in told
