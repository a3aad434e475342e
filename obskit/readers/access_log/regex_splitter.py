"""Parser for blocks of lines whose layout is not tokens with single spaces, by its regular expression.

It gives the same columns as `vectorized` does, at about a fifth of the speed. Lines with a backslash, lines
that are not UTF-8 and lines that do not match remain for `line_parser`.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obskit.readers.access_log.line_parser import sum_of_tries
from obskit.readers.access_log.log_formats import CODES, COUNTS, SECONDS, Layout
from obskit.readers.access_log.timestamps import CLOCK_SIZE, parse_clocks
from obskit.readers.access_log.vectorized import SplitBlock
from obskit.schema.parse import by_value

_BACKSLASH = "\\"


class RegexSplitter:
    """Splits blocks of lines of one layout.

    Args:
        layout: any; its groups are the fields.
    """

    def __init__(self, layout: Layout) -> None:
        self._pattern = layout.pattern
        self._names = list(layout.pattern.groupindex)

    def split(self, data: bytes) -> SplitBlock:
        """Split the lines of a block into fields.

        Args:
            data: whole lines; the last one can lack its newline.

        Returns:
            The fields of the lines that fit the layout, and the position of the others.
        """
        raw = data.split(b"\n")
        match = self._pattern.fullmatch
        found: list[re.Match[str] | None] = []
        try:
            lines = data.decode().split("\n")
        except UnicodeDecodeError:
            lines = [line.decode("ascii", "ignore") if line.isascii() else _BACKSLASH for line in raw]
        if b"\r" in data:
            lines = [line.removesuffix("\r") for line in lines]
        if b"\\" in data or not data.isascii():
            found = [None if _BACKSLASH in line else match(line) for line in lines]
        else:
            found = [match(line) for line in lines]
        fits = np.array([one is not None for one in found], bool)
        columns, good = self._columns([one.groups() for one in found if one is not None])
        taken = np.flatnonzero(fits)
        fits[taken[~good]] = False
        left = np.flatnonzero(~fits).tolist()
        if not left or (len(left) == 1 and not raw[left[0]]):  # usually only what is after the last newline
            return SplitBlock(columns, np.flatnonzero(fits), [])
        stops = np.cumsum([len(line) + 1 for line in raw]) - 1
        remaining = [(at, int(stops[at]) - len(raw[at]), int(stops[at])) for at in left]
        return SplitBlock(columns, np.flatnonzero(fits), remaining)

    def _columns(self, rows: list[tuple[str | None, ...]]) -> tuple[dict[str, pa.Array], np.ndarray]:
        """Return the fields, and which of the rows have a valid time."""
        good = np.ones(len(rows), bool)
        columns: dict[str, pa.Array] = {}
        if not rows:
            return columns, good
        for name, values in zip(self._names, zip(*rows, strict=True), strict=True):
            if name == "clock":
                columns["micros"], good = _clocks(values)
            elif name == "request":
                columns["line"] = pa.array(values, pa.string())
            else:
                columns[name] = _typed(name, pa.array(values, pa.string()))
        if not good.all():
            columns = {name: column.filter(pa.array(good)) for name, column in columns.items()}
        return columns, good


def _clocks(values: tuple[str | None, ...]) -> tuple[pa.Array, np.ndarray]:
    texts = np.array([(value or "").encode() for value in values])
    sized = np.array([len(value or "") == CLOCK_SIZE for value in values])
    wide = np.zeros(len(values), f"S{CLOCK_SIZE}")
    wide[sized] = texts[sized]
    micros, good = parse_clocks(
        np.frombuffer(wide.tobytes(), np.uint8).reshape(-1, CLOCK_SIZE).astype(np.int64)
    )
    return pa.array(micros), good & sized


def _typed(name: str, values: pa.Array) -> pa.Array:
    """Return a column with its field's type; null replaces `-` and empty text."""
    none = pc.or_(pc.equal(values, "-"), pc.equal(values, ""))
    if pc.any(none).as_py():
        values = pc.if_else(none, pa.scalar(None, pa.string()), values)
    if name in CODES or name in COUNTS:
        return values.cast(pa.int64())
    return by_value(values, sum_of_tries, pa.float64()) if name in SECONDS else values
