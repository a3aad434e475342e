"""The tables of OpenTelemetry names."""

from __future__ import annotations

from obskit import names
from obskit.names import conventions


def test_an_old_name_is_replaced_by_a_current_one():
    assert not set(names.RENAMED.values()) & set(names.RENAMED)
    assert names.RENAMED["http.status_code"] == "http.response.status_code"
    assert names.RENAMED["deployment.environment"] == "deployment.environment.name"
    assert names.current("http.method") == "http.request.method"
    assert names.current("my.field") == "my.field"


def test_only_current_names_have_types():
    assert not set(names.CONVENTION_TYPES) & set(names.RENAMED)
    assert not set(names.CONVENTION_TYPES) & set(names.COLUMNS)
    assert names.type_word("http.response.status_code") == "int"
    assert names.type_word("severity_number") == "int32"
    assert names.type_word("mine") is None


def test_no_name_has_two_types():
    listed = [
        name
        for words in (conventions.STRINGS, conventions.INTEGERS, conventions.FLOATS, conventions.FLAGS)
        for name in words.split()
    ]
    assert len(listed) == len(set(listed))
