"""OTLP in protobuf: export requests of spans or logs, one or many per file, in any framing.

Undamaged messages are decoded by Arrow (`messages`, `columnar`). A damaged message is read record by record,
so only the damaged records are rejected, each with its offset:

    message of 4 spans, the third not UTF-8      ->      3 rows; rejected: byte 812: not UTF-8

Metrics and profiles are not events; each kind is one rejection per file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from obskit.errors import ReadError
from obskit.readers.batches.attribute_columns import Pivot
from obskit.readers.batches.row_batcher import BATCH_TYPES, RowBatcher
from obskit.readers.io.live_files import is_segment
from obskit.readers.io.source import Source
from obskit.readers.otlp import columnar
from obskit.readers.otlp import messages as otlp_messages
from obskit.readers.otlp.framing import FIXED, MessageStream, ProtobufMessage, framing_of
from obskit.readers.otlp.messages import LOGS, SPANS, Refused, Signal
from obskit.readers.otlp.protobuf_wire import FIXED32, FIXED64, LEN, VARINT, Broken, Field, fields
from obskit.readers.otlp.rowwise import METRICS, PROFILES, rows_of
from obskit.readers.otlp.scalar_columns import Unusual
from obskit.readers.registry import Match, Reader
from obskit.readers.spans.oddities import Oddities
from obskit.schema import NAMED, FileReport, ReadOptions

BLOCK = 4 * 1024 * 1024
"""Bytes of messages to decode at once."""

SPLIT_SIZE = 1024 * 1024
"""Bytes of records in each part of a message that is larger than `BLOCK`."""


def sniff(head: bytes) -> Match:
    """Return whether the bytes are an OTLP request in any of the three framings."""
    return Match.NO if framing_of(head) is None else Match.CERTAIN


def read(source: Source, report: FileReport, _options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """Yield the spans and log records of a file as batches.

    Args:
        source: the file.
        report: receives the rejections.
        _options: not used.
    Yields:
        Batches with names as found.
    Raises:
        ReadError: nothing in the file can be read.
        LimitExceeded: more than `MAX_FIELDS` distinct field names.
    """
    before, rows = report.report.rejected_count, 0
    messages = Messages(report, _signal_of_segment(source.path.name) if is_segment(source.path) else None)
    with source.stream() as stream:
        found_messages = MessageStream(stream, report, framing_of(source.head) or FIXED, size=BLOCK)
        for batch in messages.batches(found_messages):
            rows += batch.num_rows
            yield batch
        if stream.damage and not found_messages.damage_reported:
            report.reject("end of the file", stream.damage)
    messages.odd.note(report)
    if not rows and report.report.rejected_count > before and not messages.others:
        first = next((r for r in report.report.rejected if r.file == report.path), None)
        where = f": {first.reason} ({first.position})" if first else ""
        raise ReadError(
            f"{source.path} looks like OTLP in protobuf but cannot be read{where}",
            hint="the file may be truncated; export it again",
        )


def _signal_of_segment(segment: str) -> Signal:
    """Return what a file of `obskit receive` holds; its name says so, as the senders did."""
    return LOGS if segment.startswith("logs-") else SPANS


class Messages:
    """Turns requests in protobuf into batches.

    Args:
        report: receives the rejections.
        signal: what the requests hold; None to detect it from each request.

    Attributes:
        others: reasons of rejection for requests that hold no events, such as metrics.
        odd: counts odd spans.
    """

    def __init__(self, report: FileReport, signal: Signal | None = None) -> None:
        self.others: set[str] = set()
        self._report = report
        self._signal = signal
        self._last: Signal | None = SPANS
        self._pivot = Pivot(report)
        self.odd = Oddities()
        self._rows = RowBatcher(dict(NAMED), BATCH_TYPES)

    def batches(self, messages: Iterable[ProtobufMessage]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of requests in order.

        Args:
            messages: one request each.
        Yields:
            Batches; small requests share one, large ones are split.
        Raises:
            LimitExceeded: more than `MAX_FIELDS` distinct field names.
        """
        waiting: list[ProtobufMessage] = []
        size, of = 0, SPANS
        for message in messages:
            signal = self._signal or self._detect_signal(message)
            if signal is None:
                continue
            try:
                pieces = [message] if len(message.data) <= BLOCK else _split(message)
            except Broken:
                pieces = []
            if waiting and (signal is not of or not pieces):
                yield from self._decode(of, waiting)
                waiting, size = [], 0
            if not pieces:
                yield from self._by_record(signal, message)
            of = signal
            for piece in pieces:
                if size >= BLOCK:
                    yield from self._decode(of, waiting)
                    waiting, size = [], 0
                waiting.append(piece)
                size += len(piece.data)
        if waiting:
            yield from self._decode(of, waiting)

    def _detect_signal(self, message: ProtobufMessage) -> Signal | None:
        """Return the signal that a request holds; None if it holds no events, which is reported once."""
        found = signal_of(message.data)
        if isinstance(found, str):
            if found not in self.others:
                self.others.add(found)
                self._report.reject(f"byte {message.position}", found)
            return None
        if isinstance(found, Signal):
            self._last = found
        return self._last

    def _decode(self, signal: Signal, messages: list[ProtobufMessage]) -> Iterator[pa.RecordBatch]:
        try:
            requests = otlp_messages.decode(signal, [message.data for message in messages])
            batches = columnar.to_batches(signal, requests, self._pivot, odd=self.odd)
        except (Refused, Unusual):
            if len(messages) == 1:
                yield from self._by_record(signal, messages[0])
            else:
                half = len(messages) // 2
                yield from self._decode(signal, messages[:half])
                yield from self._decode(signal, messages[half:])
            return
        yield from batches

    def _by_record(self, signal: Signal, message: ProtobufMessage) -> Iterator[pa.RecordBatch]:
        def reject(place: int, why: str) -> None:
            self._report.reject(f"byte {message.position + place}", why)

        for place, request in otlp_messages.requests(signal, message.data, reject):
            for row in rows_of(request, self._report, f"byte {message.position + place}", self.odd):
                self._rows.add(row)
                if self._rows.full:
                    yield self._rows.take()
        if self._rows.rows:
            yield self._rows.take()


def _is(field: Field, number: int) -> bool:
    return field.number == number and field.wire == LEN


def _split(message: ProtobufMessage) -> list[ProtobufMessage]:
    """Split a large request into small ones with some of its records each.

    In Arrow, a record of two bytes takes hundreds, so a message of the largest size is not decoded at once.

    Raises:
        Broken: the boundaries between records cannot be found.
    """
    data, out = message.data, []
    for resource in fields(data, 0, len(data)):
        groups = list(fields(data, resource.start, resource.stop)) if _is(resource, 1) else []
        head = b"".join(_length_delimited(1, data[f.start : f.stop]) for f in groups if _is(f, 1))
        for group in groups:
            if group.start == group.stop:
                continue
            scope, ranges = b"", []
            start = at = group.start
            for field in fields(data, group.start, group.stop) if _is(group, 2) else ():
                if field.number != 2 or field.stop - start > SPLIT_SIZE:
                    ranges.append((start, at))
                    start = at if field.number == 2 else field.stop
                    if _is(field, 1):
                        scope += _length_delimited(1, data[field.start : field.stop])
                at = field.stop
            for low, high in (*ranges, (start, at)):
                if high > low:
                    made = _length_delimited(1, head + _length_delimited(2, scope + data[low:high]))
                    out.append(ProtobufMessage(made, message.position + high - len(made)))
    return out


def _length_delimited(number: int, data: bytes) -> bytes:
    """Return bytes as a LEN field of a message."""
    size, out = len(data), bytearray([number << 3 | LEN])
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes(out) + bytes([size]) + data


# (field number, wire type) of fields that only spans, or only log records, have.
_OF_SPANS = {(7, FIXED64), (8, FIXED64), (6, VARINT), (16, FIXED32)}
_OF_LOGS = {(1, FIXED64), (11, FIXED64), (2, VARINT), (7, VARINT), (8, FIXED32)}


# The time of a profile, in two versions of the protocol; nothing else has such a field.
_OF_PROFILES = {(2, FIXED64), (3, FIXED64)}


def signal_of(data: bytes) -> Signal | str | None:
    """Return what a request holds, detected from the first records that show it.

    Args:
        data: a request in protobuf.
    Returns:
        The signal; or why the request holds no events; or None if no record shows it.
    """
    for record in _records(data):
        found = _classify_record(data, record)
        if found is not None:
            return found
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


def _classify_record(data: bytes, record: Field) -> Signal | str | None:
    """Return what a record is, from the numbers, wire types and lengths of its fields.

    field         1              2             7         8         9              10            11
    span          id, 16 bytes   id, 8 bytes   fixed64   fixed64   attributes
    log record    fixed64        varint        varint    fixed32   id, 16 bytes   id, 8 bytes   fixed64
    metric        text           text          data                data           data          data
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


def _is_segment(path: Path) -> bool:
    # What a receiver has acknowledged is read, even if its first request does not look like OTLP.
    return path.suffix == ".otlp" and is_segment(path)


READER = Reader(
    "OTLP protobuf",
    (".pb", ".binpb", ".proto", ".otlp", ".bin"),
    sniff,
    read,
    claims=_is_segment,
)
