"""Parse a block of logfmt lines with numpy: no Python code runs per line.

    level=info took=12 cached      level: ["info", "warn"]   took: [12, null]   cached: ["true", null]
    level=warn                ->

The block is searched for quotation marks, white space outside of them, and the first `=` of each token. Lines
with a backslash, an apostrophe at the beginning of a value, or quotation marks elsewhere than around a value
are left to `line_parser`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.jsonl.uniform_lines import Text
from obskit.schema import MAX_FIELDS
from obskit.schema.flatten import too_many_fields

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_QUOTE, _NEWLINE, _EQUALS, _BACKSLASH, _APOSTROPHE = (np.uint8(byte) for byte in b"\"\n=\\'")
_INTEGER = r"^-?(?:0|[1-9][0-9]{0,17})$"
_FLOAT = r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?$"


class ParsedBlock(NamedTuple):
    """The pairs of a block's lines.

    Attributes:
        columns: key -> its values by row, null where a line lacks the key.
        lines: number of the line of each row, from 0.
        odd: (number, begin, end) of each line that is left to the line parser, blank lines not included.
        repeated: key -> lines that have it several times.
    """

    columns: dict[str, pa.Array]
    lines: Places
    odd: list[tuple[int, int, int]]
    repeated: dict[str, int]


def parse_block(data: bytes) -> ParsedBlock:
    """Parse whole lines.

    Args:
        data: lines in UTF-8; the last one may lack its newline.

    Returns:
        The pairs.

    Raises:
        LimitExceeded: more than `MAX_FIELDS` distinct keys.
    """
    text = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(text == _NEWLINE)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(text))
    starts = np.concatenate([[0], ends[:-1] + 1])
    is_quote = text == _QUOTE
    quotes = np.flatnonzero(is_quote)
    odd = (np.diff(np.searchsorted(quotes, starts), append=len(quotes)) & 1) == 1
    if b"\\" in data:
        odd[np.searchsorted(ends, np.flatnonzero(text == _BACKSLASH))] = True
    if b"='" in data:
        single = np.flatnonzero((text[1:] == _APOSTROPHE) & (text[:-1] == _EQUALS))
        odd[np.searchsorted(ends, single)] = True
    if odd.any():  # an odd quotation mark would shift the inside of all later quotations
        is_quote = is_quote & ~np.repeat(odd, np.diff(np.append(starts, len(text))))
        quotes = np.flatnonzero(is_quote)
    space = (text == 32) | ((text >= 9) & (text <= 13))
    inside = np.logical_xor.accumulate(is_quote) if len(quotes) else np.zeros(len(text), bool)
    apart = space & ~inside
    edges = np.flatnonzero(np.diff(np.concatenate([[True], apart, [True]]).view(np.int8)))
    begin, end = edges[0::2], edges[1::2]
    row = np.searchsorted(starts, begin, side="right") - 1
    equals = np.append(np.flatnonzero(text == _EQUALS), len(text))
    equal = equals[np.searchsorted(equals, begin)]
    bare = equal >= end
    value = np.where(bare, end, equal + 1)
    has_quote = np.searchsorted(quotes, end) - np.searchsorted(quotes, begin)
    padded = np.append(text, np.zeros(1, np.uint8))
    quoted = (has_quote == 2) & (padded[value] == _QUOTE) & (padded[end - 1] == _QUOTE) & (end - value >= 2)
    bad = ((has_quote > 0) & ~quoted) | (~bare & (equal == begin))
    odd[row[bad]] = True
    pairs = np.bincount(row[~bare], minlength=len(starts))
    odd |= (pairs == 0) | (np.bincount(row[bare], minlength=len(starts)) > pairs)
    keep = ~odd[row]
    lines = np.flatnonzero(~odd)
    columns, repeated = _columns(
        Text(data),
        begin[keep],
        np.where(bare, end, equal)[keep],
        (value + quoted)[keep],
        (end - quoted)[keep],
        bare[keep],
        quoted[keep],
        np.searchsorted(lines, row[keep]),
        len(lines),
    )
    left = np.flatnonzero(odd)
    remaining = [
        (number, first, last)
        for number, first, last in zip(left.tolist(), starts[left].tolist(), ends[left].tolist(), strict=True)
        if data[first:last].strip()
    ]
    return ParsedBlock(columns, lines, remaining, repeated)


def _columns(
    text: Text,
    key: Places,
    key_end: Places,
    value: Places,
    value_end: Places,
    bare: Flags,
    quoted: Flags,
    row: Places,
    rows: int,
) -> tuple[dict[str, pa.Array], dict[str, int]]:
    """Return the values of each key by row, and the keys that lines have several times."""
    if not len(key):
        return {}, {}
    names = text.strings(key.astype(np.int32), (key_end - key).astype(np.int32)).dictionary_encode()
    values = text.strings(value.astype(np.int32), (value_end - value).astype(np.int32))
    codes = names.indices.to_numpy()
    if len(names.dictionary) > MAX_FIELDS:
        raise too_many_fields()
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names.dictionary) + 1))
    columns: dict[str, pa.Array] = {}
    repeated: dict[str, int] = {}
    for number, name in enumerate(names.dictionary.to_pylist()):
        tokens = order[bounds[number] : bounds[number + 1]]
        at = row[tokens]
        last = np.append(at[1:] != at[:-1], True)
        if not last.all():
            repeated[name] = len(np.unique(at[np.flatnonzero(~last)]))
            tokens, at = tokens[last], at[last]
        column = values.take(pa.array(tokens))
        empty = (value[tokens] == value_end[tokens]) & ~quoted[tokens] & ~bare[tokens]
        if empty.any():  # `dyno=` says that there is none
            column = pc.if_else(pa.array(empty), pa.scalar(None, pa.string()), column)
        if bare[tokens].any():
            column = pc.if_else(pa.array(bare[tokens]), "true", column)
        if not quoted[tokens].any():
            column = typed(column)
        if len(tokens) < rows:
            index = np.full(rows, -1, np.int64)
            index[at] = np.arange(len(at))
            column = column.take(pa.array(index, mask=index < 0))
        columns[name] = column
    return columns, repeated


def typed(values: pa.Array) -> pa.Array:
    """Return texts as integers, floats or booleans if all of them are written like that.

    A number with a leading zero or an exponent is text: it may be an id.
    """
    present = values.drop_null()
    if not len(present):
        return pa.nulls(len(values))  # of no type yet: another block may have numbers
    first = present[0].as_py()
    if not first:
        return values
    if first in ("true", "false"):
        return pc.cast(values, pa.bool_()) if _all(values, "^(?:true|false)$") else values
    if first[0] not in "-0123456789":
        return values
    try:
        if _all(values, _INTEGER):
            return pc.cast(values, pa.int64())
        if _all(values, _FLOAT):
            return pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        return values
    return values


def _all(values: pa.Array, pattern: str) -> bool:
    matches = pc.match_substring_regex(values, pattern)
    return bool(pc.all(matches, skip_nulls=True, min_count=0).as_py())
