"""Completion of the filter line."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.engine import tokenize
from obskit.events import load
from obskit.explorer.completion import MOST_ITEMS, check, complete
from tests.support.examples import examples


@pytest.fixture(scope="module")
def scope(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBSKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        rows = pa.table(
            {
                "timestamp": pa.array(
                    [1_777_888_800_000_000 + n for n in range(6)], pa.timestamp("us", "UTC")
                ),
                "duration_ms": [1.0, 2.0, 3.0, 4.0, 5.0, None],
                "http.route": ["/book", "/book", "/bill's", "/search", "/search", "/search"],
                "error": [True, False, False, None, False, False],
                "http.response.status_code": pa.array([200, 200, 404, 200, 500, None], pa.int64()),
                'a name with "quotes"': ["x", None, None, None, None, None],
            }
        )
        yield load(rows).scope


def inserts(scope, line, at=None):
    return [offer.insert for offer in complete(scope, line, len(line) if at is None else at)]


def applied(scope, line, number=0):
    """Return the line after one of its completions was chosen."""
    offer = complete(scope, line, len(line))[number]
    return line[: offer.begin] + offer.insert + line[offer.end :]


def test_a_condition_is_written_by_completions_alone(scope):
    line = ""
    for typed in ("http.ro", "= '/se", "and", "dur"):
        line = applied(scope, line + typed)
    assert line == "http.route = '/search' and duration_ms "
    assert check(scope, line + "> 3") == ("", "")


def test_values_are_those_of_the_field_the_most_frequent_first(scope):
    assert inserts(scope, "http.route = ") == ["'/search' ", "'/book' ", "'/bill''s' "]
    assert inserts(scope, "http.route = '/b") == ["'/book' ", "'/bill''s' "]
    assert inserts(scope, "http.route = 'ook") == ["'/book' "]
    assert inserts(scope, "http.route in ('/book', ") == ["'/search' ", "'/book' ", "'/bill''s' "]
    assert inserts(scope, "http.response.status_code = ") == ["200 ", "404 ", "500 "]
    assert inserts(scope, "error = t") == ["true "]
    assert inserts(scope, "timestamp >= ")[0].startswith("'2026-05-04T10:00:00")


def test_values_are_those_of_the_events_that_are_left(scope):
    narrowed = scope.narrow("duration_ms is null")
    assert inserts(narrowed, "http.route = ") == ["'/search' "]
    assert complete(narrowed, "http.route = ", 13)[0].detail == "1 row"


def test_operators_fit_the_type(scope):
    assert "like " in inserts(scope, "http.route ")
    assert "> " in inserts(scope, "duration_ms ")
    assert "like " not in inserts(scope, "duration_ms ")
    assert inserts(scope, "error ")[0] == "and "
    assert inserts(scope, "duration_ms > 5 ") == ["and ", "or "]


def test_names_that_need_quotes_get_them_and_functions_are_offered(scope):
    assert inserts(scope, "a na") == []  # the name has spaces: only the last word is completed
    assert '"a name with ""quotes""" ' in inserts(scope, "quotes")
    assert inserts(scope, '"a na') == ['"a name with ""quotes""" ']
    assert "starts_with(" in inserts(scope, "starts")


def test_the_text_after_the_cursor_stays(scope):
    line = "htt = 'x'"
    (offer, *_) = complete(scope, line, 3)
    assert line[: offer.begin] + offer.insert + line[offer.end :] == f"{offer.insert} = 'x'"
    closed = "http.route = '/b'"
    (offer, *_) = complete(scope, closed, len(closed) - 1)
    assert closed[: offer.begin] + offer.insert + closed[offer.end :] == "http.route = '/book' "


def test_what_is_wrong_is_said_with_a_hint(scope):
    assert check(scope, "  ") == ("", "")
    text, hint = check(scope, "http.rout = 'x'")
    assert text == "no field is called 'http.rout'"
    assert "http.route" in hint


@settings(max_examples=examples(200), deadline=None)
@given(line=st.text(max_size=40), at=st.integers(-3, 50))
def test_any_text_has_completions_or_none(scope, line, at):
    offers = complete(scope, line, at)
    assert len(offers) <= MOST_ITEMS
    for offer in offers:
        assert 0 <= offer.begin <= offer.end
    check(scope, line)


@settings(max_examples=examples(200), deadline=None)
@given(
    words=st.lists(
        st.sampled_from(
            ["http.route", "duration_ms", "=", "in (", "'", "'/b", "and", "not", ")", ",", "5", '"']
        ),
        max_size=8,
    )
)
def test_what_is_before_a_completion_is_read_as_before(scope, words):
    line = " ".join(words)
    for offer in complete(scope, line, len(line)):
        whole = tokenize(line[: offer.begin] + offer.insert, scope.names.known)
        before = tokenize(line[: offer.begin], scope.names.known)
        assert whole[: len(before)] == before
        assert len(whole) > len(before)
