"""The vectorized parser of access logs reads the same as the line parser."""

from datetime import datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from obskit.readers.access_log.field_mapping import to_events
from obskit.readers.access_log.line_parser import NotAnEntry, parse_clock, parse_entry
from obskit.readers.access_log.log_formats import ENVOY, LOGS
from obskit.readers.access_log.text_reader import merge_entries, unsplit
from obskit.readers.access_log.vectorized import BlockSplitter
from tests.support.examples import examples

CLF = '192.0.2.7 - - [04/May/2026:10:00:01 +0200] "GET /book?seat=3 HTTP/1.1" 200 512'
COMBINED = f'{CLF} "https://shop.example/" "curl/8.5"'

# Parts that fit a layout, and parts that nearly fit.
_WORDS = st.sampled_from(
    ["-", "", "a", "10.0.0.1", "x y", "[", "]", "a,", "é", "\t", "\x00", 'q"q', r"\x22", "?", "a" * 70, ":"]
)
_REQUESTS = st.sampled_from(
    [
        "GET / HTTP/1.1",
        "POST /a?b HTTP/2",
        "GET /a?",
        "PUT /a b?c HTTP/1.0",
        "DELETE a HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.2",
        "GET / XTTP/1.1",
        "GETX / HTTP/1.1",
        "CONNECT /a HTTP/1.1",
        "- - HTTP/1.1",
        "GET /-?- HTTP/3.0",
        "",
        "-",
        "GET",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "QUERY /é??x HTTP/3",
        "HTTP/1.1",
        "/ HTTP/1.1",
    ]
)
_TIMES = st.sampled_from(
    [
        "04/May/2026:10:00:01 +0200",
        "29/Feb/2024:23:59:60 -1130",
        "29/Feb/2023:00:00:00 +0000",
        "31/Dec/0001:00:00:00 +0000",
        "4/May/2026:10:00:01 +0200",
        "04/May/2026:24:00:00 +0000",
        "04/may/2026:10:00:00 +0000",
        "01/Jan/1969:00:00:00 +2359",
        "04/May/2026:10:00:01",
        "04/May/2026T10:00:01 +0200",
        "04/May/2026:10:00:01 +0260",
        "00/May/2026:10:00:01 +0000",
    ]
)
_NUMBERS = st.sampled_from(
    [
        "0",
        "-",
        "200",
        "7",
        "12345678",
        "123456789",
        "1" * 18,
        "1" * 19,
        "0.125",
        "1.5",
        "10.001",
        "0.1, 0.2",
        "+1",
        "0x1F",
        "1e3",
        "",
        " ",
        "99.1234567",
        "٣",
        "0.120 : 0.001",
        "12a",
        "1234",
        "00",
        "1.12a",
    ]
)


@st.composite
def _line(draw, layout):
    out = []
    for item in layout.items:
        choices = {
            "request": _REQUESTS,
            "clock": _TIMES,
            "status": st.one_of(st.sampled_from(["200", "404", "503"]), _NUMBERS),
            "code": st.one_of(st.sampled_from(["200", "0", "503"]), _NUMBERS),
            "forwarded_for": st.one_of(st.sampled_from(["10.0.0.1", "10.0.0.1, ::1", "-", "a.b"]), _WORDS),
            "milliseconds": st.sampled_from(["211ms", "-", "1.5ms", "ms", "211", "1" * 10 + "ms"]),
            "rest": st.sampled_from(["18598", "430 8970", "0/185980", "-", "x ", " x", "a  b", 'x"y"', ""]),
        }
        choice = choices.get(item.name)
        if choice is None:
            numeric = item.name in ("size", "sent", "received", "duration", "upstream_time", "request_length")
            numeric = numeric or item.name.endswith("_time") or item.name == "upstream_response_length"
            choice = st.one_of(_NUMBERS, st.just("17")) if numeric else st.one_of(st.just("-"), _WORDS)
        text = draw(choice)
        out.append(
            {"quoted": f'"{text}"', "bracket": f"[{text}]", "clock": f"[{text}]"}.get(item.style, text)
        )
    line = " ".join(out)
    return line + draw(st.sampled_from(["", "", "", " x", "\r", " ", '"']))


def _assert_same(lines, layout, layouts, family):
    """Assert that the line parser gives the same as the vectorized parser for the lines that this takes."""
    data = "\n".join([*lines, ""]).encode()
    split = BlockSplitter(layout).split(data)
    rows = to_events(split.columns, family).to_pylist() if len(split.lines) else []
    left = {number for number, _, _ in split.remaining}
    assert left | set(split.lines.tolist()) == set(range(len(lines)))
    for number, row in zip(split.lines.tolist(), rows, strict=True):
        alone = parse_entry(lines[number], layout, layouts)
        columns = merge_entries(unsplit(b""), [alone], [0])
        (wanted,) = to_events(columns, family).to_pylist()
        assert {k: v for k, v in row.items() if v is not None} == {
            k: v for k, v in wanted.items() if v is not None
        }
    return split


@pytest.mark.parametrize(
    "layout", [item for item in LOGS + ENVOY if item.vectorizable], ids=lambda layout: layout.name
)
def test_both_parsers_agree(layout):
    layouts, family = (ENVOY, "envoy") if layout in ENVOY else (LOGS, "nginx")

    @settings(max_examples=examples(25), deadline=None)
    @given(st.lists(_line(layout), min_size=1, max_size=6))
    def agree(lines):
        _assert_same([line for line in lines if "\n" not in line], layout, layouts, family)

    agree()


@settings(max_examples=examples(50), deadline=None)
@given(
    st.lists(st.text(st.sampled_from(list('GET /x "[]-\\1é?:,\t')), max_size=60), min_size=1, max_size=4),
    st.booleans(),
)
@example(['"" ""', COMBINED], True)
def test_any_text_is_an_entry_or_rejected(lines, whole):
    split = _assert_same([*lines, COMBINED], LOGS[0], LOGS, "nginx")
    assert len(split.lines) >= 1
    for line in lines:
        try:
            parse_entry(line, LOGS[0], LOGS, torn=whole)
        except NotAnEntry:
            continue


@settings(max_examples=examples(50), deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)), st.integers(-23 * 60, 23 * 60))
def test_both_parsers_read_the_time(moment, offset):
    moment = moment.replace(microsecond=0)
    sign, minutes = ("-", -offset) if offset < 0 else ("+", offset)
    text = f"{moment:%d/%b/}{moment.year:04d}{moment:%H:%M:%S}"
    text = f"{text[:11]}:{text[11:]} {sign}{minutes // 60:02d}{minutes % 60:02d}"
    assert (
        parse_clock(text) == round((moment - datetime(1970, 1, 1)).total_seconds() - offset * 60) * 1_000_000
    )
    line = CLF.replace("04/May/2026:10:00:01 +0200", text)
    assert BlockSplitter(LOGS[1]).split(line.encode() + b"\n").columns["micros"].to_pylist() == [
        parse_clock(text)
    ]
