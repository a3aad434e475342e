"""Blocks parsed by Arrow: exact types, or the block is refused."""

import pyarrow as pa
import pytest

from obskit.readers.jsonl.arrow_blocks import parse_block, parse_table

SCHEMA = pa.schema([("id", pa.int64()), ("op", pa.string()), ("took", pa.float64())])


def test_nothing_is_inferred_and_null_columns_are_left_out():
    batch = parse_block(b'{"id":1,"op":"2026-05-04"}\n{"op":null}\n', SCHEMA)
    assert batch.to_pydict() == {"id": [1, None], "op": ["2026-05-04", None]}


@pytest.mark.parametrize(
    "line",
    [
        b'{"id":"x"}',
        b'{"id":1,"new":1}',
        b'{"id":1}{"id":2}',
        b'{"op":"\xff"}',
        b'{"took":9223372036854775808}',
        b'{"took":Inf}',
        b'{"id":',
    ],
)
def test_one_unusual_line_refuses_the_block(line):
    assert parse_block(b'{"id":1}\n' + line + b'\n{"id":2}\n', SCHEMA) is None


def test_one_object_may_span_lines_if_it_is_alone():
    data = b'{"id":\n1}\n'
    assert parse_table(data, SCHEMA) is None
    assert parse_table(data, SCHEMA, one=True).num_rows == 1
    assert parse_table(data * 2, SCHEMA, one=True) is None
