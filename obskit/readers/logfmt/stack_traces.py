r"""Find the stack traces between lines of logfmt: they belong to the record before them.

    time=... level=error msg=boom            record: exception.type panic, exception.message no card,
    panic: no card                                   exception.stacktrace: the three lines after it
    goroutine 1 [running]:
    main.main()
    time=... level=info msg=next             record

What a stack trace looks like is decided by the reader of application logs. Other lines that are not pairs are
no part of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pyarrow as pa

from obskit.readers.app_log.exceptions import Thrown, find_exception
from obskit.readers.logfmt.line_parser import NotLogfmt, parse_line

_LOOKED_BACK = 256 * 1024  # bytes; of a longer trace that a block cuts, the rest is rejected line by line
_MESSAGES = ("msg", "message", "err", "error")
_FIELDS = ("exception.type", "exception.message", "exception.stacktrace")


class Trace(NamedTuple):
    """A stack trace.

    Attributes:
        record: number of the line that it belongs to, from 0.
        first: number of its first line.
        last: number of its last line.
        fields: type, message and text.
    """

    record: int
    first: int
    last: int
    fields: tuple[str | None, str | None, str]


def find_traces(data: bytes, bad: Sequence[int], is_record: Callable[[bytes], bool]) -> list[Trace]:
    """Return the stack traces among lines.

    Args:
        data: lines.
        bad: numbers of the lines that are not pairs, in order.
        is_record: whether a line is surely a record.

    Returns:
        The traces in order. The lines of a trace include those that are pairs by chance, such as
        `ValueError: a=b`.
    """
    lines, left, found = data.split(b"\n"), set(bad), []
    after = 0
    for first in bad:
        if first < after:
            continue
        record = next((n for n in range(first - 1, after - 1, -1) if lines[n].strip()), None)
        if record is None or record in left:
            continue
        sure, last = is_record(lines[record]), first
        for number in range(first + 1, len(lines)):
            if number in left or (sure and lines[number].strip() and not is_record(lines[number])):
                last = number
            elif lines[number].strip():
                break
        text = b"\n".join(lines[first : last + 1]).decode("utf-8", "backslashreplace")
        thrown = find_exception(f"{_message(lines[record])}\n{text}")
        if thrown is not None:
            found.append(Trace(record, first, last, _fields(thrown, text)))
            after = last + 1
    return found


def _message(line: bytes) -> str:
    try:
        pairs = parse_line(line)[0]
    except NotLogfmt:
        return "-"
    message = next((text for name in _MESSAGES if (text := pairs.get(name))), "-")
    return message.partition("\n")[0]


def _fields(thrown: Thrown, text: str) -> tuple[str | None, str | None, str]:
    return thrown.type, thrown.message, text.strip("\r\n")


def without_traces(data: bytes, traces: Sequence[Trace]) -> bytes:
    """Return lines with spaces in place of stack traces, so that no line moves."""
    lines = data.split(b"\n")
    for trace in traces:
        for number in range(trace.first, trace.last + 1):
            lines[number] = b" " * len(lines[number])
    return b"\n".join(lines)


def add_traces(batch: pa.RecordBatch, rows: Sequence[int], traces: Sequence[Trace]) -> pa.RecordBatch:
    """Return a batch with the fields of stack traces.

    Args:
        batch: of the records.
        rows: of each trace, the row of its record.
        traces: to add. Where a record has such a field itself, its own value stays, except that the trace is
            added to its own one.

    Returns:
        The same rows.
    """
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for at, name in enumerate(_FIELDS):
        own = columns.get(name)
        values = [None] * batch.num_rows if own is None else own.cast(pa.string()).to_pylist()
        for row, trace in zip(rows, traces, strict=True):
            new, have = trace.fields[at], values[row]
            values[row] = new if have is None else f"{have}\n{new}" if at == 2 else have
        columns[name] = pa.array(values, pa.string())
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))


def last_record(data: bytes, is_record: Callable[[bytes], bool]) -> int:
    """Return where the last record begins, whose stack trace may go on in the next block.

    Args:
        data: whole lines.
        is_record: whether a line is surely a record.

    Returns:
        Offset of the record; the length of the data if no record is near its end.
    """
    end = len(data) - data.endswith(b"\n")
    while end > max(len(data) - _LOOKED_BACK, 0):
        begin = data.rfind(b"\n", 0, end) + 1
        if is_record(data[begin:end]):
            return begin
        end = begin - 1
    return len(data)
