import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.readers.io.line_blocks import Block, LineBlocks, newlines, split_odd_lines
from obskit.schema import LoadReport


class Pieces:
    """A stream that yields given pieces."""

    damage = None

    def __init__(self, pieces):
        self.pieces = iter([*pieces, b""])

    def piece(self):
        return next(self.pieces)


def blocks(*pieces, report=None, **options):
    file = (report or LoadReport()).file("x")
    return list(LineBlocks(Pieces(pieces), file, **options))


@given(
    lines=st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=30),
    cuts=st.lists(st.integers(0, 400), max_size=8),
    size=st.integers(1, 60),
)
def test_blocks_together_are_the_file_whatever_the_pieces(lines, cuts, size):
    """Each block begins at the line and the offset that it states."""
    data = b"\n".join(lines)
    if data.startswith(b"\xef\xbb\xbf"):
        data = b"x" + data
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    found = blocks(*pieces, size=size)
    assert b"".join(block.data for block in found) == data
    for block in found:
        assert data[block.offset :].startswith(block.data)
        assert block.line == 1 + data[: block.offset].count(b"\n")
    assert all(not block.torn for block in found[:-1])


def test_a_byte_order_mark_is_skipped_but_counted():
    (block,) = blocks(b"\xef\xbb\xbfa\nb\n")
    assert (block.data, block.offset, block.torn) == (b"a\nb\n", 3, False)


def test_lines_have_positions_and_blank_ones_are_left_out():
    (block,) = blocks(b"a\r\n\n  \nbc")
    assert list(block.lines()) == [("line 1, byte 0", b"a"), ("line 4, byte 7", b"bc")]
    assert block.torn


def test_a_line_beyond_the_limit_is_rejected_and_the_next_ones_are_read():
    report = LoadReport()
    limit = 1024 * 1024
    found = blocks(b"a\n", b"x" * limit, b"x" * limit, b"x\nb\n", report=report, size=10, limit=limit)
    assert [block.data for block in found] == [b"a\n", b"b\n"]
    assert found[1].line == 3
    assert [(one.position, one.reason) for one in report.rejected] == [
        ("line 2, byte 2", "a line of more than 1 MiB")
    ]


@pytest.mark.parametrize("data", [b"", b"a", b"\n", b"a\n\nb\n"])
def test_newlines_are_counted(data):
    assert newlines(data) == data.count(b"\n")


def test_a_few_odd_lines_are_separated():
    lines = [b'{"a":1}'] * 40
    lines[7] = b"odd"
    good, odd = split_odd_lines(Block(b"\n".join(lines) + b"\n", 1, 0, False))
    assert good.split() == [b'{"a":1}'] * 39
    assert odd == [Block(b"odd", 8, 7 * 8, False)]


def test_many_odd_lines_are_not_separated():
    data = b'odd\n{"a":1}\n'
    assert split_odd_lines(Block(data, 1, 0, False)) == (data, [])
