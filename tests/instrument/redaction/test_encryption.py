"""Values that are encrypted under the key of the person whose row it is."""

from __future__ import annotations

import pytest

from obskit.encryption import SubjectKeys, is_encrypted
from obskit.errors import InvalidArgument
from obskit.instrument.redaction.options import Redaction, pseudonym
from obskit.instrument.redaction.redactor import Redactor
from obskit.instrument.redaction.rules import MASK

KEY = b"0123456789abcdef"


@pytest.fixture
def keys(tmp_path):
    return SubjectKeys(tmp_path / "keys", b"m" * 32)


@pytest.fixture
def redactor(keys):
    return Redactor(Redaction(encrypt=("user.email", "user.name"), subject="user.id", keys=keys))


def test_values_are_encrypted_and_read_again(redactor, keys):
    row = {"user.id": 17, "user.email": "ada@example.org", "user.name": None, "http.route": "/book"}
    assert redactor.apply(row) == 1
    assert row["user.id"] == 17
    assert row["user.name"] is None
    assert keys.decrypt(row["user.email"]) == "ada@example.org"
    before = dict(row)
    assert redactor.apply(row) == 0  # the second look at a row changes nothing
    assert row == before


@pytest.mark.parametrize("subject", [None, "", 1.5, ["u1"], {"id": 1}])
def test_a_row_that_does_not_say_whose_it_is_has_them_masked(redactor, subject):
    row = {"user.id": subject, "user.email": "ada@example.org"}
    redactor.apply(row, plain=True)
    assert row["user.email"] == MASK


def test_a_row_without_the_subjects_field_has_them_masked(redactor):
    row = {"user.email": "ada@example.org"}
    redactor.apply(row)
    assert row == {"user.email": MASK}


def test_after_shredding_they_are_masked(redactor, keys):
    keys.shred("u1")
    row = {"user.id": "u1", "user.email": "ada@example.org"}
    redactor.apply(row)
    assert row["user.email"] == MASK


def test_a_folder_that_cannot_be_written_masks_and_does_not_raise(tmp_path):
    (tmp_path / "file").write_text("")
    broken = SubjectKeys(tmp_path / "file" / "keys", b"m" * 32)
    row = {"user.id": "u1", "user.email": "ada@example.org"}
    Redactor(Redaction(encrypt=("user.email",), subject="user.id", keys=broken)).apply(row)
    assert row["user.email"] == MASK


def test_the_subject_may_be_encrypted_or_a_pseudonym_itself(keys):
    row = {"user.email": "ada@example.org", "user.id": "u1"}
    Redactor(Redaction(encrypt=("user.email", "user.id"), subject="user.id", keys=keys)).apply(row)
    assert [keys.decrypt(row[name]) for name in ("user.email", "user.id")] == ["ada@example.org", "u1"]
    row = {"user.id": "u1", "user.email": "ada@example.org"}
    rules = Redaction(
        encrypt=("user.email",), subject="user.id", keys=keys, pseudonyms=("user.id",), pseudonym_key=KEY
    )
    Redactor(rules).apply(row)
    assert row["user.id"] == pseudonym("u1", KEY)
    assert keys.decrypt(row["user.email"]) == "ada@example.org"


def test_values_within_maps_are_masked(redactor):
    row = {"user.id": "u1", "people": [{"user.email": "ada@example.org"}], "user.email": ["a@b.c", "d@e.f"]}
    assert redactor.apply(row) == -1  # not plain: the caller flattens it first
    redactor.apply(row, plain=True)
    assert "ada@example.org" not in str(row)
    assert is_encrypted(row["user.email"])


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"encrypt": ("a",)}, "encrypt needs a subject and keys"),
        ({"encrypt": ("a",), "subject": "user.id"}, "encrypt needs a subject and keys"),
        ({"encrypt": ("a",), "fields": ("a",)}, "a is to be encrypted, and masked"),
    ],
)
def test_what_does_not_fit_together_is_refused(rules, message, keys):
    if "fields" in rules:
        rules = rules | {"subject": "user.id", "keys": keys}
    with pytest.raises(InvalidArgument, match=message):
        Redaction(**rules)
