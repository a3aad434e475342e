"""JSON objects that follow each other in a text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.json_text import JsonText
from obskit.readers.spans.concatenated import Piece, Positions, find_objects
from tests.support.examples import examples

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=3)


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


@pytest.mark.parametrize("data", [b'{"a":\n' * 5_000, b"{\n" * 5_000, b'{"a' * 5_000, b'{"a":[' * 5_000])
def test_hostile_nesting_takes_no_time(data):
    assert found(data) == []


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
