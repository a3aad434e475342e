"""Flat JSONL: blocks parsed at once and blocks parsed line by line give the same events."""

import json
import math

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.io.line_blocks import Block
from obskit.readers.jsonl import reader as jsonl
from obskit.readers.jsonl.arrow_blocks import parse_block
from obskit.readers.jsonl.reader import JsonLines
from obskit.schema import LoadReport, Normalizer, cast
from tests.support.examples import examples


def events(blocks: list[bytes], *, fast: bool):
    report = LoadReport()
    lines, normalizer = JsonLines(report.file("f"), fast=fast), Normalizer(report)
    batches, number, offset, taken = [], 1, 0, []
    for data in blocks:
        for batch in lines.batches(Block(data, number, offset, torn=not data.endswith(b"\n"))):
            batches.append(normalizer.batch(batch))
        schema = lines.schema()
        taken.append(schema is not None and parse_block(data, schema) is not None)
        number, offset = number + data.count(b"\n"), offset + len(data)
    # A field with only nulls and empty objects may have a column or not.
    table = pa.Table.from_batches([cast(batch, normalizer.schema) for batch in batches], normalizer.schema)
    table = table.select([name for name in table.column_names if table[name].null_count < table.num_rows])
    return table.to_pylist(), table.schema, report, taken


def same(left, right) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-3, 3),
    st.floats(),
    st.sampled_from(
        ["", "x", "true", "12", "2026-05-04T10:00:00Z", "2026-05-04", "é\u2028\U0001f600", "\x00", '"a":']
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["p", "q", "p.q", ""]), inner, max_size=3),
    ),
    max_leaves=6,
)
ROWS = st.dictionaries(
    st.sampled_from(["a", "b", "A", "time", "error", "a.p", "http.status_code", ""]), VALUES, max_size=5
)
# Rows with the same fields and types, which Arrow accepts.
SHAPED = st.fixed_dictionaries(
    {
        "i": st.integers(-(2**63), 2**63 - 1),
        "f": st.floats(-1e18, 1e18),
        "s": st.sampled_from(["2026-05-04T10:00:00Z", "2026-05-04", "x", ""]),
        "time": st.sampled_from(["2026-05-04T10:00:00.123456789Z", "2026-05-04 10:00:00", "1700000000"]),
        "b": st.booleans(),
        "n": st.fixed_dictionaries({"x": st.integers(0, 5)}, optional={"y": st.just("2026-01-01")}),
        "l": st.lists(st.sampled_from(["2026-01-01", "b"]), min_size=1, max_size=2),
    }
)


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.lists(st.one_of(ROWS, SHAPED), min_size=1, max_size=4), min_size=1, max_size=4))
def test_all_parsers_give_the_same_events(blocks):
    data = [b"".join(json.dumps(row).encode() + b"\n" for row in rows) for rows in blocks]
    quick, quick_schema, quick_report, _ = events(data, fast=True)
    slow, slow_schema, slow_report, _ = events(data, fast=False)
    assert quick_schema.equals(slow_schema)
    assert same(quick, slow)
    assert quick_report.rejected_count == slow_report.rejected_count == 0
    assert len(slow) == sum(map(len, blocks))
    assert quick_report.to_dict() == slow_report.to_dict()


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(SHAPED, min_size=1, max_size=5))
def test_well_formed_blocks_are_parsed_by_arrow(rows):
    teacher = {**rows[0], "f": 1.5, "n": {"x": 1, "y": "z"}}
    data = [json.dumps(teacher).encode() + b"\n", b"".join(json.dumps(row).encode() + b"\n" for row in rows)]
    quick, _, _, taken = events(data, fast=True)
    slow, _, _, _ = events(data, fast=False)
    assert taken[1]
    assert same(quick, slow)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(st.one_of(ROWS.map(lambda row: json.dumps(row).encode()), st.binary(max_size=12)), max_size=6),
    st.integers(0, 40),
)
def test_any_bytes_give_events_or_counted_rejections(lines, cut):
    data = b"\n".join(line.replace(b"\n", b"") for line in lines)
    data = b'{"a":1,"b":"x"}\n' * 2 + data[: max(0, len(data) - cut)]
    filled = sum(1 for line in data.split(b"\n") if line.strip())
    for fast in (True, False):
        rows, _, report, _ = events([b'{"a":1,"b":"x"}\n', data], fast=fast)
        assert len(rows) + report.rejected_count == filled + 1


ODD = st.sampled_from(
    [
        b"Traceback (most recent call last):",
        b'{"i":1,"s":"cut he',
        b"}",
        b"{",
        b"[1]",
        b"1",
        b"\xff\xfe",
        b"",
        b"   ",
        b'  {"i":7}',
        b'{"i":8} ',
        b'{"i":9}\r',
        b'{"i":}',
        b'{"new":[{}]}',
        b'{"i":"text"}',
    ]
)


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), ODD), max_size=4),
    st.sampled_from([b"", b"\n", b'\n{"i":4,"s":"torn']),
)
def test_only_the_bad_lines_of_a_block_are_rejected(odd, end):
    """All parsers give the same rows in the same order, and the same positions and reasons."""
    lines = [b'{"i":%d,"s":"x"}' % number for number in range(60)]
    for place, line in odd:
        lines.insert(place, line)
    blocks = [b'{"i":0,"s":"y"}\n', b"\n".join(lines) + end]
    quick, quick_schema, quick_report, _ = events(blocks, fast=True)
    slow, slow_schema, slow_report, _ = events(blocks, fast=False)
    assert quick_schema.equals(slow_schema)
    assert same(quick, slow)
    assert quick_report.to_dict() == slow_report.to_dict()
    assert quick_report.rejected == slow_report.rejected


def test_only_bad_lines_are_parsed_line_by_line(monkeypatch):
    seen = []
    monkeypatch.setattr(jsonl, "flat", lambda row: seen.append(row) or row)
    lines = [b'{"i":%d,"s":"x"}' % number for number in range(100)]
    lines[17:17] = [b"Traceback (most recent call last):", b"  File"]
    rows, _, report, _ = events([b'{"i":0,"s":"y"}\n', b"\n".join(lines) + b'\n{"i":4'], fast=True)
    assert len(rows) == 101
    assert [(r.position, r.reason) for r in report.rejected] == [
        ("line 19, byte 295", "not JSON"),
        ("line 20, byte 330", "not JSON"),
        ("line 104, byte 1748", "torn: the file ends within the line"),
    ]
    assert len(seen) == 1


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":Inf}',
        b'{"a":-NaN}',
        b'{"a":1}{"a":2}',
        b'{"a":01}',
        b'{"a":"\\ud800"}',
        b'{"a":1E999}',
        b'{"a":1}\x00',
    ],
)
def test_a_line_that_only_one_parser_accepts_is_rejected(line):
    for fast in (True, False):
        rows, _, report, _ = events([b'{"a":1.5}\n', line + b"\n"], fast=fast)
        assert len(rows) == 1
        assert report.rejected_by_reason == {"not JSON": 1}


def test_nan_and_infinity_are_floats(read):
    got = read(b'{"a":NaN}\n{"a":Infinity}\n{"a":-Infinity}\n{"a":1}\n{"b":[NaN,1]}\n')
    values = [row.get("a") for row in got.rows]
    assert math.isnan(values[0])
    assert values[1:4] == [math.inf, -math.inf, 1.0]
    assert got.types["b"] == "list<item: double>"
    assert got.report.rejected_count == 0


def test_text_that_looks_like_a_time_stays_text(read):
    got = read(b'{"when":"2026-05-04T10:00:00Z"}\n' * 3000)
    assert got.rows[-1]["when"] == "2026-05-04T10:00:00Z"
    assert got.types["when"] == "string"


def test_the_last_of_two_equal_keys_wins_and_is_counted(read):
    got = read(b'{"a":1,"a":2}\n{"a":3}\n{"n":{"x":1,"x":2},"a":4}\n{"a":"\\"b\\":1"}\n')
    assert [row["a"] for row in got.rows] == ["2", "3", "4", '"b":1']
    assert got.report.overridden == {"a": 1, "x": 1}


def test_a_field_with_five_types_becomes_text(read):
    got = read(b'{"v":1}\n{"v":1.5}\n{"v":"x"}\n{"v":true}\n{"v":[1,"a"]}\n{"v":{"w":1}}\n{"v":null}\n')
    assert [row.get("v") for row in got.rows] == ["1", "1.5", "x", "true", '[1,"a"]', None, None]
    assert got.rows[5]["v.w"] == 1
    assert got.report.retyped == {"v": ("bool, float, int, list, string", "string", 4)}


def test_integers_of_more_than_64_bits_become_text(read):
    got = read(b'{"id":18446744073709551615}\n{"id":7}\n')
    assert [row["id"] for row in got.rows] == ["18446744073709551615", "7"]
    assert got.report.retyped == {"id": ("int", "string", 2)}


def test_lists_stay_lists(read):
    got = read(b'{"l":[1,2.5],"m":["a",null],"n":[],"o":[{"x":1},[2]]}\n')
    assert got.rows[0]["l"] == [1.0, 2.5]
    assert got.rows[0]["m"] == ["a", None]
    assert got.rows[0]["o"] == ['{"x":1}', "[2]"]


def test_blank_lines_crlf_and_a_byte_order_mark_are_accepted(read):
    got = read(b'\xef\xbb\xbf{"a":1}\r\n\r\n   \n{"a":2}')
    assert [row["a"] for row in got.rows] == [1, 2]
    assert got.report.rejected_count == 0


def test_only_a_torn_last_line_is_rejected_with_its_position(read):
    good = b"".join(orjson.dumps({"a": i, "s": "x" * 50}) + b"\n" for i in range(10_000))
    got = read(good + b'{"a":10000,"s":"xx')
    assert len(got.rows) == 10_000
    assert got.reasons == [(f"line 10001, byte {len(good)}", "torn: the file ends within the line")]


def test_bad_lines_far_into_a_file_have_their_position(read):
    good = b"".join(orjson.dumps({"a": i, "s": "x" * 500}) + b"\n" for i in range(20_000))
    got = read(good + b'{"a":\n' + good)
    assert len(got.rows) == 40_000
    assert got.reasons == [(f"line 20001, byte {len(good)}", "not JSON")]


def test_fields_that_appear_late_in_a_file_are_read(read):
    lines = [
        orjson.dumps({"a": i, "pad": "x" * 100, **({f"late{i}": 1} if i % 5000 == 4999 else {})})
        for i in range(30_000)
    ]
    got = read(b"\n".join(lines))
    assert len(got.rows) == 30_000
    assert [name for name in got.types if name.startswith("late")] == sorted(
        f"late{i}" for i in range(4999, 30_000, 5000)
    )


def test_blocks_that_are_parsed_ahead_keep_their_order(read, monkeypatch):
    """Late fields, bad lines and mixed types, in many small blocks that are parsed ahead."""
    monkeypatch.setattr("obskit.readers.jsonl.reader.FIRST_BLOCK", 512)
    monkeypatch.setattr("obskit.readers.jsonl.reader.BLOCK", 512)
    monkeypatch.setattr("obskit.readers.jsonl.reader.CELLS", 1)
    rows = [{"n": n, "text": "x" * (n % 50)} for n in range(20_000)]
    for n in range(7_000, 20_000, 3_000):
        rows[n]["late"] = n if n % 2_000 else str(n)
    lines = [json.dumps(row) for row in rows]
    lines[9_000] = "torn {"
    got = read("\n".join(lines).encode(), name="events.jsonl.log")
    assert [row["n"] for row in got.rows] == [n for n in range(20_000) if n != 9_000]
    assert [one.position.split(",")[0] for one in got.report.rejected] == ["line 9001"]
    assert got.types["late"] == "string"
