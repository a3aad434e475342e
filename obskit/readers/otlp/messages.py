"""Decode OTLP's messages in protobuf: whole requests with ptars into Arrow, or single records into dicts.

Both use the field names of OTLP's JSON, so protobuf and JSON give the same events:

    0a 02 68 69  (a KeyValue)      ->      {"key": "hi"}

In the Arrow structs, texts are bytes: decoding is twice as fast, and a text that is not UTF-8 does not
refuse the whole message. Nested values are bytes too, because Arrow has no recursive types.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import ptars
import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool

from obskit.readers.batches.row_batcher import DEPTH_LIMIT
from obskit.readers.otlp.protobuf_wire import FIXED64, LEN, VARINT, Broken, Field, fields

Spec = dict[int, tuple[str, str]]

_PAIRS = {1: ("attributes", "*KeyValue")}
# Message -> field number -> name in OTLP's JSON, and type; "*" marks a repeated field.
MESSAGES: dict[str, Spec] = {
    "AnyValue": {
        1: ("stringValue", "text"),
        2: ("boolValue", "bool"),
        3: ("intValue", "int64"),
        4: ("doubleValue", "double"),
        5: ("arrayValue", "ArrayValue"),
        6: ("kvlistValue", "KeyValueList"),
        7: ("bytesValue", "base64"),
    },
    "ArrayValue": {1: ("values", "*AnyValue")},
    "KeyValueList": {1: ("values", "*KeyValue")},
    "KeyValue": {1: ("key", "text"), 2: ("value", "AnyValue")},
    "Resource": _PAIRS,
    "Scope": {1: ("name", "text"), 2: ("version", "text"), 3: ("attributes", "*KeyValue")},
    "Status": {2: ("message", "text"), 3: ("code", "int32")},
    "Event": {1: ("timeUnixNano", "fixed64"), 2: ("name", "text"), 3: ("attributes", "*KeyValue")},
    "Link": {
        1: ("traceId", "hex"),
        2: ("spanId", "hex"),
        3: ("traceState", "text"),
        4: ("attributes", "*KeyValue"),
    },
    "Span": {
        1: ("traceId", "hex"),
        2: ("spanId", "hex"),
        3: ("traceState", "text"),
        4: ("parentSpanId", "hex"),
        5: ("name", "text"),
        6: ("kind", "int32"),
        7: ("startTimeUnixNano", "fixed64"),
        8: ("endTimeUnixNano", "fixed64"),
        9: ("attributes", "*KeyValue"),
        11: ("events", "*Event"),
        13: ("links", "*Link"),
        15: ("status", "Status"),
    },
    "Log": {
        1: ("timeUnixNano", "fixed64"),
        2: ("severityNumber", "int32"),
        3: ("severityText", "text"),
        5: ("body", "AnyValue"),
        6: ("attributes", "*KeyValue"),
        9: ("traceId", "hex"),
        10: ("spanId", "hex"),
        11: ("observedTimeUnixNano", "fixed64"),
        12: ("eventName", "text"),
    },
    "ScopeSpans": {1: ("scope", "Scope"), 2: ("spans", "*Span")},
    "ScopeLogs": {1: ("scope", "Scope"), 2: ("logRecords", "*Log")},
    "ResourceSpans": {1: ("resource", "Resource"), 2: ("scopeSpans", "*ScopeSpans")},
    "ResourceLogs": {1: ("resource", "Resource"), 2: ("scopeLogs", "*ScopeLogs")},
    "Traces": {1: ("resourceSpans", "*ResourceSpans")},
    "Logs": {1: ("resourceLogs", "*ResourceLogs")},
}
_WIRES = {"bool": VARINT, "int32": VARINT, "int64": VARINT, "fixed64": FIXED64, "double": FIXED64}


class Signal(NamedTuple):
    """Spans or logs: the names of their messages and fields.

    Attributes:
        request: message of a request.
        resources: field of a request with its resources.
        scopes: field of a resource with its scopes.
        records: field of a scope with its records.
        record: message of a record.
    """

    request: str
    resources: str
    scopes: str
    records: str
    record: str


SPANS = Signal("Traces", "resourceSpans", "scopeSpans", "spans", "Span")
LOGS = Signal("Logs", "resourceLogs", "scopeLogs", "logRecords", "Log")


class Refused(ValueError):
    """A message that ptars cannot decode; `requests` finds where it is damaged."""


def decode(signal: Signal, messages: list[bytes]) -> pa.Array:
    """Decode undamaged requests with ptars.

    Args:
        signal: what the requests hold.
        messages: requests in protobuf.
    Returns:
        Array with one list per request: its resources as structs.
    Raises:
        Refused: a request is damaged.
    """
    try:
        batch = _HANDLERS[signal.request].list_to_record_batch(messages)
    except (ValueError, pa.ArrowException) as error:
        raise Refused(str(error)) from None
    except BaseException as error:
        # With a length of nearly 2**64 ptars panics; a Rust panic is a BaseException, not an Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise Refused(str(error)) from None
    return batch.column(0)


def value(name: str, data: bytes) -> dict[str, Any]:
    """Return a nested value in the form of OTLP's JSON.

    Args:
        name: "arrayValue" or "kvlistValue".
        data: the value in protobuf.
    Returns:
        An AnyValue, as {"arrayValue": {"values": [{"intValue": 1}]}}.
    Raises:
        Broken: the bytes are not valid protobuf, or are nested too deeply.
    """
    return {name: _message("ArrayValue" if name == "arrayValue" else "KeyValueList", data, 0, len(data), 0)}


def requests(
    signal: Signal, data: bytes, reject: Callable[[int, str], None]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records of a request that may be damaged, one by one.

    Args:
        signal: what the request holds.
        data: the request in protobuf.
        reject: called with offset and reason for each damaged record, and where the rest of a scope or
            resource cannot be read.
    Yields:
        The offset of a record, and a request in the form of OTLP's JSON that holds this record alone.
    """
    for resource in _whole_fields(data, 0, len(data), reject):
        if resource.number != 1:
            continue
        head: dict[str, Any] = {}
        for group in _whole_fields(data, resource.start, resource.stop, reject):
            if group.number == 1:
                head = _parse_or_reject("Resource", data, group, reject)
            if group.number != 2:
                continue
            scope: dict[str, Any] = {}
            for record in _whole_fields(data, group.start, group.stop, reject):
                if record.number == 1:
                    scope = _parse_or_reject("Scope", data, record, reject)
                if record.number != 2:
                    continue
                try:
                    made = _message(signal.record, data, record.start, record.stop, 0)
                except Broken as error:
                    reject(record.start, str(error))
                    continue
                inner = {"scope": scope, signal.records: [made]}
                yield record.start, {signal.resources: [{"resource": head, signal.scopes: [inner]}]}


def _whole_fields(data: bytes, start: int, stop: int, reject: Callable[[int, str], None]) -> Iterator[Field]:
    try:
        for field in fields(data, start, stop):
            if field.wire == LEN:
                yield field
    except Broken as error:
        reject(error.position, str(error))


def _parse_or_reject(
    name: str, data: bytes, field: Field, reject: Callable[[int, str], None]
) -> dict[str, Any]:
    try:
        return _message(name, data, field.start, field.stop, 0)
    except Broken as error:
        reject(field.start, str(error))
        return {}


def _message(name: str, data: bytes, start: int, stop: int, depth: int) -> dict[str, Any]:
    if depth > 3 * DEPTH_LIMIT + 8:  # a nested pair takes three messages
        raise Broken(f"nested deeper than {DEPTH_LIMIT} levels", start)
    spec = MESSAGES[name]
    out: dict[str, Any] = {}
    for field in fields(data, start, stop):
        known = spec.get(field.number)
        if known is None:
            continue
        key, kind = known
        inner = kind.removeprefix("*")
        if field.wire != _WIRES.get(inner, LEN):
            continue  # like a field that OTLP does not define; every parser of protobuf skips it
        if inner in MESSAGES:
            made: Any = _message(inner, data, field.start, field.stop, depth + 1)
        else:
            made = _scalar(inner, data, field)
        if name == "AnyValue":
            out.clear()  # if there are several values, the last counts
        if kind.startswith("*"):
            out.setdefault(key, []).append(made)
        elif key in out and isinstance(made, dict):
            out[key] = {**out[key], **made}
        else:
            out[key] = made
    return out


def _scalar(kind: str, data: bytes, field: Field) -> Any:
    if kind == "text":
        try:
            return data[field.start : field.stop].decode()
        except UnicodeDecodeError:
            raise Broken("not UTF-8", field.start) from None
    if kind == "hex":
        return data[field.start : field.stop].hex()
    if kind == "base64":
        return base64.b64encode(data[field.start : field.stop]).decode()
    if kind == "bool":
        return field.value != 0
    if kind == "double":
        return struct.unpack("<d", data[field.start : field.stop])[0]
    if kind == "fixed64":
        return field.value
    bits = 32 if kind == "int32" else 64
    number = field.value & (2**bits - 1)
    return number - 2**bits if number >= 2 ** (bits - 1) else number


def _handlers() -> dict[str, Any]:
    """Return ptars' decoder for each kind of request."""
    proto = descriptor_pb2.FieldDescriptorProto
    types = {
        "bool": proto.TYPE_BOOL,
        "int32": proto.TYPE_INT32,
        "int64": proto.TYPE_INT64,
        "fixed64": proto.TYPE_FIXED64,
        "double": proto.TYPE_DOUBLE,
    }
    file = descriptor_pb2.FileDescriptorProto(name="obskit/otlp.proto", package="obskit", syntax="proto3")
    for name, spec in MESSAGES.items():
        message = file.message_type.add(name=name)
        if name == "AnyValue":
            message.oneof_decl.add(name="value")
        for number, (key, kind) in spec.items():
            inner = kind.removeprefix("*")
            repeated = inner != kind
            field = message.field.add(
                name=key, number=number, label=proto.LABEL_REPEATED if repeated else proto.LABEL_OPTIONAL
            )
            if inner in MESSAGES and inner not in ("ArrayValue", "KeyValueList"):
                field.type, field.type_name = proto.TYPE_MESSAGE, f".obskit.{inner}"
            else:
                field.type = types.get(inner, proto.TYPE_BYTES)
            if name == "AnyValue":
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    found = pool.FindFileByName(file.name)
    handlers = ptars.HandlerPool([found])
    return {
        signal.request: handlers.get_for_message(found.message_types_by_name[signal.request])
        for signal in (SPANS, LOGS)
    }


_HANDLERS = _handlers()
