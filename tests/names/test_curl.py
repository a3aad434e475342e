"""The fields of curl's report about a request, and the event that it becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.names.curl import as_event, error_name, is_timing


@pytest.mark.parametrize(
    ("row", "is_curls"),
    [
        ({"time_total": 1, "http_code": 200, "url": "http://h"}, True),
        ({"time_total_seconds": 1, "response_code": 200, "time_connect": 0.1}, True),
        ({"time_total": 1, "http_code": 200}, False),
        ({"time_total": 1, "url": "http://h"}, False),
        ({"http_code": 200, "url": "http://h"}, False),
    ],
)
def test_a_report_is_recognized_by_its_names(row, is_curls):
    assert is_timing(row) is is_curls


def test_an_unknown_exit_code_is_named_by_its_number():
    assert (error_name(7), error_name(9999)) == ("CouldNotConnect", "Curl9999")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://shop.example/book", ("shop.example", 443)),
        ("http://[2001:db8::1]:8080/", ("2001:db8::1", 8080)),
        ("ftp://shop.example/", ("shop.example", None)),
        ("http://[", (None, None)),
    ],
)
def test_the_server_comes_from_the_url(url, server):
    event = as_event({"url_effective": url})
    assert event["url.full"] == url
    assert (event.get("server.address"), event.get("server.port")) == server


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.floats() | st.text() | st.lists(st.text())))
def test_any_object_becomes_an_event(row) -> None:
    assert as_event(row)["kind"] == row.get("kind", "client")
