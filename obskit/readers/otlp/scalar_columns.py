"""Texts, ids and times of OTLP as Arrow columns, from JSON or protobuf."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.otlp.identifiers import hex_texts
from obskit.schema import TIMESTAMP

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


class Unusual(ValueError):
    """Records that only `rowwise` can read."""


def as_text(array: pa.Array) -> pa.Array:
    """Return bytes or text as text; an array of nulls becomes nulls of text."""
    return pa.nulls(len(array), pa.string()) if pa.types.is_null(array.type) else pc.cast(array, pa.string())


def filled(array: pa.Array) -> pa.Array:
    """Return texts; empty ones are null."""
    texts = as_text(array)
    empty = pc.equal(pc.binary_length(texts), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def hex_ids(array: pa.Array) -> pa.Array:
    """Return ids as text; bytes and base64 become hex, empty ones null."""
    return filled(_hex(array)) if pa.types.is_binary(array.type) else hex_texts(filled(array))


def _hex(array: pa.Array) -> pa.Array:
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    if not len(array) or offsets[-1] == offsets[0]:
        return pa.array([""] * len(array), pa.string())
    data = np.frombuffer(array.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    digits = np.empty(2 * len(data), np.uint8)
    digits[0::2], digits[1::2] = _HEX[data >> 4], _HEX[data & 15]
    places = pa.py_buffer((offsets - offsets[0]) * np.int32(2))
    return pa.Array.from_buffers(pa.string(), len(array), [None, places, pa.py_buffer(digits)])


def nanoseconds(array: pa.Array) -> npt.NDArray[Any]:
    """Return times in nanoseconds, 0 for a missing one."""
    if pa.types.is_null(array.type):
        return np.zeros(len(array), np.int64)
    nanos: npt.NDArray[Any] = pc.fill_null(integers(array), 0).to_numpy(zero_copy_only=False)
    if nanos.dtype == np.int64 and len(nanos) and nanos.min() < 0:
        raise Unusual("a time before 1970")
    return nanos


def integers(array: pa.Array) -> pa.Array:
    """Return integers; those given as text are parsed. Arrow would also parse hexadecimal digits.

    Args:
        array: integers, text, or all null.
    Returns:
        Integers of 64 bits, signed or not.
    Raises:
        Unusual: a text is not a decimal number.
        ArrowInvalid: a text is not a number of 64 bits.
    """
    if pa.types.is_string(array.type) and _has_x(array):
        raise Unusual("a number that is not decimal")
    return array if pa.types.is_integer(array.type) else pc.cast(array, pa.int64())


def _has_x(texts: pa.Array) -> bool:
    places, data = texts.buffers()[1:]
    if data is None or not len(texts):
        return False
    offsets = np.frombuffer(places, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    used = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    return bool(((used | 0x20) == ord("x")).any())


def moments(nanos: npt.NDArray[Any]) -> pa.Array:
    """Return times in nanoseconds as timestamps; 0 is null."""
    whole = (nanos // nanos.dtype.type(1000)).astype(np.int64)
    return pa.array(whole, pa.int64(), mask=nanos == 0).cast(TIMESTAMP)


def durations(start: npt.NDArray[Any], end: npt.NDArray[Any]) -> pa.Array:
    """Return the milliseconds between times in nanoseconds; null if one is 0 or the end comes first."""
    wide = len(start) and max(int(start.max()), int(end.max())) >= 2**63
    if wide or start.dtype != end.dtype:  # the difference may exceed 64 bits
        took = [int(b) - int(a) for a, b in zip(start, end, strict=True)]
        milliseconds = np.array([item / 1e6 for item in took])
    else:
        milliseconds = (end.view(np.int64) - start.view(np.int64)) / 1e6
    return pa.array(milliseconds, pa.float64(), mask=(start == 0) | (end == 0) | (end < start))
