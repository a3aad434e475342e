"""Keys of subjects: made once, wrapped, deleted for good."""

from __future__ import annotations

import base64
import multiprocessing
import os
import pickle
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import obskit as ok
from obskit.encryption import is_encrypted
from obskit.encryption.master import read_master

MASTER = bytes(range(32))


@pytest.fixture
def keys(tmp_path: Path) -> ok.SubjectKeys:
    return ok.SubjectKeys(tmp_path / "keys", MASTER)


VALUES = st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.text(), max_size=3))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=VALUES, subject=st.one_of(st.text(min_size=1), st.integers()))
def test_every_value_comes_back_and_equal_values_stay_equal(keys, value, subject):
    sealed = keys.encrypt(subject, value)
    assert is_encrypted(sealed)
    assert sealed == keys.encrypt(subject, value)
    found = keys.decrypt(sealed)
    assert found == value if isinstance(value, str) else found is not None
    assert keys.encrypt(f"{subject}-other", value) != sealed


def test_the_folder_does_not_say_who_is_in_it(keys):
    keys.encrypt("ada@example.org", "secret")
    assert not [path for path in keys.folder.rglob("*") if "ada" in str(path) or b"ada" in read(path)]


def read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def test_a_deleted_key_takes_its_values_with_it(keys, tmp_path):
    sealed, other = keys.encrypt("u1", "ada"), keys.encrypt("u2", "bob")
    shutil.copytree(keys.folder, tmp_path / "backup")
    assert keys.shred("u1") is True
    assert keys.shred("u1") is False
    again = ok.SubjectKeys(keys.folder, MASTER)
    assert again.decrypt(sealed) is None
    assert again.decrypt(other) == "bob"
    assert again.encrypt("u1", "ada") is None  # no second key for someone who asked to be forgotten
    # The key comes back from a backup that was not deleted: the mark still counts.
    shutil.copytree(tmp_path / "backup", keys.folder, dirs_exist_ok=True)
    assert ok.SubjectKeys(keys.folder, MASTER).decrypt(sealed) is None


def test_a_running_process_notices_a_deleted_key_within_a_minute(keys, monkeypatch):
    sealed = keys.encrypt("u1", "ada")
    ok.SubjectKeys(keys.folder, MASTER).shred("u1")
    assert keys.decrypt(sealed) == "ada"
    now = __import__("time").monotonic()
    monkeypatch.setattr("obskit.encryption.subject_keys.time.monotonic", lambda: now + 61)
    assert keys.decrypt(sealed) is None


def seal(folder: str) -> str | None:
    return ok.SubjectKeys(folder, MASTER).encrypt("u1", "ada")


def test_processes_that_start_together_use_the_same_key(keys):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=context) as pool:
        found = set(pool.map(seal, [str(keys.folder)] * 16))
    assert len(found) == 1
    assert keys.decrypt(found.pop()) == "ada"
    assert len([path for path in keys.folder.rglob("*") if path.is_file()]) == 1


def test_a_torn_key_is_made_again(keys):
    sealed = keys.encrypt("u1", "ada")
    (path,) = keys.folder.rglob("*.key")
    path.write_bytes(b"")
    fresh = ok.SubjectKeys(keys.folder, MASTER)
    assert fresh.decrypt(sealed) is None
    assert fresh.decrypt(fresh.encrypt("u1", "bob")) == "bob"


def test_another_master_key_is_an_error_and_not_an_empty_answer(keys):
    sealed = keys.encrypt("u1", "ada")
    other = ok.SubjectKeys(keys.folder, b"x" * 32)
    with pytest.raises(ok.InvalidArgument, match="made with another master key"):
        other.decrypt(sealed)


@pytest.mark.parametrize("change", [lambda t: t[:-4] + "AAAA", lambda t: t + "A", lambda t: t[:-3]])
def test_a_changed_value_does_not_decrypt(keys, change):
    sealed = keys.encrypt("u1", "ada@example.org")
    assert keys.decrypt(change(sealed)) is None


@pytest.mark.parametrize("text", ["", "enc:1:", "enc:1:xyz", "enc:2:" + "0" * 32 + ":" + "A" * 30, 7, None])
def test_other_values_do_not_look_encrypted(text):
    assert not is_encrypted(text)


def test_the_master_key_is_read_from_a_variable_a_file_or_a_function(tmp_path, monkeypatch):
    monkeypatch.setenv("MASTER", MASTER.hex())
    (tmp_path / "raw").write_bytes(MASTER)
    (tmp_path / "text").write_text(base64.b64encode(MASTER).decode() + "\n")
    for given_key in ("env:MASTER", f"file:{tmp_path}/raw", f"file:{tmp_path}/text", MASTER, lambda: MASTER):
        assert read_master(given_key) == MASTER


@pytest.mark.parametrize(
    ("master", "message"),
    [
        ("env:NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE, which is not set"),
        ("file:/nowhere/master", "cannot be read"),
        ("sup3r-s3cret", "must begin with env: or file:"),
        (b"short", "5 bytes that are not a key of 32"),
        (lambda: "text", "str instead of bytes"),
    ],
)
def test_a_wrong_master_key_is_refused_without_showing_it(tmp_path, master, message):
    with pytest.raises(ok.InvalidArgument, match=message) as error:
        ok.SubjectKeys(tmp_path, master)
    assert "s3cret" not in str(error.value)


def test_keys_are_not_pickled_and_do_not_show_the_master_key(keys):
    with pytest.raises(TypeError, match="would write the master key"):
        pickle.dumps(keys)
    assert MASTER not in vars(keys).values()
    assert "keys" in repr(keys)


def test_nobody_is_told_that_there_is_no_key_because_of_another_master_key(keys):
    sealed = keys.encrypt("user-17", "ada")
    with pytest.raises(ok.InvalidArgument, match="another master key"):
        ok.SubjectKeys(keys.folder, b"z" * 32).shred("user-17")
    assert not list(keys.folder.rglob("*.shredded"))
    damaged = keys._path(keys.token("user-18"))
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(b"x" * 72)
    assert not keys.shred("user-19")  # one damaged key does not say that the master key is wrong
    assert keys.shred("user-17")
    assert ok.SubjectKeys(keys.folder, MASTER).decrypt(sealed) is None


def test_a_key_is_on_disk_before_it_encrypts(keys, monkeypatch):
    done = []
    fsync, link = os.fsync, os.link
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "link", lambda *names: (done.append("link"), link(*names)))
    keys.encrypt("user-17", "ada")
    assert done == ["fsync", "link", "fsync", "fsync"]
    done.clear()
    folder = keys.token("user-17")[:2]
    again = next(name for n in range(10_000) if keys.token(name := f"user-{n + 18}")[:2] == folder)
    keys.encrypt(again, "bob")
    assert done == ["fsync", "link", "fsync"]  # the folder of the first key is on disk already
