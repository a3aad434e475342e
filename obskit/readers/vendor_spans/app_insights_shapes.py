"""Bring the four forms of Application Insights' items into one.

{"Type": "AppRequests", "OperationId": "0af7...", "DurationMs": 250, "Foo": 1}
->  Item("request", {"operation": "0af7...", "duration": 250}, {"Foo": 1})
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from obskit.readers.vendor_spans.fields import number, objects, own_object

_TICKS = 10_000  # per millisecond
_KINDS = {
    "AppRequests": "request",
    "AppDependencies": "dependency",
    "AppExceptions": "exception",
    "AppTraces": "trace",
    "AppPageViews": "pageView",
    "AppEvents": "customEvent",
    "AppAvailabilityResults": "availabilityResult",
    "AppMetrics": "metric",
    "AppPerformanceCounters": "metric",
    "RequestData": "request",
    "RemoteDependencyData": "dependency",
    "ExceptionData": "exception",
    "MessageData": "trace",
    "PageViewData": "pageView",
    "EventData": "customEvent",
    "AvailabilityData": "availabilityResult",
    "MetricData": "metric",
    "remoteDependency": "dependency",
    "basicException": "exception",
    "message": "trace",
    "view": "pageView",
    "event": "customEvent",
    "availability": "availabilityResult",
    "performanceCounter": "metric",
    **{name: name for name in ("request", "dependency", "exception", "trace", "pageView", "customEvent")},
    **{name: name for name in ("availabilityResult", "metric")},
    "customMetric": "metric",
    "performanceCounters": "metric",
}
_EXPORTED = ("request", "remoteDependency", "basicException", "message", "event", "view", "availability")
# A name in lower case and without "_" -> the field of an `Item`.
_NAMES = {
    "time": "time",
    "timegenerated": "time",
    "timestamp": "time",
    "timestamp [utc]": "time",
    "id": "id",
    "parentid": "parent",
    "operationparentid": "parent",
    "operationid": "operation",
    "operationname": "operation_name",
    "name": "name",
    "durationms": "duration",
    "duration": "duration",
    "success": "success",
    "resultcode": "code",
    "responsecode": "code",
    "url": "url",
    "approlename": "role",
    "cloudrolename": "role",
    "approleinstance": "instance",
    "cloudroleinstance": "instance",
    "appversion": "version",
    "applicationversion": "version",
    "clientip": "ip",
    "userid": "user",
    "message": "message",
    "outermessage": "message",
    "severitylevel": "severity",
    "exceptiontype": "exception_type",
    "itemcount": "weight",
    "properties": "properties",
    "customdimensions": "properties",
    "measurements": "measurements",
    "custommeasurements": "measurements",
}
_TAGS = {
    "ai.operation.id": "operation",
    "ai.operation.parentId": "parent",
    "ai.operation.name": "operation_name",
    "ai.cloud.role": "role",
    "ai.cloud.roleInstance": "instance",
    "ai.application.ver": "version",
    "ai.location.ip": "ip",
    "ai.user.id": "user",
}


class Item(NamedTuple):
    """An item of any form.

    Attributes:
        kind: "request", "dependency", "exception", "trace" or another of Application Insights' types.
        fields: what has a meaning: time, id, parent, operation, duration in milliseconds or as text, ...
        rest: all else, under its own name.
    """

    kind: str
    fields: dict[str, Any]
    rest: dict[str, Any]


def items_of(record: dict[str, Any]) -> list[Item]:
    """Return the items of a record; none if it has none of the four forms.

    Args:
        record: as parsed from JSON.

    Returns:
        One item; several for a record of the continuous export.

    Raises:
        MalformedRecord: a duration is not a number.
    """
    data = own_object(record, "data")
    if type(data.get("baseData")) is dict:
        return _from_envelope(record, data)
    for key in ("Type", "itemType"):
        kind = _KINDS.get(str(record.get(key)))
        if kind is not None:
            return [_from_row(kind, {name: value for name, value in record.items() if name != key})]
    if type(record.get("context")) is dict:
        return _from_export(record)
    return []


def _from_row(kind: str, record: dict[str, Any]) -> Item:
    fields: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in record.items():
        known = _NAMES.get(name.lower().replace("_", ""))
        if value is None or value == "":
            continue
        if known is None or known in fields:
            rest[name] = value
        else:
            fields[known] = value
    for name in ("properties", "measurements"):
        fields[name] = _parsed(fields.get(name))
    if kind == "exception" and "exception_type" not in fields:
        fields["exception_type"] = rest.pop("type", None)
    details = rest.get("Details", rest.get("details"))
    if kind == "exception" and details is not None:
        fields["stack"] = _stack(_parsed(details))
    return Item(kind, fields, rest)


def _from_envelope(record: dict[str, Any], data: dict[str, Any]) -> list[Item]:
    kind = _KINDS.get(str(data.get("baseType")))
    if kind is None:
        return []
    base, tags = dict(data["baseData"]), own_object(record, "tags")
    base.pop("ver", None)
    exceptions = objects(base, "exceptions")
    base.pop("exceptions", None)
    item = _from_row(kind, base)
    item.fields["time"] = record.get("time")
    for name, value in tags.items():
        if name in _TAGS:
            item.fields.setdefault(_TAGS[name], value)
        else:
            item.rest[name] = value
    rate: Any = record.get("sampleRate")  # in percent
    if type(rate) in (int, float) and 0 < rate <= 100:
        item.fields["weight"] = 100 / rate
    if exceptions:
        item.fields["exception_type"] = exceptions[0].get("typeName")
        item.fields["message"] = exceptions[0].get("message")
        item.fields["stack"] = exceptions[0].get("stack") or _stack(exceptions)
    return [item]


def _from_export(record: dict[str, Any]) -> list[Item]:
    context = own_object(record, "context")
    about, operation, device = (own_object(context, name) for name in ("data", "operation", "device"))
    dimensions = own_object(context, "custom").get("dimensions")
    properties: dict[str, Any] = {}
    for each in dimensions if type(dimensions) is list else [dimensions]:
        properties |= each if type(each) is dict else {}
    out = []
    for key in _EXPORTED:
        for found in objects(record, key):
            fields = {name: value for name, value in found.items() if name not in ("durationMetric", "count")}
            item = _from_row(_KINDS[key], fields)
            ticks = own_object(found, "durationMetric").get("value")
            if ticks is not None:
                item.fields["duration"] = number(ticks, "durationMetric.value") / _TICKS
            about_all = {
                "time": about.get("eventTime"),
                "operation": operation.get("id"),
                "parent": operation.get("parentId"),
                "operation_name": operation.get("name"),
                "role": device.get("roleName") or own_object(context, "cloud").get("role"),
                "instance": device.get("roleInstance"),
                "version": own_object(context, "application").get("version"),
                "ip": own_object(context, "location").get("clientip"),
                "weight": found.get("count"),
                "properties": properties,
            }
            item.fields.update(about_all)
            if key == "message":
                item.fields["message"] = found.get("messageRaw", found.get("message"))
                item.rest.pop("messageRaw", None)
            if key == "basicException":
                item.fields["exception_type"] = found.get("exceptionType", found.get("typeName"))
                item.fields["message"] = found.get("outerExceptionMessage", found.get("message"))
            out.append(item)
    return out


def _parsed(value: Any) -> Any:
    """Return an object that may be given as JSON text."""
    if type(value) is str and value[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    return value


def _stack(details: Any) -> str | None:
    lines = []
    for each in details if type(details) is list else []:
        if type(each) is dict:
            if type(each.get("rawStack")) is str:
                return str(each["rawStack"])
            lines += [
                f"  at {frame.get('method')} ({frame.get('fileName')}:{frame.get('line')})"
                for frame in objects(each, "parsedStack")
            ]
    return "\n".join(lines) or None
