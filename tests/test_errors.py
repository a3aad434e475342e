"""Errors: the message, the hint, and the built-in classes that they also are."""

from __future__ import annotations

import inspect

import pytest

import obskit
import obskit.readers
from obskit import errors
from obskit.errors import MissingDependency, ObskitError, UnknownField

ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, ObskitError) and kind is not ObskitError
]


@pytest.mark.parametrize("kind", ERRORS)
def test_the_hint_has_its_own_line(kind: type[ObskitError]) -> None:
    assert str(kind("what is wrong", hint="what to do")) == "what is wrong\nHint: what to do"
    assert str(kind("what is wrong")) == "what is wrong"


@pytest.mark.parametrize("kind", ERRORS)
def test_every_error_is_also_a_built_in_one_and_is_in_the_drawing(kind: type[ObskitError]) -> None:
    (_, built_in) = kind.__bases__
    assert f"── {kind.__name__} " in (errors.__doc__ or "")
    assert f"(also {built_in.__name__})" in (errors.__doc__ or "")


def test_a_missing_extra_says_what_to_install() -> None:
    assert str(MissingDependency.of("remote", "reading s3://a")) == (
        "reading s3://a needs the extra 'remote'\nHint: pip install 'obskit-notebook[remote]'"
    )


def test_an_unknown_field_does_not_print_as_a_repr() -> None:
    assert str(UnknownField("no field 'a'")) == "no field 'a'"


def test_old_names_still_work_and_warn() -> None:
    with pytest.warns(DeprecationWarning, match=r"^obskit\.BadCall is now obskit\.InvalidArgument$"):
        assert obskit.BadCall is obskit.InvalidArgument
    with pytest.warns(DeprecationWarning, match=r"^obskit\.readers\.Skim is now PreviewReader$"):
        assert obskit.readers.Skim is obskit.readers.PreviewReader
