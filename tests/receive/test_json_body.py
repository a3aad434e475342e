"""What is OTLP as JSON: what is kept of it is what the reader takes, in one line."""

from __future__ import annotations

import json
import sys

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.otlp.rowwise import rows_of
from obskit.receive.json_body import read, weight
from obskit.receive.refusal import Refused
from obskit.schema import LoadReport
from tests.support.examples import examples
from tests.support.receive_harness import as_json

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["spans", "scope", "name", "startTimeUnixNano", "attributes", "key", "value"]),
            inner,
        )
    ),
    max_leaves=12,
)
RECORDS = st.lists(ANY, max_size=5)


def rows(line: bytes) -> tuple[int, int]:
    report = LoadReport()
    found = sum(1 for _ in rows_of(json.loads(line), report.file(""), ""))
    return found, report.rejected_count


def test_a_good_request_is_kept_as_it_came_on_one_line():
    text = json.dumps(as_json("a\nb", "c"), indent=1).replace("\n", "\r\n").encode()
    line, good, bad, why = read("traces", text)
    assert (good, bad, why) == (2, 0, "")
    assert b"\n" not in line
    assert b"\r" not in line
    assert json.loads(line) == json.loads(text)
    assert len(line) == len(text)


def test_what_is_beside_the_signal_is_not_kept():
    request = as_json("a") | {"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}
    line, good, *_ = read("traces", json.dumps(request).encode())
    assert good == 1
    assert json.loads(line) == as_json("a")


def test_snake_case_is_read():
    spans = as_json("a")["resourceSpans"][0]["scopeSpans"][0]["spans"]
    request = {"resource_spans": [{"scope_spans": [{"spans": spans}]}]}
    assert read("traces", json.dumps(request).encode())[1:] == (1, 0, "")


@given(RECORDS)
@settings(deadline=None, max_examples=examples(100))
def test_what_is_kept_is_what_the_reader_takes(records):
    """Of any records: as many are said to be accepted as the reader makes rows of, and it rejects none."""
    request = {"resourceSpans": [{"scopeSpans": [{"spans": [*as_json("a")["resourceSpans"], *records]}]}]}
    line, good, bad, why = read("traces", orjson.dumps(request))
    assert good + bad == len(records) + 1
    assert bool(bad) == bool(why)
    assert rows(line or b"{}") == (good, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"\xff",
        b"[" * 100_000,
        b'{"a": 1}{"a": 2}',
        b'{"resourceSpans": NaN}',
    ],
)
def test_what_is_no_json(body):
    with pytest.raises(Refused) as caught:
        read("traces", body)
    assert (caught.value.status, caught.value.text) == (400, "the body is not valid JSON")


@pytest.mark.parametrize(
    "body",
    [
        b"5",
        b"[]",
        b'{"resourceSpans": {}}',
        b'{"resourceSpans": [{"scopeSpans": 1}]}',
        b'{"resourceSpans": [{"scopeSpans": [[]]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}',
    ],
)
def test_what_is_no_request(body):
    with pytest.raises(Refused) as caught:
        read("traces", body)
    assert (caught.value.status, caught.value.text) == (
        400,
        "the body is not an OTLP/JSON export request for traces",
    )


def test_weight_is_above_what_objects_take():
    """By the size of CPython's own objects: of what is made to hurt, and of what is usual."""

    def size(item: object) -> int:
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        return -(-sys.getsizeof(item) // 16) * 16 + sum(map(size, inner))

    attribute = {"key": "http.request.method", "value": {"stringValue": "GET"}}
    for text in (
        b"[" + b"{}," * 999 + b"{}]",
        b"[" + b"[]," * 999 + b"[]]",
        b"[" + b'"ab",' * 999 + b"1]",
        b"[" + b"12345," * 999 + b"1]",
        b"[" + b'{"a":0},' * 999 + b"{}]",
        ('["' + "a" * 9999 + '😀"]').encode(),
        b'["' + b"a" * 9999 + b'\\ud83d\\ude00"]',
        orjson.dumps([attribute] * 999),
    ):
        assert weight(text) >= size(orjson.loads(text))
