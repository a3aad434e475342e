"""Requests of access logs in columns: `GET https://shop.example/cart?id=1 HTTP/1.1` as its parts.

Arrow splits the usual requests, and `line_parser` the others, each distinct one once.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.line_parser import odd_target, request_line
from obskit.schema.parse import by_value
from obskit.schema.types import convert, unify

Columns = dict[str, pa.Array]

_TEXT = pa.string()
_LINE = pa.struct([(name, _TEXT) for name in ("method", "target", "version", "request")])
_TARGET = pa.struct([(name, _TEXT) for name in ("url", "path", "query", "authority", "odd")])
_USUAL = r"^(?P<method>[A-Z]{3,16}) (?P<target>/[^ ]*) HTTP/(?P<version>[0-9](?:\.[0-9])?)$"
_ABSOLUTE = (
    r"^(?P<method>[A-Z]{3,16}) (?P<scheme>[a-z][a-z0-9+.]*)://(?P<authority>[^/? ]+)(?P<target>/[^ ]*)? "
    r"HTTP/(?P<version>[0-9](?:\.[0-9])?)$"
)


def add_column(out: Columns, name: str, values: pa.Array) -> None:
    """Add a column; it only fills the nulls of a column that has the name already."""
    have = out.get(name)
    if have is None or have.null_count == len(have):
        out[name] = values
    else:
        kind = unify(have.type, values.type)
        out[name] = pc.coalesce(convert(have, kind), convert(values, kind))


def split_absolute(lines: pa.Array) -> Columns:
    """Split the requests of a load balancer, which writes the whole URL of every request.

    Args:
        lines: such as `GET https://shop.example:443/cart HTTP/1.1`.

    Returns:
        `method`, `scheme`, `authority`, `target` and `version`; `line` has the requests of other forms.
    """
    parts = pc.extract_regex(lines, _ABSOLUTE)
    out = dict(zip((field.name for field in parts.type), map(no_empty, parts.flatten()), strict=True))
    others = pc.if_else(pc.is_null(parts), lines, None)
    return out if others.null_count == len(others) else out | {"line": others}


def _split_lines(fields: Columns, lines: pa.Array) -> None:
    """Add method, target and version of request lines, or the whole text as `request`."""
    parts = pc.extract_regex(lines, _USUAL)
    if parts.null_count < len(parts):
        for field, values in zip(parts.type, parts.flatten(), strict=True):
            add_column(fields, field.name, values)
        lines = pc.if_else(pc.is_null(parts), lines, pa.scalar(None, _TEXT))
    if lines.null_count < len(lines):
        for field, values in zip(_LINE, by_value(lines, request_line, _LINE).flatten(), strict=True):
            add_column(fields, field.name, values)


def split_requests(fields: Columns) -> None:
    """Split request lines into method, target and version, and targets into path and query.

    Args:
        fields: `line` and `target` are replaced by their parts; the parts may be there already.
    """
    lines = fields.pop("line", None)
    if lines is not None:
        _split_lines(fields, lines)
    target = fields.pop("target", None)
    if target is None or target.null_count == len(target):
        return
    if target.null_count == 0 and pc.all(pc.starts_with(target, "/")).as_py():
        path, query = _split_query(target)
        add_column(fields, "path", path)
        add_column(fields, "query", query)
        return
    plain = pc.fill_null(pc.match_substring_regex(target, r"^(/|\*$)"), False)
    path, query = _split_query(pc.if_else(plain, target, ""))
    add_column(fields, "path", path)
    add_column(fields, "query", query)
    _odd_targets(fields, target, plain)


def _split_query(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the part of each text before its first question mark, and the part after; null if empty."""
    rows = len(texts)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + rows + 1]
    data = texts.buffers()[2] or pa.py_buffer(b"")
    marks = np.flatnonzero(np.frombuffer(data, np.uint8)[: offsets[-1]] == ord("?"))
    begin, end = offsets[:-1], offsets[1:]
    at = np.append(marks, offsets[-1])[np.searchsorted(marks, begin)]
    edges = np.stack([begin, np.minimum(at, end), np.minimum(at + 1, end), end], axis=1).astype(np.int32)
    every = pa.Array.from_buffers(_TEXT, 4 * rows - 1, [None, pa.py_buffer(edges), data])
    path, query = (every.take(pa.array(np.arange(first, 4 * rows, 4))) for first in (0, 2))
    return no_empty(path), no_empty(query)


def no_empty(values: pa.Array) -> pa.Array:
    """Replace empty text by null."""
    empty = pc.equal(values, "")
    return pc.if_else(empty, pa.scalar(None, _TEXT), values) if pc.any(empty).as_py() else values


def _odd_targets(fields: Columns, target: pa.Array, plain: pa.Array) -> None:
    """Add the targets that are not paths: a URL, an authority, or anything else."""
    odd = np.flatnonzero(
        ~plain.to_numpy(zero_copy_only=False) & target.is_valid().to_numpy(zero_copy_only=False)
    )
    made: list[dict[str, str] | None] = [None] * len(target)
    for row in odd.tolist():
        made[row] = odd_target(target[row].as_py())
    for field, values in zip(_TARGET, pa.array(made, _TARGET).flatten(), strict=True):
        add_column(fields, field.name, no_empty(values))
