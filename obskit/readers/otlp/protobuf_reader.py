"""OTLP in protobuf: requests of spans or logs, one a file or many, however they stand one after the other.

Whole messages go through Arrow (`otlpwire`, `otlpcolumns`). A message of which something is broken goes
record by record, so that only what is broken is left out, with its place. Metrics and profiles are not
events: one counted rejection of each a file says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from obskit.errors import LimitExceeded, ReadError
from obskit.readers.batches.attribute_columns import Pivot
from obskit.readers.batches.row_batcher import BATCH_TYPES, RowBatcher
from obskit.readers.io.live_files import is_segment
from obskit.readers.io.source import Source
from obskit.readers.otlp import columnar as otlpcolumns
from obskit.readers.otlp import messages as otlpwire
from obskit.readers.otlp.framing import FIXED, Frame, Frames, framing_of
from obskit.readers.otlp.messages import LOGS, SPANS, Refused, Signal
from obskit.readers.otlp.protobuf_wire import FIXED32, FIXED64, LEN, VARINT, Broken, Field, fields
from obskit.readers.otlp.rowwise import METRICS, PROFILES, rows_of
from obskit.readers.registry import Match, Reader
from obskit.schema import NAMED, FileReport

BLOCK = 4 * 1024 * 1024
"""Bytes of messages that are decoded at once."""

_PIECE = 1024 * 1024


def sniff(head: bytes) -> Match:
    """Say whether the head is a request of OTLP, in any of the three framings."""
    return Match.NO if framing_of(head) is None else Match.CERTAIN


def read(source: Source, report: FileReport, _mapping: Mapping[str, Any] | None) -> Iterator[pa.RecordBatch]:
    """Give the spans and log records of a file as batches.

    Raises:
        ReadError: nothing of it can be read.
        LimitExceeded: too many field names.
    """
    before, rows = report.report.rejected_count, 0
    messages = Messages(report, _said(source.path.name) if is_segment(source.path) else None)
    with source.stream() as stream:
        frames = Frames(stream, report, framing_of(source.head) or FIXED, size=BLOCK)
        try:
            for batch in messages.batches(frames):
                rows += batch.num_rows
                yield batch
        except LimitExceeded as error:
            raise LimitExceeded(f"{source.path}: {error.message}", hint=error.hint) from None
        if stream.damage and not frames.told_damage:
            report.reject("end of the file", stream.damage)
    if not rows and report.report.rejected_count > before and not messages.others:
        first = next((r for r in report.report.rejected if r.file == report.path), None)
        where = f": {first.reason} ({first.position})" if first else ""
        raise ReadError(
            f"{source.path} begins as OTLP in protobuf but cannot be read{where}",
            hint="was it written to its end?",
        )


def _said(segment: str) -> Signal:
    """Return what a receiver's segment holds, by its name: its senders said so."""
    return LOGS if segment.startswith("logs-") else SPANS


class Messages:
    """Turns requests in protobuf into batches.

    Args:
        report: what is broken, and what holds no events, are counted in it.
        signal: what the requests hold; None tells it by their content.
    """

    def __init__(self, report: FileReport, signal: Signal | None = None) -> None:
        self.others: set[str] = set()
        self._report = report
        self._signal = signal
        self._last: Signal | None = SPANS
        self._pivot = Pivot(report)
        self._rows = RowBatcher(dict(NAMED), BATCH_TYPES)

    def batches(self, frames: Iterator[Frame] | Sequence[Frame] | Frames) -> Iterator[pa.RecordBatch]:
        """Give the rows of requests in their order.

        Raises:
            LimitExceeded: too many field names.
        """
        waiting: list[Frame] = []
        size, of = 0, SPANS
        for frame in frames:
            signal = self._signal or self._told(frame)
            if signal is None:
                continue
            try:
                pieces = [frame] if len(frame.data) <= BLOCK else _cut(frame)
            except Broken:
                pieces = []
            if waiting and (signal is not of or not pieces):
                yield from self._block(of, waiting)
                waiting, size = [], 0
            if not pieces:
                yield from self._by_record(signal, frame)
            of = signal
            for piece in pieces:
                if size >= BLOCK:
                    yield from self._block(of, waiting)
                    waiting, size = [], 0
                waiting.append(piece)
                size += len(piece.data)
        if waiting:
            yield from self._block(of, waiting)

    def _told(self, frame: Frame) -> Signal | None:
        """Return what a request holds, by its records' fields; None is no events, which is counted."""
        told = signal_of(frame.data)
        if isinstance(told, str):
            if told not in self.others:
                self.others.add(told)
                self._report.reject(f"byte {frame.position}", told)
            return None
        if isinstance(told, Signal):
            self._last = told
        return self._last

    def _block(self, signal: Signal, frames: list[Frame]) -> Iterator[pa.RecordBatch]:
        try:
            requests = otlpwire.decode(signal, [frame.data for frame in frames])
            batches = otlpcolumns.taken(signal, requests, self._pivot)
        except (Refused, otlpcolumns.Unusual):
            if len(frames) == 1:
                yield from self._by_record(signal, frames[0])
            else:
                half = len(frames) // 2
                yield from self._block(signal, frames[:half])
                yield from self._block(signal, frames[half:])
            return
        yield from batches

    def _by_record(self, signal: Signal, frame: Frame) -> Iterator[pa.RecordBatch]:
        def reject(place: int, why: str) -> None:
            self._report.reject(f"byte {frame.position + place}", why)

        for place, request in otlpwire.requests(signal, frame.data, reject):
            for row in rows_of(request, self._report, f"byte {frame.position + place}"):
                self._rows.add(row)
                if self._rows.full:
                    yield self._rows.take()
        if self._rows.rows:
            yield self._rows.take()


def _is(field: Field, number: int) -> bool:
    return field.number == number and field.wire == LEN


def _cut(frame: Frame) -> list[Frame]:
    """Return a large request as small ones with some of its records each.

    A record of two bytes becomes hundreds in Arrow: what is decoded at once may not be as large as a frame.

    Raises:
        Broken: where records begin and end cannot be told to the last.
    """
    data, out = frame.data, []
    for resource in fields(data, 0, len(data)):
        groups = list(fields(data, resource.start, resource.stop)) if _is(resource, 1) else []
        head = b"".join(_packed(1, data[f.start : f.stop]) for f in groups if _is(f, 1))
        for group in groups:
            if group.start == group.stop:
                continue
            scope, ranges = b"", []
            start = at = group.start
            for field in fields(data, group.start, group.stop) if _is(group, 2) else ():
                if field.number != 2 or field.stop - start > _PIECE:
                    ranges.append((start, at))
                    start = at if field.number == 2 else field.stop
                    if _is(field, 1):
                        scope += _packed(1, data[field.start : field.stop])
                at = field.stop
            for low, high in (*ranges, (start, at)):
                if high > low:
                    made = _packed(1, head + _packed(2, scope + data[low:high]))
                    out.append(Frame(made, frame.position + high - len(made)))
    return out


def _packed(number: int, data: bytes) -> bytes:
    """Return bytes as a field of a message."""
    size, out = len(data), bytearray([number << 3 | LEN])
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(out) + bytes([size]) + data


# Fields, with their wire types, that only one of the two has.
_OF_SPANS = {(7, FIXED64), (8, FIXED64), (6, VARINT), (16, FIXED32)}
_OF_LOGS = {(1, FIXED64), (11, FIXED64), (2, VARINT), (7, VARINT), (8, FIXED32)}


# Of a profile: when it was taken, by the protocol's versions; nothing else has such.
_OF_PROFILES = {(2, FIXED64), (3, FIXED64)}


def signal_of(data: bytes) -> Signal | str | None:
    """Return what a request holds by the first records that tell: a signal, why it is none, or None."""
    for record in _records(data):
        told = _told(data, record)
        if told is not None:
            return told
    return None


def _records(data: bytes) -> Iterator[Field]:
    try:
        for resource in fields(data, 0, len(data)):
            if resource.number != 1 or resource.wire != LEN:
                continue
            for group in fields(data, resource.start, resource.stop):
                if group.number != 2 or group.wire != LEN:
                    continue
                for record in fields(data, group.start, group.stop):
                    if record.number == 2 and record.wire == LEN:
                        yield record
    except Broken:
        return


def _told(data: bytes, record: Field) -> Signal | str | None:
    """Return whose fields a record has.

    A span's ids are its first two fields, of 16 and 8 bytes, and its times are fixed; a log record's time is
    its first, fixed, its ids of 16 and 8 bytes are the ninth and tenth; a metric has texts there, and one of
    its kinds of data points.
    """
    found: dict[int, Field] = {}
    try:
        for field in fields(data, record.start, record.stop):
            found.setdefault(field.number, field)
            kind = (field.number, field.wire)
            if kind in _OF_PROFILES:
                return PROFILES
            if kind in _OF_SPANS or (kind == (2, LEN) and 1 in found and _ids(found)):
                return SPANS
            if kind in _OF_LOGS:
                return LOGS
    except Broken:
        pass
    sizes = {number: field.stop - field.start for number, field in found.items() if field.wire == LEN}
    has = {(number, field.wire) for number, field in found.items()}
    if sizes.get(1) == 16 or (sizes.get(2) == 8 and 1 not in found):
        return SPANS
    if sizes.get(9) == 16 or sizes.get(10) == 8:
        return LOGS
    if 1 in sizes and has & {(5, LEN), (7, LEN), (9, LEN), (10, LEN), (11, LEN)}:
        return METRICS
    if 6 in sizes or 12 in sizes or (5 in sizes and _is_value(data, found[5])):
        return LOGS
    return SPANS if 5 in sizes or 9 in sizes else None


def _ids(found: dict[int, Field]) -> bool:
    return [found[number].stop - found[number].start for number in (1, 2)] == [16, 8]


def _is_value(data: bytes, field: Field) -> bool:
    try:
        inner = list(fields(data, field.start, field.stop))
    except Broken:
        return False
    return len(inner) == 1 and 1 <= inner[0].number <= 7


READER = Reader("OTLP protobuf", (".pb", ".binpb", ".proto", ".otlp", ".bin"), sniff, read)
