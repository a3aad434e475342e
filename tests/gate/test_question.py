"""What a URL may ask."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.errors import InvalidArgument
from obskit.gate.question import NAMES, Question, parse_question
from obskit.judge import JudgeArguments

BASE = JudgeArguments()
PRINTABLE = st.text(st.characters(categories=["L", "M", "N", "P", "S"]), min_size=1, max_size=50)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {"candidate": PRINTABLE},
        optional={name: PRINTABLE for name in NAMES if name != "candidate"},
    )
)
def test_encoded_names_and_values_come_back(values: dict[str, str]) -> None:
    assert parse_question(urlencode(values), BASE) == (Question(**values), False)


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_any_text_is_a_question_or_an_error(query: str) -> None:
    try:
        found, _ = parse_question(query, BASE)
    except InvalidArgument:
        return
    assert found.candidate


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "the URL does not say which candidate to judge"),
        ("service=a", "the URL does not say which candidate to judge"),
        ("canditate=1", "the URL has an unknown parameter 'canditate'"),
        ("candidate=1&candidate=2", "the URL has the parameter candidate twice"),
        ("candidate=", "the parameter candidate must be 1 to 200 printable characters, got ''"),
        ("candidate=%0a", "the parameter candidate must be 1 to 200 printable characters, got '\\n'"),
        ("candidate", "the query of the URL must be NAME=VALUE&NAME=VALUE in UTF-8, percent-encoded"),
        ("candidate=%ff", "the query of the URL must be NAME=VALUE&NAME=VALUE in UTF-8, percent-encoded"),
    ],
)
def test_an_invalid_question_is_an_error(query: str, message: str) -> None:
    with pytest.raises(InvalidArgument) as found:
        parse_question(query, BASE)
    assert found.value.message == message


def test_long_values_are_refused_and_shown_in_part() -> None:
    with pytest.raises(InvalidArgument) as found:
        parse_question("candidate=" + "x" * 5000, BASE)
    assert len(found.value.message) < 300


def test_a_gate_with_a_candidate_needs_none_in_the_url() -> None:
    base = JudgeArguments(candidate="2.4.0", service="booking", alpha=0.01)
    assert parse_question("", base)[0].arguments(base) == base
    found = parse_question("service=seats&candidate=3", base)[0].arguments(base)
    assert (found.service, found.candidate, found.alpha) == ("seats", "3", 0.01)


@pytest.mark.parametrize("name", ["candidate", "baseline"])
def test_a_version_does_not_replace_a_condition(name: str) -> None:
    base = JudgeArguments(candidate_where="a = 1", baseline_where="a = 2")
    assert parse_question("", base) == (Question(), False)
    with pytest.raises(InvalidArgument) as found:
        parse_question(f"{name}=2.4.0", base)
    assert found.value.message == f"the URL has a {name}, but the gate judges the {name} of a condition"


def test_only_the_route_with_steps_has_a_first_step() -> None:
    query = "candidate=1&first_step=allow"
    assert parse_question(query, BASE, steps=True) == (Question(candidate="1"), True)
    with pytest.raises(InvalidArgument) as found:
        parse_question(query, BASE)
    assert found.value.message == "the URL has an unknown parameter 'first_step'"
    with pytest.raises(InvalidArgument) as found:
        parse_question("candidate=1&first_step=yes", BASE, steps=True)
    assert found.value.message == "first_step must be allow, got 'yes'"
