"""JSON objects that follow each other in a text."""

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from obskit.readers.json_text import JsonText
from obskit.readers.otlp.wraps import OBJECT_START
from obskit.readers.spans import concatenated
from obskit.readers.spans.concatenated import LINE_START, Piece, Positions, find_objects
from tests.support.examples import examples

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)

FRAGMENTS = [
    *'{}[]"\\\n,:é\0',
    "tru",
    "true",
    "-1.5e",
    "1" * 5_000,
    '"x"',
    "a few words ",
    "{}",
    '{"b":[1]}',
    '{"a":',
]
FRAGMENTS += ['\n{"c":\n', '{"resource":{', '{"resourceSpans":[']
STARTS = [LINE_START, OBJECT_START, re.compile("{")]


def found(data):
    return [data[piece.begin : piece.end].decode() for piece in find_objects(data) if piece.is_object]


@settings(deadline=None, max_examples=examples(30))
@given(st.lists(st.tuples(OBJECTS, st.sampled_from(["", "\n", " ", ",\n", "\nsome text\n"])), max_size=5))
def test_all_objects_are_found(parts):
    for indent in (None, 2):
        texts = [json.dumps(item, indent=indent) for item, _ in parts]
        data = "".join(text + gap for text, (_, gap) in zip(texts, parts, strict=True)).encode()
        assert found(data) == texts


def test_text_between_objects():
    data = b'Start\n{"a":1}\nnoise {"b":2}\n{"c":3'
    assert list(find_objects(data)) == [
        Piece(0, 6, False),
        Piece(6, 13, True),
        Piece(14, len(data), False, torn=True),
    ]


def test_a_damaged_object_costs_no_other():
    assert found(b'{"a":\n{"b":1}\n{"c":2}\n') == ['{"b":1}', '{"c":2}']


def find_patiently(data, start):
    """Find what `find_objects` finds, in quadratic time."""
    text, at, done, torn = data.decode("latin-1"), 0, 0, False
    pieces = []
    while at < len(text):
        match = start.search(text, at)
        at = at if at == done and text[at] == "{" else match.start() if match else len(text)
        if at == len(text):
            break
        try:
            _, end = json.JSONDecoder(parse_int=len).raw_decode(text, at)
        except json.JSONDecodeError as error:
            torn = torn or "Unterminated" in error.msg or bool(re.fullmatch(r"\S{0,8}", text[error.pos :]))
            at += 1
            continue
        pieces += [Piece(done, at, False)] if text[done:at].strip() else []
        pieces.append(Piece(at, end, True))
        at = done = end + len(re.match(r"[\s,]*", text[end:])[0])
        torn = False
    return pieces + ([Piece(done, len(text), False, torn)] if text[done:].strip() else [])


@settings(deadline=None, max_examples=examples(300))
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join), st.sampled_from(STARTS))
@example('{"a":{"b":"x', LINE_START)
@example('{"a":"\\u00', LINE_START)
def test_damaged_text_has_the_objects_that_a_patient_search_finds(text, start):
    data = text.encode()
    assert list(find_objects(data, start)) == find_patiently(data, start)


class CountingDecoder:
    """Counts the objects that are tried, and the characters that are read at most."""

    def __init__(self, decoder):
        self.decoder, self.tries, self.read = decoder, 0, 0

    def raw_decode(self, text, begin=0):
        self.tries += 1
        end = len(text)
        try:
            found, end = self.decoder.raw_decode(text, begin)
        except json.JSONDecodeError as error:
            end = len(text) if "Unterminated" in error.msg else error.pos
            raise
        finally:
            self.read += end - begin
        return found, end


@pytest.fixture
def decoder(monkeypatch):
    counting = CountingDecoder(concatenated._DECODER)
    monkeypatch.setattr(concatenated, "_DECODER", counting)
    return counting


@pytest.mark.parametrize(
    "opening",
    ["{", "[", '{"a":', '{"a":[', '{"a', '{"a":"', "{[", '{"a":\n', '{"a":[\n', "{\n", '{"resource":{"b":'],
)
@pytest.mark.parametrize("start", STARTS)
def test_nesting_without_end_takes_few_tries(opening, start, decoder):
    """An object too deep for the decoder takes up to its limit of levels to reject, at each of its levels."""
    count = 20_000
    assert not any(piece.is_object for piece in find_objects(opening.encode() * count, start))
    tries_that_read_little = decoder.tries <= count + 1 and decoder.read <= 20 * count * len(opening)
    assert tries_that_read_little or decoder.tries < count / 4


@pytest.mark.parametrize("depth", [100, 700])
def test_a_string_without_end_is_read_few_times(depth, decoder):
    data = b'{"a":\n' * depth + b'{"a":"' + b"x" * 100_000
    assert list(find_objects(data)) == [Piece(0, len(data), False, torn=True)]
    assert decoder.read <= 10 * len(data)


def test_objects_after_one_that_is_too_deep_are_found():
    deep = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    for data in (deep + b'\n{"b":1}', b'{"a":1}\n' + deep + b'\n{"b":1}'):
        assert found(data)[-1] == '{"b":1}'


def test_numbers_of_many_digits_are_numbers():
    data = b'{"a":' + b"1" * 100_000 + b"}\n{}"
    assert [piece.is_object for piece in find_objects(data)] == [True, True]


def test_positions():
    positions = Positions(b"a\nb\nc", line=3, offset=100)
    assert [positions.of(0), positions.of(2), positions.of(4)] == [
        "line 3, byte 100",
        "line 4, byte 102",
        "line 5, byte 104",
    ]


def test_errors_do_not_count_the_lines_before_them():
    text = JsonText('{\n\n"a": }')
    with pytest.raises(json.JSONDecodeError) as caught:
        json.JSONDecoder().raw_decode(text)
    assert (caught.value.pos, caught.value.lineno) == (8, 1)
