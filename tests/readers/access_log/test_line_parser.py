"""One line of an access log: times, request lines, targets and escapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.access_log.line_parser import (
    odd_target,
    parse_clock,
    request_line,
    sum_of_tries,
    unescaped,
)


@pytest.mark.parametrize(
    "text",
    ["31/Feb/2026:10:00:00 +0000", "04/may/2026:10:00:00 +0000", "04/May/2026:10:00:61 +0000", "", "x"],
)
def test_a_text_that_is_not_a_time_is_none(text):
    assert parse_clock(text) is None


def test_a_leap_second_is_the_second_after_it():
    assert parse_clock("31/Dec/2016:23:59:60 +0000") == parse_clock("01/Jan/2017:00:00:00 +0000")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("GET /a b HTTP/1.1", {"method": "GET", "target": "/a b", "version": "1.1"}),
        ("GET /", {"method": "GET", "target": "/", "version": "0.9"}),
        ("- - HTTP/1.1", {"version": "1.1"}),
        ("- - -", {}),
        ("SSH-2.0-Go", {"request": "SSH-2.0-Go"}),
    ],
)
def test_a_request_line_is_split(text, parts):
    assert request_line(text) == parts


def test_a_target_that_is_not_a_path():
    assert odd_target("http://a/x?y") == {"url": "http://a/x?y", "path": "/x", "query": "y"}
    assert odd_target("a.example:443") == {"authority": "a.example:443"}
    assert odd_target("http://[") == {"odd": "http://["}


def test_the_times_of_all_upstreams_are_added():
    assert sum_of_tries("0.010, 0.200 : 0.001") == 0.211
    assert sum_of_tries("-, 0.5") == 0.5
    assert sum_of_tries("-") is None


def test_an_unknown_escape_stays():
    assert unescaped(r"\q\"\n\xff") == '\\q"\n\\xff'


@settings(deadline=None)
@given(st.text())
def test_escaped_text_is_decoded(text):
    raw = text.encode("utf-8", "surrogatepass")
    escaped = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02X}" for b in raw)
    try:
        wanted = raw.decode()
    except UnicodeDecodeError:
        return
    assert unescaped(escaped) == wanted
