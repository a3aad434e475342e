"""Uniform lines: the parser reads what orjson reads, or refuses the block."""

import json

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.jsonl.inferred_schema import InferredSchema
from obskit.readers.jsonl.uniform_lines import Text, UniformBlockParser, scalars
from tests.support.examples import examples

FIELDS = {
    "s": st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\\'), max_size=20),
    "t.u": st.sampled_from(["", "GET", "a text of more than twelve bytes"]),
    "i": st.one_of(st.integers(-(2**63), 2**63 - 1), st.none()),
    "f": st.one_of(st.floats(-1e18, 1e18), st.integers(0, 9), st.none()),
    "b": st.one_of(st.booleans(), st.none()),
}
ROWS = st.lists(st.sampled_from(list(FIELDS)), unique=True, min_size=1).flatmap(
    lambda keys: st.lists(
        st.tuples(*(FIELDS[key] for key in keys)).map(lambda row: dict(zip(keys, row, strict=True))),
        min_size=1,
        max_size=6,
    )
)


def schema():
    shape = InferredSchema()
    shape.learn({"s": "x", "t.u": "x", "i": 1, "f": 1.5, "b": True, "more": "x"})
    return shape.schema()


def lines(rows, **options):
    return b"".join(json.dumps(row, ensure_ascii=False, **options).encode() + b"\n" for row in rows)


def values(batch, keys):
    """Rows as `repr`, which tells 1, 1.0 and True apart and makes NaN equal to itself."""
    return [repr({key: row.get(key) for key in keys}) for row in batch.to_pylist()]


def wanted(data):
    rows = [orjson.loads(line) for line in data.splitlines()]
    for row in rows:
        if row.get("f") is not None:
            row["f"] = float(row["f"])
    return [repr(row) for row in rows]


@settings(max_examples=examples(150), deadline=None)
@given(ROWS, st.sampled_from([(",", ":"), (", ", ": ")]))
def test_uniform_rows_are_parsed(rows, separators):
    data = lines(rows, separators=separators)
    batch = UniformBlockParser(schema()).parse(data)
    control = any(ord(char) < 32 for row in rows for char in row.get("s", ""))
    if "\x7f" not in str(rows) and not control and any(v is not None for row in rows for v in row.values()):
        assert batch is not None
    if batch is not None:
        batch.validate(full=True)
        assert values(batch, rows[0]) == wanted(data)


@settings(max_examples=examples(400), deadline=None)
@given(
    ROWS,
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(b'"{}[],: 01.-+eEnutxf\n\t\\a')), max_size=2),
)
def test_changed_bytes_are_refused_or_read_as_orjson_does(rows, changes):
    data = bytearray(lines(rows, separators=(",", ":")))
    for place, byte in changes:
        data[place % len(data)] = byte
    try:
        bytes(data).decode()
    except UnicodeDecodeError:
        return  # the caller only passes UTF-8
    batch = UniformBlockParser(schema()).parse(bytes(data))
    if batch is not None:
        keys = orjson.loads(bytes(data).split(b"\n")[0])
        assert values(batch, keys) == wanted(bytes(data))


@pytest.mark.parametrize(
    "second",
    [
        b'{"i":01,"s":"a"}',
        b'{"i":0x1F,"s":"a"}',
        b'{"i":+1,"s":"a"}',
        b'{"i":1.0,"s":"a"}',
        b'{"i":-0,"s":"a"}',
        b'{"i":9223372036854775808,"s":"a"}',
        b'{"i":1,"s":"a","i":2}',
        b'{"i":1,"s":"a\\n"}',
        b'{"i":1,"s":"a\tb"}',
        b'{"i":1, "s":"a"}',
        b'{"s":"a","i":1}',
        b'{"i":1,"s":"a"},',
        b'{"i":1,"s":"a"} ',
        b'{"i":"1","s":2}',
        b'{"i":[1],"s":"a"}',
        b'{"i":{"x":1},"s":"a"}',
        b"",
    ],
)
def test_a_line_that_differs_from_the_first_refuses_the_block(second):
    first = b'{"i":1,"s":"a"}\n'
    parser = UniformBlockParser(schema())
    assert parser.parse(first * 2).num_rows == 2
    assert parser.parse(first + second + b"\n" + first) is None
    assert parser.parse(first) is not None  # the next block has a fresh start


def test_other_types_unknown_fields_and_invalid_numbers_refuse_the_block():
    parser = UniformBlockParser(schema())
    assert parser.parse(b'{"s":1}\n') is None
    assert parser.parse(b'{"unknown":"x"}\n') is None
    assert parser.parse(b'{"f":1.e5}\n') is None
    assert parser.parse(b'{"f":1e400}\n') is None
    assert parser.parse(b'{"f":1.5}').to_pydict() == {"f": [1.5]}


def test_fields_that_are_null_throughout_are_left_out():
    batch = UniformBlockParser(schema()).parse(b'{"i":null,"b":true}\n{"i":null,"b":null}\n')
    assert batch.schema.equals(pa.schema([("b", pa.bool_())]))


def test_the_example_of_the_docstring():
    schema = pa.schema([("id", pa.int64()), ("op", pa.string()), ("ok", pa.bool_())])
    data = b'{"id":7,"op":"GET /","ok":true}\n{"id":12,"op":"PUT /a","ok":false}\n'
    assert UniformBlockParser(schema).parse(data).to_pydict() == {
        "id": [7, 12],
        "op": ["GET /", "PUT /a"],
        "ok": [True, False],
    }


def test_a_first_block_with_other_fields_in_some_lines_is_refused_by_a_sample(monkeypatch):
    def search(_):
        raise AssertionError("the whole block was searched")

    monkeypatch.setattr("obskit.readers.jsonl.uniform_lines.Text", search)
    assert UniformBlockParser(schema()).parse(b'{"i":1,"s":"a"}\n{"i":1}\n' * 1000) is None


def test_words_are_read_at_any_offset():
    text = Text(b"0123456789abcdefghij")
    words = text.words(np.array([0, 3, 8, 12], np.int32)).tolist()
    assert [word.to_bytes(8, "little") for word in words] == [
        b"01234567",
        b"3456789a",
        b"89abcdef",
        b"cdefghij",
    ]


@pytest.mark.parametrize(("start", "length"), [([4, 0], [2, 2]), ([0, 1], [2, 2]), ([0, 4], [1, 9])])
def test_slices_that_are_out_of_order_overlap_or_leave_the_text_are_refused(start, length):
    with pytest.raises(pa.ArrowInvalid):
        Text(b"abcdef").strings(np.array(start, np.int32), np.array(length, np.int32))


@pytest.mark.parametrize("number", [b"1", b"-12", b"0", b"12345678", b"123456789", b"-9223372036854775808"])
def test_integers_of_any_length_are_exact(number):
    start, length = np.array([0], np.int32), np.array([len(number)], np.int32)
    assert scalars(Text(number), start, length, pa.int64()).to_pylist() == [int(number)]
