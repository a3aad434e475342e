"""Docker's json-file: one JSON object around each line that a container writes.

    {"log":"GET /cart 200\\n","stream":"stdout","time":"2026-05-04T10:00:00.501234567Z"}

becomes the line `GET /cart 200` with the prefix {"log.iostream": "stdout"} and a time. A `log` without a line
break at its end is a part of a line, which goes on in the next object of its stream.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from obskit.readers.io.line_blocks import Block, newlines
from obskit.readers.jsonl.arrow_blocks import parse_table
from obskit.readers.prefixed.kinds import PARTIAL
from obskit.readers.prefixed.lines import COLOURS, Peeler, Prefixes, Split
from obskit.readers.prefixed.times import ISO_SIZE, iso_times
from obskit.schema import FileReport
from obskit.schema.report import TORN

_SCHEMA = pa.schema([("log", pa.string()), ("stream", pa.string()), ("time", pa.string())])
_PART = 10_000
"""Number of this part among those of all prefixes."""


def split_docker(block: Block, peeler: Peeler, prefixes: Prefixes, report: FileReport) -> Split:
    """Return the inner lines of a block of JSON objects.

    Args:
        block: whole lines.
        peeler: splits the inner lines.
        prefixes: gets one for each stream.
        report: counts lines that are not such an object.

    Returns:
        The lines, with their stream as prefix.
    """
    return _by_column(block, peeler, prefixes) or _by_line(block, peeler, prefixes, report)


def _by_column(block: Block, peeler: Peeler, prefixes: Prefixes) -> Split | None:
    """Return the lines of a block that has one whole line per object; None for any other block."""
    table = parse_table(block.data, _SCHEMA)
    count = newlines(block.data) + (not block.data.endswith(b"\n"))
    if table is None or table.num_rows != count or not count:
        return None
    columns = [column.combine_chunks() for column in table.columns]
    columns = [column.chunk(0) if isinstance(column, pa.ChunkedArray) else column for column in columns]
    if any(column.null_count or column.offset for column in columns):
        return None
    logs, streams, times = columns
    data, edges = _bytes(logs)
    text = np.frombuffer(data, np.uint8)
    if (edges[1:] == edges[:-1]).any() or newlines(data) != count or (text[edges[1:] - 1] != ord("\n")).any():
        return None
    begins = np.flatnonzero(np.frombuffer(block.data, np.uint8)[:-1] == ord("\n")) + 1
    offsets = np.concatenate(([0], begins)) + block.offset
    split = peeler.split_bytes(COLOURS.sub(b"", data) if b"\x1b" in data else data, block.line, 0, offsets)
    _set_prefixes(split, prefixes, streams.to_pylist(), [False] * count)
    _set_times(split, times)
    return split


def _by_line(block: Block, peeler: Peeler, prefixes: Prefixes, report: FileReport) -> Split:
    texts: list[bytes] = []
    numbers: list[int] = []
    offsets: list[int] = []
    streams: list[str] = []
    partial: list[bool] = []
    times: list[str] = []
    number, offset = block.line, block.offset
    lines = block.data.split(b"\n")
    for at, line in enumerate(lines):
        if line.strip():
            row = _object(line)
            if row is None:
                torn = block.torn and at == len(lines) - 1
                why = f"{TORN}the file ends within the line" if torn else "not an object of Docker's json-file"
                report.reject(f"line {number}, byte {offset}", why)
            else:
                log = COLOURS.sub(b"", row["log"].encode("utf-8", "backslashreplace"))
                pieces = log.split(b"\n")
                for piece in pieces[:-1] if len(pieces) > 1 and not pieces[-1] else pieces:
                    texts.append(piece)
                    numbers.append(number)
                    offsets.append(offset)
                    streams.append(str(row.get("stream", "")))
                    times.append(str(row.get("time", "")))
                    partial.append(False)
                partial[-1] = not log.endswith(b"\n")
        number += 1
        offset += len(line) + 1
    split = peeler.split_bytes(b"".join(text + b"\n" for text in texts), 1, 0, np.array(offsets, np.int64))
    split.number = np.array(numbers, np.int64)
    _set_prefixes(split, prefixes, streams, partial)
    _set_times(split, pa.array(times, pa.string()))
    return split


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) and type(row.get("log")) is str else None


def _set_prefixes(split: Split, prefixes: Prefixes, streams: list[str], partial: list[bool]) -> None:
    keys = list(zip(streams, partial, strict=True))
    known = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    found = np.array([known[key] for key in keys], np.int64)
    names = [repr(key).encode() for key in known]
    fields = [{**({"log.iostream": stream} if stream else {}), PARTIAL: part} for stream, part in known]
    split.prefix = prefixes.extended(np.zeros(len(keys), np.int64), _PART, found, names, fields)
    split.peeled[:] = True


def _set_times(split: Split, times: pa.Array) -> None:
    data, edges = _bytes(times)
    text = np.frombuffer(data + bytes(ISO_SIZE), np.uint8)
    found = iso_times(text, edges[:-1], edges[1:])
    split.time = found.micros
    split.timed = found.size > 0


def _bytes(array: pa.Array) -> tuple[bytes, Any]:
    """Return the bytes of all texts in a row, and where each of them begins and the last one ends."""
    edges = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1).astype(np.int64)
    buffer = array.buffers()[2]
    data = buffer.to_pybytes() if buffer is not None else b""
    return data[edges[0] : edges[-1]], edges - edges[0]
